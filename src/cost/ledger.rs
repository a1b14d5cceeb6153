//! What was spent by day, endpoint, model and tag. Bounded: the oldest days are dropped, and excess rows of a
//! day are merged into one.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{calendar, price::Money};
use crate::dialect::usage::Usage;

/// Days that are kept: more than a year.
const MAX_DAYS: usize = 400;
/// Rows of one kind in one day.
const MAX_ROWS: usize = 1_000;
/// The most rows of all days together. Older days are dropped beyond it, so that the file can always be
/// read again.
const MAX_ROWS_IN_ALL: usize = 200_000;
/// The most bytes of a name.
const LONGEST_NAME: usize = 200;
/// The name of merged rows.
const OTHERS: &str = "(others)";

/// One answered call.
pub struct LedgerEntry<'a> {
    /// Milliseconds since 1970.
    pub at: u64,
    pub endpoint: &'a str,
    pub model: &'a str,
    pub tags: &'a [(String, String)],
    pub usage: Option<Usage>,
    pub cost: Option<Money>,
    /// The cost at list prices, if known.
    pub list: Option<Money>,
    /// What the primary would have cost for the same tokens.
    pub primary: Option<Money>,
    /// Other attempts of the call that vendors may bill.
    pub maybe_billed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CostTotals {
    pub calls: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub cost: Money,
    /// Calls without a known price or usage, which `cost` lacks.
    pub unpriced: u64,
    /// The cost of calls with a known list price, and their cost at that price.
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub comparable: Money,
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub list: Money,
    /// How much more calls cost than at their primary, and how much less.
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub failover_more: Money,
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub failover_less: Money,
    pub maybe_billed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerDay {
    /// By endpoint and model.
    pub models: Vec<(String, String, CostTotals)>,
    /// By a tag's name and value.
    pub tags: Vec<(String, String, CostTotals)>,
}

/// By day since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger(BTreeMap<u32, LedgerDay>);

fn picos<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    // JSON numbers are too small for some sums.
    serializer.serialize_str(&money.picos().to_string())
}

fn of_picos<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Money::of_picos).map_err(serde::de::Error::custom)
}

impl CostTotals {
    fn take(&mut self, entry: &LedgerEntry<'_>) {
        let usage = entry.usage.unwrap_or_default();
        let mut sum = Self {
            calls: 1,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost: entry.cost.unwrap_or_default(),
            unpriced: u64::from(entry.cost.is_none()),
            maybe_billed: entry.maybe_billed,
            ..Self::default()
        };
        if let (Some(cost), Some(list)) = (entry.cost, entry.list) {
            (sum.comparable, sum.list) = (cost, list);
        }
        if let (Some(cost), Some(primary)) = (entry.cost, entry.primary) {
            sum.failover_more = cost.saturating_sub(primary);
            sum.failover_less = primary.saturating_sub(cost);
        }
        self.add(&sum);
    }

    pub fn add(&mut self, other: &Self) {
        let count = |mine: &mut u64, theirs: u64| *mine = mine.saturating_add(theirs);
        count(&mut self.calls, other.calls);
        count(&mut self.input_tokens, other.input_tokens);
        count(&mut self.output_tokens, other.output_tokens);
        count(&mut self.unpriced, other.unpriced);
        count(&mut self.maybe_billed, other.maybe_billed);
        self.cost += other.cost;
        self.comparable += other.comparable;
        self.list += other.list;
        self.failover_more += other.failover_more;
        self.failover_less += other.failover_less;
    }
}

impl Ledger {
    pub fn record(&mut self, entry: &LedgerEntry<'_>) {
        let today = calendar::day(entry.at);
        let day = self.0.entry(today).or_default();
        row(&mut day.models, entry.endpoint, entry.model).take(entry);
        for (name, value) in entry.tags {
            row(&mut day.tags, name, value).take(entry);
        }
        self.forget_oldest();
    }

    /// Records attempts that vendors may bill, of a call without an answer.
    pub fn record_unanswered<'a>(
        &mut self,
        at: u64,
        attempts: impl Iterator<Item = (&'a str, &'a str)>,
        tags: &[(String, String)],
    ) {
        let day = self.0.entry(calendar::day(at)).or_default();
        let one = CostTotals { maybe_billed: 1, ..CostTotals::default() };
        for (endpoint, model) in attempts {
            row(&mut day.models, endpoint, model).add(&one);
            tags.iter().for_each(|(name, value)| row(&mut day.tags, name, value).add(&one));
        }
        self.forget_oldest();
    }

    fn forget_oldest(&mut self) {
        let mut rows: usize = self.0.values().map(LedgerDay::rows).sum();
        while self.0.len() > MAX_DAYS || (rows > MAX_ROWS_IN_ALL && self.0.len() > 1) {
            rows -= self.0.pop_first().map_or(0, |(_, day)| day.rows());
        }
    }

    /// The days that the ledger has.
    pub fn known_days(&self) -> Vec<u32> {
        self.0.keys().copied().collect()
    }

    pub fn day(&self, day: u32) -> Option<&LedgerDay> {
        self.0.get(&day)
    }

    /// The days from one to another, both included.
    pub fn days(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, &LedgerDay)> {
        self.0.range(from..=to.max(from)).map(|(day, rows)| (*day, rows))
    }
}

impl LedgerDay {
    fn rows(&self) -> usize {
        self.models.len() + self.tags.len()
    }
}

/// A name, truncated.
pub fn truncated(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME {
        return name.into();
    }
    let mut end = LONGEST_NAME - '…'.len_utf8();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &name[..end]).into()
}

fn row<'r>(rows: &'r mut Vec<(String, String, CostTotals)>, one: &str, two: &str) -> &'r mut CostTotals {
    let (one, two) = (&*truncated(one), &*truncated(two));
    let find = |rows: &[(String, String, CostTotals)], one: &str, two: &str| {
        rows.iter().position(|(a, b, _)| a == one && b == two)
    };
    let at = find(rows, one, two).unwrap_or_else(|| {
        let is_known = |(a, ..): &(String, String, CostTotals)| a == one;
        let (one, two) = match rows.len() {
            few if few + 1 < MAX_ROWS => (one, two),
            // Rows of one endpoint or tag are merged together; there are fewer endpoints than rows.
            _ if rows.iter().any(is_known) => (one, OTHERS),
            _ => (OTHERS, OTHERS),
        };
        find(rows, one, two).unwrap_or_else(|| {
            rows.push((one.to_owned(), two.to_owned(), CostTotals::default()));
            rows.len() - 1
        })
    });
    &mut rows[at].2
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn entry<'a>(at: u64, model: &'a str, tags: &'a [(String, String)], picos: u128) -> LedgerEntry<'a> {
        LedgerEntry {
            at,
            endpoint: "a",
            model,
            tags,
            usage: Some(Usage { input_tokens: 2, output_tokens: 1, ..Usage::default() }),
            cost: Some(Money::of_picos(picos)),
            list: None,
            primary: None,
            maybe_billed: 0,
        }
    }

    #[test]
    fn what_failover_added_and_what_lists_ask() {
        let mut ledger = Ledger::default();
        let money = |picos| Some(Money::of_picos(picos));
        ledger.record(&LedgerEntry {
            primary: money(4),
            list: money(20),
            maybe_billed: 2,
            ..entry(0, "m", &[], 10)
        });
        ledger.record(&LedgerEntry { primary: money(9), ..entry(0, "m", &[], 5) });
        ledger.record(&LedgerEntry { cost: None, list: money(9), ..entry(0, "m", &[], 0) });
        let (_, day) = ledger.days(0, 0).next().expect("a day");
        let (.., totals) = &day.models[0];
        let expected = CostTotals {
            calls: 3,
            input_tokens: 6,
            output_tokens: 3,
            cost: Money::of_picos(15),
            unpriced: 1,
            comparable: Money::of_picos(10),
            list: Money::of_picos(20),
            failover_more: Money::of_picos(6),
            failover_less: Money::of_picos(4),
            maybe_billed: 2,
        };
        assert_eq!(*totals, expected);
    }

    #[test]
    fn it_is_bounded() {
        let mut ledger = Ledger::default();
        let names: Vec<String> = (0..MAX_ROWS * 2).map(|i| format!("m{i}")).collect();
        for name in &names {
            let tags = [("user".to_owned(), name.clone())];
            ledger.record(&entry(0, name, &tags, 1));
        }
        let (_, day) = ledger.days(0, 0).next().expect("a day");
        for rows in [&day.models, &day.tags] {
            assert_eq!(rows.len(), MAX_ROWS);
            assert_eq!(rows.iter().map(|(.., t)| t.calls).sum::<u64>(), names.len() as u64, "none is lost");
        }
        assert_eq!(day.tags.last().map(|(n, v, _)| (n.as_str(), v.as_str())), Some(("user", OTHERS)));
        // Callers invent names, each with another tag: at most one more row for each.
        let mut ledger = Ledger::default();
        for name in &names {
            let tags = [(name.clone(), "x".repeat(1 << 16)), ("user".to_owned(), name.clone())];
            ledger.record(&entry(0, &"é".repeat(1 << 16), &tags, 1));
        }
        let (_, day) = ledger.days(0, 0).next().expect("a day");
        assert!(day.tags.len() <= MAX_ROWS * 2 && day.models.len() == 1, "{}", day.tags.len());
        assert_eq!(day.tags.iter().map(|(.., t)| t.calls).sum::<u64>(), names.len() as u64 * 2);
        let longest = day.tags.iter().chain(&day.models).map(|(a, b, _)| a.len().max(b.len())).max();
        assert!(longest.is_some_and(|l| l <= LONGEST_NAME && l > LONGEST_NAME - 4), "{longest:?}");
        (0..MAX_DAYS as u64 * 2).for_each(|day| ledger.record(&entry(day * DAY, "m", &[], 1)));
        assert_eq!(ledger.0.len(), MAX_DAYS);
        assert_eq!(ledger.0.keys().next().copied(), Some(MAX_DAYS as u32));
    }

    #[test]
    fn many_days_of_many_rows_are_bounded_in_all() {
        let mut ledger = Ledger::default();
        let names: Vec<String> = (0..MAX_ROWS).map(|i| format!("m{i}")).collect();
        for day in 0..250 {
            names.iter().for_each(|name| ledger.record(&entry(day * DAY, name, &[], 1)));
        }
        let rows: usize = ledger.0.values().map(LedgerDay::rows).sum();
        assert!((MAX_ROWS_IN_ALL - MAX_ROWS..=MAX_ROWS_IN_ALL).contains(&rows), "{rows}");
        assert_eq!(ledger.0.keys().next_back().copied(), Some(249), "the last is kept");
    }

    #[test]
    fn a_call_that_nobody_answered_may_be_billed_where_it_was_sent() {
        let mut ledger = Ledger::default();
        let tags = [("team".to_owned(), "a".to_owned())];
        ledger.record_unanswered(0, [("a", "m"), ("b", "m"), ("a", "m")].into_iter(), &tags);
        let (_, day) = ledger.days(0, 0).next().expect("a day");
        let billed = |rows: &[(String, String, CostTotals)]| -> Vec<(String, u64, u64)> {
            rows.iter().map(|(a, _, t)| (a.clone(), t.calls, t.maybe_billed)).collect()
        };
        assert_eq!(billed(&day.models), [("a".to_owned(), 0, 2), ("b".to_owned(), 0, 1)]);
        assert_eq!(billed(&day.tags), [("team".to_owned(), 0, 3)]);
    }

    #[test]
    fn it_comes_back_from_its_text() {
        let mut ledger = Ledger::default();
        let tags = [("team".to_owned(), "a \"b\"".to_owned())];
        ledger.record(&entry(5 * DAY, "m", &tags, u128::from(u64::MAX) * 1_000));
        let text = serde_json::to_string(&ledger).expect("plain");
        assert_eq!(serde_json::from_str::<Ledger>(&text).expect("the same"), ledger);
    }
}
