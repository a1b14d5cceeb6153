//! The attempts of one call, as they began. One that is under way when the call ends is told all the same.

use std::time::Instant;

use super::report::{Attempt, AttemptOutcome};
use crate::reason::Reason;

#[derive(Default)]
pub struct Trail {
    attempts: Vec<Attempt>,
    /// Which of them are under way, and since when.
    open: Vec<(usize, Instant)>,
    /// A second request was sent for a slow first.
    pub hedged: bool,
}

impl Trail {
    /// An attempt begins; its number is for the other functions.
    pub fn begin(&mut self, attempt: Attempt, now: Instant) -> usize {
        self.attempts.push(attempt);
        self.open.push((self.attempts.len() - 1, now));
        self.attempts.len() - 1
    }

    /// A candidate was passed over.
    pub fn skip(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
    }

    pub fn change(&mut self, number: usize, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.attempts.get_mut(number) {
            change(attempt);
        }
    }

    /// An attempt has ended. `None` when it had already.
    pub fn end(
        &mut self,
        number: usize,
        outcome: AttemptOutcome,
        reason: Option<Reason>,
        now: Instant,
    ) -> Option<&Attempt> {
        let at = self.open.iter().position(|(open, _)| *open == number)?;
        let (_, began) = self.open.swap_remove(at);
        let attempt = self.attempts.get_mut(number)?;
        attempt.outcome = outcome;
        attempt.reason = reason;
        attempt.duration_ms = now.saturating_duration_since(began);
        Some(attempt)
    }

    /// Numbers of those under way, in their order.
    pub fn under_way(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.open.iter().map(|(number, _)| *number).collect();
        open.sort_unstable();
        open
    }

    /// The last one that was sent: `outcome` says what came after it.
    pub fn amend_last(&mut self, outcome: AttemptOutcome) {
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
