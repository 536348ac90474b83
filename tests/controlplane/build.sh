#!/usr/bin/env bash
# Builds a Kubernetes control plane, kubectl and helm from their Go modules, once, into a cache outside of the tree.
# The last line printed is the folder that has them. `--print` builds nothing: it fails, and says what is missing.
#
#   K8S=1.36                 which minor: a folder beside this script
#   KUBEBUILDER_ASSETS=...   ready binaries; what is there is not built
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
minor=${K8S:-1.36}

fail() {
    echo "controlplane: $1" >&2
    exit 1
}

[ -f "$here/$minor/go.mod" ] || fail "K8S=$minor: no folder tests/controlplane/$minor; K8S is 1.36 or 1.34"

# required <folder> <module>: the version that its go.mod asks for.
required() {
    sed -n "s|^[[:space:]]*\(require \)\{0,1\}$2 \(v[^ ]*\).*|\2|p" "$here/$1/go.mod" | head -n 1
}

kubernetes=$(required "$minor" k8s.io/kubernetes)
helm=$(required helm helm.sh/helm/v4)
helm3=$(required helm3 helm.sh/helm/v3)
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) arch=$(uname -m) ;;
esac
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quorate/controlplane
folder=$cache/$kubernetes-$arch
helm_folder=$cache/helm-$helm-$arch
helm3_folder=$cache/helm-$helm3-$arch

# there <path>: it is built, or among the ready ones.
there() {
    [ -x "$1" ] || [ -x "${KUBEBUILDER_ASSETS:-/nowhere}/$(basename "$1")" ]
}

# What go compiles, counted on a terminal; and whatever else it says.
progress() {
    if [ -t 2 ]; then
        awk '/[ :#]/ { print; next } { printf "\r  %d packages", ++count; fflush() } END { printf "\r\033[K" }' >&2
    else
        grep '[ :#]' >&2 || true
    fi
}

# build <module folder> <package> <ldflags> <path>
build() {
    there "$4" && return
    if [ "$mode" = print ]; then
        fail "$4 is missing; \`make controlplane K8S=$minor\` builds it"
    fi
    command -v go >/dev/null || fail "go is missing; install Go 1.26 or newer, or name a folder of ready binaries in KUBEBUILDER_ASSETS"
    echo "controlplane: building $(basename "$4") for Kubernetes $kubernetes" >&2
    mkdir -p "$(dirname "$4")"
    local temporary
    temporary=$(mktemp "$4.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -f '$temporary'" EXIT
    (cd "$here/$1" && CGO_ENABLED=0 GOWORK=off go build -v -trimpath -ldflags "-s -w $3" -o "$temporary" "$2" 2>&1 | progress)
    chmod 755 "$temporary"
    mv "$temporary" "$4"
}

mode=build
[ "${1:-}" = --print ] && mode=print

# Without these the binaries call themselves v0.0.0, and clients that look at the minor go astray.
numbers=${kubernetes#v}
stamps="-X k8s.io/component-base/version.gitVersion=$kubernetes"
stamps+=" -X k8s.io/component-base/version.gitMajor=${numbers%%.*}"
stamps+=" -X k8s.io/component-base/version.gitMinor=${minor#*.}"
stamps+=" -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes"

build "$minor" go.etcd.io/etcd/server/v3 "" "$folder/etcd"
build "$minor" k8s.io/kubernetes/cmd/kube-apiserver "$stamps" "$folder/kube-apiserver"
build "$minor" k8s.io/kubernetes/cmd/kube-controller-manager "$stamps" "$folder/kube-controller-manager"
build "$minor" k8s.io/kubernetes/cmd/kubectl "$stamps" "$folder/kubectl"
build helm helm.sh/helm/v4/cmd/helm "-X helm.sh/helm/v4/internal/version.version=$helm" "$helm_folder/helm"
build helm3 helm.sh/helm/v3/cmd/helm "-X helm.sh/helm/v3/internal/version.version=$helm3" "$helm3_folder/helm3"

for path in "$helm_folder/helm" "$helm3_folder/helm3"; do
    if [ -x "$path" ]; then
        mkdir -p "$folder"
        ln -sfn "../$(basename "$(dirname "$path")")/$(basename "$path")" "$folder/$(basename "$path")"
    fi
done
echo "$folder"
