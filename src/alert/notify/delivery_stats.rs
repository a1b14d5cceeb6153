//! Counts alerts by receiver and delivery outcome.

use std::collections::BTreeMap;

use parking_lot::Mutex;

#[derive(Default)]
pub struct DeliveryStats(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

// === impl DeliveryStats ===

impl DeliveryStats {
    pub(super) fn add(&self, receiver: &'static str, outcome: &'static str, alerts: usize) {
        *self.0.lock().entry((receiver, outcome)).or_default() += alerts as u64;
    }

    /// Receiver, outcome (sent, failed, dropped) and count.
    pub fn all(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.0.lock().iter().map(|((receiver, outcome), count)| (*receiver, *outcome, *count)).collect()
    }
}
