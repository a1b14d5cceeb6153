//! Reads Retry-After: from headers first, then the body, then the message.

use std::time::{Duration, SystemTime};

use super::duration;

/// The headers that can carry a Retry-After.
#[derive(Clone, Copy, Default)]
pub struct RetryAfterHeaders<'a> {
    pub retry_after_ms: Option<&'a str>,
    pub retry_after: Option<&'a str>,
    pub date: Option<&'a str>,
}

/// Reads the headers in order of precedence. NaN, negative, past and overflowing values are ignored.
pub fn from_headers(headers: RetryAfterHeaders<'_>, now: SystemTime) -> Option<Duration> {
    if let Some(hint) = headers.retry_after_ms.and_then(|v| v.trim().parse().ok())
        && let Some(hint) = duration::from_millis(hint)
    {
        return Some(hint);
    }
    let value = headers.retry_after?.trim();
    if let Ok(secs) = value.parse::<f64>() {
        return duration::from_secs(secs);
    }
    let at = httpdate::parse_http_date(value).ok()?;
    // Prefer the response's own date: our clock may be wrong.
    let from = headers.date.and_then(|d| httpdate::parse_http_date(d.trim()).ok()).unwrap_or(now);
    at.duration_since(from).ok().filter(|d| !d.is_zero() && *d <= duration::LONGEST)
}

/// Reads a duration as protobuf's JSON writes it (`"34.4s"`), as in Gemini's `RetryInfo`, which also has
/// `"900ms"`.
pub fn from_proto(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.strip_suffix("ms") {
        Some(millis) => duration::from_millis(millis.parse().ok()?),
        None => duration::from_secs(text.strip_suffix('s')?.parse().ok()?),
    }
}

/// Finds "try again in 1.898s", "retry in 34.07s", "try again in 20ms", "in 6m0s" in a message.
pub fn from_message(message: &str) -> Option<Duration> {
    let lower = message.to_ascii_lowercase();
    let at = ["try again in ", "retry in ", "retry after "]
        .iter()
        .find_map(|marker| lower.find(marker).map(|at| at + marker.len()))?;
    go_duration(&lower[at..])
}

/// Reads Go's duration notation (`1h2m3.5s`, `120ms`), also with a blank before the unit, as far as it
/// goes.
pub(crate) fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0;
    let mut any = false;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        // A full stop after the unit ends the sentence.
        let Some(number) = duration::decimal(&rest[..digits]) else { break };
        let tail = rest[digits..].trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let factor = match &tail[..letters] {
            "ms" | "milliseconds" | "millisecond" => 1e-3,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => break,
        };
        total += number * factor;
        any = true;
        rest = &tail[letters..];
    }
    any.then(|| duration::from_secs(total)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &str) -> RetryAfterHeaders<'_> {
        RetryAfterHeaders { retry_after: Some(retry_after), ..RetryAfterHeaders::default() }
    }

    fn ms(d: Option<Duration>) -> Option<u128> {
        d.map(|d| d.as_millis())
    }

    #[test]
    fn headers_in_every_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let table: &[(RetryAfterHeaders<'_>, Option<u128>)] = &[
            (headers("2"), Some(2_000)),
            (headers(" 1.5 "), Some(1_500)),
            (headers("0"), Some(0)),
            (headers("-1"), None),
            (headers("NaN"), None),
            (headers("inf"), None),
            (headers("1e400"), None),
            (headers("soon"), None),
            (headers("Tue, 14 Nov 2023 22:13:30 GMT"), Some(10_000)),
            (headers("Tue, 14 Nov 2023 22:13:10 GMT"), None),
            (headers("Thu, 14 Nov 2823 22:13:30 GMT"), None),
            (
                RetryAfterHeaders {
                    retry_after: Some("Tue, 14 Nov 2023 22:13:30 GMT"),
                    date: Some("Tue, 14 Nov 2023 22:13:27 GMT"),
                    ..RetryAfterHeaders::default()
                },
                Some(3_000),
            ),
            (
                RetryAfterHeaders { retry_after_ms: Some("250.5"), retry_after: Some("9"), date: None },
                Some(250),
            ),
            (
                RetryAfterHeaders { retry_after_ms: Some("-4"), retry_after: Some("9"), date: None },
                Some(9_000),
            ),
        ];
        for (given, expected) in table {
            assert_eq!(ms(from_headers(*given, now)), *expected, "{:?}", given.retry_after);
        }
    }

    #[test]
    fn messages() {
        for (text, expected) in [
            ("Rate limit reached. Please try again in 1.898s. Visit …", Some(1_898)),
            ("Please try again in 20ms.", Some(20)),
            ("Please retry in 34.07s.", Some(34_070)),
            ("try again in 6m0s", Some(360_000)),
            ("Please try again in 1h2m3.5s", Some(3_723_500)),
            ("Please try again in 5 seconds.", Some(5_000)),
            ("try again in a while", None),
            ("nothing here", None),
            ("try again in .", None),
        ] {
            assert_eq!(ms(from_message(text)), expected, "{text}");
        }
        assert_eq!(ms(from_proto("34.4s")), Some(34_400));
        assert_eq!(ms(from_proto("900ms")), Some(900));
        assert_eq!(from_proto("34"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = from_message(&text);
            let _ = from_message(&format!("try again in {text}"));
            let _ = from_proto(&text);
            let _ = from_headers(headers(&text), SystemTime::UNIX_EPOCH);
        }
    }
}
