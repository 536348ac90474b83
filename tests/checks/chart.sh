#!/usr/bin/env bash
# The chart: helm lint, what its schema refuses, and what comes out for several values. Needs no cluster.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/checks/helm.sh
. tests/checks/helm.sh
chart=deploy/chart
status=0

fail() {
    echo "chart: $1" >&2
    status=1
}

render() {
    "$helm" template quorate "$chart" --namespace quorate-system --kube-version "$kube_version" "$@"
}

# gives <what> <pattern> [helm arguments]: a line of the output matches the whole pattern, after its indentation.
gives() {
    local what=$1 pattern=$2
    shift 2
    render "$@" | grep -E "^ *(- )?($pattern)\$" >/dev/null || fail "$what: nothing is \`$pattern\` with $*"
}

lacks() {
    local what=$1 pattern=$2
    shift 2
    if render "$@" | grep -E "$pattern" >/dev/null; then fail "$what: found \`$pattern\` with $*"; fi
}

# times <count> <pattern> [helm arguments]
times() {
    local count=$1 pattern=$2
    shift 2
    local found
    found=$(render "$@" | grep -cE "$pattern" || true)
    [ "$found" = "$count" ] || fail "\`$pattern\` stands $found times, not $count, with $*"
}

# refused <what> <word of the complaint> [helm arguments]
refused() {
    local what=$1 word=$2 output
    shift 2
    if output=$(render "$@" 2>&1); then
        fail "$what is taken: $*"
    else
        grep -q -- "$word" <<<"$output" || fail "$what is refused, but not for \`$word\`: $output"
    fi
}

enforce=(--set mode=enforce)
"$helm" lint --quiet --strict --kube-version "$kube_version" "$chart" || fail "helm lint"
for values in deploy/platforms/*.yaml; do
    "$helm" lint --quiet --strict --kube-version "$kube_version" --values "$values" "$chart" || fail "helm lint with $values"
done

# What blocks when nobody answers.
times 6 'failurePolicy: Ignore'
lacks "a chart that only warns" 'failurePolicy: Fail'
times 2 'failurePolicy: Fail' "${enforce[@]}"
times 2 'failurePolicy: Fail' "${enforce[@]}" --set config.policies.quorum-guard.mode=warn
times 2 'failurePolicy: Fail' --set config.policies.bootstrap-expect-lock.mode=enforce
times 2 'failurePolicy: Fail' "${enforce[@]}" --set config.policies.quorum-guard.onError=warn
scaled=(--set config.policies.quorum-guard.enabled=false)
times 2 'statefulsets/scale$' "${enforce[@]}" "${scaled[@]}"
scaled+=(--set config.policies.bootstrap-expect-lock.enabled=false)
lacks "a chart without quorum-guard and bootstrap-expect-lock" 'statefulsets/scale' "${enforce[@]}" "${scaled[@]}"
times 1 'failurePolicy: Fail' "${enforce[@]}" "${scaled[@]}"
lacks "a chart without mutating policies" 'statefulsets-mutate' \
    --set config.policies.secret-mounts.enabled=false --set config.policies.remove-on-shutdown.enabled=false
lacks "a rendered caBundle" 'caBundle:' "${enforce[@]}"

# Which policies there are, and in which mode each is: those of the user's own too.
times 5 '^ *mode: warn$' --set config.policies.zones.module=zones.wasm --show-only templates/configmap.yaml
times 5 '^ *mode: enforce$' "${enforce[@]}" --set config.policies.zones.module=zones.wasm --show-only templates/configmap.yaml
gives "its own mode" 'mode: enforce' --set config.policies.zones.module=zones.wasm,config.policies.zones.mode=enforce \
    --show-only templates/configmap.yaml
# Every replica of every version has the same slots.
slots=$(sed -n 's/^pub const SLOTS: usize = \([0-9]*\);$/\1/p' cluster/src/store.rs)
times "${slots:-none}" '^  name: quorate-reservations-[0-9]+$'

quoted() { grep -oE '"[a-z-]+"' | tr -d '"' | sort; }
# Each entry is asked for by the policies that ask for its requests: their names stand once more in `quorate.need`.
diff <(sed -n '/define "quorate.need"/,/end }}/p' "$chart/templates/_helpers.tpl" | quoted | grep -Fxf policies/builtin/policies.txt) \
    <(sort policies/builtin/policies.txt) >&2 || fail "_helpers.tpl names policies that are not built in, or not all of them"

# Where it lives, and what it leaves alone.
gives "one more namespace" 'backup' --set 'webhooks.excludedNamespaces={backup}'
times 6 '^ *- guards$' --namespace guards
times 6 'key: control-plane$' --set 'webhooks.matchExpressions[0].key=control-plane,webhooks.matchExpressions[0].operator=DoesNotExist'
times 6 'namespace: guards$' --namespace guards --show-only templates/webhooks.yaml
times 5 'timeoutSeconds: 7$' --set webhooks.timeoutSeconds.validate=7 --show-only templates/webhooks.yaml

# How rqlite's nodes are asked.
access=(--set 'rqlite.access[0].secretName=rqlite-status,rqlite.access[0].namespace=db,rqlite.access[1].secretName=rqlite-status')
gives "the configuration" 'folder: /etc/quorate-rqlite/rqlite-status' "${access[@]}"
gives "the configuration" 'namespace: "db"' "${access[@]}"
times 1 'secretName: rqlite-status' "${access[@]}" --show-only templates/deployment.yaml
times 1 'mountPath: /etc/quorate-rqlite/rqlite-status' "${access[@]}" --show-only templates/deployment.yaml
refused "access without a Secret" secretName --set 'rqlite.access[0].namespace=db'

# The pod.
for line in 'runAsNonRoot: true' 'readOnlyRootFilesystem: true' 'allowPrivilegeEscalation: false' 'ALL' 'type: RuntimeDefault' \
    'replicas: 2' 'priorityClassName: system-cluster-critical' 'path: /readyz' 'path: /livez' 'image: "ghcr.io/quorate/quorate:[0-9.]+"'; do
    gives "the pod" "$line" --show-only templates/deployment.yaml
done
digest=sha256:$(printf 'a%.0s' $(seq 64))
gives "an image by digest" "image: \"ghcr.io/quorate/quorate@$digest\"" --set "image.digest=$digest"
sum() { render "$@" --show-only templates/deployment.yaml | grep checksum/config; }
[ "$(sum)" != "$(sum --set config.logs.level=debug)" ] || fail "a changed configuration starts no new pods"

# Certificates.
gives "its own certificate" 'source: self'
lacks "its own certificate" 'secretName'
issuer=(--set certificate.source=cert-manager --set certificate.certManager.issuerRef.name=ca)
gives "cert-manager" 'kind: Certificate' "${issuer[@]}"
times 2 'cert-manager.io/inject-ca-from: quorate-system/quorate' "${issuer[@]}"
gives "cert-manager" 'secretName: quorate-certificate' "${issuer[@]}" --show-only templates/deployment.yaml
lacks "rights on Secrets with cert-manager" 'secrets\]' "${issuer[@]}"
files=(--set certificate.source=files --set certificate.files.secretName=mine --set certificate.files.caBundle=PEM)
gives "a certificate from files" 'secretName: mine' "${files[@]}"
times 6 'caBundle: UEVN' "${files[@]}"

# Switches.
lacks "a ServiceMonitor that nobody asked for" 'kind: ServiceMonitor'
gives "a ServiceMonitor" 'kind: ServiceMonitor' --set serviceMonitor.enabled=true
lacks "a NetworkPolicy switched off" 'kind: NetworkPolicy' --set networkPolicy.enabled=false
gives "restricted egress" 'port: 6443' --set networkPolicy.restrictEgress=true
# Replicas look at each other's certificates, whoever else may come or be gone to.
times 0 '^ *- podSelector:'
times 1 '^ *- podSelector:' --set 'networkPolicy.webhookFrom[0].ipBlock.cidr=10.0.0.0/24'
times 1 '^ *- podSelector:' --set networkPolicy.restrictEgress=true
lacks "a PodDisruptionBudget switched off" 'kind: PodDisruptionBudget' --set podDisruptionBudget.enabled=false

# Rights: by name where there can be one, and nothing that ends in everything.
lacks "a wildcard right" '"\*"|\[\*\]' --show-only templates/rbac.yaml

lacks "a right to read Secrets of the cluster" 'secrets' "${issuer[@]}" --show-only templates/rbac.yaml
writes='resources: \[mutatingwebhookconfigurations\]'
gives "the right to write a caBundle of its own" "$writes" --show-only templates/rbac.yaml
lacks "a right to write the mutating configuration with cert-manager" "$writes" "${issuer[@]}" --show-only templates/rbac.yaml
lacks "a right to write the mutating configuration with files" "$writes" "${files[@]}" --show-only templates/rbac.yaml
gives "the right to write the entries of a policy of one's own" "$writes" "${files[@]}" \
    --set config.policies.zones.module=zones.wasm --show-only templates/rbac.yaml
owners=(--set 'owners[0].group=databases.example.com,owners[0].resource=rqliteclusters' --show-only templates/rbac.yaml)
gives "an operator's kind" 'apiGroups: \["databases.example.com"\]' "${owners[@]}"
gives "an operator's kind" 'resources: \["rqliteclusters"\]' "${owners[@]}"

# The schema.
refused "an unknown key" 'replica' --set replica=3
refused "an unknown key further down" 'tagg' --set image.tagg=1
refused "a mode that there is not" 'mode' --set mode=deny
refused "a single replica" 'replicas' --set replicas=1
refused "a digest that is none" 'digest' --set image.digest=latest
refused "a port below 1024, which no ordinary user may listen on" 'ports/webhook' --set ports.webhook=443
refused "one port for two" 'are the same' --set ports.metrics=8443
refused "a dnsPolicy that there is not" 'dnsPolicy' --set dnsPolicy=None
refused "a family that there is not" 'ipFamilies' --set 'service.ipFamilies={IPv5}'
refused "resources of a key that there is not" 'resources' --set resources.limit.memory=1Gi
refused "a label that is no text" 'commonLabels' --set commonLabels.a=1
refused "a selector that asks for some namespaces alone" 'matchExpressions/0/operator' \
    --set 'webhooks.matchExpressions[0].key=team,webhooks.matchExpressions[0].operator=Exists'
refused "a label of the webhooks that is no text" 'webhooks/labels' --set webhooks.labels.a=true
refused "an owner without a resource" 'resource' --set 'owners[0].group=a'
refused "an owner of every kind" 'resource' --set 'owners[0].group=a,owners[0].resource=*'
refused "cert-manager without an issuer" 'issuerRef' --set certificate.source=cert-manager
refused "files without a Secret" 'secretName' --set certificate.source=files

# One version, everywhere.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
for key in version appVersion; do
    grep -qx "$key: $version" "$chart/Chart.yaml" || fail "$key of Chart.yaml is not $version, that of Cargo.toml"
done
grep -q "^ARG VERSION=$version\$" deploy/Dockerfile || fail "VERSION of the Dockerfile is not $version"
exit "$status"
