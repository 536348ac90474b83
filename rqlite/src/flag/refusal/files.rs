//! Flags that name files, and need another flag beside them or bear none.
//! Not whether the files exist.

use super::{GivenFlags, StartupRefusal, host_and_port};
use crate::flag::number;
use crate::value::clip;

pub(super) fn on_disk_path_without_on_disk(given: &GivenFlags) -> Option<StartupRefusal> {
    given.set("on-disk-path")?;
    let refused = !given.boolean("on-disk")?;
    let dash = if given.from(7, 2, 0) { "-" } else { "" };
    let words = format!("{dash}on-disk-path is set, but {dash}on-disk is not");
    refused.then(|| given.refusal("on-disk-path", "`-on-disk-path` is given without `-on-disk`".to_owned(), words))?
}

pub(super) fn half_a_certificate(given: &GivenFlags) -> Option<StartupRefusal> {
    [("http-cert", "http-key"), ("node-cert", "node-key"), ("otlp-cert", "otlp-key")].into_iter().find_map(
        |(cert, key)| {
            let (there, missing) = match (given.text(cert)?.is_empty(), given.text(key)?.is_empty()) {
                (false, true) => (cert, key),
                (true, false) => (key, cert),
                (true, true) | (false, false) => return None,
            };
            // The flags' old names, in 7.14.0 alone.
            let old = if cert == "http-cert" { ["x509-cert", "x509-key"] } else { ["node-x509-cert", "node-x509-key"] };
            let [cert, key] = if given.from(7, 14, 1) { [cert, key] } else { old };
            let words = format!("either both -{cert} and -{key} must be set, or neither");
            given.refusal(there, format!("`-{there}` is given without `-{missing}`"), words)
        },
    )
}

pub(super) fn common_name_without_client_verification(given: &GivenFlags) -> Option<StartupRefusal> {
    [("http-verify-common-name", "http-verify-client"), ("node-verify-common-name", "node-verify-client")]
        .into_iter()
        .find_map(|(name, client)| {
            given.set(name)?;
            let refused = !given.boolean(client)?;
            let message = || format!("`-{name}` is given without `-{client}`");
            refused.then(|| given.refusal(name, message(), format!("-{name} requires -{client}")))?
        })
}

/// It reads the certificate as soon as there is an authority.
pub(super) fn node_authority_without_certificate(given: &GivenFlags) -> Option<StartupRefusal> {
    given.set("node-ca-cert")?;
    let message = || "`-node-ca-cert` is given without `-node-cert`".to_owned();
    let words = "failed to create certificate monitor: open : no such file or directory";
    given.is_empty("node-cert").then(|| given.refusal("node-ca-cert", message(), words))?
}

pub(super) fn contradicting_otlp(given: &GivenFlags) -> Option<StartupRefusal> {
    let switches = ["otlp-insecure", "otlp-no-verify"].into_iter().filter(|name| given.boolean(name) == Some(true));
    let files = ["otlp-ca-cert", "otlp-cert"].into_iter().filter(|name| given.set(name).is_some());
    let mut options = switches.chain(files);
    if given.is_empty("otlp-endpoint") {
        let name = options.next()?;
        let message = format!("`-{name}` is given without `-otlp-endpoint`");
        return given.refusal(name, message, "OTLP options require -otlp-endpoint");
    }
    let endpoint = given.set("otlp-endpoint")?;
    let scheme = endpoint.contains("://");
    if host_and_port(endpoint).is_none() || scheme {
        let words = if scheme { "must not include a protocol scheme" } else { "is not a valid address" };
        let message = format!("`-otlp-endpoint` is `{}`, which is no host:port", clip(endpoint));
        return given.refusal("otlp-endpoint", message, format!("-otlp-endpoint {words}"));
    }
    if number::duration(given.text("otlp-interval")?)? <= 0 {
        let message = "`-otlp-interval` must be above 0".to_owned();
        return given.refusal("otlp-interval", message, "-otlp-interval must be greater than zero");
    }
    given.boolean("otlp-insecure").filter(|insecure| *insecure)?;
    let other = options.find(|name| *name != "otlp-insecure")?;
    let message = format!("`-{other}` and `-otlp-insecure` are both given");
    given.refusal(other, message, "-otlp-insecure cannot be used with other OTLP TLS options")
}
