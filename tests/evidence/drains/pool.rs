//! Many drains at a time, each on a cluster of its own; a cluster that is whole again serves the next drain of its shape.

use std::sync::Mutex;
use std::thread;

use quorate_cluster_tests::Cluster;

use super::drain::{self, Run, Shape};
use super::{Variant, manifest};
use crate::scenario::{TestBed, has_the_flag};

/// Clusters that are there at the same time, on two cores. A control plane of the tests has addresses for a hundred sets.
const AT_ONCE: usize = 8;

/// One drain that is to be.
struct Job {
    variant: usize,
    index: usize,
}

/// That many runs of each variant; what came of them, by variant.
#[track_caller]
pub(crate) fn runs(test_bed: &TestBed<'_>, variants: &[Variant], count: usize) -> Vec<Vec<Run>> {
    let mut jobs: Vec<Job> =
        (0..variants.len()).flat_map(|variant| (0..count).map(move |index| Job { variant, index })).collect();
    // The last first: `pop`.
    jobs.reverse();
    let jobs = Mutex::new(jobs);
    let done: Vec<Mutex<Vec<Run>>> = variants.iter().map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(variants.len() * count) {
            scope.spawn(|| work(test_bed, variants, &jobs, &done));
        }
    });
    done.into_iter().map(|runs| runs.into_inner().unwrap()).collect()
}

fn work(test_bed: &TestBed<'_>, variants: &[Variant], jobs: &Mutex<Vec<Job>>, done: &[Mutex<Vec<Run>>]) {
    let mut place: Option<(Shape, Cluster<'static>)> = None;
    let next = || jobs.lock().unwrap().pop();
    let mut index = 0;
    while let Some(job) = next() {
        let variant = &variants[job.variant];
        let cluster = match place.take() {
            Some((shape, cluster)) if shape == variant.shape => cluster,
            other => {
                other.iter().for_each(|(_, cluster)| test_bed.end(cluster));
                let cluster = test_bed.cluster(variant.shape.voters, &manifest(test_bed, variant.shape));
                assert_eq!(has_the_flag(&cluster), variant.shape.removal, "injected, or declined");
                cluster
            }
        };
        index += 1;
        let run = drain::run(&cluster, variant.shape, variant.machines, job.index + index * 100);
        super::say(test_bed, variant, job.index, &run);
        let lost = !run.leads;
        done[job.variant].lock().unwrap().push(run);
        if drain::is_whole(&cluster, variant.shape) && !lost {
            place = Some((variant.shape, cluster));
        } else {
            test_bed.end(&cluster);
        }
    }
    place.iter().for_each(|(_, cluster)| test_bed.end(cluster));
}
