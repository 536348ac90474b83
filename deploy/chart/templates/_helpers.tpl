{{/* Everything is called `quorate`: the webhook configurations are cluster-wide, so there is one installation in a cluster. */}}

{{- define "quorate.selectorLabels" -}}
app.kubernetes.io/name: quorate
{{- end }}

{{/*
Labels and annotations of an object. Input: dict "root" $, and where the object has some of its own "labels" and "annotations".
What is ours goes before what the values say, and an object's own before what all have.
*/}}
{{- define "quorate.metadata" -}}
labels:
  {{- include "quorate.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) (.root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "quorate.labels" -}}
{{- $ours := include "quorate.selectorLabels" .root | fromYaml -}}
{{- $_ := set $ours "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- merge $ours (.labels | default dict) (.root.Values.commonLabels | default dict) | toYaml -}}
{{- end }}

{{- define "quorate.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The Secret with the certificate that is mounted; empty for `self`, which is read through the API. */}}
{{- define "quorate.certificateSecret" -}}
{{- if eq .Values.certificate.source "cert-manager" -}}
quorate-certificate
{{- else if eq .Values.certificate.source "files" -}}
{{ required "certificate.files.secretName is needed with certificate.source `files`" .Values.certificate.files.secretName }}
{{- end -}}
{{- end }}

{{/* The ConfigMaps of the reservations (tests/checks/chart.sh holds their number against the source), as JSON. */}}
{{- define "quorate.reservations" -}}
{{- $names := list -}}
{{- range $slot := until 16 -}}
{{- $names = append $names (printf "quorate-reservations-%d" $slot) -}}
{{- end -}}
{{- $names | toJson -}}
{{- end }}

{{/* The Secrets by which rqlite's nodes are asked, each once, as JSON. */}}
{{- define "quorate.rqliteSecrets" -}}
{{- $names := list -}}
{{- range .Values.rqlite.access -}}
{{- $names = append $names .secretName -}}
{{- end -}}
{{- $names | uniq | toJson -}}
{{- end }}

{{/* The built-in policies (generated from policies/builtin). */}}
{{- define "quorate.builtIn" -}}
{{- .Files.Get "files/policies.txt" | trim | splitList "\n" | sortAlpha | toJson -}}
{{- end }}

{{/* Every policy with its mode, under what `config.policies` says of it: one of the user's own enforces no sooner than ours. */}}
{{- define "quorate.policies" -}}
{{- $policies := dict -}}
{{- range $name := concat (include "quorate.builtIn" . | fromJsonArray) (keys .Values.config.policies) | uniq -}}
{{- $_ := set $policies $name (dict "mode" $.Values.mode) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $policies (deepCopy .Values.config.policies)) -}}
{{- end }}

{{- define "quorate.config" -}}
{{- if eq (int .Values.ports.webhook) (int .Values.ports.metrics) -}}
{{- fail "ports.webhook and ports.metrics are the same" -}}
{{- end -}}
listen: "[::]:{{ int .Values.ports.webhook }}"
metricsListen: "[::]:{{ int .Values.ports.metrics }}"
certificate:
{{- if eq .Values.certificate.source "self" }}
  source: self
  names:
    - quorate.{{ .Release.Namespace }}.svc
{{- else }}
  source: files
  certFile: /etc/quorate-certificate/tls.crt
  keyFile: /etc/quorate-certificate/tls.key
{{- end }}
cluster:
  namespace: {{ .Release.Namespace }}
  service: quorate
  webhooks: quorate
  secret: quorate-certificate
  lease: quorate-leader
  reservations: quorate-reservations
{{- with .Values.rqlite.access }}
  access:
{{- range $access := . }}
    - folder: /etc/quorate-rqlite/{{ .secretName }}
{{- range $key := list "namespace" "set" "serverName" }}
{{- with get $access $key }}
      {{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
policies:
  {{- include "quorate.policies" . | nindent 2 }}
breakGlass:
  {{- toYaml .Values.config.breakGlass | nindent 2 }}
logs:
  {{- toYaml .Values.config.logs | nindent 2 }}
{{- with .Values.config.bodyLimitBytes }}
bodyLimitBytes: {{ . | int64 }}
{{- end }}
{{- end }}

{{/* Not empty where the server writes the mutating configuration: it issues its own certificate, or a policy is not built in. */}}
{{- define "quorate.writesMutating" -}}
{{- $writes := "" -}}
{{- if eq .Values.certificate.source "self" -}}{{- $writes = "self" -}}{{- end -}}
{{- range .Values.config.policies -}}
{{- if .module -}}{{- $writes = "module" -}}{{- end -}}
{{- end -}}
{{- $writes -}}
{{- end }}

{{/*
What one generated entry asks of the loaded policies: "" when none of them needs it, "Ignore" when none of those denies, else "Fail".
Input: dict "root" $ "entry" its name.
*/}}
{{- define "quorate.need" -}}
{{- $policies := fromYaml (include "quorate.policies" .root) -}}
{{- $names := keys $policies | sortAlpha -}}
{{- if hasPrefix "scale" .entry -}}{{- $names = list "quorum-guard" "bootstrap-expect-lock" -}}{{- end -}}
{{- if hasPrefix "statefulsets-mutate" .entry -}}{{- $names = list "secret-mounts" "remove-on-shutdown" -}}{{- end -}}
{{- $need := "" -}}
{{- range $name := $names -}}
{{- $policy := get $policies $name -}}
{{- if and (ne (toString $policy.enabled) "false") (not $policy.module) -}}
{{- if and (eq $policy.mode "enforce") (eq ($policy.onError | default "deny") "deny") -}}
{{- $need = "Fail" -}}
{{- else if eq $need "" -}}
{{- $need = "Ignore" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $need -}}
{{- end }}

{{/* Not empty: some policy is selected by the labels of Namespaces. */}}
{{- define "quorate.selectsNamespaces" -}}
{{- range .Values.config.policies }}{{ if .namespaceSelector }}true{{ end }}{{ end }}
{{- end }}
