#!/usr/bin/env bash
# Prints the krew manifest of a release: its version, and the checksum of each archive in the folder that is given.
#
#   krew.sh <folder of the archives>
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)

# checksum <architecture>
checksum() {
    sha256sum "$folder/quorate-$version-linux-$1.tar.gz" | cut -d ' ' -f 1
}

x86_64=$(checksum x86_64)
aarch64=$(checksum aarch64)
# The head of the file speaks of the template.
sed -e '/^#/d' -e "s/@VERSION@/$version/g" -e "s/@SHA256_X86_64@/$x86_64/" -e "s/@SHA256_AARCH64@/$aarch64/" deploy/krew/quorate.yaml
