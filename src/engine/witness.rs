//! Who sees the end of every attempt and of every call, and keeps what people look at later. It outlives reloads.

use std::sync::Arc;

use crate::observe::{
    meters::{Meters, Move},
    sighting::{AttemptSeen, CallSeen},
};

#[derive(Default)]
pub struct Witness {
    pub meters: Arc<Meters>,
}

impl Witness {
    /// An attempt was booked. It is counted elsewhere, once what followed from it is known.
    pub fn attempt(&self, _seen: &AttemptSeen) {}

    /// A call has come to its end, or was given up.
    pub fn call(&self, model: &str, seen: &CallSeen) {
        self.meters.call(model, seen.outcome, seen.took);
    }

    pub fn moved(&self, way: Move) {
        self.meters.moved(way);
    }
}
