//! A job: one waiting call as it is kept, and its result.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{base::reason::Reason, call::options::CallOptions, dialect::openai::request::ChatRequest};

/// The state of a job; the number is stored in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    Queued = 0,
    /// It may have reached a vendor.
    Delivering = 1,
    Delivered = 2,
    /// The request was refused; no endpoint will answer it.
    Failed = 3,
    /// Every allowed delivery failed.
    Dead = 4,
    /// Its `ttl` passed.
    Expired = 5,
}

impl JobState {
    pub const ALL: [(&str, Self); 6] = [
        ("queued", Self::Queued),
        ("delivering", Self::Delivering),
        ("delivered", Self::Delivered),
        ("failed", Self::Failed),
        ("dead", Self::Dead),
        ("expired", Self::Expired),
    ];

    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.iter().map(|(_, state)| *state).find(|state| *state as i64 == number)
    }

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, state)| *state == self).map_or("", |(name, _)| name)
    }

    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Delivering)
    }
}

/// A call before it is enqueued.
#[derive(Clone, Debug)]
pub struct JobDraft {
    /// The request and the call's options, as JSON.
    pub payload: String,
    pub priority: i32,
    pub idempotency_key: Option<String>,
    /// A vendor may have answered it before it was enqueued.
    pub maybe_duplicate: bool,
    /// Which endpoints may be used: jobs with the same lane wait for the same ones.
    pub lane: String,
}

/// The contents of a payload.
#[derive(Deserialize, Serialize)]
pub struct JobPayload<'a> {
    #[serde(borrow)]
    pub request: &'a RawValue,
    #[serde(borrow)]
    pub options: Option<&'a RawValue>,
}

impl JobDraft {
    /// The draft of a call: its request, and its options as given.
    pub fn of(request: &ChatRequest, given: Option<&str>, options: &CallOptions) -> Self {
        let payload =
            format!(r#"{{"request":{},"options":{}}}"#, request.whole_text(), given.unwrap_or("null"));
        let idempotency_key = options.idempotency_key.as_ref().and_then(|key| key.to_str().ok());
        Self {
            payload,
            priority: options.queue_priority,
            idempotency_key: idempotency_key.map(str::to_owned),
            maybe_duplicate: false,
            lane: format!("{:?}", (&request.model, &options.endpoints, &options.fallback_models)),
        }
    }
}

/// Why a delivery failed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct JobFailure {
    /// ISO 8601.
    pub at: String,
    /// A word of `Reason`.
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Whether it counts against `maxDeliveries`.
    pub counted: bool,
}

/// The most failures kept for a job: the last ones.
pub const KEPT_FAILURES: usize = 10;

/// The next job of a lane.
#[derive(Debug)]
pub struct JobHead {
    pub seq: i64,
    pub id: String,
    pub lane: Vec<u8>,
    pub priority: i32,
    pub payload: String,
    pub deliveries: u32,
    pub maybe_duplicate: bool,
}

/// The due jobs, and when there will be more.
#[derive(Debug, Default)]
pub struct DueJobs {
    pub heads: Vec<JobHead>,
    /// When the next job becomes due, in milliseconds of the store's clock.
    pub next_at: Option<i64>,
    /// There are more lanes than heads: some jobs were not read.
    pub more: bool,
    pub expired: Vec<String>,
}

/// How a delivery ended, for the file.
#[derive(Debug)]
pub enum JobSettlement {
    Delivered {
        result: Vec<u8>,
    },
    /// Final: refused, or dead.
    Over {
        state: JobState,
        error: Vec<u8>,
        failure: JobFailure,
        counted: bool,
    },
    /// To be delivered again.
    Again {
        after_ms: i64,
        failure: JobFailure,
        counted: bool,
        maybe_duplicate: bool,
    },
}

/// The stored result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobResult {
    Answer {
        body: String,
        report: String,
    },
    /// The error as JSON.
    Error(String),
}

/// The outcome of a job.
#[derive(Debug)]
pub struct JobOutcome {
    pub id: String,
    pub state: JobState,
    pub kept: Option<JobResult>,
    /// Its place in the order of ends, for `next_end`.
    pub position: i64,
}

impl JobResult {
    /// Packs body and report, with the length of the body first.
    pub fn pack(body: &str, report: &str) -> Vec<u8> {
        let length = (body.len() as u64).to_le_bytes();
        [&length[..], body.as_bytes(), report.as_bytes()].concat()
    }

    pub fn unpack(packed: &[u8]) -> Option<Self> {
        let (length, rest) = packed.split_at_checked(8)?;
        let length = u64::from_le_bytes(length.try_into().ok()?);
        let (body, report) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        Some(Self::Answer { body: text(body)?, report: text(report)? })
    }
}

/// Whether an attempt with this failure counts as a delivery. One that was rejected at once, or never sent,
/// says something about the vendor and nothing about the job.
pub fn counts(reason: Reason) -> bool {
    match reason {
        Reason::Reset
        | Reason::TimeoutHeaders
        | Reason::TimeoutFirstContent
        | Reason::TimeoutContent
        | Reason::TimeoutTotal
        | Reason::Truncated
        | Reason::Malformed
        | Reason::TooLargeForLimit
        | Reason::ServerError
        | Reason::Conflict
        | Reason::NotFound
        | Reason::BadRequest
        | Reason::ContextLength
        | Reason::ContentFilter => true,
        Reason::Connect
        | Reason::Tls
        | Reason::Dns
        | Reason::TimeoutConnect
        | Reason::RateLimited
        | Reason::Quota
        | Reason::Overloaded
        | Reason::Auth
        | Reason::Permission
        | Reason::BreakerOpen
        | Reason::Cooldown
        | Reason::Limiter
        | Reason::LatencyLimit
        | Reason::CostLimit
        | Reason::Isolated
        | Reason::Budget
        | Reason::Aborted
        | Reason::Hedged
        | Reason::Config
        | Reason::QueueFull
        | Reason::Closed => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read_as_it_was_written() {
        let packed = JobResult::pack(r#"{"ü":1}"#, "{}");
        let kept = JobResult::Answer { body: r#"{"ü":1}"#.into(), report: "{}".into() };
        assert_eq!(JobResult::unpack(&packed), Some(kept));
        assert_eq!(JobResult::unpack(b"short"), None);
        assert_eq!(JobResult::unpack(&[255; 9]), None);
    }

    #[test]
    fn states_are_known_by_number_and_by_name() {
        for (name, state) in JobState::ALL {
            assert_eq!(JobState::of_number(state as i64), Some(state));
            assert_eq!(state.name(), name);
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{name}\""));
        }
        assert_eq!(JobState::of_number(6), None);
    }
}
