#!/usr/bin/env bash
# Who may import whom, as ARCHITECTURE.md says: the direct dependencies of each pure crate, what each other crate may use of ours,
# and what no crate may reach.
set -euo pipefail
cd "$(dirname "$0")/../.."
status=0

# direct <package>: its direct, normal dependencies; those that are ours with their path.
direct() {
    cargo tree --package "$1" --edges normal --depth 1 --prefix none --format '{p}' | tail -n +2
}

# listed <found> <package> <dependency>...: fails for each line of what was found that is not listed.
listed() {
    local found=$1 package=$2
    shift 2
    local dependency
    for dependency in $found; do
        case " $* " in
        *" $dependency "*) ;;
        *)
            echo "dependencies: $package may not depend on $dependency (tests/checks/dependencies.sh)" >&2
            status=1
            ;;
        esac
    done
}

# allowed <package> <dependency>...: fails for a direct, normal dependency that is not listed.
allowed() {
    local found
    found=$(direct "$1" | cut -d' ' -f1)
    listed "$found" "$@"
}

# of_ours <package> <dependency>...: the same, of the members of this workspace alone.
of_ours() {
    local found
    found=$(direct "$1" | sed -n 's| v[^ ]* (/.*||p')
    listed "$found" "$@"
}

allowed quorate-document serde thiserror
allowed quorate-contract cel jsonschema serde serde_json thiserror
allowed kubernetes quorate-document serde serde_json thiserror time
allowed rqlite kubernetes serde serde_json thiserror
allowed quorate-policy schemars serde serde_json wit-bindgen
allowed quorate-sdk kubernetes quorate-policy rqlite serde serde_json
allowed quorate-facts futures-util kubernetes quorate-document quorate-engine rqlite serde_json thiserror time tokio tracing
allowed quorate-fixtures serde_json
allowed quorate-guest-build anyhow wit-component
allowed quorate-cases kubernetes quorate-contract quorate-document quorate-engine quorate-facts quorate-fixtures quorate-policy quorate-sdk json-patch schemars serde serde-saphyr serde_json
while read -r policy; do
    allowed "$policy" kubernetes rqlite quorate-sdk serde serde_json strsim
done < <(grep -vx secret-mounts policies/builtin/policies.txt)
# `time` reads until when a break-glass annotation holds; no clock is asked.
allowed secret-mounts kubernetes rqlite quorate-sdk serde serde_json strsim time

# None of them names a policy, and neither does any crate above: they reach no rule.
of_ours quorate-certs
of_ours quorate-engine kubernetes quorate-contract quorate-document
of_ours quorate-cluster kubernetes quorate-certs quorate-document quorate-facts rqlite
of_ours quorate-webhook kubernetes quorate-certs quorate-cluster quorate-document quorate-engine quorate-facts rqlite
of_ours quorate-check kubernetes quorate-document quorate-engine quorate-facts rqlite

# never <package> <dependency>...: fails if it is anywhere in the graph.
never() {
    local package=$1
    shift
    local dependency reached
    reached=$(cargo tree --package "$package" --edges normal --prefix none --format '{p}')
    for dependency in "$@"; do
        if grep -q "^$dependency " <<<"$reached"; then
            echo "dependencies: $package may not reach $dependency (tests/checks/dependencies.sh)" >&2
            status=1
        fi
    done
}

never quorate-document rqlite serde_json kube axum tokio wasmtime
never quorate-contract kubernetes rqlite kube axum tokio wasmtime wit-parser
never quorate-engine rqlite kube axum
never quorate-facts kube axum rustls hyper
never quorate-cluster axum quorate-webhook
never quorate-check kube axum rustls hyper quorate-cluster quorate-webhook
never quorate-certs kube axum
never quorate ring openssl-sys native-tls wasmtime-wasi
mapfile -t policies <policies/builtin/policies.txt
never quorate "${policies[@]}" quorate-fixtures quorate-guest-build quorate-tests quorate-native-tests quorate-cluster-tests
# The guests are told what was recognised in a manifest: they do not read one themselves.
for policy in "${policies[@]}"; do
    features=$(cargo tree --package "$policy" --edges normal --target wasm32-unknown-unknown --prefix none --format '{p} {f}' | grep '^rqlite ')
    if grep -q recognition <<<"$features"; then
        echo "dependencies: $policy may not enable rqlite's feature recognition (tests/checks/dependencies.sh)" >&2
        status=1
    fi
done
# The engine is given a provider; what that knows of is not its matter.
if git grep -nwE 'rqlite|StatefulSet|Pod' -- engine >&2; then
    echo "dependencies: engine/ names what its provider knows of (tests/checks/dependencies.sh)" >&2
    status=1
fi
exit "$status"
