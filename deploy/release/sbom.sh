#!/usr/bin/env bash
# Writes the SBOM of a release, CycloneDX as JSON, by cargo-cyclonedx and jq. Prints its path. The policies are embedded as modules, so cargo's
# graph of the binary does not have them: their crates are added. Of x86_64, whose crates are those of aarch64 and one more.
#
#   sbom.sh <folder for the file>
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)

# It writes one beside the manifest of each member.
written() {
    find . -path ./target -prune -o -name '*.cdx.json' -print
}
[ -z "$(written)" ] || {
    echo "sbom: there are files *.cdx.json in the tree; they would be mixed up with those that are made" >&2
    exit 1
}
trap 'written | xargs rm -f' EXIT
cargo cyclonedx --quiet --manifest-path cli/Cargo.toml --format json --spec-version 1.5 --describe binaries --target x86_64-unknown-linux-musl

modules=()
while read -r policy; do
    modules+=("policies/$policy/${policy//-/_}_cdylib-rlib.cdx.json")
done <policies/builtin/policies.txt
sbom=$folder/quorate-$version.cdx.json
jq --slurp '.[0] as $binary | .[1:] as $modules
    | $binary
    | .components = ([$binary.components[], $modules[].metadata.component, $modules[].components[]] | unique_by(.["bom-ref"]))
    | .dependencies = ([$binary.dependencies[], $modules[].dependencies[]] | unique_by(.ref))' \
    cli/quorate_bin.cdx.json "${modules[@]}" >"$sbom"
echo "$sbom"
