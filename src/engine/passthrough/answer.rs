//! An answer that is passed on as it comes: JSON once it is there whole and sound, events once the first of them is no
//! error, all else from its first byte on.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use tokio::time;

use crate::{
    clock::now,
    config::client::Timeouts,
    dialect::openai::{
        accumulate::Accumulator,
        chunk::{self, Data},
    },
    engine::{
        admission::Admission,
        attempt::{self, Answer, Answered},
        call::{Call, Cut, Ended, Trial},
        error::{CallError, Interrupted},
        stream::StreamSink,
    },
    latin1,
    net::{
        body::Body,
        decode::Decoder,
        fields::{Fields, text},
        sse::Framer,
    },
    policy::{
        classify::classify,
        fault::{Fault, Kind},
    },
};

/// What the caller hears of an answer's head: what it holds, and what its limits are.
const PASSED: [&str; 4] = ["content-type", "content-disposition", "openai-processing-ms", "openai-version"];
const LIMITS: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// A first event that is larger is no error in an answer's place.
const MAX_OPENING: usize = 64 << 10;

/// The fields of an answer's head that are passed on.
pub fn passed_on(fields: &Fields) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    fields.each(|name, value| {
        let Some(name) = text(name).map(str::to_ascii_lowercase) else { return };
        let known = PASSED.contains(&&*name) || LIMITS.iter().any(|prefix| name.starts_with(prefix));
        if let Some(value) = text(value).filter(|_| known) {
            kept.push((name, value.to_owned()));
        }
    });
    kept
}

/// An answer that has begun.
pub struct Flow<'c> {
    call: &'c Call,
    introduction: String,
    body: Body,
    decoder: Decoder,
    /// What came before the commit point.
    held: Vec<u8>,
    ended: bool,
    first_content: Instant,
    connect_took: Option<Duration>,
    endpoint: String,
    model: String,
}

/// Reads until the commit point.
pub async fn begin<'c>(call: &'c Call, trial: &mut Trial, answer: Answer) -> Result<Flow<'c>, Fault> {
    let target = trial.admission.target.clone();
    let Answer { head, mut body, mut decoder } = answer;
    let fields = head.passed_on.clone();
    let kind = fields.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if kind == "text/html" {
        return Err(Fault::new(Kind::Malformed, "the answer is a page for people"));
    }
    let whole = kind == "application/json" || kind.ends_with("+json");
    let (mut held, mut ended) = (Vec::new(), false);
    if whole {
        held = attempt::read_whole(call, trial.admission.began, &mut body, &mut decoder).await?;
        ended = true;
        let empty = head.status == StatusCode::NO_CONTENT.as_u16() && held.is_empty();
        // Readers of a fetch's answer skip the mark.
        let json = held.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&held);
        if !empty && serde_json::from_slice::<IgnoredAny>(json).is_err() {
            return Err(Fault::new(Kind::Malformed, "the answer is not JSON").maybe_billed());
        }
    } else {
        let first = call.timeouts.first_content.unwrap_or(Timeouts::FIRST_CONTENT);
        let until = trial.admission.began + first;
        let mut events = (kind == "text/event-stream").then(|| Framer::new(MAX_OPENING));
        let mut begun = false;
        while !begun && !ended {
            let read = held.len();
            ended = !more(&mut body, &mut decoder, &mut held, until, Kind::FirstContentTimeout).await?;
            begun = match &mut events {
                None => !held.is_empty(),
                Some(framer) => {
                    framer.push(&held[read..]);
                    let mut first = framer.next_event();
                    if ended && first == Ok(None) {
                        first = Ok(framer.finish());
                    }
                    if let Ok(Some(event)) = &first
                        && let Data::Error(error) = chunk::read(event.name.as_deref(), &event.data)
                    {
                        return Err(classify(head.status, head.hint, &target.redacted(error)));
                    }
                    !matches!(first, Ok(None)) || held.len() > MAX_OPENING
                }
            };
        }
    }
    let took = now().saturating_duration_since(trial.admission.began);
    call.commit(&mut trial.admission, took);
    let mut introduction = call.introduction(&target, head.vendor_request_id.as_deref());
    introduction["status"] = json!(head.status);
    introduction["headers"] = fields
        .into_iter()
        .map(|(name, mut value)| {
            target.redact(&mut value);
            (name, Value::String(value))
        })
        .collect::<Map<_, _>>()
        .into();
    Ok(Flow {
        call,
        introduction: introduction.to_string(),
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

impl Flow<'_> {
    /// Passes on what was held and what comes after it, to the end.
    pub async fn deliver<S: StreamSink>(mut self, _: &mut Admission, sink: &mut S) -> Ended {
        let deadline = self.call.started + self.call.timeouts.total;
        sink.chunk(std::mem::take(&mut self.introduction));
        loop {
            if !self.held.is_empty() {
                sink.chunk(latin1::text(&std::mem::take(&mut self.held)));
            }
            if self.ended {
                return Ended::Answered(Answered {
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
                more(&mut self.body, &mut self.decoder, &mut self.held, until, Kind::ContentTimeout).await;
            match read {
                Ok(more) => self.ended = !more,
                Err(_) if now() >= deadline => return self.expired(),
                Err(fault) => {
                    return Ended::Cut(Box::new(Cut {
                        fault,
                        endpoint: self.endpoint,
                        model: self.model,
                        whole: Accumulator::default(),
                    }));
                }
            }
        }
    }

    /// The call's own deadline passed.
    fn expired(self) -> Ended {
        let nothing = Accumulator::default();
        let delivered =
            Interrupted { partial: String::new(), usage: None, partial_completion: nothing.completion() };
        Ended::Expired(Box::new(CallError::expired(&self.endpoint, self.call.timeouts.total, delivered)))
    }
}

/// Reads what comes next into `out`; false at the end.
async fn more(
    body: &mut Body,
    decoder: &mut Decoder,
    out: &mut Vec<u8>,
    until: Instant,
    late: Kind,
) -> Result<bool, Fault> {
    let mut encoded = Vec::new();
    let read = time::timeout_at(until.into(), body.data(&mut encoded))
        .await
        .map_err(|_| Fault::new(late, "the answer did not come on in time").maybe_billed())?;
    let more = read.map_err(|why| Fault::new(Kind::Truncated, why).maybe_billed())?;
    out.extend(if more { decoder.push(&encoded) } else { decoder.finish() }.map_err(attempt::undecodable)?);
    Ok(more)
}
