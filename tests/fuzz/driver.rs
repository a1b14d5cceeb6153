//! Tries a target's seeds, then what `mutate` makes of them, and keeps what leads somewhere new to go on from there.

use std::{
    cell::Cell,
    collections::HashSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Once,
    time::{Duration, Instant},
};

use super::{
    mutate::Mutator,
    targets::{self, Target},
};

/// Whichever ends first.
pub struct Effort {
    pub most: u64,
    pub time: Duration,
    pub seed: u64,
}

/// Inputs that are kept to go on from.
const MOST_KEPT: usize = 2_048;
/// How often an input that fails is tried smaller.
const MOST_SHORTENINGS: u32 = 2_000;
const PROGRESS: Duration = Duration::from_secs(10);

thread_local! {
    /// A failure that is being made smaller fails many times; once is enough to read.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

pub fn run(name: &str, effort: &Effort) {
    let target = targets::target_named(name);
    quieten();
    let began = now();
    let mut told = began;
    let mut kept = seeds(name);
    let seeds = kept.len();
    let mut seen = HashSet::new();
    let mut mutator = Mutator::new(effort.seed, target.words);
    let mut slowest = Duration::ZERO;
    let mut done = 0;
    while done < effort.most.max(seeds as u64) && (done < seeds as u64 || began.elapsed() < effort.time) {
        let input = match kept.get(done as usize).filter(|_| done < seeds as u64) {
            Some(seed) => seed.clone(),
            None => mutator.make(&kept),
        };
        let started = now();
        let Some(print) = attempt(target, &input) else { fail(target, input) };
        slowest = slowest.max(started.elapsed());
        if seen.insert(print) && done >= seeds as u64 {
            if kept.len() < MOST_KEPT {
                kept.push(input);
            } else {
                let place = seeds + mutator.below(kept.len() - seeds);
                kept[place] = input;
            }
        }
        done += 1;
        if told.elapsed() >= PROGRESS {
            told = now();
            say(&format!("{name}: {done} executions, {} kinds of outcome", seen.len()));
        }
    }
    let secs = began.elapsed().as_secs_f64();
    say(&format!(
        "{name}: {done} executions in {secs:.1} s, {} kinds of outcome, {seeds} seeds, slowest {slowest:.1?}",
        seen.len()
    ));
}

/// What came of it; `None` where it failed.
fn attempt(target: &Target, input: &[u8]) -> Option<u64> {
    panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input))).ok()
}

/// Leaves the smallest input found that fails, and fails with it.
fn fail(target: &Target, input: Vec<u8>) -> ! {
    QUIET.set(true);
    let input = shortened(target, input);
    QUIET.set(false);
    let folder = root().join("target").join("fuzz");
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let file = folder.join(format!("{}-{:016x}", target.name, hasher.finish()));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &input));
    let at = written.map_or_else(|e| format!("not written: {e}"), |()| file.display().to_string());
    let shown = String::from_utf8_lossy(&input[..input.len().min(500)]).into_owned();
    say(&format!(
        "{} failed on {shown:?}\n{at}: move it into tests/fuzz/seeds/{}/",
        target.name, target.name
    ));
    (target.run)(&input);
    panic!("{} failed, and then it did not: it depends on more than its input", target.name);
}

/// Leaves out what it fails without, in ever smaller parts.
fn shortened(target: &Target, mut input: Vec<u8>) -> Vec<u8> {
    let mut tries = 0;
    let mut size = input.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < input.len() && tries < MOST_SHORTENINGS {
            let end = (at + size).min(input.len());
            let shorter = [&input[..at], &input[end..]].concat();
            tries += 1;
            if attempt(target, &shorter).is_none() {
                input = shorter;
            } else {
                at = end;
            }
        }
        size /= 2;
    }
    input
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/fuzz/seeds").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // The same order on every machine.
    files.sort();
    let read = |file: &PathBuf| fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let seeds: Vec<_> = files.iter().map(read).collect();
    assert!(!seeds.is_empty(), "{} holds no seeds", folder.display());
    seeds
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
}

#[allow(clippy::disallowed_methods)] // No runtime, and nothing that is decided by it.
fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::print_stderr)] // What `npm run fuzz` shows; a test that passes keeps it to itself.
fn say(text: &str) {
    eprintln!("{text}");
}
