//! Releases through a network that fails, in every way in which a release can get to its branch: each is made once, none that was
//! told as made is missing, none takes longer than its faults explain, the exit code says who must act, and the same command
//! again ends well.
//!
//! A few releases of one seed are a test. More of them, and of another seed, are asked for by `TAGSHIP_FAULTS_RELEASES` and
//! `TAGSHIP_FAULTS_SEED`. What fails names the release to make alone: `TAGSHIP_FAULTS_ONLY=WAY:NUMBER`.

mod world;

use std::collections::BTreeMap;
use std::thread;

use crate::support::failing_network::Fault;
use world::{WAYS, World};

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("TAGSHIP_FAULTS_{name}")).ok()
}

fn number(name: &str, otherwise: usize) -> usize {
    variable(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// What releases of one way came to.
#[derive(Default)]
struct Tally {
    releases: usize,
    codes: BTreeMap<i32, usize>,
    faults: BTreeMap<Fault, usize>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.releases += other.releases;
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
    }
}

#[test]
fn a_release_through_a_network_that_fails_is_made_once() {
    let seed = number("SEED", 1);
    let only = variable("ONLY").map(|text| {
        let (way, number) = text.split_once(':').expect("WAY:NUMBER");
        (way.to_owned(), number.parse::<usize>().expect("the number of a release"))
    });
    let each = number("RELEASES", 22).div_ceil(WAYS.len());
    let run = |way| {
        let mut world = World::new(way, seed);
        let mut tally = Tally::default();
        let numbers = match &only {
            Some((name, _)) if *name != world.name() => 0..=0,
            Some((_, number)) => *number..=*number,
            None => 1..=each,
        };
        for number in numbers.filter(|number| *number > 0) {
            let (code, met) = world.release(number);
            tally.releases += 1;
            *tally.codes.entry(code).or_default() += 1;
            for (fault, _) in met {
                *tally.faults.entry(fault).or_default() += 1;
            }
        }
        world.remote.fsck();
        tally
    };
    let mut all = Tally::default();
    thread::scope(|scope| {
        let ways: Vec<_> = WAYS.iter().map(|way| scope.spawn(|| run(*way))).collect();
        for way in ways {
            all.add(way.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    println!("{} releases of seed {seed}, exit codes {:?}, faults {:?}", all.releases, all.codes, all.faults);
    assert!(only.is_some() || !all.faults.is_empty(), "no message met a fault");
}
