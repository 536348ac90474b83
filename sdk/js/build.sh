#!/usr/bin/env bash
# Makes a component of a policy in JavaScript: build.sh POLICY_DIR OUT.wasm
# POLICY_DIR has policy.js, manifest.json and world.wit. Needs componentize-qjs: `npm ci` in this folder, or on the PATH.
set -euo pipefail
sdk=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
policy=$1 out=$2
PATH=$sdk/node_modules/.bin:$PATH

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -RL "$policy/." "$stage"
mkdir -p "$stage/wit/deps/quorate-policy" "$stage/node_modules/quorate"
mv "$stage/world.wit" "$stage/wit/"
cp "$sdk/../../contract/policy.wit" "$stage/wit/deps/quorate-policy/"
cp "$sdk/package.json" "$sdk/quorate.js" "$stage/node_modules/quorate/"
{ printf 'export default '; cat "$policy/manifest.json"; } >"$stage/node_modules/quorate/manifest.js"
echo 'import policy from "./policy.js"; export const { guest, validator, mutator } = policy;' >"$stage/component.js"

# `--sync`: the host has no asynchronous components. `--stub-wasi`: it has no WASI either; what would call it traps.
componentize-qjs --sync --stub-wasi --module-root "$stage" --wit "$stage/wit" --world policy --js "$stage/component.js" --output "$out"
