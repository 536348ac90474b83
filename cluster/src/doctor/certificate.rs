//! Whether API servers trust what is served: every caBundle, the Secret, and how long both last.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DynamicObject;
use quorate_certs::rotation::SecretState;
use quorate_certs::{Anchor, AuthorityId, Pem, ServingCertificate, Validity, ValidityState};
use serde_json::Value;
use time::OffsetDateTime;

use super::observations::{Observations, Read, unreadable};
use super::{DoctorCheck, Expected, Topic};
use crate::ClusterConfig;
use crate::certificate::read;
use crate::registrar::{MUTATING, VALIDATING, entries};

const TOPIC: Topic = Topic::Certificate;

pub(super) fn checks(
    seen: &Observations,
    config: &ClusterConfig,
    expected: &Expected,
    now: OffsetDateTime,
) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let mut trusted = Vec::new();
    for (kind, configurations) in [(VALIDATING, &seen.validating), (MUTATING, &seen.mutating)] {
        match bundles(configurations, config) {
            Err(why) => checks.push(unreadable(TOPIC, &format!("{kind}s"), why)),
            Ok(entries) => checks.extend(bundle_checks(kind, &entries, now, &mut trusted)),
        }
    }
    let name = format!("Secret {}/{}", config.namespace, config.secret);
    match &seen.secret {
        Err(why) => checks.push(unreadable(TOPIC, &name, why)),
        Ok(secret) => {
            let host = format!("{}.{}.svc", config.service, config.namespace);
            checks.extend(secret_checks(&name, secret.as_ref(), expected, &trusted, &host, now));
        }
    }
    checks
}

/// Names of our entries, and the text of their bundles.
fn bundles(configurations: &Read<Vec<DynamicObject>>, config: &ClusterConfig) -> Read<Vec<(String, Vec<u8>)>> {
    let all = configurations.as_ref().map_err(Clone::clone)?;
    let own = all.iter().filter(|object| object.metadata.name.as_deref() == Some(&config.webhooks));
    let of = |entry: &Value| {
        let text = |pointer| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        (text("/name").to_owned(), STANDARD.decode(text("/clientConfig/caBundle")).unwrap_or_default())
    };
    Ok(own.flat_map(|object| entries(object).iter().map(of)).collect())
}

fn bundle_checks(
    kind: &str,
    entries: &[(String, Vec<u8>)],
    now: OffsetDateTime,
    trusted: &mut Vec<Anchor>,
) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    for (name, bundle) in entries {
        let (anchors, whole) = Anchor::read_all(bundle);
        let valid = anchors.iter().filter(|anchor| anchor.validity().state(now) == ValidityState::Valid).count();
        if valid == 0 || !whole {
            let what = if anchors.is_empty() { "has no caBundle" } else { "has no caBundle that is valid now" };
            checks.push(
                DoctorCheck::problem(TOPIC, format!("{kind}: entry {name} {what}: no call succeeds"))
                    .remedy("the leader writes it; its log says why it does not"),
            );
        }
        trusted.extend(anchors.into_iter().filter(|anchor| !trusted.contains(anchor)).collect::<Vec<_>>());
    }
    let differs = entries.windows(2).any(|pair| matches!(pair, [(_, one), (_, other)] if one != other));
    if differs {
        checks.push(
            DoctorCheck::warning(TOPIC, format!("{kind}: the caBundles of its entries differ"))
                .remedy("look again in a minute; if they still do, see the log of the leader"),
        );
    }
    if checks.is_empty() && !entries.is_empty() {
        checks.push(DoctorCheck::fine(TOPIC, format!("{kind}: {} entries with a valid caBundle", entries.len())));
    }
    checks
}

fn secret_checks(
    name: &str,
    secret: Option<&Secret>,
    expected: &Expected,
    trusted: &[Anchor],
    host: &str,
    now: OffsetDateTime,
) -> Vec<DoctorCheck> {
    let Some(secret) = secret else {
        let message = format!("{name} is not there");
        return vec![if expected.own_certificate {
            DoctorCheck::problem(TOPIC, message).remedy("the leader creates it; its log says why it does not")
        } else {
            DoctorCheck::warning(TOPIC, message)
                .remedy("with a certificate from files: name the Secret it is mounted from")
        }];
    };
    let foreign = matches!(read(Some(secret)), SecretState::Foreign);
    if foreign && expected.own_certificate {
        return vec![
            DoctorCheck::problem(
                TOPIC,
                format!("{name} is not Quorate's: it is not written, and nothing of it is served"),
            )
            .remedy("configure another name under `cluster.secret`"),
        ];
    }
    let part = |key: &str| secret.data.as_ref().and_then(|data| data.get(key)).map(|bytes| bytes.0.as_slice());
    let pem = |origin, text| Pem { origin: Path::new(origin), text };
    let (chain, key) = (part("tls.crt").unwrap_or_default(), part("tls.key").unwrap_or_default());
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    match ServingCertificate::from_pem(pem("tls.crt", chain), pem("tls.key", key), &provider) {
        Err(error) => vec![DoctorCheck::problem(TOPIC, format!("{name}: {error}"))],
        Ok(leaf) => vec![leaf_check(name, &leaf, trusted, host, now)],
    }
}

fn leaf_check(
    name: &str,
    leaf: &ServingCertificate,
    trusted: &[Anchor],
    host: &str,
    now: OffsetDateTime,
) -> DoctorCheck {
    let Validity { not_after, .. } = leaf.validity();
    let is_trusted = |issuer: &AuthorityId| trusted.iter().any(|anchor| anchor.id() == issuer);
    if leaf.validity().state(now) != ValidityState::Valid {
        return DoctorCheck::problem(TOPIC, format!("{name}: certificate is valid until {not_after}, not now"));
    }
    if !leaf.names().iter().any(|own| own == host) {
        return DoctorCheck::problem(
            TOPIC,
            format!("{name}: certificate is for {}, not for {host}", leaf.names().join(", ")),
        );
    }
    if !leaf.issuer().is_some_and(is_trusted) {
        return DoctorCheck::problem(TOPIC, format!("{name}: certificate is signed by a CA that is in no caBundle"))
            .remedy("the leader publishes it; its log says why it does not");
    }
    let until = format!("{name}: certificate for {host}, valid until {not_after}");
    if leaf.validity().is_due(now) {
        DoctorCheck::warning(TOPIC, format!("{until}, due for renewal")).remedy("the leader renews it within minutes")
    } else {
        DoctorCheck::fine(TOPIC, until)
    }
}
