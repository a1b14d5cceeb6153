//! The attempts of one call in the order they began, also those still running when the call ends.

use std::time::Instant;

use super::report::{Attempt, AttemptOutcome};
use crate::base::reason::Reason;

#[derive(Default)]
pub struct AttemptLog {
    attempts: Vec<Attempt>,
    /// Running attempts by number, with their start.
    open: Vec<(usize, Instant)>,
    /// Attempts that ended or were skipped and have not been emitted yet.
    unreported: Vec<usize>,
    /// A hedge was sent.
    pub hedged: bool,
    /// The accountant has recorded what may be billed.
    pub cost_recorded: bool,
}

impl AttemptLog {
    /// Adds a running attempt and returns its number.
    pub fn begin(&mut self, attempt: Attempt, now: Instant) -> usize {
        self.attempts.push(attempt);
        self.open.push((self.attempts.len() - 1, now));
        self.attempts.len() - 1
    }

    /// Adds a candidate that was skipped.
    pub fn skip(&mut self, attempt: Attempt) {
        self.unreported.push(self.attempts.len());
        self.attempts.push(attempt);
    }

    pub fn change(&mut self, number: usize, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.attempts.get_mut(number) {
            change(attempt);
        }
    }

    /// Ends an attempt. Does nothing if it has ended.
    pub fn end(&mut self, number: usize, outcome: AttemptOutcome, reason: Option<Reason>, now: Instant) {
        let Some(at) = self.open.iter().position(|(open, _)| *open == number) else { return };
        let (_, began) = self.open.swap_remove(at);
        let Some(attempt) = self.attempts.get_mut(number) else { return };
        attempt.outcome = outcome;
        attempt.reason = reason;
        attempt.duration_ms = now.saturating_duration_since(began);
        self.unreported.push(number);
    }

    /// Takes the attempts that have not been emitted yet, in order.
    pub fn unreported(&mut self) -> impl Iterator<Item = &Attempt> {
        let mut numbers = std::mem::take(&mut self.unreported);
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| self.attempts.get(number))
    }

    pub fn has_unreported(&self) -> bool {
        !self.unreported.is_empty()
    }

    /// The numbers of running attempts, in order.
    pub fn under_way(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.open.iter().map(|(number, _)| *number).collect();
        open.sort_unstable();
        open
    }

    /// Sets what followed the last attempt that was sent.
    pub fn set_last_outcome(&mut self, outcome: AttemptOutcome) {
        let last = self.attempts.iter_mut().rev().find(|a| a.outcome != AttemptOutcome::Skipped);
        if let Some(last) = last {
            last.outcome = outcome;
        }
    }

    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    pub fn take(&mut self) -> Vec<Attempt> {
        std::mem::take(&mut self.attempts)
    }
}
