//! Records what calls cost, and enforces cost budgets.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    budget::{BudgetAction, BudgetThreshold, CostBudget, CostBudgetConfig, ReachedShare},
    calendar::{self, Period},
    ledger::{CostTotals, Ledger, LedgerDay, LedgerEntry, truncated},
    price::Money,
};
use crate::base::{
    clock::WallClock,
    event::{self, EventKind, EventSink},
    timestamp::{epoch_ms, iso8601},
};

pub struct CostAccountant {
    pub account: Arc<SharedLedger>,
    budgets: Vec<Arc<Mutex<CostBudget>>>,
}

/// The ledger kept across reloads.
#[derive(Default)]
pub struct SharedLedger {
    ledger: Mutex<Ledger>,
    /// The ledger has entries that are not written yet.
    changed: AtomicBool,
}

/// What the budgets decide about a call.
#[derive(Debug)]
pub enum BudgetDecision {
    Go,
    /// Use this routing rule.
    Downgrade(String),
    Reject {
        budget: String,
        limit: Money,
        renews_at: u64,
    },
}

impl CostAccountant {
    /// The accountant of a client; `before` is its own from before a reload. An unchanged budget continues,
    /// another one starts with what its predecessor or the ledger has.
    pub fn new(budgets: &[CostBudgetConfig], before: Option<&Self>, wall: &dyn WallClock) -> Self {
        let now = epoch_ms(wall.now());
        let account = before.map(|accountant| accountant.account.clone()).unwrap_or_default();
        let known = |config: &CostBudgetConfig| {
            let budgets = before.map_or(&[][..], |accountant| &accountant.budgets);
            budgets.iter().find(|budget| budget.lock().config == *config).cloned()
        };
        let made = |config: &CostBudgetConfig| {
            let mut budget = CostBudget::new(config.clone(), now);
            // A budget that counted the same calls is more exact than the ledger, which counts by day.
            let alike = before.into_iter().flat_map(|accountant| &accountant.budgets).filter_map(|old| {
                let mut old = old.lock();
                old.counts_as(config).then(|| old.spent(now))
            });
            match alike.max() {
                Some(spent) => drop(budget.charge(spent, now)),
                None => seed_from_ledger(&mut budget, &account.ledger.lock(), now),
            }
            Arc::new(Mutex::new(budget))
        };
        let budgets = budgets.iter().map(|config| known(config).unwrap_or_else(|| made(config))).collect();
        Self { account, budgets }
    }

    /// Decides whether a call with these tags may be made. A rejection outweighs a downgrade.
    pub fn decide(&self, tags: &[(String, String)], now: u64) -> BudgetDecision {
        let mut verdict = BudgetDecision::Go;
        for budget in &self.budgets {
            let mut budget = budget.lock();
            if !budget.config.covers(tags) || !budget.exceeded(now) {
                continue;
            }
            match &budget.config.then {
                BudgetAction::Warn => {}
                BudgetAction::Downgrade(rule) => verdict = BudgetDecision::Downgrade(rule.clone()),
                BudgetAction::Reject => {
                    return BudgetDecision::Reject {
                        budget: budget.config.name.clone(),
                        limit: budget.config.limit,
                        renews_at: budget.renews_at(),
                    };
                }
            }
        }
        verdict
    }

    /// Records a call. Emits the budget shares that it reached, and returns them.
    pub fn record(
        &self,
        entry: &LedgerEntry<'_>,
        events: &dyn EventSink,
        wall: &dyn WallClock,
    ) -> Vec<BudgetThreshold> {
        let mut crossed = Vec::new();
        self.account.ledger.lock().record(entry);
        self.account.set_changed();
        let Some(cost) = entry.cost else { return crossed };
        for budget in &self.budgets {
            let mut budget = budget.lock();
            if !budget.config.covers(entry.tags) {
                continue;
            }
            let reached = budget.charge(cost, entry.at);
            for ReachedShare { share, spent } in reached {
                let config = &budget.config;
                let renews_at = budget.renews_at();
                crossed.push(BudgetThreshold {
                    budget: config.name.clone(),
                    share,
                    spent_usd: spent.usd(),
                    limit_usd: config.limit.usd(),
                    per: config.per.word(),
                    renews_at,
                });
                event::emit(events, EventKind::Budget, || {
                    json!({
                        "budget": config.name, "share": share, "spentUsd": spent.usd(),
                        "limitUsd": config.limit.usd(), "per": config.per.word(), "tag": tag(config),
                        "action": action(config, share), "renewsAt": renews_at, "at": iso8601(wall.now()),
                    })
                });
            }
        }
        crossed
    }

    /// Records the attempts of a call without an answer, by endpoint and model: vendors may bill them.
    pub fn record_unanswered<'a>(
        &self,
        attempts: impl Iterator<Item = (&'a str, &'a str)>,
        tags: &[(String, String)],
        wall: &dyn WallClock,
    ) {
        self.account.ledger.lock().record_unanswered(epoch_ms(wall.now()), attempts, tags);
        self.account.set_changed();
    }

    /// Every budget with its remaining amount.
    pub fn budgets(&self, now: u64) -> Value {
        self.budgets
            .iter()
            .map(|budget| {
                let mut budget = budget.lock();
                let spent = budget.spent(now);
                let config = &budget.config;
                json!({
                    "budget": config.name, "per": config.per.word(), "tag": tag(config),
                    "limitUsd": config.limit.usd(), "spentUsd": spent.usd(),
                    "remainingUsd": config.limit.saturating_sub(spent).usd(),
                    "exceeded": spent >= config.limit, "renewsAt": budget.renews_at(),
                })
            })
            .collect()
    }

    /// Every budget's name, period, spent amount and limit.
    pub fn levels(&self, now: u64) -> Vec<(String, &'static str, Money, Money)> {
        let level = |budget: &Arc<Mutex<CostBudget>>| {
            let mut budget = budget.lock();
            let spent = budget.spent(now);
            (budget.config.name.clone(), budget.config.per.word(), spent, budget.config.limit)
        };
        self.budgets.iter().map(level).collect()
    }

    /// What was spent from one day to another, both included.
    pub fn report(&self, from: u32, to: u32) -> Value {
        let ledger = self.account.ledger.lock();
        let mut total = CostTotals::default();
        let (mut models, mut endpoints, mut tags) =
            (ReportRows::default(), ReportRows::default(), ReportRows::default());
        let (mut days, mut months) = (ReportRows::default(), ReportRows::default());
        for (day, LedgerDay { models: rows, tags: tagged }) in ledger.days(from, to) {
            let (year, month) = calendar::month(day);
            for (endpoint, model, sum) in rows {
                total.add(sum);
                models.add(model, "", sum);
                endpoints.add(endpoint, "", sum);
                days.add(&calendar::date(day), "", sum);
                months.add(&format!("{year:04}-{month:02}"), "", sum);
            }
            tagged.iter().for_each(|(name, value, sum)| tags.add(name, value, sum));
        }
        json!({
            "from": calendar::date(from), "to": calendar::date(to), "total": totals(&total),
            "byModel": models.rows_by("model"), "byEndpoint": endpoints.rows_by("endpoint"), "byTag": tags.tagged(),
            "byDay": days.rows_by("day"), "byMonth": months.rows_by("month"),
        })
    }

    /// Restores a saved ledger. Daily and monthly budgets continue with what it has for the current period.
    pub fn restore(&self, text: &str, now: u64) -> Result<(), String> {
        let ledger: Ledger = serde_json::from_str(text).map_err(|e| e.to_string())?;
        self.budgets.iter().for_each(|budget| seed_from_ledger(&mut budget.lock(), &ledger, now));
        *self.account.ledger.lock() = ledger;
        Ok(())
    }
}

impl SharedLedger {
    pub fn set_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    pub fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }

    /// The whole ledger as text. The lock is released after each day, for calls need it.
    pub fn text(&self) -> String {
        let days = self.ledger.lock().known_days();
        let mut text = String::from("{");
        for day in days {
            let Some(rows) = self.ledger.lock().day(day).and_then(|day| serde_json::to_string(day).ok())
            else {
                continue;
            };
            let comma = if text.len() > 1 { "," } else { "" };
            text.extend([comma, "\"", &day.to_string(), "\":", &rows]);
        }
        text.push('}');
        text
    }
}

/// Charges a budget with what the ledger has for the current period. The ledger counts by day.
fn seed_from_ledger(budget: &mut CostBudget, ledger: &Ledger, now: u64) {
    let begins = budget.config.per.begins(budget.config.per.window(now));
    if budget.config.per == Period::Hour {
        return;
    }
    let mut spent = Money::default();
    for (_, day) in ledger.days(calendar::day(begins), calendar::day(now)) {
        match &budget.config.tag {
            None => day.models.iter().for_each(|(.., sum)| spent += sum.cost),
            Some((name, value)) => day
                .tags
                .iter()
                .filter(|(n, v, _)| {
                    *n == truncated(name) && value.as_ref().is_none_or(|value| *v == truncated(value))
                })
                .for_each(|(.., sum)| spent += sum.cost),
        }
    }
    // Shares reached before were emitted before.
    let _ = budget.charge(spent, now);
}

fn tag(config: &CostBudgetConfig) -> Value {
    match &config.tag {
        None => Value::Null,
        Some((name, value)) => json!({ "name": name, "value": value }),
    }
}

/// What follows from a reached share.
fn action(config: &CostBudgetConfig, share: f64) -> &'static str {
    match &config.then {
        _ if share < 1.0 => "warn",
        BudgetAction::Warn => "warn",
        BudgetAction::Reject => "reject",
        BudgetAction::Downgrade(_) => "downgrade",
    }
}

/// Sums by name, in order of first appearance.
#[derive(Default)]
struct ReportRows {
    rows: Vec<(String, String, CostTotals)>,
    places: HashMap<(String, String), usize>,
}

impl ReportRows {
    fn add(&mut self, name: &str, value: &str, sum: &CostTotals) {
        let key = (name.to_owned(), value.to_owned());
        let at = *self.places.entry(key).or_insert_with(|| {
            self.rows.push((name.to_owned(), value.to_owned(), CostTotals::default()));
            self.rows.len() - 1
        });
        self.rows[at].2.add(sum);
    }

    fn rows_by(self, by: &str) -> Vec<Value> {
        let row = |(name, _, sum): (String, String, CostTotals)| {
            let mut row = totals(&sum);
            row[by] = name.into();
            row
        };
        self.rows.into_iter().map(row).collect()
    }

    fn tagged(self) -> Vec<Value> {
        let row = |(name, value, sum): (String, String, CostTotals)| {
            let mut row = totals(&sum);
            row["tag"] = name.into();
            row["value"] = value.into();
            row
        };
        self.rows.into_iter().map(row).collect()
    }
}

fn totals(t: &CostTotals) -> Value {
    json!({
        "calls": t.calls, "inputTokens": t.input_tokens, "outputTokens": t.output_tokens, "costUsd": t.cost.usd(),
        "unpricedCalls": t.unpriced, "listUsd": t.list.usd(), "comparableUsd": t.comparable.usd(),
        "failoverAddedUsd": t.failover_more.usd() - t.failover_less.usd(), "maybeBilledAttempts": t.maybe_billed,
    })
}
