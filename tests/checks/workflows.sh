#!/usr/bin/env bash
# The workflows of GitHub, and the one to copy: actionlint (built from its Go module), which gives their scripts to shellcheck; and what it does
# not ask: actions by commit with their version beside it, rights by job, time limits.
set -euo pipefail
cd "$(dirname "$0")/../.."
ACTIONLINT=github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
status=0

fail() {
    echo "workflows: $1" >&2
    status=1
}

for program in go shellcheck; do
    command -v "$program" >/dev/null || {
        echo "workflows: $program is missing; install Go 1.26 or newer, and shellcheck (\`make scripts\` does)" >&2
        exit 1
    }
done
go run "$ACTIONLINT" -pyflakes= .github/workflows/*.yml deploy/ci/github/workflow.yaml || fail "actionlint"

for file in .github/workflows/*.yml; do
    unpinned=$(grep -nE '^ *(- )?uses: ' "$file" | grep -vE 'uses: (\./|[a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$)' || true)
    [ -z "$unpinned" ] || fail "$file: an action without its commit and version: $unpinned"
    grep -qx 'permissions: {}' "$file" || fail "$file: no \`permissions: {}\`; rights are given by job"
    # A job that another workflow makes has that one's limit.
    jobs=$(grep -c '^    runs-on: ' "$file")
    [ "$(grep -c '^    timeout-minutes: ' "$file")" = "$jobs" ] || fail "$file: a job without timeout-minutes"
    [ "$(grep -cE '^ +persist-credentials: false$' "$file")" = "$(grep -c 'uses: actions/checkout@' "$file")" ] ||
        fail "$file: a checkout that leaves its token in the folder"
done
# One version of an action, everywhere.
twice=$(grep -hoE 'uses: [a-z-]+/[a-z-]+@.*' .github/workflows/*.yml | sort -u | cut -d @ -f 1 | uniq -d)
[ -z "$twice" ] || fail "in two versions: $twice"
exit "$status"
