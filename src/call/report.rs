//! The report of a call: attempts, endpoint, durations and cost.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Serialize, Serializer};

pub use crate::base::timestamp::{epoch_ms, iso8601};
use crate::{
    base::{duration, reason::Reason},
    dialect::usage::Usage,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    Ok,
    /// Failed; the same candidate was tried again.
    Retry,
    /// Failed; another candidate was tried.
    Next,
    /// Not sent.
    Skipped,
    /// Failed, and with it the call.
    Fail,
}

impl AttemptOutcome {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Retry => "retry",
            Self::Next => "next",
            Self::Skipped => "skipped",
            Self::Fail => "fail",
        }
    }
}

impl Serialize for AttemptOutcome {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
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
    /// The vendor's request id, for its support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_request_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallReport<'a> {
    pub request_id: &'a str,
    pub endpoint: &'a str,
    pub provider: &'a str,
    pub model: &'a str,
    pub attempts: &'a [Attempt],
    pub usage: Option<Usage>,
    /// `null` where the price or the usage is unknown.
    pub cost_usd: Option<f64>,
    pub latency: CallLatency,
    /// Another endpoint or model answered than the primary.
    pub failover: bool,
    pub hedged: bool,
    pub degraded: bool,
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped_events: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped_fields: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallLatency {
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
