#!/usr/bin/env bash
# shellcheck disable=SC2034 # used by whoever sources it
# Sourced: `helm`, the one of HELM, of the control plane for tests, or of PATH; and the Kubernetes version to render for.
kube_version=1.36.3
if [ -n "${HELM:-}" ]; then
    helm=$HELM
elif [ -x tests/controlplane/build.sh ] && folder=$(tests/controlplane/build.sh --print 2>/dev/null) && [ -x "$folder/helm" ]; then
    helm=$folder/helm
elif ! helm=$(command -v helm); then
    echo "helm is missing; \`make controlplane\` builds it, or name one in HELM" >&2
    exit 1
fi
