//! The name of this process among its replicas. The only file that asks the environment.
//! Decides nothing by it.

/// The pod's name where there is one, and the process: two on one computer are two.
pub(crate) fn identity() -> String {
    #[expect(clippy::disallowed_methods, reason = "the name of this process, read here and nowhere else")]
    let name = ["POD_NAME", "HOSTNAME"].into_iter().find_map(|key| std::env::var(key).ok());
    format!("{}_{}", name.unwrap_or_else(|| "quorate".to_owned()), std::process::id())
}
