#!/usr/bin/env bash
# Judges the commits of a pull or merge request with `quorate check`. Finds the base from the CI's own variables; QUORATE_BASE and
# QUORATE_HEAD go before them. Arguments are handed on: --chart-dir charts, --config /etc/quorate.yaml, paths. --strict is given too, so that a change
# that may hide an rqlite set does not pass; QUORATE_STRICT=0 leaves it out.
set -euo pipefail

base=${QUORATE_BASE:-}
head=${QUORATE_HEAD:-HEAD}
if [ -z "$base" ] && [ -n "${CI_MERGE_REQUEST_DIFF_BASE_SHA:-}" ]; then
    base=$CI_MERGE_REQUEST_DIFF_BASE_SHA
elif [ -z "$base" ] && [ -n "${GITHUB_BASE_REF:-}" ]; then
    # What the branch was started from, not what its target has become.
    base=$(git merge-base "origin/$GITHUB_BASE_REF" "$head")
elif [ -z "$base" ]; then
    base=$head~1
fi

outputs=(--output text)
if [ "${GITHUB_ACTIONS:-}" = true ]; then
    outputs=(--output github --output "sarif=${QUORATE_SARIF:-quorate.sarif}")
    summary=$(mktemp)
    outputs+=(--output "markdown=$summary")
elif [ -n "${GITLAB_CI:-}" ]; then
    outputs+=(--output "junit=${QUORATE_JUNIT:-quorate.xml}")
fi

strict=(--strict)
for argument in "$@"; do
    # The command takes it once.
    [ "$argument" != --strict ] || strict=()
done
[ "${QUORATE_STRICT:-1}" != 0 ] || strict=()

status=0
quorate check --base "$base" --head "$head" ${strict[@]+"${strict[@]}"} "${outputs[@]}" "$@" || status=$?
if [ -n "${summary:-}" ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    cat "$summary" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$status"
