//! Counts how calls ended over some time, and how they would have ended without failover.

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    time::Duration,
};

use crate::observe::observation::{CallObservation, CallOutcome};

/// The most distinct users counted; the report states when there are more.
pub const MOST_USERS: usize = 10_000;

#[derive(Clone, Debug, Default)]
pub struct CallTally {
    pub calls: u64,
    /// Neither answered nor queued, and neither the caller's mistake nor an abort.
    pub failed: u64,
    pub queued: u64,
    pub fallback: u64,
    /// Answered, although the primary failed or was ejected.
    pub rescued: u64,
    /// Calls that the primary failed, or would have failed.
    pub failed_without_failover: u64,
    pub latency: MeanLatency,
    /// The extra cost of answers against the primary's price, in pico-dollars; negative when cheaper.
    pub extra: i128,
    /// Answers without a known extra cost.
    pub unpriced: u64,
    pub users: Users,
    pub failed_users: Users,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct MeanLatency {
    count: u64,
    sum: Duration,
}

/// Distinct users, by hash.
#[derive(Clone, Debug, Default)]
pub struct Users(HashSet<u64>);

impl MeanLatency {
    pub fn add(&mut self, took: Duration) {
        self.count += 1;
        self.sum = self.sum.saturating_add(took);
    }

    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
    }

    pub fn get(&self) -> Option<Duration> {
        (self.count > 0).then(|| self.sum.div_f64(self.count as f64))
    }
}

impl Users {
    fn add(&mut self, user: Option<&str>) {
        if let Some(user) = user.filter(|_| self.0.len() < MOST_USERS) {
            self.0.insert(BuildHasherDefault::<DefaultHasher>::default().hash_one(user));
        }
    }

    fn merge(&mut self, other: Self) {
        for user in other.0 {
            if self.0.len() >= MOST_USERS {
                return;
            }
            self.0.insert(user);
        }
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl CallTally {
    pub fn add(&mut self, call: &CallObservation) {
        self.calls += 1;
        let failed = call.is_failed();
        self.failed += u64::from(failed);
        self.queued += u64::from(call.outcome == CallOutcome::Queued);
        self.fallback += u64::from(call.outcome == CallOutcome::Fallback);
        if call.failed_without_failover() {
            self.failed_without_failover += 1;
            self.users.add(call.user.as_deref());
        }
        if failed {
            self.failed_users.add(call.user.as_deref());
        }
        let Some(answer) = &call.answer else { return };
        self.latency.add(call.took);
        if call.is_rescued() {
            self.rescued += 1;
        }
        if call.primary.as_ref() == Some(&answer.place) {
            return;
        }
        match (answer.cost, answer.usual_cost) {
            (Some(cost), Some(primary)) => {
                // Both are far below the range of an i128.
                let picos =
                    |money: crate::cost::price::Money| i128::try_from(money.picos()).unwrap_or(i128::MAX);
                self.extra = self.extra.saturating_add(picos(cost).saturating_sub(picos(primary)));
            }
            _ => self.unpriced += 1,
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.failed += other.failed;
        self.queued += other.queued;
        self.fallback += other.fallback;
        self.rescued += other.rescued;
        self.failed_without_failover += other.failed_without_failover;
        self.latency.merge(other.latency);
        self.extra = self.extra.saturating_add(other.extra);
        self.unpriced += other.unpriced;
        self.users.merge(other.users);
        self.failed_users.merge(other.failed_users);
    }
}
