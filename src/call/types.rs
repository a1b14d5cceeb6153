//! The types that the parts of a call hand to each other.

use super::error::{CallError, PartialAnswer};
use crate::{
    config::key::ApiKey,
    dialect::{openai::accumulate::Accumulator, usage::Usage},
    observe::observation::AnswerObservation,
    policy::fault::Fault,
    state::admission::Admission,
};
use std::time::Duration;
use std::time::Instant;

/// One running attempt.
pub struct AttemptContext {
    pub index: usize,
    pub admission: Admission,
    /// Its number in the attempt log.
    pub number: usize,
    /// The key that a function gave for it.
    pub key: Option<ApiKey>,
    /// The key was refused, and the function may give another.
    pub refreshes: bool,
    /// The limit on its first content while another candidate is available.
    pub latency_limit: Option<Duration>,
    /// It continues an interrupted text.
    pub continues: bool,
    /// Another candidate was tried before.
    pub is_failover: bool,
    /// It needs a new connection.
    pub fresh: bool,
}

/// An answer, whole or assembled from a stream.
#[derive(Debug)]
pub struct CallAnswer {
    pub body: String,
    pub usage: Option<Usage>,
    pub first_content: Option<Instant>,
    pub connect_took: Option<Duration>,
    pub skipped_events: u32,
}

/// How an attempt ended.
pub enum AttemptEnd {
    Answered(CallAnswer),
    Failed(Fault),
    /// It broke after content was delivered.
    Interrupted(Box<Interruption>),
    /// The call's deadline passed after content was delivered: no endpoint is blamed.
    Expired(Box<CallError>),
}

/// What was delivered, by which endpoint, and why it broke.
pub struct Interruption {
    pub fault: Fault,
    pub endpoint: String,
    pub model: String,
    pub whole: Accumulator,
}

/// Announces in the stream that another candidate takes over.
pub struct ResumeNotice {
    pub chunk: String,
    /// The content that it continues; empty for a restart.
    pub whole: Accumulator,
}

/// A valid answer, with its report as JSON.
#[derive(Debug)]
pub struct CallReply {
    /// The vendor's body, or the completion assembled from a stream.
    pub body: String,
    pub report: String,
    /// Which candidate answered; `None` for the fallback.
    pub answer: Option<AnswerObservation>,
}

impl Interruption {
    pub fn into_error(self, total: Option<Duration>) -> CallError {
        let delivered = PartialAnswer {
            partial: self.whole.text().to_owned(),
            usage: self.whole.usage(),
            partial_completion: self.whole.completion(),
        };
        match total {
            None => CallError::interrupted(&self.endpoint, &self.fault, delivered),
            Some(total) => CallError::expired(&self.endpoint, total, delivered),
        }
    }
}
