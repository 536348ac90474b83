#!/usr/bin/env bash
# What a release packs, tried with this build: the archives of both architectures, the krew manifest that names them, accepted by krew's own
# check and installed by krew, so that `kubectl quorate` works; and that a tag that is no version is refused.
set -euo pipefail
cd "$(dirname "$0")/../.."
KREW=sigs.k8s.io/krew/cmd
KREW_VERSION=v0.4.3
status=0

fail() {
    echo "packaging: $1" >&2
    status=1
}

command -v go >/dev/null || {
    echo "packaging: go is missing; install Go 1.26 or newer" >&2
    exit 1
}
if folder=$(tests/controlplane/build.sh --print 2>/dev/null) && [ -x "$folder/kubectl" ]; then
    kubectl=$folder/kubectl
elif ! kubectl=$(command -v kubectl); then
    echo "packaging: kubectl is missing; \`make controlplane\` builds it" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files" "$work/again" "$work/bin"
# With the whole workspace selected: what `make test` has built is not built again with fewer features.
${CARGO:-cargo} build --quiet --workspace --bin quorate
strip -o "$work/quorate" "${CARGO_TARGET_DIR:-target}/debug/quorate"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)

# The binary of this machine stands in for that of the other architecture.
for architecture in x86_64 aarch64; do
    deploy/release/archive.sh "$architecture" "$work/quorate" "$work/files" >/dev/null
done
own=quorate-$version-linux-$(uname -m).tar.gz
deploy/release/archive.sh "$(uname -m)" "$work/quorate" "$work/again" >/dev/null
cmp "$work/files/$own" "$work/again/$own" || fail "the same binary gives another archive"
tar --list --file "$work/files/$own" >"$work/list"
for file in quorate LICENSE completions/{quorate.bash,_quorate,quorate.fish,quorate.ps1} man/quorate{,-can-scale}.1; do
    grep -qxF "$file" "$work/list" || fail "no $file in the archive"
done

deploy/release/krew.sh "$work/files" >"$work/quorate.yaml"
if grep -n @ "$work/quorate.yaml"; then fail "the krew manifest is not filled in"; fi
export KREW_ROOT=$work/krew
# krew <what it is to do> <command> [arguments]: prints what krew says where it does not do it.
krew() {
    local what=$1 command=$2
    shift 2
    go run "$KREW/$command@$KREW_VERSION" "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "krew does not $what"
    }
}
krew "accept the manifest" validate-krew-manifest -skip-install -manifest "$work/quorate.yaml"
krew "install it" krew install --manifest "$work/quorate.yaml" --archive "$work/files/$own"
ln -s "$kubectl" "$work/bin/kubectl"
said=$(PATH=$work/bin:$KREW_ROOT/bin:$PATH kubectl quorate --version) || fail "kubectl does not run it"
[ "$said" = "quorate $version" ] || fail "\`kubectl quorate --version\` says: $said"

for tag in "$version" "v$version-x"; do
    if deploy/release/notes.sh "$tag" https://example.org/q >"$work/notes" 2>&1; then fail "the tag $tag has notes: $(cat "$work/notes")"; fi
done
exit "$status"
