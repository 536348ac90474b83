#!/usr/bin/env bash
# Makes a component of a policy in Python: build.sh POLICY_DIR OUT.wasm
# POLICY_DIR has policy.py, manifest.json and world.wit. Needs componentize-py (requirements.txt) on the PATH.
set -euo pipefail
sdk=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
policy=$1 out=$2

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/wit/deps/quorate-policy" "$stage/app"
cp "$policy/world.wit" "$stage/wit/"
cp "$sdk/../../contract/policy.wit" "$stage/wit/deps/quorate-policy/"
cp "$sdk/quorate.py" "$stage/app/"
cp -RL "$policy/." "$stage/app"
printf 'import quorate\nimport policy\nglobals().update(quorate.exports)\n' >"$stage/app/component.py"

# `--stub-wasi`: the host has no WASI; what would call it traps.
componentize-py --quiet --wit-path "$stage/wit" --world policy componentize --stub-wasi --python-path "$stage/app" --output "$out" component
