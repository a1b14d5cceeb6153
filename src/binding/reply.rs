//! The single answer of a slot, whatever happens to the work behind it.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    item::{Item, ItemSink},
    stream_window::StreamWindow,
};
use crate::call::{error::CallError, sink::StreamSink};

pub struct SlotReply {
    sink: Arc<dyn ItemSink>,
    slot: u32,
    settled: bool,
}

impl SlotReply {
    pub fn new(sink: Arc<dyn ItemSink>, slot: u32) -> Self {
        Self { sink, slot, settled: false }
    }

    pub fn slot(&self) -> u32 {
        self.slot
    }

    pub fn resolve(mut self, body: String, report: String) {
        self.settle(|slot| Item::Resolve { slot, body: body.into(), report: report.into() });
    }

    pub fn reject(mut self, error: &CallError) {
        self.settle(|slot| Item::Reject { slot, error: error.to_json().into() });
    }

    fn settle(&mut self, item: impl FnOnce(u32) -> Item) {
        self.settled = true;
        // Free the slot first: JavaScript may reuse it as soon as it has the end.
        self.sink.ended(self.slot);
        self.sink.push(item(self.slot));
    }
}

impl Drop for SlotReply {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        if std::thread::panicking() {
            let error = CallError::defect();
            self.settle(|slot| Item::Reject { slot, error: error.to_json().into() });
        } else {
            self.settle(|slot| Item::Dropped { slot });
        }
    }
}

/// Sends a stream's chunks to a slot, as far ahead as its window allows.
pub struct SlotSink {
    pub sink: Arc<dyn ItemSink>,
    pub slot: u32,
    pub window: Arc<StreamWindow>,
    /// Nothing was sent yet.
    pub first: bool,
}

impl StreamSink for SlotSink {
    fn chunk(&mut self, json: String) {
        self.window.sent(json.len());
        let first = std::mem::take(&mut self.first);
        self.sink.push(Item::Chunk { slot: self.slot, chunk: json.into(), first });
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.window.poll_ready(cx)
    }
}
