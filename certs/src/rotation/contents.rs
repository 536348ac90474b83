//! What the Secret holds, as data and as what it means; whose it is, and what of it cannot be read.
//! Decides nothing; a part that cannot be read is a part that is not there, and is named.

use std::collections::BTreeMap;
use std::path::Path;

use rustls::crypto::CryptoProvider;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{Anchor, Authority, Issued, Pem, ServingCertificate, bundle};

/// The label, and its value, by which a Secret is ours. One without it is never written and never served from.
pub const OWN_LABEL: (&str, &str) = ("quorate.dev/certificate", "self");

/// The leaf, PEM.
pub const LEAF: &str = "tls.crt";
/// The leaf's key, PEM.
pub const LEAF_KEY: &str = "tls.key";
/// Every CA to be trusted, PEM: what belongs in each `caBundle`.
pub const TRUSTED: &str = "ca.crt";
/// The key of the CA that issues; its certificate is the one in `ca.crt` that fits. Removing it asks for a new CA.
pub const ISSUER_KEY: &str = "ca.key";
/// During a rotation, the key of the CA that will issue; its certificate is in `ca.crt` too.
pub const INCOMING_KEY: &str = "next-ca.key";
/// JSON: since when the rotation is where it is.
pub const STATE: &str = "state";

/// What was found under the Secret's name.
#[derive(Debug, Clone)]
pub enum SecretState {
    /// There is none of that name.
    Absent,
    /// Ours, and maybe empty (a chart may create it so) or damaged.
    Ours(Box<SecretContents>),
    /// Somebody else's.
    Foreign,
}

/// The Secret's meaning. All parts may be missing; what is missing is made anew.
#[derive(Debug, Clone, Default)]
pub struct SecretContents {
    pub(super) leaf: Option<LeafCertificate>,
    pub(super) trusted: Vec<Anchor>,
    pub(super) issuer: Option<Authority>,
    pub(super) incoming: Option<Authority>,
    /// When every `caBundle` was seen to hold `trusted`, the incoming CA too.
    pub(super) published: Option<ClockReading>,
    /// When the leaf of another CA was last replaced.
    pub(super) switched: Option<ClockReading>,
    pub(super) damage: Vec<Damage>,
}

/// A serving certificate as it is written and as it is read.
#[derive(Debug, Clone)]
pub struct LeafCertificate {
    pub(super) issued: Issued,
    pub(super) serving: ServingCertificate,
}

/// A moment, and whose clock it was read from: another leader's clock may be wrong by more than the propagation delay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// The moment.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The [`RotationPlan::leader`](super::RotationPlan::leader) whose clock it was.
    pub by: String,
}

/// A part of the Secret that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Leaf or key; what is wrong, in a sentence.
    #[error("{0}")]
    Leaf(String),
    /// `ca.crt` has a broken block, or no certificate at all and yet some text.
    #[error("`{TRUSTED}` holds something that is no certificate")]
    Trusted,
    /// The part of this name is no key, or that of none of the CAs.
    #[error("`{0}` holds no key of a certificate in `{TRUSTED}`")]
    Key(&'static str),
    /// `state` is no JSON of this form; what is wrong.
    #[error("`{STATE}` cannot be read: {0}")]
    State(String),
}

/// The JSON of [`STATE`].
#[derive(Debug, Default, Serialize, Deserialize)]
struct RotationProgress {
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<ClockReading>,
    #[serde(skip_serializing_if = "Option::is_none")]
    switched: Option<ClockReading>,
}

impl SecretState {
    /// Reads a Secret that is there.
    pub fn read(labels: &BTreeMap<String, String>, data: &BTreeMap<String, Vec<u8>>) -> Self {
        let (label, value) = OWN_LABEL;
        if labels.get(label).is_some_and(|found| found == value) {
            Self::Ours(Box::new(SecretContents::from_data(data)))
        } else {
            Self::Foreign
        }
    }

    /// The certificate to serve, for every replica that follows the Secret. Without one, the last one stays.
    pub fn serving(&self) -> Option<&ServingCertificate> {
        match self {
            Self::Ours(contents) => contents.serving(),
            Self::Absent | Self::Foreign => None,
        }
    }
}

impl SecretContents {
    /// Reads the data of a Secret, its parts by their names, without the base64 of its manifest. What cannot be read is
    /// [damage](SecretContents::damage).
    pub fn from_data(data: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut damage = Vec::new();
        let text = |key: &str| data.get(key).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let (trusted, whole) = Anchor::read_all(data.get(TRUSTED).map(Vec::as_slice).unwrap_or_default());
        if !whole {
            damage.push(Damage::Trusted);
        }
        let mut authority = |name: &'static str| {
            let key = text(name)?;
            let found = Authority::find(&trusted, &key);
            if found.is_none() {
                damage.push(Damage::Key(name));
            }
            found
        };
        let (issuer, incoming) = (authority(ISSUER_KEY), authority(INCOMING_KEY));
        let leaf = LeafCertificate::read(text(LEAF), text(LEAF_KEY)).unwrap_or_else(|problem| {
            damage.push(problem);
            None
        });
        let progress = data.get(STATE).map(|bytes| serde_json::from_slice::<RotationProgress>(bytes)).transpose();
        let RotationProgress { published, switched } =
            progress.map(Option::unwrap_or_default).unwrap_or_else(|problem| {
                damage.push(Damage::State(problem.to_string()));
                RotationProgress::default()
            });
        Self { leaf, trusted, issuer, incoming, published, switched, damage }
    }

    /// The whole of the Secret's data; what it held beside is not kept.
    pub fn to_data(&self) -> BTreeMap<String, Vec<u8>> {
        let progress = RotationProgress { published: self.published.clone(), switched: self.switched.clone() };
        let parts = [
            (LEAF, self.leaf.as_ref().map(|leaf| leaf.issued.certificate.clone())),
            (LEAF_KEY, self.leaf.as_ref().map(|leaf| leaf.issued.key.clone())),
            (TRUSTED, Some(self.bundle())),
            (ISSUER_KEY, self.issuer.as_ref().map(|authority| authority.key().to_owned())),
            (INCOMING_KEY, self.incoming.as_ref().map(|authority| authority.key().to_owned())),
            (STATE, serde_json::to_string(&progress).ok()),
        ];
        parts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into_bytes()))).collect()
    }

    /// What belongs in every `caBundle`, PEM.
    pub fn bundle(&self) -> String {
        bundle(&self.trusted)
    }

    /// The leaf, as a TLS server needs it; None: missing or damaged.
    pub fn serving(&self) -> Option<&ServingCertificate> {
        self.leaf.as_ref().map(|leaf| &leaf.serving)
    }

    /// The CAs that every `caBundle` is to hold.
    pub fn trusted(&self) -> &[Anchor] {
        &self.trusted
    }

    /// The CA that issues.
    pub fn issuer(&self) -> Option<&Anchor> {
        self.issuer.as_ref().map(Authority::anchor)
    }

    /// The CA that will issue, during a rotation.
    pub fn incoming(&self) -> Option<&Anchor> {
        self.incoming.as_ref().map(Authority::anchor)
    }

    /// What could not be read, for the log. The next steps replace it.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Those that are trusted for the sake of leaves that may still be served.
    pub(super) fn retired(&self) -> impl Iterator<Item = &Anchor> {
        let kept = [self.issuer(), self.incoming()];
        self.trusted.iter().filter(move |anchor| !kept.contains(&Some(*anchor)))
    }
}

impl LeafCertificate {
    pub(super) fn new(issued: Issued) -> Option<Self> {
        let serving = ServingCertificate::from_issued(&issued).ok()?;
        Some(Self { issued, serving })
    }

    /// None without both.
    fn read(certificate: Option<String>, key: Option<String>) -> Result<Option<Self>, Damage> {
        let (certificate, key) = match (certificate, key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(Damage::Leaf(format!("`{LEAF_KEY}` is missing beside `{LEAF}`"))),
            (None, Some(_)) => return Err(Damage::Leaf(format!("`{LEAF}` is missing beside `{LEAF_KEY}`"))),
        };
        let pem = |origin, text| Pem { origin: Path::new(origin), text };
        let provider: CryptoProvider = rustls::crypto::aws_lc_rs::default_provider();
        ServingCertificate::from_pem(pem(LEAF, certificate.as_bytes()), pem(LEAF_KEY, key.as_bytes()), &provider)
            .map(|serving| Some(Self { issued: Issued { certificate, key }, serving }))
            .map_err(|problem| Damage::Leaf(problem.to_string()))
    }
}
