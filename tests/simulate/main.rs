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

use std::{process::ExitCode, time::Instant};

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

/// Runs seeds; returns how many broke an invariant.
fn explore(from: u64, seeds: u64) -> usize {
    let began = Instant::now();
    let (mut failed, mut calls, mut requests) = (0, 0, 0);
    let mut told = Instant::now();
    for seed in from..from + seeds {
        let scenario = scenario::generate(seed);
        let twice = seed % TWICE_EVERY == 0;
        let ran = world::run(&scenario, twice);
        let mut found = invariants::check(&scenario, &ran);
        if twice && ran.log.lines() != world::run(&scenario, true).log.lines() {
            found.push("the same seed gave another trace".into());
        }
        calls += scenario.calls.len();
        requests += ran.log.hits().len();
        if !found.is_empty() {
            failed += 1;
            println!("seed {seed} breaks {} invariants:", found.len());
            found.iter().take(5).for_each(|f| println!("  {f}"));
            println!("  replay: cargo test --no-default-features --test simulate -- --seed {seed} --trace");
        }
        if told.elapsed().as_secs() >= 5 {
            told = Instant::now();
            let done = seed - from + 1;
            eprintln!("{done} of {seeds} seeds, {failed} failed, {:.0} s", began.elapsed().as_secs_f64());
        }
    }
    println!(
        "simulation: {seeds} seeds, {calls} calls, {requests} requests, {failed} seeds broke an invariant"
    );
    failed
}

/// A history with a name: it gives figures, or says what was wrong.
pub type Named = (&'static str, fn() -> Result<String, String>);

/// Runs histories that have a name.
fn named(all: &[Named]) -> usize {
    let mut failed = 0;
    for (name, run) in all {
        match run() {
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
