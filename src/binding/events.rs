//! Sends events to JavaScript.

use super::item::ItemSink;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use super::{hub::HubInner, item::Item};
use crate::base::event::{EventKind, EventSink};

pub struct JsEvents {
    pub hub: Arc<HubInner>,
    pub client: u32,
    /// One bit for each event kind that has listeners.
    pub wanted: AtomicU32,
}

impl EventSink for JsEvents {
    fn wants(&self, kind: EventKind) -> bool {
        self.wanted.load(Ordering::Relaxed) & (1 << kind as u32) != 0
    }

    fn emit(&self, kind: EventKind, json: String) {
        self.hub.push(Item::Event { client: self.client, kind: kind as u32, payload: json.into() });
    }
}
