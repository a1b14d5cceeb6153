//! Reads a streamed answer: holds it back until the first content, then passes it on as it arrives.

mod events;
mod frame;

use super::{faults, timeouts};
use crate::call::sink::StreamSink;
use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{self, Sleep};

use self::frame::{BodyFrame, drain, next_frame, timeout_message};
use super::response::{Response, ResponseHead};
use crate::{
    base::clock::now,
    call::{
        context::Call,
        error::{CallError, PartialAnswer},
        output::OutputEncoding,
        types::{AttemptContext, AttemptEnd, CallAnswer, Interruption},
    },
    config::timeouts::Timeouts,
    dialect::{
        codec,
        openai::{accumulate::Accumulator, chunk, request::ChatRequest},
    },
    net::{body::Body, decode::ContentDecoder, sse::Framer},
    policy::{
        classify::classify,
        fault::{Fault, FaultKind},
    },
    state::{Target, admission::Admission},
};

/// The largest event, in bytes.
const MAX_EVENT: usize = 8 << 20;
/// How long to wait for `[DONE]` and the usage after the last finish reason.
const GRACE: Duration = Duration::from_secs(2);

/// A stream that is being read: up to its commit point, then to its end.
pub struct ChatStreamReader<'c> {
    call: &'c Call,
    request: &'c ChatRequest,
    target: Arc<Target>,
    began: Instant,
    body: Body,
    decoder: ContentDecoder,
    /// Translates the vendor's events into OpenAI's chunks; `None` when the vendor sends OpenAI's.
    translator: Option<codec::StreamDecoder>,
    encoding: OutputEncoding,
    framer: Framer,
    whole: Accumulator,
    /// Chunks that wait for the commit point, or for the sink.
    held: Vec<String>,
    held_bytes: usize,
    received: usize,
    first_content: Option<Instant>,
    last_content: Instant,
    skipped: u32,
    undecodable_run: u32,
    finished_at: Option<Instant>,
    /// The first bytes, kept to recognise bodies that are not event streams.
    start: Vec<u8>,
    head: ResponseHead,
    /// Received bytes may hold events that were not read yet.
    pending: bool,
    body_ended: bool,
    /// The stream is complete.
    ended: bool,
    /// Expires when the next content, or the end, is overdue.
    timer: Pin<Box<Sleep>>,
    armed_for: FaultKind,
}

enum ReadProgress {
    More,
    /// `[DONE]`, after a finish reason.
    End,
}

/// Reads until the commit point: the first content, or the end with `commit: 'end'`.
pub async fn begin<'c>(
    call: &'c Call,
    request: &'c ChatRequest,
    attempt: &mut AttemptContext,
    answer: Response,
) -> Result<Box<ChatStreamReader<'c>>, Fault> {
    let Response { head, body, decoder } = answer;
    let began = attempt.admission.began;
    let target = attempt.admission.target.clone();
    let (first, armed_for) = timeouts::first_content_limit(call, attempt.latency_limit);
    let first = first.unwrap_or(Timeouts::FIRST_CONTENT);
    let mut reader = Box::new(ChatStreamReader {
        call,
        request,
        began,
        body,
        decoder,
        translator: target.endpoint.config.dialect.decoder(|| call.response_defaults(&target)),
        encoding: OutputEncoding::of(call.client_protocol.as_ref(), target.endpoint.config.dialect),
        framer: Framer::new(MAX_EVENT),
        whole: Accumulator::default(),
        held: Vec::new(),
        held_bytes: 0,
        received: 0,
        first_content: None,
        last_content: began,
        skipped: 0,
        undecodable_run: 0,
        finished_at: None,
        start: Vec::new(),
        head,
        pending: false,
        body_ended: false,
        ended: false,
        timer: Box::pin(time::sleep_until((began + first).into())),
        armed_for,
        target: target.clone(),
    });
    if let Some(announcement) = call.resume_notice(&target, attempt.continues) {
        reader.held.push(announcement.chunk);
        reader.whole = announcement.whole;
    }
    let at_end = call.streams.commit_at_end;
    while !reader.ended && (at_end || reader.first_content.is_none()) {
        reader.step(&mut attempt.admission).await?;
    }
    // A finish reason without content is an empty answer.
    reader.answered(&mut attempt.admission);
    Ok(reader)
}

impl ChatStreamReader<'_> {
    /// Passes on what was held and what follows, to the end.
    pub async fn deliver<S: StreamSink>(
        mut self: Box<Self>,
        admission: &mut Admission,
        sink: &mut S,
    ) -> AttemptEnd {
        let deadline = self.call.started + self.call.timeouts.total;
        if self.call.client_protocol.is_some() {
            let stream_preamble =
                self.call.stream_preamble(&self.target, self.head.vendor_request_id.as_deref());
            sink.chunk(stream_preamble.to_string());
        }
        loop {
            let mut held = std::mem::take(&mut self.held).into_iter();
            while let Some(chunk) = held.next() {
                sink.chunk(chunk);
                if !self.keeps_up(sink, deadline).await {
                    // Once the reader has the finish reason, the deadline cannot fail the call: only the
                    // usage may follow.
                    let only_usage_left = self.call.client_protocol.is_some()
                        || held.as_slice().iter().all(|c| chunk::is_no_choice(c));
                    self.ended = self.is_whole() && only_usage_left;
                    if !self.ended {
                        return self.expired();
                    }
                }
            }
            if self.ended {
                break;
            }
            let step = tokio::select! {
                biased;
                () = time::sleep_until(deadline.into()) => {
                    if self.is_whole() {
                        break;
                    }
                    return self.expired();
                }
                step = self.step(admission) => step,
            };
            if let Err(fault) = step {
                for chunk in self.held.drain(..) {
                    sink.chunk(chunk);
                }
                return AttemptEnd::Interrupted(Box::new(Interruption {
                    fault,
                    endpoint: self.target.endpoint.config.name.clone(),
                    model: self.target.model.to_string(),
                    whole: self.whole,
                }));
            }
        }
        let tail = self.encoding.end();
        if !tail.is_empty() {
            sink.chunk(tail);
        }
        let usage = self.whole.usage();
        // Callers with a protocol of their own assemble the completion themselves.
        let client_protocol = self.call.client_protocol.is_some();
        AttemptEnd::Answered(CallAnswer {
            body: if client_protocol { String::new() } else { self.whole.completion().to_string() },
            usage,
            first_content: self.first_content,
            connect_took: self.head.connect_took,
            skipped_events: self.skipped,
        })
    }

    /// Waits until the reader keeps up; false when the call's deadline passes first.
    async fn keeps_up<S: StreamSink>(&mut self, sink: &mut S, deadline: Instant) -> bool {
        let mut paused = false;
        let ready = poll_fn(|cx| {
            let ready = sink.poll_ready(cx);
            paused |= ready.is_pending();
            ready
        });
        tokio::select! {
            biased;
            () = ready => {}
            () = time::sleep_until(deadline.into()) => return false,
        }
        if paused {
            // A pause of the reader does not count against the vendor.
            self.last_content = now();
            self.reset_timeout();
        }
        true
    }

    /// Ends the attempt because the call's deadline passed.
    fn expired(self) -> AttemptEnd {
        let delivered = PartialAnswer {
            partial: self.whole.text().to_owned(),
            usage: self.whole.usage(),
            partial_completion: self.whole.completion(),
        };
        let endpoint = &self.target.endpoint.config.name;
        AttemptEnd::Expired(Box::new(CallError::expired(endpoint, self.call.timeouts.total, delivered)))
    }

    /// Reads and handles the next bytes.
    async fn step(&mut self, admission: &mut Admission) -> Result<(), Fault> {
        if self.pending {
            let progress = self.events(admission)?;
            return self.progressed(progress);
        }
        if self.body_ended {
            return self.end(admission);
        }
        let mut frame = Vec::new();
        match next_frame(&mut self.body, self.timer.as_mut(), &mut frame).await {
            BodyFrame::Data => {}
            BodyFrame::TimedOut if self.finished_at.is_some() => {
                self.ended = true;
                return Ok(());
            }
            BodyFrame::TimedOut => {
                return Err(Fault::new(self.armed_for, timeout_message(self.armed_for)).maybe_billed());
            }
            BodyFrame::Broken(_) if self.whole.finished() => {
                self.ended = true;
                return Ok(());
            }
            BodyFrame::Broken(why) => return Err(self.fault(FaultKind::Truncated, &why)),
            BodyFrame::End => {
                self.body_ended = true;
                let rest = match self.decoder.finish() {
                    Ok(rest) => rest,
                    Err(_) if self.whole.finished() => Vec::new(),
                    Err(e) => return Err(faults::undecodable(e)),
                };
                let progress = self.push(&rest, admission)?;
                return self.progressed(progress);
            }
        }
        let progress = if self.decoder.is_identity() {
            self.push(&frame, admission)?
        } else {
            let decoded = self.decoder.push(&frame).map_err(faults::undecodable)?;
            self.push(&decoded, admission)?
        };
        self.progressed(progress)
    }

    fn progressed(&mut self, progress: ReadProgress) -> Result<(), Fault> {
        if let ReadProgress::End = progress {
            self.ended = true;
            drain(&mut self.body);
            return Ok(());
        }
        // Only content resets the timer: comments and pings show life, not progress.
        self.reset_timeout();
        Ok(())
    }

    /// Every requested choice has its finish reason.
    fn is_whole(&self) -> bool {
        self.whole.finished() && self.whole.choices() >= self.request.choices
    }

    /// Sets the timer for what is expected next.
    fn reset_timeout(&mut self) {
        let at = if self.is_whole() {
            *self.finished_at.get_or_insert_with(now) + GRACE
        } else if self.first_content.is_some() {
            self.armed_for = FaultKind::ContentTimeout;
            self.last_content + self.call.timeouts.content.unwrap_or(Timeouts::CONTENT)
        } else {
            return;
        };
        self.timer.as_mut().reset(at.into());
    }

    /// Handles the end of the body. All complete events have been read by now.
    fn end(&mut self, admission: &mut Admission) -> Result<(), Fault> {
        if let Some(event) = self.framer.finish() {
            self.event(event.name.as_deref(), event.data, admission)?;
            // This event may be the first content. A wrong end is reported after the commit point.
            return Ok(());
        }
        if self.whole.finished() {
            self.ended = true;
            return Ok(());
        }
        if self.received == 0
            && let Some(fault) = self.not_a_stream()
        {
            return Err(fault);
        }
        // A stream that ends in undecodable events is malformed, not truncated.
        let kind = if self.undecodable_run > 0 { FaultKind::Malformed } else { FaultKind::Truncated };
        Err(self.fault(kind, "the stream ended without a finish reason"))
    }

    /// Recognises bodies that are not event streams: errors as plain JSON, and HTML pages of proxies.
    fn not_a_stream(&self) -> Option<Fault> {
        let start = self.start.iter().find(|b| !b.is_ascii_whitespace())?;
        if !matches!(start, b'{' | b'[' | b'<') {
            return None;
        }
        let mut head = String::from_utf8_lossy(&self.start).into_owned();
        self.target.redact(&mut head);
        let error = crate::dialect::error_body::read(head.as_bytes());
        if *start == b'<' || (error.code.is_none() && error.kind.is_none() && error.status.is_none()) {
            return Some(self.fault(
                FaultKind::Malformed,
                &format!("the response is not an event stream: {}", error.message),
            ));
        }
        Some(classify(self.head.status, self.head.retry_after, &error))
    }

    fn fault(&self, kind: FaultKind, message: &str) -> Fault {
        Fault { status: Some(self.head.status), ..Fault::new(kind, message).maybe_billed() }
    }
}
