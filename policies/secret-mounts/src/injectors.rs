//! Webhooks of others that bring files or variables into pods, known by the annotations of the pod template.
//! Not what they bring: that is in their servers.

use kubernetes::manifest::Metadata;

/// One that ends in `/` stands for every annotation under it; any other one counts unless it is switched off.
const ANNOTATIONS: &[&str] = &[
    // Vault Agent Injector, developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations: a shared volume, by default at
    // /vault/secrets.
    "vault.hashicorp.com/agent-inject",
    // OpenBao's, openbao.org/docs/platform/k8s/injector/annotations: the same with its own names.
    "openbao.openbao.org/agent-inject",
    // Vault by the Bank-Vaults webhook, bank-vaults.dev/docs/mutating-webhook: files by vault-agent or consul-template.
    "vault.security.banzaicloud.io/",
    "secrets-webhook.security.bank-vaults.io/",
    // Infisical Agent Injector, infisical.com/docs/integrations/platforms/kubernetes-injector: a shared volume.
    "org.infisical.com/inject",
    // 1Password Secrets Injector, developer.1password.com/docs/k8s/injector: it puts a program of its own before the command.
    "operator.1password.io/inject",
    // Azure Key Vault to Kubernetes, akv2k8s.io: the same, switched on by the namespace, set up by annotations.
    "akv2k8s.io/",
];

/// The first annotation by which a webhook may bring what the manifest does not have.
pub fn bringing(template: &Metadata) -> Option<&str> {
    let switched_off = |value: &str| matches!(value.trim().to_ascii_lowercase().as_str(), "" | "false" | "f" | "0");
    let found = template.annotations.iter().find(|(key, value)| {
        ANNOTATIONS.iter().any(|known| if known.ends_with('/') { key.starts_with(known) } else { key == known })
            && !switched_off(value)
    });
    found.map(|(key, _)| key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn brings(key: &str, value: &str) -> bool {
        let mut template = Metadata::default();
        template.annotations.insert(key.to_owned(), value.to_owned());
        bringing(&template).is_some()
    }

    #[test]
    fn the_webhooks_that_are_asked_count() {
        for (key, value) in [
            ("vault.hashicorp.com/agent-inject", "true"),
            ("vault.security.banzaicloud.io/vault-agent-configmap", "rqlite"),
            ("org.infisical.com/inject", "true"),
            ("operator.1password.io/inject", "rqlite"),
            ("akv2k8s.io/anything", "x"),
        ] {
            assert!(brings(key, value), "{key}");
        }
    }

    #[test]
    fn those_that_are_not_asked_do_not() {
        for (key, value) in [
            ("vault.hashicorp.com/agent-inject", "false"),
            ("vault.hashicorp.com/role", "rqlite"),
            ("operator.1password.io/item-path", "vaults/a/items/b"),
            ("prometheus.io/scrape", "true"),
        ] {
            assert!(!brings(key, value), "{key}");
        }
    }
}
