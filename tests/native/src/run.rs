//! Runs an invariant over generated values: a seed that is printed, failures shrunk, the smallest one written as files.
//! Knows no invariant.

use std::fmt::Debug;
use std::path::Path;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::evaluation_input::EvaluationInput;
use crate::record;

/// Worlds of a run where the environment says nothing.
const CASES: u32 = 10_000;

/// How many, all invariants together.
const CASES_VARIABLE: &str = "QUORATE_PROPERTY_CASES";

/// Another seed finds other inputs.
const SEED_VARIABLE: &str = "QUORATE_PROPERTY_SEED";

/// Steps of shrinking; one takes about a millisecond.
const SHRINK_STEPS: u32 = 4_000;

/// Where an invariant does not hold.
#[derive(Debug)]
pub struct Broken {
    /// What is wrong, with both sides.
    pub what: String,
    /// The inputs that show it, each under its name.
    pub inputs: Vec<(&'static str, EvaluationInput)>,
}

impl Broken {
    pub fn new(what: impl Into<String>, inputs: impl IntoIterator<Item = (&'static str, EvaluationInput)>) -> Self {
        Broken { what: what.into(), inputs: inputs.into_iter().collect() }
    }
}

/// Checks an invariant on its share of all cases, in thousandths. Panics with the smallest failure, which stands below `folder` too.
#[track_caller]
pub fn hold<S: Strategy>(
    name: &str,
    share: u32,
    folder: &Path,
    strategy: &S,
    check: impl Fn(&S::Value) -> Result<(), Broken>,
) where
    S::Value: Debug,
{
    let (cases, seed) = (number(CASES_VARIABLE, u64::from(CASES)), number(SEED_VARIABLE, 0));
    let cases = u32::try_from((cases * u64::from(share)).div_ceil(1000)).unwrap_or(u32::MAX);
    eprintln!("{name}: {cases} cases, {SEED_VARIABLE}={seed}");
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: SHRINK_STEPS,
        max_global_rejects: u32::MAX,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes(seed)));
    let run = runner.run(strategy, |value| check(&value).map_err(|broken| TestCaseError::fail(broken.what)));
    match run {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{name}: {reason}"),
        Err(TestError::Fail(reason, smallest)) => {
            let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&smallest).err()));
            let folder = folder.join(name);
            for (label, input) in written.ok().flatten().map(|broken| broken.inputs).unwrap_or_default() {
                record::write(&folder.join(label), &input, &format!("{reason}\n\n{smallest:#?}\n"));
            }
            panic!("{name} with {SEED_VARIABLE}={seed}: {reason}\nin {}\n{smallest:?}", folder.display());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's switches, not configuration")]
fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    if text.is_empty() { default } else { text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")) }
}

/// ChaCha takes 32 bytes.
fn bytes(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().zip(seed.to_le_bytes()) {
        *place = byte;
    }
    bytes
}
