//! Durations as users write them: a number of milliseconds, or `'500ms' '30s' '5m' '1h' '1d'`.

use std::time::Duration;

/// Longer than any sensible setting, and safe to add to an `Instant`.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

pub const ACCEPTED: &str = "milliseconds as a number, or '500ms', '30s', '5m', '1h', '1d'";

/// The text form as a pattern for schemas.
pub const PATTERN: &str = r"^\s*[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)\s*$";

/// Milliseconds to a duration; `None` for NaN, negative or absurd values.
pub fn from_millis(ms: f64) -> Option<Duration> {
    from_secs(ms / 1000.0)
}

/// Seconds to a duration; `None` for NaN, negative or absurd values.
pub fn from_secs(secs: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(secs).ok().filter(|d| *d <= LONGEST)
}

/// Reads the text form.
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.trim().parse().ok()?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86_400.0,
        _ => return None,
    };
    from_secs(seconds)
}

/// A decimal number. Short integers, the common case, are parsed faster than by `f64::from_str`.
pub fn decimal(text: &str) -> Option<f64> {
    if matches!(text.len(), 1..=15) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text.bytes().fold(0, |number: u64, b| number * 10 + u64::from(b - b'0')) as f64);
    }
    text.parse().ok()
}

/// Milliseconds with fractions, the unit of every public `…Ms` figure.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("1.5s", 1_500),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            (" 2 s ", 2_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(ms)), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn decimals_are_what_rust_reads(text in "[0-9]{0,17}|[-+]?[0-9]{0,4}[.e]?[0-9]{0,3}") {
            proptest::prop_assert_eq!(decimal(&text), text.parse().ok());
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "5", "s", "-1s", "1w", "NaNs", "1e300d", "1s2", "5 minutes"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(from_millis(f64::NAN), None);
        assert_eq!(from_millis(f64::INFINITY), None);
    }
}
