//! What the parts of a call hand to each other.

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

/// One attempt under way.
pub struct AttemptContext {
    pub index: usize,
    pub admission: Admission,
    /// Its number in the trail.
    pub number: usize,
    /// The key that a function gave for it.
    pub key: Option<ApiKey>,
    /// That key was refused, and the function may give another.
    pub refreshes: bool,
    /// How long its first content may take, because another would do.
    pub latency_limit: Option<Duration>,
    /// It is to go on with a text that broke off.
    pub continues: bool,
    /// Somebody else was asked before.
    pub moved: bool,
    /// It is not to go out on a connection that was used before.
    pub fresh: bool,
}

/// A whole answer.
#[derive(Debug)]
pub struct CallAnswer {
    pub body: String,
    pub usage: Option<Usage>,
    pub first_content: Option<Instant>,
    pub connect_took: Option<Duration>,
    pub skipped_events: u32,
}

/// How one attempt ended.
pub enum AttemptEnd {
    Answered(CallAnswer),
    Failed(Fault),
    /// Content had been delivered.
    Cut(Box<Interruption>),
    /// The call's own deadline passed after content had been delivered: nobody is to blame.
    Expired(Box<CallError>),
}

/// What had been delivered, by whom, and why it broke.
pub struct Interruption {
    pub fault: Fault,
    pub endpoint: String,
    pub model: String,
    pub whole: Accumulator,
}

/// Tells the reader that another candidate takes over, before its first chunk.
pub struct ResumeNotice {
    pub chunk: String,
    /// What it goes on from; a restart begins with nothing.
    pub whole: Accumulator,
}

/// A sound answer, with its report as JSON.
#[derive(Debug)]
pub struct CallReply {
    /// The vendor's body, or the completion put together from a stream.
    pub body: String,
    pub report: String,
    /// Who gave it; `None` for the fallback.
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
