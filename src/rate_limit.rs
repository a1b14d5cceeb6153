//! What answers say about rate limits: how much is allowed, how much is left, when it is full again.

use std::time::{Duration, SystemTime};

use crate::{duration, retry_after};

/// What a vendor says of one of its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    pub limit: f64,
    pub remaining: f64,
    /// Until it is full again.
    pub reset: Option<Duration>,
}

/// What an answer's headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lesson {
    pub requests: Option<Quota>,
    pub tokens: Option<Quota>,
}

/// The beginnings of the headers that are read: OpenAI's, which most others copy, and Anthropic's.
pub const PREFIXES: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];
/// A larger limit limits nobody, and is more than can be reckoned with.
const LARGEST_LIMIT: f64 = 1e15;
/// A quota that is full again later than this says nothing about a minute.
const LATEST_RESET: Duration = Duration::from_secs(2 * 86_400);

#[derive(Clone, Copy, Default)]
struct Parts<'a> {
    limit: Option<&'a str>,
    remaining: Option<&'a str>,
    reset: Option<&'a str>,
}

/// Reads headers, given as names and values. `date` is the answer's own, `now` our wall clock.
pub fn read<'a>(
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    date: Option<&str>,
    now: SystemTime,
) -> Lesson {
    let (mut requests, mut tokens, mut input) = (Parts::default(), Parts::default(), Parts::default());
    for (name, value) in headers {
        // OpenAI: x-ratelimit-<part>-<what>; Anthropic: anthropic-ratelimit-<what>-<part>.
        let split = match after(name, PREFIXES[0]) {
            Some(rest) => rest.split_once('-').map(|(part, what)| (what, part)),
            None => after(name, PREFIXES[1]).and_then(|rest| rest.rsplit_once('-')),
        };
        let Some((what, part)) = split else { continue };
        let parts = if what.eq_ignore_ascii_case("requests") {
            &mut requests
        } else if what.eq_ignore_ascii_case("tokens") {
            &mut tokens
        } else if what.eq_ignore_ascii_case("input-tokens") {
            &mut input
        } else {
            continue;
        };
        if part.eq_ignore_ascii_case("limit") {
            parts.limit = Some(value);
        } else if part.eq_ignore_ascii_case("remaining") {
            parts.remaining = Some(value);
        } else if part.eq_ignore_ascii_case("reset") {
            parts.reset = Some(value);
        }
    }
    // Asked for where a moment is named, which most never do.
    let clock = || date.and_then(|d| httpdate::parse_http_date(d.trim()).ok()).unwrap_or(now);
    let quota = |parts: Parts<'_>| {
        // Some gateways send -1 or 0 for "no idea".
        let limit = number(parts.limit?).filter(|n| (1.0..=LARGEST_LIMIT).contains(n))?;
        let remaining = number(parts.remaining?)?.min(limit);
        let reset = parts.reset.and_then(|text| reset(text, clock));
        Some(Quota { limit, remaining, reset })
    };
    Lesson { requests: quota(requests), tokens: quota(tokens).or_else(|| quota(input)) }
}

/// What follows a prefix, however its letters are written.
fn after<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.get(..prefix.len())?.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0)
}

/// `6m0s`, `12ms`, `1.5` (seconds), or a moment as RFC 3339.
fn reset(text: &str, clock: impl Fn() -> SystemTime) -> Option<Duration> {
    let text = text.trim();
    let reset = match text.parse::<f64>() {
        Ok(secs) => duration::from_secs(secs),
        Err(_) => retry_after::go_duration(text).or_else(|| {
            let at = humantime::parse_rfc3339_weak(text).ok()?;
            at.duration_since(clock()).ok()
        }),
    };
    reset.filter(|reset| *reset <= LATEST_RESET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(headers: &[(&str, &str)]) -> Lesson {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let date = headers.iter().find(|(n, _)| *n == "date").map(|(_, v)| *v);
        read(headers.iter().copied(), date, now)
    }

    fn quota(limit: f64, remaining: f64, reset_ms: Option<u64>) -> Option<Quota> {
        Some(Quota { limit, remaining, reset: reset_ms.map(Duration::from_millis) })
    }

    #[test]
    fn openai_and_those_who_copy_it() {
        let found = lesson(&[
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-tokens", "149000"),
            ("x-ratelimit-reset-tokens", "6m0s"),
            ("x-ratelimit-limit-project-tokens", "1"),
        ]);
        assert_eq!(found.requests, quota(500.0, 499.0, Some(120)));
        assert_eq!(found.tokens, quota(150_000.0, 149_000.0, Some(360_000)));
    }

    #[test]
    fn anthropic_names_a_moment() {
        let found = lesson(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2023-11-14T22:13:30Z"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "1000"),
            ("anthropic-ratelimit-input-tokens-reset", "2023-11-14T22:13:40Z"),
            ("date", "Tue, 14 Nov 2023 22:13:25 GMT"),
        ]);
        assert_eq!(found.requests, quota(50.0, 49.0, Some(5_000)));
        assert_eq!(found.tokens, quota(40_000.0, 1_000.0, Some(15_000)));
    }

    #[test]
    fn what_makes_no_sense_teaches_nothing() {
        for (limit, remaining) in
            [("-1", "0"), ("0", "0"), ("", "5"), ("NaN", "1"), ("inf", "1"), ("1e308", "0"), ("10", "-1")]
        {
            let found = lesson(&[
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", remaining),
            ]);
            assert_eq!(found, Lesson::default(), "{limit} {remaining}");
        }
        for reset in ["soon", "-3", "2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "NaN", ""] {
            let found = lesson(&[
                ("x-ratelimit-limit-tokens", "10"),
                ("x-ratelimit-remaining-tokens", "12"),
                ("x-ratelimit-reset-tokens", reset),
            ]);
            assert_eq!(found.tokens, quota(10.0, 10.0, None), "{reset}");
        }
        let azure = lesson(&[
            ("x-ratelimit-limit-requests", "10"),
            ("x-ratelimit-remaining-requests", "9"),
            ("x-ratelimit-reset-requests", "60"),
        ]);
        assert_eq!(azure.requests, quota(10.0, 9.0, Some(60_000)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(name in "(x|anthropic)-ratelimit-[a-z-]{0,30}", value in ".*") {
            let _ = lesson(&[(&name, &value), ("x-ratelimit-limit-requests", &value), ("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", &value)]);
        }
    }
}
