//! Deterministic simulation: seeds become histories of outages, and every history must keep the invariants.
//!
//!     cargo test --no-default-features --test simulate -- --seeds 200
//!     cargo test --no-default-features --test simulate -- --seed 17 --trace

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, clippy::unwrap_used)]

mod drill;
mod invariants;
mod log;
mod regressions;
mod scenario;
mod vendor;
mod watch;
mod wire;
mod world;

use std::{
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// What `npm test` and `cargo test` run.
const SEEDS: u64 = 200;
/// Every so many seeds are run twice, and must give the same trace.
const TWICE_EVERY: u64 = 20;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = args.iter().position(|a| a == name)?;
        args.get(at + 1)?.parse::<u64>().ok()
    };
    if let Some(seed) = value("--seed") {
        return replay(seed, args.iter().any(|a| a == "--trace"));
    }
    let seeds = value("--seeds").unwrap_or(SEEDS);
    let from = value("--from").unwrap_or(0);
    let mut failed = explore(from, seeds);
    if value("--seeds").is_none() {
        failed += named(&drill::ALL) + named(&regressions::ALL);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How often progress is printed.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// What a seed's history came to.
struct Explored {
    seed: u64,
    calls: usize,
    requests: usize,
    broken: Vec<String>,
}

/// Runs seeds; returns how many broke an invariant.
fn explore(from: u64, seeds: u64) -> usize {
    let began = Instant::now();
    let progress = Mutex::new((0, Instant::now()));
    let explored = in_parallel(seeds as usize, |i| {
        let explored = explore_one(from + i as u64);
        let mut progress = progress.lock();
        progress.0 += 1;
        if progress.1.elapsed() >= PROGRESS_EVERY {
            progress.1 = Instant::now();
            eprintln!("{} of {seeds} seeds, {:.0} s", progress.0, began.elapsed().as_secs_f64());
        }
        explored
    });
    let failed: Vec<&Explored> = explored.iter().filter(|one| !one.broken.is_empty()).collect();
    for Explored { seed, broken, .. } in &failed {
        println!("seed {seed} breaks {} invariants:", broken.len());
        broken.iter().take(5).for_each(|f| println!("  {f}"));
        println!("  replay: cargo test --no-default-features --test simulate -- --seed {seed} --trace");
    }
    let calls: usize = explored.iter().map(|one| one.calls).sum();
    let requests: usize = explored.iter().map(|one| one.requests).sum();
    println!(
        "simulation: {seeds} seeds, {calls} calls, {requests} requests, {} seeds broke an invariant",
        failed.len()
    );
    failed.len()
}

fn explore_one(seed: u64) -> Explored {
    let scenario = scenario::generate(seed);
    let twice = seed.is_multiple_of(TWICE_EVERY);
    let ran = world::run(&scenario, twice);
    let mut broken = invariants::check(&scenario, &ran);
    if twice && ran.log.lines() != world::run(&scenario, true).log.lines() {
        broken.push("the same seed gave another trace".into());
    }
    Explored { seed, calls: scenario.calls.len(), requests: ran.log.hits().len(), broken }
}

/// Runs `0..count` on all cores; results are in order. Histories share nothing: each has a runtime and a clock of its own.
fn in_parallel<T: Send>(count: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let work = || {
            let indexes = std::iter::from_fn(|| {
                let i = next.fetch_add(1, Ordering::Relaxed);
                (i < count).then_some(i)
            });
            indexes.map(|i| (i, run(i))).collect::<Vec<_>>()
        };
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A history with a name: it returns figures, or the violated invariant.
pub type Named = (&'static str, fn() -> Result<String, String>);

/// Runs histories that have a name.
fn named(all: &[Named]) -> usize {
    let mut failed = 0;
    let results = in_parallel(all.len(), |i| all[i].1());
    for ((name, _), result) in all.iter().zip(results) {
        match result {
            Ok(figures) => println!("ok      {name}{}{figures}", if figures.is_empty() { "" } else { ": " }),
            Err(why) => {
                failed += 1;
                println!("FAILED  {name}: {why}");
            }
        }
    }
    failed
}

fn replay(seed: u64, trace: bool) -> ExitCode {
    let scenario = scenario::generate(seed);
    let ran = world::run(&scenario, trace);
    let found = invariants::check(&scenario, &ran);
    if trace {
        println!("options {}", scenario.options);
        for vendor in &scenario.vendors {
            println!(
                "{}: latency {:?}, pace {:?}, {:?}",
                vendor.name, vendor.latency, vendor.pace, vendor.timetable
            );
        }
        ran.log.lines().iter().for_each(|line| println!("{line}"));
    }
    found.iter().for_each(|f| println!("BROKEN  {f}"));
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
