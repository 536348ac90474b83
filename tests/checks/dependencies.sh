#!/usr/bin/env bash
# Who may import whom, as ARCHITECTURE.md says: the direct dependencies of each pure crate, and what no crate may reach.
set -euo pipefail
cd "$(dirname "$0")/../.."
status=0

# allowed <package> <dependency>...: fails for a direct, normal dependency that is not listed.
allowed() {
    local package=$1
    shift
    local dependency
    while read -r dependency; do
        case " $* " in
        *" $dependency "*) ;;
        *)
            echo "dependencies: $package may not depend on $dependency (tests/checks/dependencies.sh)" >&2
            status=1
            ;;
        esac
    done < <(cargo tree --package "$package" --edges normal --depth 1 --prefix none --format '{p}' | tail -n +2 | cut -d' ' -f1)
}

allowed quorate-document serde thiserror
allowed kubernetes quorate-document serde serde_json thiserror time
allowed rqlite kubernetes serde serde_json thiserror
allowed quorate-sdk kubernetes rqlite schemars serde serde_json serde_path_to_error wit-bindgen
allowed quorate-facts kubernetes quorate-document quorate-engine rqlite serde_json thiserror time tokio tracing
allowed quorate-cases kubernetes quorate-facts quorate-sdk json-patch serde-saphyr serde_json
while read -r policy; do
    allowed "$policy" kubernetes rqlite quorate-sdk schemars serde serde_json strsim
done < <(grep -vx secret-mounts policies/builtin/policies.txt)
# `time` reads until when a break-glass annotation holds; no clock is asked.
allowed secret-mounts kubernetes rqlite quorate-sdk schemars serde serde_json strsim time

# never <package> <dependency>...: fails if it is anywhere in the graph.
never() {
    local package=$1
    shift
    local dependency
    for dependency in "$@"; do
        if cargo tree --package "$package" --edges normal --prefix none --format '{p}' | grep "^$dependency " >/dev/null; then
            echo "dependencies: $package may not reach $dependency (tests/checks/dependencies.sh)" >&2
            status=1
        fi
    done
}

never quorate-document rqlite serde_json kube axum tokio wasmtime
never quorate-engine rqlite kube axum
never quorate-facts kube axum rustls hyper
never quorate-cluster axum quorate-webhook
never quorate-check kube axum rustls hyper quorate-cluster quorate-webhook
never quorate-certs kube axum
never quorate ring openssl-sys native-tls wasmtime-wasi
# The engine is given a provider; what that knows of is not its matter.
if git grep -nwE 'rqlite|StatefulSet|Pod' -- engine >&2; then
    echo "dependencies: engine/ names what its provider knows of (tests/checks/dependencies.sh)" >&2
    status=1
fi
exit "$status"
