//! The retry budget: retries in the last ten seconds may not exceed a share of the successes in that
//! time plus a small reserve, so that an outage is not amplified.
//! After Finagle's `RetryBudget` (twitter/finagle, RetryBudget.scala).

use std::time::{Duration, Instant};

const WINDOW: u64 = 10;

#[derive(Clone, Debug, PartialEq)]
pub struct RetryBudgetConfig {
    /// Retries allowed per success.
    pub ratio: f64,
    /// Retries allowed per second without any success.
    pub per_second: f64,
}

impl Default for RetryBudgetConfig {
    fn default() -> Self {
        Self { ratio: 0.2, per_second: 0.2 }
    }
}

#[derive(Clone, Copy, Default)]
struct BudgetSecond {
    second: u64,
    successes: u32,
    retries: u32,
}

pub struct RetryBudget {
    config: RetryBudgetConfig,
    epoch: Instant,
    slots: [BudgetSecond; WINDOW as usize],
}

impl RetryBudget {
    pub fn new(config: RetryBudgetConfig, now: Instant) -> Self {
        Self { config, epoch: now, slots: [BudgetSecond::default(); WINDOW as usize] }
    }

    pub fn deposit(&mut self, now: Instant) {
        let slot = self.slot(now);
        slot.successes = slot.successes.saturating_add(1);
    }

    /// Takes one retry from the budget; false when it is exhausted.
    pub fn withdraw(&mut self, now: Instant) -> bool {
        let allowed = self.available(now) >= 1.0 - 1e-9;
        if allowed {
            let slot = self.slot(now);
            slot.retries = slot.retries.saturating_add(1);
        }
        allowed
    }

    fn available(&self, now: Instant) -> f64 {
        let current = self.second(now);
        let recent = self.slots.iter().filter(|s| s.second + WINDOW > current);
        let (successes, retries) = recent
            .fold((0.0, 0.0), |(s, r), slot| (s + f64::from(slot.successes), r + f64::from(slot.retries)));
        self.config.per_second * WINDOW as f64 + self.config.ratio * successes - retries
    }

    fn slot(&mut self, now: Instant) -> &mut BudgetSecond {
        let second = self.second(now);
        let slot = &mut self.slots[(second % WINDOW) as usize];
        if slot.second != second {
            *slot = BudgetSecond { second, ..BudgetSecond::default() };
        }
        slot
    }

    fn second(&self, now: Instant) -> u64 {
        // Counted from `WINDOW`, so that an empty slot's zero is always in the past.
        Duration::as_secs(&now.saturating_duration_since(self.epoch)) + WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn withdraw_all(budget: &mut RetryBudget, now: Instant) -> u32 {
        (0..1_000).map(|_| u32::from(budget.withdraw(now))).sum()
    }

    #[test]
    fn reserve_without_success_refills_with_time() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(RetryBudgetConfig::default(), now);
        assert_eq!(withdraw_all(&mut budget, now), 2);
        assert_eq!(withdraw_all(&mut budget, now + Duration::from_secs(9)), 0);
        assert_eq!(withdraw_all(&mut budget, now + Duration::from_secs(10)), 2);
    }

    proptest! {
        // The naive model keeps every event and counts those younger than ten seconds.
        #[test]
        fn equals_a_naive_recount(steps in proptest::collection::vec((0u64..3_000, 0u32..8, any::<bool>()), 0..200)) {
            let start = Instant::now();
            let mut budget = RetryBudget::new(RetryBudgetConfig::default(), start);
            let (mut successes, mut retries) = (Vec::new(), Vec::new());
            let mut at = 0;
            for (wait, answered, retry) in steps {
                at += wait;
                let now = start + Duration::from_millis(at);
                let second = at / 1_000;
                for _ in 0..answered {
                    budget.deposit(now);
                    successes.push(second);
                }
                if retry {
                    let recent = |all: &[u64]| all.iter().filter(|s| **s + 10 > second).count();
                    // In fifths, so that it is exact.
                    let allowed = 10 + recent(&successes) >= 5 * (recent(&retries) + 1);
                    prop_assert_eq!(budget.withdraw(now), allowed);
                    retries.extend(allowed.then_some(second));
                }
            }
        }
    }

    #[test]
    fn a_fifth_of_successes() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(RetryBudgetConfig::default(), now);
        for _ in 0..100 {
            budget.deposit(now);
        }
        assert_eq!(withdraw_all(&mut budget, now), 22);
    }

    #[test]
    fn an_outage_of_a_minute_is_amplified_by_a_fifth_a_second_at_most() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(RetryBudgetConfig::default(), start);
        let retries: u32 =
            (0..6_000).map(|i| u32::from(budget.withdraw(start + Duration::from_millis(i * 10)))).sum();
        assert_eq!(retries, 12);
    }
}
