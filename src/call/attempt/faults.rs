//! Faults of attempts, made from what the network and the decoders report.

use super::response::{Head, NotSent};
use crate::{
    dialect::{chat::Untranslatable, openai::answer::NoAnswer},
    net::{client::Failed, failure::FailureKind},
    policy::{
        classify::classify,
        fault::{Fault, Kind},
    },
    state::Target,
};
/// What the endpoint's dialect has no words for is the caller's to change.
pub fn untranslatable(error: &Untranslatable) -> Fault {
    Fault::new(Kind::BadRequest, format!("{}: {}", error.field, error.problem))
}

pub fn not_sent(failed: Failed, headers_kind: Kind) -> NotSent {
    let Failed { failure, reused } = failed;
    let (kind, billed) = match failure.kind {
        FailureKind::Dns => (Kind::Dns, false),
        FailureKind::Connect => (Kind::Connect, false),
        FailureKind::Tls => (Kind::Tls, false),
        FailureKind::ConnectTimeout => (Kind::ConnectTimeout, false),
        FailureKind::HeadersTimeout => (headers_kind, true),
        FailureKind::Unsent => (Kind::Unsent, false),
        FailureKind::Reset => (Kind::Reset, true),
        FailureKind::Stale => (Kind::Stale, true),
        FailureKind::Malformed => (Kind::Malformed, true),
    };
    let fault = Fault::new(kind, failure.message);
    NotSent { fault: if billed { fault.maybe_billed() } else { fault }, reused }
}

pub fn no_answer_fault(no_answer: NoAnswer, head: &Head, target: &Target) -> Fault {
    let status = Some(head.status);
    match no_answer {
        NoAnswer::Malformed(why) => Fault { status, ..Fault::new(Kind::Malformed, why).maybe_billed() },
        NoAnswer::Error(error) => classify(head.status, head.hint, &target.redacted(error)),
        NoAnswer::GaveUp => gave_up(head.status),
    }
}

/// DeepSeek ran out of resources in the middle of an answer.
pub fn gave_up(status: u16) -> Fault {
    let fault = Fault::new(Kind::Overloaded, "insufficient_system_resource").maybe_billed();
    Fault { status: Some(status), ..fault }
}

pub fn undecodable(error: std::io::Error) -> Fault {
    Fault::new(Kind::Malformed, format!("the compressed answer could not be read: {error}")).maybe_billed()
}

/// There is no key to send; asking for it again at once would give none either.
pub fn unusable(message: String) -> Fault {
    Fault { same_forbidden: true, ..Fault::new(Kind::Auth, message) }
}
