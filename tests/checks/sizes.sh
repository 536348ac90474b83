#!/usr/bin/env bash
# House bounds that a glance would miss: no file above 600 lines, a `//!` at the head of every source file,
# no source file that no `mod` reaches, no binaries in git.
set -euo pipefail
cd "$(dirname "$0")/../.."
status=0

fail() {
    echo "sizes: $1" >&2
    status=1
}

while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || fail "$file: $lines lines, at most 600; split it by concept"
    head -n 1 "$file" | grep -q '^//!' || fail "$file: does not open with //!"
    name=$(basename "$file" .rs)
    case "$name" in
    lib | main | mod) continue ;;
    esac
    # Files right in a folder `tests`, `benches` or `bin` are roots of their own.
    case "$(basename "$(dirname "$file")")" in
    tests | benches | bin) continue ;;
    esac
    directory=$(dirname "$file")
    parents="$directory/mod.rs $directory/lib.rs $directory/main.rs $directory.rs"
    # shellcheck disable=SC2086
    grep -qsE "^\s*(pub(\([a-z:]+\))? )?mod $name;" $parents $directory/*.rs || fail "$file: no \`mod $name;\` reaches it"
done < <(git ls-files '*.rs')

binaries=$(git ls-files '*.wasm' '*.cwasm' '*.pem' '*.key' '*.so')
[ -z "$binaries" ] || fail "binary or key files in git: $binaries"
exit "$status"
