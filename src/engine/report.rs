//! What is told about a call: every attempt, who answered, how long it took, what it cost.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Serialize, Serializer};

use crate::{dialect::usage::Usage, duration, reason::Reason};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AttemptOutcome {
    Ok,
    /// Failed, and the same candidate was asked again.
    Retry,
    /// Failed, and another candidate was asked.
    Next,
    /// Not asked.
    Skipped,
    /// Failed, and the call with it.
    Fail,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub endpoint: Arc<str>,
    pub model: Arc<str>,
    #[serde(serialize_with = "iso")]
    pub started_at: SystemTime,
    #[serde(serialize_with = "ms")]
    pub duration_ms: Duration,
    pub outcome: AttemptOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub reused_connection: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub maybe_billed: bool,
    /// The vendor's own id of the request, for its support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_request_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    pub request_id: &'a str,
    pub endpoint: &'a str,
    pub provider: &'a str,
    pub model: &'a str,
    pub attempts: &'a [Attempt],
    pub usage: Option<Usage>,
    /// `null` where the price or the usage is unknown.
    pub cost_usd: Option<f64>,
    pub latency: Latency,
    /// Another endpoint or model answered than the one asked first.
    pub failover: bool,
    pub hedged: bool,
    pub degraded: bool,
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped_events: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    #[serde(serialize_with = "ms")]
    pub total_ms: Duration,
    #[serde(serialize_with = "maybe_ms", skip_serializing_if = "Option::is_none")]
    pub first_content_ms: Option<Duration>,
    #[serde(serialize_with = "ms")]
    pub queue_ms: Duration,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

pub fn ms<S: Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(duration::millis(*d))
}

fn maybe_ms<S: Serializer>(d: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
    match d {
        Some(d) => ms(d, s),
        None => s.serialize_none(),
    }
}

fn iso<S: Serializer>(at: &SystemTime, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&iso8601(*at))
}

/// Milliseconds since 1970, as JavaScript counts.
pub fn epoch_ms(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

/// `2026-11-21T03:07:45.123Z`. Days to civil date after Howard Hinnant's `civil_from_days`.
pub fn iso8601(at: SystemTime) -> String {
    let total = epoch_ms(at);
    let (days, ms) = (total / 86_400_000, total % 86_400_000);
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    // Written digit by digit: it is part of every report.
    let mut out = String::with_capacity(24);
    let mut digits = |n: u64, width: u32, after: char| {
        for place in (0..width).rev() {
            out.push(char::from(b'0' + (n / 10_u64.pow(place) % 10) as u8));
        }
        out.push(after);
    };
    digits(year, 4, '-');
    digits(month, 2, '-');
    digits(day, 2, 'T');
    digits(hour, 2, ':');
    digits(minute, 2, ':');
    digits(second, 2, '.');
    digits(ms % 1_000, 3, 'Z');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(iso8601(UNIX_EPOCH + Duration::from_millis(ms)), text);
        }
    }
}
