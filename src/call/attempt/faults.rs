//! Makes the faults of attempts from failures of the network and the decoders.

use super::response::{FailedExchange, ResponseHead};
use crate::{
    dialect::{chat::Untranslatable, openai::answer::InvalidAnswer},
    net::{client::ExchangeFailure, failure::FailureKind},
    policy::{
        classify::classify,
        fault::{Fault, FaultKind},
    },
    state::Target,
};
/// The endpoint's dialect cannot express the request. The caller has to change it.
pub fn untranslatable(error: &Untranslatable) -> Fault {
    Fault::new(FaultKind::BadRequest, format!("{}: {}", error.field, error.problem))
}

pub fn not_sent(failed: ExchangeFailure, headers_kind: FaultKind) -> FailedExchange {
    let ExchangeFailure { failure, reused } = failed;
    let (kind, billed) = match failure.kind {
        FailureKind::Dns => (FaultKind::Dns, false),
        FailureKind::Connect => (FaultKind::Connect, false),
        FailureKind::Tls => (FaultKind::Tls, false),
        FailureKind::ConnectTimeout => (FaultKind::ConnectTimeout, false),
        FailureKind::HeadersTimeout => (headers_kind, true),
        FailureKind::Unsent => (FaultKind::Unsent, false),
        FailureKind::Reset => (FaultKind::Reset, true),
        FailureKind::Stale => (FaultKind::Stale, true),
        FailureKind::Malformed => (FaultKind::Malformed, true),
    };
    let fault = Fault::new(kind, failure.message);
    FailedExchange { fault: if billed { fault.maybe_billed() } else { fault }, reused }
}

pub fn no_answer_fault(no_answer: InvalidAnswer, head: &ResponseHead, target: &Target) -> Fault {
    let status = Some(head.status);
    match no_answer {
        InvalidAnswer::Malformed(why) => {
            Fault { status, ..Fault::new(FaultKind::Malformed, why).maybe_billed() }
        }
        InvalidAnswer::Error(error) => classify(head.status, head.retry_after, &target.redacted(error)),
        InvalidAnswer::GaveUp => gave_up(head.status),
    }
}

/// DeepSeek ran out of resources in the middle of an answer.
pub fn gave_up(status: u16) -> Fault {
    let fault = Fault::new(FaultKind::Overloaded, "insufficient_system_resource").maybe_billed();
    Fault { status: Some(status), ..fault }
}

pub fn undecodable(error: std::io::Error) -> Fault {
    Fault::new(FaultKind::Malformed, format!("the compressed answer could not be read: {error}"))
        .maybe_billed()
}

/// There is no key to send. A retry at once would give none either.
pub fn unusable(message: String) -> Fault {
    Fault { retry_forbidden: true, ..Fault::new(FaultKind::Auth, message) }
}
