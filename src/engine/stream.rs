//! A streamed answer: held back until its first content, then passed on as it comes.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time::{self, Sleep};

use super::{
    admission::Admission,
    attempt::{self, Answer, Answered, Head, MAX_ANSWER},
    call::{Call, Ended},
    client::now,
    error::{CallError, Interrupted},
    state::Target,
};
use crate::{
    config::client::Timeouts,
    dialect::openai::{
        accumulate::Accumulator,
        chunk::{self, Data},
    },
    net::{body::Body, sse::Framer},
    observe::latency::Part,
    policy::{
        classify::classify,
        fault::{Fault, Kind},
    },
};

/// One event may be this large, and this much may be held back before the first content.
const MAX_EVENT: usize = 8 << 20;
const MAX_HELD: usize = 1 << 20;
/// After the last finish reason, how long `[DONE]` and the usage are waited for.
const GRACE: Duration = Duration::from_secs(2);
/// How long the end of a body is waited for, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(200);
/// Undecodable events in a row that make a stream malformed.
const MAX_UNDECODABLE: u32 = 3;

/// Where a stream's chunks go.
pub trait StreamSink: Send {
    /// One chunk, as the vendor wrote it. The first one says that the call is answered.
    fn chunk(&mut self, json: String);
    /// Whether the reader keeps up; a stream is not read on while it does not.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// For calls that do not stream.
pub struct NoStream;

impl StreamSink for NoStream {
    fn chunk(&mut self, _: String) {}
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

struct Reading<'a, S> {
    call: &'a Call,
    sink: &'a mut S,
    framer: Framer,
    whole: Accumulator,
    held: Vec<String>,
    held_bytes: usize,
    delivered: usize,
    first_content: Option<Instant>,
    last_content: Instant,
    skipped: u32,
    undecodable_run: u32,
    was_paused: bool,
    finished_at: Option<Instant>,
    /// The first bytes, for bodies that are no event stream.
    head: Vec<u8>,
    head_of: &'a Head,
}

enum Progress {
    More,
    /// `[DONE]`, with a finish reason before it.
    End,
}

pub async fn receive<S: StreamSink>(
    call: &Call,
    admission: &mut Admission,
    answer: Answer,
    sink: &mut S,
) -> Ended {
    let Answer { head, mut body, mut decoder } = answer;
    let began = admission.began;
    let mut reading = Reading {
        call,
        sink,
        framer: Framer::new(MAX_EVENT),
        whole: Accumulator::default(),
        held: Vec::new(),
        held_bytes: 0,
        delivered: 0,
        first_content: None,
        last_content: began,
        skipped: 0,
        undecodable_run: 0,
        was_paused: false,
        finished_at: None,
        head: Vec::new(),
        head_of: &head,
    };
    let first = call.timeouts.first_content.unwrap_or(Timeouts::FIRST_CONTENT);
    let mut timer = pin!(time::sleep_until(time::Instant::from_std(began + first)));
    let mut armed_for = Kind::FirstContentTimeout;
    let deadline = call.started + call.timeouts.total;
    let result = loop {
        let paused = tokio::select! {
            biased;
            paused = poll_fn(|cx| reading.paused(cx)) => paused,
            () = time::sleep_until(time::Instant::from_std(deadline)) => {
                return Ended::Expired(reading.interrupted(admission, None));
            }
        };
        if paused && reading.first_content.is_some() {
            // The reader's own pause is not the vendor's.
            reading.last_content = now();
            reading.rearm(timer.as_mut(), &mut armed_for, deadline);
        }
        let mut frame = Vec::new();
        match next_frame(&mut body, timer.as_mut(), &mut frame).await {
            Frame::Data => {}
            Frame::TimedOut if reading.finished_at.is_some() => break Ok(()),
            Frame::TimedOut if now() >= deadline && reading.first_content.is_some() => {
                return Ended::Expired(reading.interrupted(admission, None));
            }
            Frame::TimedOut => break Err(Fault::new(armed_for, timeout_message(armed_for)).maybe_billed()),
            Frame::Broken(why) => {
                break if reading.whole.finished() { Ok(()) } else { Err(reading.broken(why)) };
            }
            Frame::End => break reading.end(&mut decoder, admission),
        }
        let step = if decoder.is_identity() {
            reading.push(&frame, admission)
        } else {
            match decoder.push(&frame) {
                Ok(decoded) => reading.push(&decoded, admission),
                Err(e) => Err(attempt::undecodable(e)),
            }
        };
        match step {
            Ok(Progress::End) => {
                drain(body);
                break Ok(());
            }
            Ok(Progress::More) => {}
            Err(fault) => break Err(fault),
        }
        // Only content feeds the timer: comments and pings are signs of life, not of progress.
        reading.rearm(timer.as_mut(), &mut armed_for, deadline);
    };
    match result {
        Ok(()) => {
            // A finish without any content is an answer too, an empty one.
            reading.commit(admission);
            let usage = reading.whole.usage();
            Ended::Answered(Answered {
                body: reading.whole.completion().to_string(),
                usage,
                first_content: reading.first_content,
                connect_took: head.connect_took,
                skipped_events: reading.skipped,
            })
        }
        Err(fault) if reading.first_content.is_none() => Ended::Failed(fault),
        Err(fault) => Ended::Interrupted(reading.interrupted(admission, Some(&fault))),
    }
}

impl<S: StreamSink> Reading<'_, S> {
    /// Ready when the reader keeps up; true when it did not at first.
    fn paused(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self.sink.poll_ready(cx) {
            Poll::Ready(()) => Poll::Ready(std::mem::take(&mut self.was_paused)),
            Poll::Pending => {
                self.was_paused = true;
                Poll::Pending
            }
        }
    }

    /// Sets the timer for what is waited for now.
    fn rearm(&mut self, mut timer: Pin<&mut Sleep>, armed_for: &mut Kind, deadline: Instant) {
        let at = if self.whole.finished() && self.whole.choices() >= self.call.request.choices {
            *self.finished_at.get_or_insert_with(now) + GRACE
        } else if self.first_content.is_some() {
            *armed_for = Kind::ContentTimeout;
            self.last_content + self.call.timeouts.content.unwrap_or(Timeouts::CONTENT)
        } else {
            return;
        };
        timer.as_mut().reset(time::Instant::from_std(at.min(deadline)));
    }

    /// The error of a stream that broke after its commit; without a fault it was the call's own deadline.
    fn interrupted(self, admission: &Admission, fault: Option<&Fault>) -> CallError {
        let delivered = Interrupted {
            partial: self.whole.text().to_owned(),
            usage: self.whole.usage(),
            partial_completion: self.whole.completion(),
        };
        let endpoint = &admission.target.endpoint.config.name;
        match fault {
            Some(fault) => CallError::interrupted(endpoint, fault, delivered),
            None => CallError::expired(endpoint, self.call.timeouts.total, delivered),
        }
    }

    fn push(&mut self, bytes: &[u8], admission: &mut Admission) -> Result<Progress, Fault> {
        if self.first_content.is_none() && self.head.len() < MAX_HELD {
            self.head.extend_from_slice(bytes);
        }
        self.framer.push(bytes);
        loop {
            match self.framer.next_event() {
                Ok(Some(event)) => {
                    if let Progress::End = self.event(event.name.as_deref(), event.data, admission)? {
                        return Ok(Progress::End);
                    }
                }
                Ok(None) => return Ok(Progress::More),
                Err(_) => {
                    return Err(Fault::new(Kind::Malformed, "an event is larger than 8 MiB").maybe_billed());
                }
            }
        }
    }

    fn event(
        &mut self,
        name: Option<&str>,
        data: String,
        admission: &mut Admission,
    ) -> Result<Progress, Fault> {
        match chunk::read(name, &data) {
            Data::Done if self.whole.finished() => Ok(Progress::End),
            Data::Done => Err(self.fault(Kind::Truncated, "[DONE] came without a finish reason")),
            Data::Error(error) => {
                let error = admission.target.redacted(error);
                Err(classify(self.head_of.status, self.head_of.hint, &error))
            }
            Data::Undecodable => {
                self.skipped += 1;
                self.undecodable_run += 1;
                if self.undecodable_run >= MAX_UNDECODABLE {
                    return Err(self.fault(Kind::Malformed, "three events in a row could not be read"));
                }
                Ok(Progress::More)
            }
            Data::Opaque => {
                self.undecodable_run = 0;
                self.content(admission);
                self.sink.chunk(data);
                Ok(Progress::More)
            }
            Data::Chunk(value) => {
                self.undecodable_run = 0;
                if chunk::gave_up(&value) {
                    return Err(attempt::gave_up(self.head_of.status));
                }
                let content = chunk::has_content(&value);
                self.whole.add(value);
                self.delivered += data.len();
                if self.delivered > MAX_ANSWER {
                    return Err(self.fault(Kind::Malformed, "the stream is larger than 64 MiB"));
                }
                if content {
                    self.content(admission);
                }
                if self.first_content.is_some() {
                    self.sink.chunk(data);
                } else {
                    self.hold(data)?;
                }
                Ok(Progress::More)
            }
        }
    }

    fn content(&mut self, admission: &mut Admission) {
        let now = now();
        if self.first_content.is_some() {
            let gap = now.saturating_duration_since(self.last_content);
            admission.target.stats.lock().latencies.record(Part::Gap, gap);
        }
        self.last_content = now;
        self.commit(admission);
    }

    /// The commit point: what was held back is passed on, and nobody else will answer this call.
    fn commit(&mut self, admission: &mut Admission) {
        if self.first_content.is_some() {
            return;
        }
        let now = now();
        self.first_content = Some(now);
        self.head = Vec::new();
        self.call.commit(admission, now.saturating_duration_since(admission.began));
        for data in self.held.drain(..) {
            self.sink.chunk(data);
        }
    }

    fn hold(&mut self, data: String) -> Result<(), Fault> {
        self.held_bytes += data.len();
        if self.held_bytes > MAX_HELD {
            return Err(self.fault(Kind::Malformed, "a mebibyte came without any content"));
        }
        self.held.push(data);
        Ok(())
    }

    /// The body ended by itself.
    fn end(
        &mut self,
        decoder: &mut crate::net::decode::Decoder,
        admission: &mut Admission,
    ) -> Result<(), Fault> {
        match decoder.finish() {
            Ok(rest) => {
                if let Progress::End = self.push(&rest, admission)? {
                    return Ok(());
                }
            }
            Err(e) if !self.whole.finished() => return Err(attempt::undecodable(e)),
            Err(_) => {}
        }
        if let Some(event) = self.framer.finish() {
            self.event(event.name.as_deref(), event.data, admission)?;
        }
        if self.whole.finished() {
            return Ok(());
        }
        if self.delivered == 0
            && let Some(fault) = self.not_a_stream(&admission.target)
        {
            return Err(fault);
        }
        // "None sound after it": a stream that ends in undecodable events was malformed, not cut.
        let kind = if self.undecodable_run > 0 { Kind::Malformed } else { Kind::Truncated };
        Err(self.fault(kind, "the stream ended without a finish reason"))
    }

    /// Errors come as plain JSON under the content type of a stream, and proxies send pages.
    fn not_a_stream(&self, target: &Target) -> Option<Fault> {
        let start = self.head.iter().find(|b| !b.is_ascii_whitespace())?;
        if !matches!(start, b'{' | b'[' | b'<') {
            return None;
        }
        let mut head = String::from_utf8_lossy(&self.head).into_owned();
        target.redact(&mut head);
        let error = crate::dialect::error_body::read(head.as_bytes());
        if *start == b'<' || (error.code.is_none() && error.kind.is_none() && error.status.is_none()) {
            return Some(
                self.fault(Kind::Malformed, &format!("the answer is no event stream: {}", error.message)),
            );
        }
        Some(classify(self.head_of.status, self.head_of.hint, &error))
    }

    fn broken(&self, why: String) -> Fault {
        self.fault(Kind::Truncated, &why)
    }

    fn fault(&self, kind: Kind, message: &str) -> Fault {
        Fault { status: Some(self.head_of.status), ..Fault::new(kind, message).maybe_billed() }
    }
}

enum Frame {
    Data,
    End,
    Broken(String),
    TimedOut,
}

async fn next_frame(body: &mut Body, mut timer: Pin<&mut Sleep>, out: &mut Vec<u8>) -> Frame {
    poll_fn(|cx| match body.poll_data(cx, out) {
        Poll::Ready(Ok(true)) => Poll::Ready(Frame::Data),
        Poll::Ready(Ok(false)) => Poll::Ready(Frame::End),
        Poll::Ready(Err(why)) => Poll::Ready(Frame::Broken(why)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| Frame::TimedOut),
    })
    .await
}

/// Reads the rest of a finished body away, so that the pool gets the connection back.
fn drain(mut body: Body) {
    if body.is_end() {
        return;
    }
    tokio::spawn(async move {
        let _ = time::timeout(DRAIN, async {
            let mut rest = Vec::new();
            while let Ok(true) = body.data(&mut rest).await {
                rest.clear();
            }
        })
        .await;
    });
}

fn timeout_message(kind: Kind) -> &'static str {
    if kind == Kind::FirstContentTimeout {
        "no content arrived in time"
    } else {
        "the content stopped coming"
    }
}
