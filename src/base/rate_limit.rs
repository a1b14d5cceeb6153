//! Rate limits in response headers: the limit, the remainder, and the time to a full refill.

use std::time::{Duration, SystemTime};

use super::{duration, retry_after};

/// One limit as a vendor reports it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    pub limit: f64,
    pub remaining: f64,
    /// The time to a full refill.
    pub reset: Option<Duration>,
}

/// The limits in a response's headers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ObservedLimits {
    pub requests: Option<Quota>,
    pub tokens: Option<Quota>,
}

/// A larger limit is treated as none.
const LARGEST_LIMIT: f64 = 1e15;
/// A quota with a later reset is not a limit per minute.
const LATEST_RESET: Duration = Duration::from_secs(2 * 86_400);

/// The headers of a response that concern limits.
#[derive(Default)]
pub struct RateLimitHeaders<'a> {
    requests: LimitHeaders<'a>,
    tokens: LimitHeaders<'a>,
    input: LimitHeaders<'a>,
}

#[derive(Clone, Copy, Default)]
struct LimitHeaders<'a> {
    limit: Option<&'a str>,
    remaining: Option<&'a str>,
    reset: Option<&'a str>,
}

impl<'a> RateLimitHeaders<'a> {
    /// Takes a header, if it concerns limits.
    pub fn take(&mut self, name: &'a [u8], value: impl FnOnce() -> Option<&'a str>) {
        // OpenAI, which most others copy: x-ratelimit-<part>-<what>. Anthropic:
        // anthropic-ratelimit-<what>-<part>.
        let (what, part) = if let Some(rest) = after(name, b"x-ratelimit-") {
            let Some(at) = rest.iter().position(|b| *b == b'-') else { return };
            (&rest[at + 1..], &rest[..at])
        } else if let Some(rest) = after(name, b"anthropic-ratelimit-") {
            let Some(at) = rest.iter().rposition(|b| *b == b'-') else { return };
            (&rest[..at], &rest[at + 1..])
        } else {
            return;
        };
        let parts = if what.eq_ignore_ascii_case(b"requests") {
            &mut self.requests
        } else if what.eq_ignore_ascii_case(b"tokens") {
            &mut self.tokens
        } else if what.eq_ignore_ascii_case(b"input-tokens") {
            &mut self.input
        } else {
            return;
        };
        if part.eq_ignore_ascii_case(b"limit") {
            parts.limit = value();
        } else if part.eq_ignore_ascii_case(b"remaining") {
            parts.remaining = value();
        } else if part.eq_ignore_ascii_case(b"reset") {
            parts.reset = value();
        }
    }

    pub fn is_empty(&self) -> bool {
        [self.requests, self.tokens, self.input].iter().all(|parts| parts.limit.is_none())
    }

    /// Parses the limits. `date` is the response's own date, `now` the wall clock.
    pub fn observed_limits(&self, date: Option<&str>, now: impl Fn() -> SystemTime) -> ObservedLimits {
        // Needed only for absolute times, which most vendors never send.
        let clock = || date.and_then(|d| httpdate::parse_http_date(d.trim()).ok()).unwrap_or_else(&now);
        let quota = |parts: LimitHeaders<'_>| {
            // Some gateways send -1 or 0 for an unknown limit.
            let limit = number(parts.limit?).filter(|n| (1.0..=LARGEST_LIMIT).contains(n))?;
            let remaining = number(parts.remaining?)?.min(limit);
            let reset = parts.reset.and_then(|text| reset(text, clock));
            Some(Quota { limit, remaining, reset })
        };
        ObservedLimits {
            requests: quota(self.requests),
            tokens: quota(self.tokens).or_else(|| quota(self.input)),
        }
    }
}

/// What follows a prefix, ignoring case.
fn after<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    name.get(..prefix.len())?.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
}

fn number(text: &str) -> Option<f64> {
    duration::decimal(text.trim()).filter(|n| n.is_finite() && *n >= 0.0)
}

/// `6m0s`, `12ms`, `1.5` (seconds), or a moment as RFC 3339.
fn reset(text: &str, clock: impl Fn() -> SystemTime) -> Option<Duration> {
    let text = text.trim();
    let reset = match duration::decimal(text) {
        Some(secs) => duration::from_secs(secs),
        None => retry_after::go_duration(text).or_else(|| {
            let at = humantime::parse_rfc3339_weak(text).ok()?;
            at.duration_since(clock()).ok()
        }),
    };
    reset.filter(|reset| *reset <= LATEST_RESET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed_limits(headers: &[(&str, &str)]) -> ObservedLimits {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let date = headers.iter().find(|(n, _)| *n == "date").map(|(_, v)| *v);
        let mut found = RateLimitHeaders::default();
        headers.iter().for_each(|(name, value)| found.take(name.as_bytes(), || Some(value)));
        found.observed_limits(date, || now)
    }

    fn quota(limit: f64, remaining: f64, reset_ms: Option<u64>) -> Option<Quota> {
        Some(Quota { limit, remaining, reset: reset_ms.map(Duration::from_millis) })
    }

    #[test]
    fn openai_and_those_who_copy_it() {
        let found = observed_limits(&[
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
        let found = observed_limits(&[
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
            let found = observed_limits(&[
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", remaining),
            ]);
            assert_eq!(found, ObservedLimits::default(), "{limit} {remaining}");
        }
        for reset in ["soon", "-3", "2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "NaN", ""] {
            let found = observed_limits(&[
                ("x-ratelimit-limit-tokens", "10"),
                ("x-ratelimit-remaining-tokens", "12"),
                ("x-ratelimit-reset-tokens", reset),
            ]);
            assert_eq!(found.tokens, quota(10.0, 10.0, None), "{reset}");
        }
        let azure = observed_limits(&[
            ("x-ratelimit-limit-requests", "10"),
            ("x-ratelimit-remaining-requests", "9"),
            ("x-ratelimit-reset-requests", "60"),
        ]);
        assert_eq!(azure.requests, quota(10.0, 9.0, Some(60_000)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(name in "(x|anthropic)-ratelimit-[a-z-]{0,30}", value in ".*") {
            let _ = observed_limits(&[(&name, &value), ("x-ratelimit-limit-requests", &value), ("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", &value)]);
        }
    }
}
