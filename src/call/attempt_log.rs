//! The attempts of one call, as they began. One that is under way when the call ends is told all the same.

use std::time::Instant;

use super::report::{Attempt, AttemptOutcome};
use crate::base::reason::Reason;

#[derive(Default)]
pub struct AttemptLog {
    attempts: Vec<Attempt>,
    /// Which of them are under way, and since when.
    open: Vec<(usize, Instant)>,
    /// Which have ended or were skipped since listeners last heard.
    unreported: Vec<usize>,
    /// A second request was sent for a slow first.
    pub hedged: bool,
    /// What may be billed of it is in the books.
    pub booked: bool,
}

impl AttemptLog {
    /// An attempt begins; its number is for the other functions.
    pub fn begin(&mut self, attempt: Attempt, now: Instant) -> usize {
        self.attempts.push(attempt);
        self.open.push((self.attempts.len() - 1, now));
        self.attempts.len() - 1
    }

    /// A candidate was passed over.
    pub fn skip(&mut self, attempt: Attempt) {
        self.unreported.push(self.attempts.len());
        self.attempts.push(attempt);
    }

    pub fn change(&mut self, number: usize, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.attempts.get_mut(number) {
            change(attempt);
        }
    }

    /// An attempt has ended, unless it had already.
    pub fn end(&mut self, number: usize, outcome: AttemptOutcome, reason: Option<Reason>, now: Instant) {
        let Some(at) = self.open.iter().position(|(open, _)| *open == number) else { return };
        let (_, began) = self.open.swap_remove(at);
        let Some(attempt) = self.attempts.get_mut(number) else { return };
        attempt.outcome = outcome;
        attempt.reason = reason;
        attempt.duration_ms = now.saturating_duration_since(began);
        self.unreported.push(number);
    }

    /// What listeners have not heard of yet, in order; they have then.
    pub fn unreported(&mut self) -> impl Iterator<Item = &Attempt> {
        let mut numbers = std::mem::take(&mut self.unreported);
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| self.attempts.get(number))
    }

    pub fn has_unreported(&self) -> bool {
        !self.unreported.is_empty()
    }

    /// Numbers of those under way, in their order.
    pub fn under_way(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.open.iter().map(|(number, _)| *number).collect();
        open.sort_unstable();
        open
    }

    /// The last one that was sent: `outcome` says what came after it.
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
