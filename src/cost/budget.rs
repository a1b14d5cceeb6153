//! A cost budget: its limit, its period, and what happens when it is exhausted.

use super::{calendar::Period, price::Money};

#[derive(Clone, Debug, PartialEq)]
pub struct CostBudgetConfig {
    pub name: String,
    pub limit: Money,
    pub per: Period,
    /// Counts only calls with this tag, of this value or any.
    pub tag: Option<(String, Option<String>)>,
    /// Shares of the limit at which a warning is emitted, ascending.
    pub warn_at: Vec<f64>,
    pub then: BudgetAction,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BudgetAction {
    Warn,
    Reject,
    /// Calls take this routing rule.
    Downgrade(String),
}

/// A clock set back by less continues the current period, in milliseconds.
const SET_BACK: u64 = 3_600_000;

/// A budget and what was spent of it in the current period.
#[derive(Clone, Debug)]
pub struct CostBudget {
    pub config: CostBudgetConfig,
    window: u64,
    spent: Money,
    /// How many shares have been emitted.
    warned: usize,
}

/// A share of the limit that a charge reached.
#[derive(Clone, Debug, PartialEq)]
pub struct ReachedShare {
    pub share: f64,
    pub spent: Money,
}

impl CostBudgetConfig {
    /// Whether it counts a call with these tags.
    pub fn covers(&self, tags: &[(String, String)]) -> bool {
        let Some((name, value)) = &self.tag else { return true };
        tags.iter().any(|(n, v)| n == name && value.as_ref().is_none_or(|value| value == v))
    }
}

impl CostBudget {
    pub fn new(config: CostBudgetConfig, now: u64) -> Self {
        Self { window: config.per.window(now), config, spent: Money::default(), warned: 0 }
    }

    fn turn(&mut self, now: u64) {
        let window = self.config.per.window(now);
        if window > self.window {
            *self = Self { window, spent: Money::default(), warned: 0, config: self.config.clone() };
        } else if now.saturating_add(SET_BACK) < self.config.per.begins(self.window) {
            // A corrected clock does not bring money back. But a period in the future would last too long.
            self.window = window;
        }
    }

    /// Whether it counts the same calls over the same period.
    pub fn counts_as(&self, config: &CostBudgetConfig) -> bool {
        (self.config.per, &self.config.tag) == (config.per, &config.tag)
    }

    /// Charges a cost and returns the shares that it reached.
    pub fn charge(&mut self, cost: Money, now: u64) -> Vec<ReachedShare> {
        self.turn(now);
        self.spent += cost;
        let spent = self.spent;
        let limit = self.config.limit.picos() as f64;
        let reached = |share: &&f64| spent.picos() as f64 >= **share * limit;
        let new: Vec<ReachedShare> = self.config.warn_at[self.warned..]
            .iter()
            .take_while(reached)
            .map(|share| ReachedShare { share: *share, spent })
            .collect();
        self.warned += new.len();
        new
    }

    /// Whether it is exhausted.
    pub fn exceeded(&mut self, now: u64) -> bool {
        self.turn(now);
        self.spent >= self.config.limit
    }

    pub fn spent(&mut self, now: u64) -> Money {
        self.turn(now);
        self.spent
    }

    /// When the next period begins, in milliseconds since 1970.
    pub fn renews_at(&self) -> u64 {
        self.config.per.begins(self.window + 1)
    }
}

/// A share of a budget was reached.
#[derive(Clone, Debug)]
pub struct BudgetThreshold {
    pub budget: String,
    pub share: f64,
    pub spent_usd: f64,
    pub limit_usd: f64,
    pub per: &'static str,
    /// Milliseconds since 1970.
    pub renews_at: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn budget(limit: u128, warn_at: &[f64]) -> CostBudget {
        let config = CostBudgetConfig {
            name: "b".into(),
            limit: Money::of_picos(limit),
            per: Period::Hour,
            tag: None,
            warn_at: warn_at.to_vec(),
            then: BudgetAction::Reject,
        };
        CostBudget::new(config, 0)
    }

    #[test]
    fn each_share_is_told_once_a_period() {
        let mut budget = budget(100, &[0.5, 0.8, 1.0]);
        let shares = |b: &mut CostBudget, cost, at| -> Vec<f64> {
            b.charge(Money::of_picos(cost), at).iter().map(|r| r.share).collect()
        };
        assert_eq!(shares(&mut budget, 49, 0), Vec::<f64>::new());
        assert_eq!(shares(&mut budget, 1, 1), [0.5]);
        assert_eq!(shares(&mut budget, 1, 2), Vec::<f64>::new());
        assert!(!budget.exceeded(3));
        assert_eq!(shares(&mut budget, 60, 4), [0.8, 1.0]);
        assert!(budget.exceeded(HOUR - 1) && budget.renews_at() == HOUR);
        assert!(!budget.exceeded(HOUR));
        assert_eq!(shares(&mut budget, 99, HOUR + 1), [0.5, 0.8]);
        // The clock is set back: the current period continues.
        assert_eq!(shares(&mut budget, 1, 5), [1.0]);
        assert!(budget.exceeded(5));
    }

    #[test]
    fn a_clock_that_was_ahead_for_years_holds_up_no_budget() {
        let mut budget = budget(100, &[1.0]);
        let (present, future) = (5 * HOUR, 5_000 * HOUR);
        budget.charge(Money::of_picos(60), present);
        assert_eq!(budget.charge(Money::of_picos(100), future).len(), 1);
        // What is spent meanwhile counts in the real hour.
        assert!(budget.exceeded(present + 1) && budget.renews_at() == 6 * HOUR);
        assert_eq!(budget.charge(Money::of_picos(1), present + 2), [], "was told");
        assert!(!budget.exceeded(6 * HOUR));
    }

    #[test]
    fn tags() {
        let of = |tag: Option<(&str, Option<&str>)>| CostBudgetConfig {
            tag: tag.map(|(n, v)| (n.to_owned(), v.map(str::to_owned))),
            ..budget(1, &[]).config
        };
        let tags = [("team".to_owned(), "search".to_owned())];
        for (tag, covers) in [
            (None, true),
            (Some(("team", None)), true),
            (Some(("team", Some("search"))), true),
            (Some(("team", Some("ads"))), false),
            (Some(("user", None)), false),
        ] {
            assert_eq!(of(tag).covers(&tags), covers, "{tag:?}");
        }
    }
}
