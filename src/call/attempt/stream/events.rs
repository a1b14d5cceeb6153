//! Handles a stream's events: what each means, and what is passed on.

use crate::call::attempt::faults;
use serde_json::Value;

use super::{ChatStreamReader, ReadProgress};
use crate::{
    base::{clock::now, vendor_error::VendorError},
    call::{attempt::body::MAX_ANSWER, output::OutputEncoding},
    dialect::{
        chunks::DecodedEvent,
        openai::{
            accumulate::Accumulator,
            chunk::{self, EventData},
        },
    },
    observe::latency::LatencyPhase,
    policy::{
        classify::classify,
        fault::{Fault, FaultKind},
    },
    state::admission::Admission,
};

/// The most that is held back before the first content, in bytes.
const MAX_HELD: usize = 1 << 20;
/// This many undecodable events in a row make a stream malformed.
const MAX_UNDECODABLE: u32 = 3;

impl ChatStreamReader<'_> {
    pub(super) fn push(&mut self, bytes: &[u8], admission: &mut Admission) -> Result<ReadProgress, Fault> {
        if self.first_content.is_none() && self.start.len() < MAX_HELD {
            self.start.extend_from_slice(bytes);
        }
        self.framer.push(bytes);
        self.events(admission)
    }

    /// Handles the received events up to the commit point. Events after it in the same bytes stay pending.
    pub(super) fn events(&mut self, admission: &mut Admission) -> Result<ReadProgress, Fault> {
        let uncommitted = self.first_content.is_none() && !self.call.streams.commit_at_end;
        self.pending = true;
        loop {
            match self.framer.next_event() {
                Ok(Some(event)) => {
                    if let ReadProgress::End = self.event(event.name.as_deref(), event.data, admission)? {
                        return Ok(ReadProgress::End);
                    }
                    if uncommitted && self.first_content.is_some() {
                        return Ok(ReadProgress::More);
                    }
                }
                Ok(None) => {
                    self.pending = false;
                    return Ok(ReadProgress::More);
                }
                Err(_) => {
                    return Err(
                        Fault::new(FaultKind::Malformed, "an event is larger than 8 MiB").maybe_billed()
                    );
                }
            }
        }
    }

    pub(super) fn event(
        &mut self,
        name: Option<&str>,
        data: String,
        admission: &mut Admission,
    ) -> Result<ReadProgress, Fault> {
        self.received += data.len();
        if self.received > MAX_ANSWER {
            return Err(self.fault(FaultKind::Malformed, "the stream is larger than 64 MiB"));
        }
        let as_it_came = self.encoding.event(name, &data);
        let progress = self.read_event(name, data, admission)?;
        if let Some(event) = as_it_came {
            self.hold(event)?;
        }
        Ok(progress)
    }

    fn read_event(
        &mut self,
        name: Option<&str>,
        data: String,
        admission: &mut Admission,
    ) -> Result<ReadProgress, Fault> {
        if let Some(translator) = &mut self.translator {
            let decoded = translator.event(name, &data);
            return self.translated(decoded, admission);
        }
        match chunk::read(name, &data) {
            EventData::Done => self.done(),
            EventData::Error(error) => Err(self.fault_of(error)),
            EventData::Undecodable => self.undecodable(),
            EventData::Opaque => {
                self.undecodable_run = 0;
                self.content(admission);
                match self.encoding {
                    OutputEncoding::Objects => self.hold(data)?,
                    OutputEncoding::Raw => {}
                    OutputEncoding::Encoded(_) => self.skipped += 1,
                }
                Ok(ReadProgress::More)
            }
            EventData::Chunk(value) => {
                self.undecodable_run = 0;
                self.chunk(value, data, admission)?;
                Ok(ReadProgress::More)
            }
        }
    }

    /// Handles an event of another dialect.
    fn translated(
        &mut self,
        decoded: DecodedEvent,
        admission: &mut Admission,
    ) -> Result<ReadProgress, Fault> {
        match decoded {
            DecodedEvent::Done => return self.done(),
            DecodedEvent::Error(error) => return Err(self.fault_of(error)),
            DecodedEvent::Void(why) => return Err(self.fault(FaultKind::Malformed, &why)),
            DecodedEvent::Undecodable => return self.undecodable(),
            DecodedEvent::Nothing => {}
            DecodedEvent::Chunks(chunks) => {
                self.undecodable_run = 0;
                for value in chunks {
                    // Usage is passed on only when the caller asked for it, once at the end: some vendors
                    // repeat it in every event. We need it in any case.
                    let only_usage = value["choices"].as_array().is_some_and(Vec::is_empty);
                    if only_usage && !(self.request.include_usage && self.whole.finished()) {
                        self.whole.add(value);
                    } else {
                        let text = value.to_string();
                        self.chunk(value, text, admission)?;
                    }
                }
            }
        }
        Ok(ReadProgress::More)
    }

    /// Handles the vendor's end marker.
    fn done(&self) -> Result<ReadProgress, Fault> {
        if self.whole.finished() {
            return Ok(ReadProgress::End);
        }
        Err(self.fault(FaultKind::Truncated, "the stream ended without a finish reason"))
    }

    /// The fault for an error event.
    fn fault_of(&self, error: VendorError) -> Fault {
        classify(self.head.status, self.head.retry_after, &self.target.redacted(error))
    }

    fn undecodable(&mut self) -> Result<ReadProgress, Fault> {
        self.skipped += 1;
        self.undecodable_run += 1;
        if self.undecodable_run >= MAX_UNDECODABLE {
            return Err(self.fault(FaultKind::Malformed, "three events in a row could not be read"));
        }
        Ok(ReadProgress::More)
    }

    fn chunk(&mut self, value: Value, text: String, admission: &mut Admission) -> Result<(), Fault> {
        if chunk::gave_up(&value) {
            return Err(faults::gave_up(self.head.status));
        }
        let content = chunk::has_content(&value);
        // Another bellwether behind this endpoint restarted its answer: discard what it sent before.
        if value["bellwether"]["event"] == "restart" {
            self.whole = Accumulator::default();
        }
        let bytes = self.encoding.chunk(&value, text);
        self.whole.add(value);
        if content {
            self.content(admission);
        }
        if bytes.is_empty() { Ok(()) } else { self.hold(bytes) }
    }

    fn content(&mut self, admission: &mut Admission) {
        let now = now();
        if self.first_content.is_some() {
            let gap = now.saturating_duration_since(self.last_content);
            self.target.time(LatencyPhase::Gap, gap);
        }
        self.last_content = now;
        self.answered(admission);
    }

    /// Marks the attempt as answered at the commit point, or when content has begun.
    pub(super) fn answered(&mut self, admission: &mut Admission) {
        if self.first_content.is_some() {
            return;
        }
        let now = now();
        self.first_content = Some(now);
        self.start = Vec::new();
        self.call.commit(admission, now.saturating_duration_since(self.began));
    }

    /// Holds a chunk until it may be passed on.
    fn hold(&mut self, data: String) -> Result<(), Fault> {
        // Chunks after the first content are passed on at once; with `commit: 'end'` the whole answer is
        // bounded elsewhere.
        if self.first_content.is_none() {
            self.held_bytes += data.len();
            if self.held_bytes > MAX_HELD {
                return Err(self.fault(FaultKind::Malformed, "1 MiB arrived without any content"));
            }
        }
        self.held.push(data);
        Ok(())
    }
}
