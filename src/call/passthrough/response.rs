//! Passes a response through: JSON once it is complete and valid, events once the first is not an error,
//! everything else from its first byte.

use crate::call::attempt::{body::read_whole, faults};
use std::time::{Duration, Instant};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};
use tokio::time;

use crate::{
    base::{clock::now, latin1, vendor_error::VendorError},
    call::{
        attempt::response::Response,
        context::Call,
        error::{CallError, PartialAnswer},
        sink::StreamSink,
        types::{AttemptContext, AttemptEnd, CallAnswer, Interruption},
    },
    config::timeouts::Timeouts,
    dialect::{
        error_body,
        openai::{
            accumulate::Accumulator,
            chunk::{self, EventData},
        },
    },
    net::{body::Body, decode::ContentDecoder, sse::Framer},
    policy::{
        classify::classify,
        fault::{Fault, FaultKind},
    },
    state::admission::Admission,
};

/// A first event larger than this is not an error, in bytes.
const MAX_OPENING: usize = 64 << 10;

/// A response past its commit point.
pub struct PassthroughReader<'c> {
    call: &'c Call,
    stream_preamble: String,
    body: Body,
    decoder: ContentDecoder,
    /// What arrived before the commit point.
    held: Vec<u8>,
    ended: bool,
    first_content: Instant,
    connect_took: Option<Duration>,
    endpoint: String,
    model: String,
}

/// Reads up to the commit point.
pub async fn begin<'c>(
    call: &'c Call,
    attempt: &mut AttemptContext,
    answer: Response,
) -> Result<PassthroughReader<'c>, Fault> {
    let target = attempt.admission.target.clone();
    let Response { head, mut body, mut decoder } = answer;
    let fields = head.passed_on.clone();
    let kind = fields.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if kind == "text/html" {
        return Err(Fault::new(FaultKind::Malformed, "the response is an HTML page"));
    }
    let whole = kind == "application/json" || kind.ends_with("+json");
    let (mut held, mut ended) = (Vec::new(), false);
    let hears = |error| classify(head.status, head.retry_after, &target.redacted(error));
    if matches!(head.status, 204 | 205) {
        // These statuses have no body, whatever follows.
        ended = true;
    } else if whole {
        held = read_whole(call, attempt.admission.began, &mut body, &mut decoder).await?;
        ended = true;
        if let Some(error) = error_of(&held)? {
            return Err(hears(error));
        }
    } else {
        let first = call.timeouts.first_content.unwrap_or(Timeouts::FIRST_CONTENT);
        let until = attempt.admission.began + first;
        let mut opening = (kind == "text/event-stream").then(|| Framer::new(MAX_OPENING));
        let mut begun = false;
        while !begun && !ended {
            let read = held.len();
            ended = !more(&mut body, &mut decoder, &mut held, until, FaultKind::FirstContentTimeout).await?;
            begun = match &mut opening {
                None => !held.is_empty(),
                Some(framer) => {
                    framer.push(&held[read..]);
                    match first_event(framer, ended) {
                        FirstEvent::Error(error) => return Err(hears(error)),
                        FirstEvent::Event => true,
                        FirstEvent::Nothing => held.len() > MAX_OPENING,
                    }
                }
            };
        }
    }
    let took = now().saturating_duration_since(attempt.admission.began);
    call.commit(&mut attempt.admission, took);
    let mut stream_preamble = call.stream_preamble(&target, head.vendor_request_id.as_deref());
    stream_preamble["status"] = json!(head.status);
    stream_preamble["headers"] = fields
        .into_iter()
        .map(|(name, mut value)| {
            target.redact(&mut value);
            (name, Value::String(value))
        })
        .collect::<Map<_, _>>()
        .into();
    Ok(PassthroughReader {
        call,
        stream_preamble: stream_preamble.to_string(),
        body,
        decoder,
        held,
        ended,
        first_content: now(),
        connect_took: head.connect_took,
        endpoint: target.endpoint.config.name.clone(),
        model: target.model.to_string(),
    })
}

/// How an event stream begins.
enum FirstEvent {
    Nothing,
    Event,
    Error(VendorError),
}

fn first_event(framer: &mut Framer, ended: bool) -> FirstEvent {
    let mut first = framer.next_event();
    if ended && first == Ok(None) {
        first = Ok(framer.finish());
    }
    match first {
        Ok(None) => FirstEvent::Nothing,
        Ok(Some(event)) => match chunk::read(event.name.as_deref(), &event.data) {
            EventData::Error(error) => FirstEvent::Error(error),
            _ => FirstEvent::Event,
        },
        // An event too large to inspect is passed on.
        Err(_) => FirstEvent::Event,
    }
}

/// The error in a JSON body with a success status. An object with an id or a type may have an error as a
/// member:
/// a stored response that failed.
fn error_of(body: &[u8]) -> Result<Option<VendorError>, Fault> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Option<Value>,
        id: Option<IgnoredAny>,
        object: Option<IgnoredAny>,
    }
    // Readers of a fetch response skip the byte order mark.
    let text = str::from_utf8(body).map(|text| text.trim_start_matches('\u{feff}'));
    let malformed = || Fault::new(FaultKind::Malformed, "the answer is not JSON").maybe_billed();
    let text = text.map_err(|_| malformed())?;
    let Ok(envelope) = serde_json::from_str::<Envelope>(text) else {
        return serde_json::from_str::<IgnoredAny>(text).map(|_| None).map_err(|_| malformed());
    };
    let Envelope { error: Some(error @ Value::Object(_)), id: None, object: None } = envelope else {
        return Ok(None);
    };
    Ok(Some(error_body::from_value(&json!({ "error": error }))))
}

impl PassthroughReader<'_> {
    /// Passes on what was held and what follows, to the end.
    pub async fn deliver<S: StreamSink>(mut self, _: &mut Admission, sink: &mut S) -> AttemptEnd {
        let deadline = self.call.started + self.call.timeouts.total;
        sink.chunk(std::mem::take(&mut self.stream_preamble));
        loop {
            if !self.held.is_empty() {
                sink.chunk(latin1::text(&std::mem::take(&mut self.held)));
            }
            if self.ended {
                return AttemptEnd::Answered(CallAnswer {
                    body: String::new(),
                    usage: None,
                    first_content: Some(self.first_content),
                    connect_took: self.connect_took,
                    skipped_events: 0,
                });
            }
            tokio::select! {
                biased;
                () = std::future::poll_fn(|cx| sink.poll_ready(cx)) => {}
                () = time::sleep_until(deadline.into()) => return self.expired(),
            }
            let between = now() + self.call.timeouts.content.unwrap_or(Timeouts::CONTENT);
            let until = between.min(deadline);
            let read =
                more(&mut self.body, &mut self.decoder, &mut self.held, until, FaultKind::ContentTimeout)
                    .await;
            match read {
                Ok(more) => self.ended = !more,
                Err(_) if now() >= deadline => return self.expired(),
                Err(fault) => {
                    return AttemptEnd::Interrupted(Box::new(Interruption {
                        fault,
                        endpoint: self.endpoint,
                        model: self.model,
                        whole: Accumulator::default(),
                    }));
                }
            }
        }
    }

    /// Ends the attempt because the call's deadline passed.
    fn expired(self) -> AttemptEnd {
        let nothing = Accumulator::default();
        let delivered =
            PartialAnswer { partial: String::new(), usage: None, partial_completion: nothing.completion() };
        AttemptEnd::Expired(Box::new(CallError::expired(&self.endpoint, self.call.timeouts.total, delivered)))
    }
}

/// Reads the next bytes into `out`; false at the end.
async fn more(
    body: &mut Body,
    decoder: &mut ContentDecoder,
    out: &mut Vec<u8>,
    until: Instant,
    late: FaultKind,
) -> Result<bool, Fault> {
    let mut encoded = Vec::new();
    let read = time::timeout_at(until.into(), body.data(&mut encoded))
        .await
        .map_err(|_| Fault::new(late, "the response stopped arriving").maybe_billed())?;
    let more = read.map_err(|why| Fault::new(FaultKind::Truncated, why).maybe_billed())?;
    out.extend(if more { decoder.push(&encoded) } else { decoder.finish() }.map_err(faults::undecodable)?);
    Ok(more)
}
