//! A cluster in so many words: a Secret and a `caBundle` with resource versions, API servers that see the bundle late,
//! replicas that see the Secret late or not for a while, and leaders that crash between any two steps of their work.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quorate_certs::rotation::{
    CaBundle, ISSUER_KEY, Lifetimes, OWN_LABEL, Observation, RotationPlan, RotationStep, SecretChange, SecretContents,
    SecretState, next,
};
use quorate_certs::{AuthorityId, ServingCertificate, ValidityState};
use time::{Duration, OffsetDateTime};

use crate::random::Random;
use crate::verify;

const NAME: &str = "quorate.quorate-system.svc";
const PROPAGATION_DELAY: i64 = 60;
/// Seconds from one event to the next.
const TICK: i64 = 3;
/// More than `PROPAGATION_DELAY`, less than the tenth of a life by which certificates are dated back.
const SKEW: i64 = 100;
/// How long a replica may miss the Secret's changes. A leaf is due 1200 s before its end: time enough for leaders that
/// take turns, each of which waits again, also after the CA's key was removed.
const HANG: i64 = 500;

type Data = BTreeMap<String, Vec<u8>>;

pub(crate) struct Chaos {
    pub(crate) restarts: bool,
    pub(crate) lost_secrets: bool,
}

pub(crate) struct Cluster {
    random: Random,
    chaos: Chaos,
    time: i64,
    secrets: Vec<Version<Secret>>,
    bundles: Vec<Version<String>>,
    api_servers: Vec<ApiServer>,
    replicas: Vec<Replica>,
    leaders: Vec<Leader>,
    acting: usize,
    switches: usize,
    verified: HashMap<(Vec<u8>, String), bool>,
}

/// What was written, and when. Its index is its resource version.
struct Version<T> {
    written: i64,
    content: T,
}

/// Absent without data.
#[derive(Default)]
struct Secret {
    data: Option<Data>,
    serving: Option<ServingCertificate>,
}

struct ApiServer {
    lag: i64,
    seen: usize,
}

struct Replica {
    seen: usize,
    hangs_until: i64,
    serving: Option<ServingCertificate>,
}

struct Leader {
    plan: RotationPlan,
    skew: i64,
    work: Work,
}

/// What a leader knows so far; lost when it crashes.
enum Work {
    Idle,
    CaBundle { version: usize },
    Secret { bundle: usize, version: usize },
    Asked { bundle: usize, version: usize, observed: Box<Observation> },
}

impl Cluster {
    /// Three API servers, three replicas, two leaders; run until every call succeeds.
    pub(crate) fn installed(seed: u64, chaos: Chaos) -> Self {
        let mut random = Random::new(seed);
        let mut skew = || i64::try_from(random.below(usize::try_from(2 * SKEW).unwrap())).unwrap() - SKEW;
        let lifetimes = Lifetimes {
            authority: Duration::seconds(18_000),
            leaf: Duration::seconds(3_600),
            propagation_delay: Duration::seconds(PROPAGATION_DELAY),
        };
        let leader = |name: &str, skew| Leader {
            plan: RotationPlan { names: vec![NAME.to_owned()], lifetimes, leader: name.to_owned() },
            skew,
            work: Work::Idle,
        };
        let leaders = vec![leader("a", skew()), leader("b", skew())];
        // The last one is as late as it may be.
        let api_servers =
            [TICK, PROPAGATION_DELAY / 3, PROPAGATION_DELAY - TICK].map(|lag| ApiServer { lag, seen: 0 }).into();
        let replicas = (0..3).map(|_| Replica { seen: 0, hangs_until: 0, serving: None }).collect();
        let mut cluster = Self {
            random,
            chaos: Chaos { restarts: false, lost_secrets: false },
            time: 0,
            secrets: vec![Version { written: 0, content: Secret::default() }],
            bundles: vec![Version { written: 0, content: String::new() }],
            api_servers,
            replicas,
            leaders,
            acting: 0,
            switches: 0,
            verified: HashMap::new(),
        };
        while cluster.failing().is_some() || cluster.replicas.iter().any(|replica| replica.serving.is_none()) {
            cluster.tick();
            assert!(cluster.time < 2_000, "never installed");
        }
        cluster.chaos = chaos;
        cluster
    }

    /// Panics at the first call that would fail. Returns how many times a new CA was switched to.
    pub(crate) fn run(&mut self, seconds: i64) -> usize {
        let end = self.time + seconds;
        while self.time < end {
            self.step();
            self.interfere();
        }
        // Left alone, it forgets the CAs that were replaced.
        while self.trusted() > 1 {
            assert!(self.time < end + 5_000, "CAs pile up: {}", self.trusted());
            self.step();
        }
        self.switches
    }

    fn step(&mut self) {
        self.tick();
        if let Some(why) = self.failing() {
            panic!("a handshake fails after {} s and {} rotations: {why}", self.time, self.switches);
        }
    }

    fn trusted(&self) -> usize {
        self.secret().as_ref().map_or(usize::MAX, |data| SecretContents::from_data(data).trusted().len())
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_767_225_600 + self.time).unwrap()
    }

    fn secret(&self) -> &Option<Data> {
        &self.secrets.last().unwrap().content.data
    }

    fn tick(&mut self) {
        self.time += TICK;
        for server in &mut self.api_servers {
            let is_early = server.lag < PROPAGATION_DELAY / 2 && self.random.once_in(3);
            let newest = self.bundles.len() - 1;
            let overdue = self.bundles.iter().rposition(|version| version.written + server.lag <= self.time);
            let seen = if is_early { newest } else { overdue.unwrap_or(0) };
            server.seen = server.seen.max(seen);
        }
        for index in 0..self.replicas.len() {
            self.follow(index);
        }
        if self.random.once_in(60) {
            self.acting = self.random.below(self.leaders.len());
        }
        // The one whose lease was lost may not know it yet.
        let leader = if self.random.once_in(5) { self.random.below(self.leaders.len()) } else { self.acting };
        self.work(leader);
    }

    fn follow(&mut self, index: usize) {
        let (time, newest) = (self.time, self.secrets.len() - 1);
        let overdue = self.secrets.iter().rposition(|version| version.written + PROPAGATION_DELAY <= time).unwrap_or(0);
        let replica = &mut self.replicas[index];
        if self.chaos.restarts && self.random.once_in(30) {
            let seen = overdue + self.random.below(newest - overdue + 1);
            *replica = Replica { seen, hangs_until: 0, serving: None };
        } else if replica.hangs_until > time {
            return;
        } else if self.random.once_in(60) {
            replica.hangs_until = time + i64::try_from(self.random.below(usize::try_from(HANG).unwrap())).unwrap();
            return;
        } else {
            replica.seen = if self.random.once_in(3) { newest } else { replica.seen.max(overdue) };
        }
        if let Some(serving) = &self.secrets[replica.seen].content.serving {
            replica.serving = Some(serving.clone());
        }
    }

    /// One step of a leader's work, or its crash.
    fn work(&mut self, index: usize) {
        let work = std::mem::replace(&mut self.leaders[index].work, Work::Idle);
        if self.random.once_in(20) {
            return;
        }
        let next = match work {
            Work::Idle => Work::CaBundle { version: self.bundles.len() - 1 },
            Work::CaBundle { version } => Work::Secret { bundle: version, version: self.secrets.len() - 1 },
            Work::Secret { bundle, version } => {
                let secret = match &self.secrets[version].content.data {
                    Some(data) => SecretState::read(&labels(), data),
                    None => SecretState::Absent,
                };
                let text = self.bundles[bundle].content.as_bytes();
                let bundles = vec![CaBundle::from_pem(text); 2];
                Work::Asked { bundle, version, observed: Box::new(Observation { secret, bundles, served: self.ask() }) }
            }
            Work::Asked { bundle, version, observed } => {
                self.act(index, bundle, version, &observed);
                Work::Idle
            }
        };
        self.leaders[index].work = next;
    }

    fn ask(&mut self) -> Option<BTreeSet<AuthorityId>> {
        if self.random.once_in(8) {
            return None;
        }
        let issuers = self.replicas.iter().filter_map(|replica| replica.serving.as_ref()?.issuer().cloned());
        Some(issuers.collect())
    }

    fn act(&mut self, index: usize, bundle: usize, version: usize, observed: &Observation) {
        let leader = &self.leaders[index];
        let now = self.now() + Duration::seconds(leader.skew);
        match next(now, observed, &leader.plan) {
            RotationStep::Write(change) if version == self.secrets.len() - 1 => {
                let contents = change.carry_out(now, observed, &leader.plan).unwrap();
                self.write(Some(contents.to_data()));
                self.switches += usize::from(change == SecretChange::Switch);
            }
            RotationStep::Publish { bundle: text } if bundle == self.bundles.len() - 1 => {
                self.bundles.push(Version { written: self.time, content: text });
            }
            RotationStep::Write(_) | RotationStep::Publish { .. } | RotationStep::Wait { .. } => {}
            RotationStep::Refuse => panic!("the Secret is ours"),
        }
    }

    fn write(&mut self, data: Option<Data>) {
        let serving = data.as_ref().and_then(|data| SecretContents::from_data(data).serving().cloned());
        self.secrets.push(Version { written: self.time, content: Secret { data, serving } });
    }

    /// A person asks for a new CA, or loses the Secret.
    fn interfere(&mut self) {
        if self.random.once_in(250)
            && let Some(mut data) = self.secret().clone()
        {
            data.remove(ISSUER_KEY);
            self.write(Some(data));
        }
        if self.chaos.lost_secrets && self.random.once_in(600) {
            self.write(None);
        }
    }

    /// A call that would fail now.
    fn failing(&mut self) -> Option<String> {
        let now = self.now();
        for replica in &self.replicas {
            let Some(leaf) = &replica.serving else { continue };
            if leaf.validity().state(now) != ValidityState::Valid {
                return Some(format!("a leaf is served that is valid only in {:?}", leaf.validity()));
            }
            for server in &self.api_servers {
                let bundle = &self.bundles[server.seen].content;
                let moment = leaf.validity().not_before + Duration::seconds(300);
                let verified = self.verified.entry((leaf.der().to_vec(), bundle.clone()));
                let is_good = verified.or_insert_with(|| verify::handshake(leaf.der(), bundle, NAME, moment).is_ok());
                if !*is_good {
                    return Some(format!("a leaf of {:?} is not trusted", leaf.issuer()));
                }
            }
        }
        None
    }
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([(OWN_LABEL.0.to_owned(), OWN_LABEL.1.to_owned())])
}
