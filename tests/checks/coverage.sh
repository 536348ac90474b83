#!/usr/bin/env bash
# Line coverage of the domain and of the policies, from their native tests; fails under 90 % for any of them.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo llvm-cov --version >/dev/null 2>&1 || cargo install cargo-llvm-cov --locked
rustup component add llvm-tools >/dev/null 2>&1
mapfile -t policies <policies/builtin/policies.txt
packages="kubernetes rqlite ${policies[*]}"

cargo llvm-cov clean --workspace
for package in $packages; do
    cargo llvm-cov --no-report --package "$package" >/dev/null
done
status=0
for path in kubernetes/src rqlite/src "${policies[@]/#/policies/}"; do
    percent=$(cargo llvm-cov report --json --summary-only |
        python3 -c "
import json, sys
files = [f for f in json.load(sys.stdin)['data'][0]['files'] if '/$path/' in f['filename']]
lines = [f['summary']['lines'] for f in files]
print(round(100 * sum(l['covered'] for l in lines) / max(1, sum(l['count'] for l in lines)), 1))")
    echo "$path: $percent % of lines"
    awk "BEGIN { exit !($percent < 90) }" && status=1
done
exit "$status"
