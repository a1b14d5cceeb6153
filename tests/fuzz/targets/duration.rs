//! A text is a duration that may be added to any moment, or none.

use std::time::{Duration, Instant};

use bellwether::duration;

use super::print;

pub const WORDS: &[&str] = &[
    "ms",
    "s",
    "m",
    "h",
    "d",
    " ",
    "1",
    "0",
    "-",
    "+",
    ".",
    "e",
    "1e9",
    "366d",
    "NaN",
    "inf",
    "0.5",
    "999999999999",
];

/// Longer than any setting means to be.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

#[allow(clippy::disallowed_methods)]
pub fn run(bytes: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    if let Ok(number) = text.trim().parse() {
        for found in [duration::from_millis(number), duration::from_secs(number)].into_iter().flatten() {
            assert!(found <= LONGEST, "{text:?} is {found:?}");
        }
    }
    let Some(found) = duration::parse(text) else { return print(text.len().min(3)) };
    assert!(found <= LONGEST, "{text:?} is {found:?}");
    assert!(Instant::now().checked_add(found).is_some());
    // Written out in another unit it is the same, but for what doubles cannot hold.
    let again = duration::parse(&format!("{}ms", duration::millis(found)));
    let apart = again.map(|again| again.abs_diff(found));
    assert!(apart.is_some_and(|d| d <= Duration::from_micros(1)), "{text:?} is {found:?}, then {again:?}");
    print((found.as_secs().checked_ilog2(), text.len().min(8)))
}
