//! What was spent, by day, endpoint, model and tag. Bounded: the oldest days go, and what is too many in one day is
//! kept as others.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{calendar, price::Money};
use crate::dialect::usage::Usage;

/// Days that are kept: more than a year.
const MAX_DAYS: usize = 400;
/// Rows of one kind in one day.
const MAX_ROWS: usize = 1_000;
/// What stands for those that are too many.
const OTHERS: &str = "(others)";

/// One answered call.
pub struct Entry<'a> {
    /// Milliseconds since 1970.
    pub at: u64,
    pub endpoint: &'a str,
    pub model: &'a str,
    pub tags: &'a [(String, String)],
    pub usage: Option<Usage>,
    pub cost: Option<Money>,
    /// At list prices, where those are known.
    pub list: Option<Money>,
    /// What the first candidate would have asked for the same.
    pub usual: Option<Money>,
    /// Attempts besides the one that answered for which somebody may send a bill.
    pub maybe_billed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Totals {
    pub calls: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub cost: Money,
    /// Calls whose price or usage is not known, which are not in `cost`.
    pub unpriced: u64,
    /// What those calls cost of which a list price is known, and what they would have cost at that.
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub comparable: Money,
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub list: Money,
    /// What calls cost more than at their first candidate, and what they cost less.
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub failover_more: Money,
    #[serde(serialize_with = "picos", deserialize_with = "of_picos")]
    pub failover_less: Money,
    pub maybe_billed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// By endpoint and model.
    pub models: Vec<(String, String, Totals)>,
    /// By a tag's name and value.
    pub tags: Vec<(String, String, Totals)>,
}

/// By day since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger(BTreeMap<u32, Day>);

fn picos<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    // JSON's numbers are too small for some sums.
    serializer.serialize_str(&money.picos().to_string())
}

fn of_picos<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Money::of_picos).map_err(serde::de::Error::custom)
}

impl Totals {
    fn take(&mut self, entry: &Entry<'_>) {
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
        if let (Some(cost), Some(usual)) = (entry.cost, entry.usual) {
            sum.failover_more = cost.saturating_sub(usual);
            sum.failover_less = usual.saturating_sub(cost);
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
    pub fn record(&mut self, entry: &Entry<'_>) {
        let today = calendar::day(entry.at);
        let day = self.0.entry(today).or_default();
        row(&mut day.models, entry.endpoint, entry.model).take(entry);
        for (name, value) in entry.tags {
            row(&mut day.tags, name, value).take(entry);
        }
        while self.0.len() > MAX_DAYS {
            self.0.pop_first();
        }
    }

    /// The days from one to another, both included.
    pub fn days(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, &Day)> {
        self.0.range(from..=to.max(from)).map(|(day, rows)| (*day, rows))
    }
}

fn row<'r>(rows: &'r mut Vec<(String, String, Totals)>, one: &str, two: &str) -> &'r mut Totals {
    let known = rows.iter().position(|(a, b, _)| a == one && b == two);
    let at = known.unwrap_or_else(|| {
        let (one, two) = if rows.len() + 1 < MAX_ROWS { (one, two) } else { (OTHERS, OTHERS) };
        rows.iter().position(|(a, b, _)| a == one && b == two).unwrap_or_else(|| {
            rows.push((one.to_owned(), two.to_owned(), Totals::default()));
            rows.len() - 1
        })
    });
    &mut rows[at].2
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn entry<'a>(at: u64, model: &'a str, tags: &'a [(String, String)], picos: u128) -> Entry<'a> {
        Entry {
            at,
            endpoint: "a",
            model,
            tags,
            usage: Some(Usage { input_tokens: 2, output_tokens: 1, ..Usage::default() }),
            cost: Some(Money::of_picos(picos)),
            list: None,
            usual: None,
            maybe_billed: 0,
        }
    }

    #[test]
    fn what_failover_added_and_what_lists_ask() {
        let mut ledger = Ledger::default();
        let money = |picos| Some(Money::of_picos(picos));
        ledger.record(&Entry { usual: money(4), list: money(20), maybe_billed: 2, ..entry(0, "m", &[], 10) });
        ledger.record(&Entry { usual: money(9), ..entry(0, "m", &[], 5) });
        ledger.record(&Entry { cost: None, list: money(9), ..entry(0, "m", &[], 0) });
        let (_, day) = ledger.days(0, 0).next().expect("a day");
        let (.., totals) = &day.models[0];
        let expected = Totals {
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
        (0..MAX_DAYS as u64 * 2).for_each(|day| ledger.record(&entry(day * DAY, "m", &[], 1)));
        assert_eq!(ledger.0.len(), MAX_DAYS);
        assert_eq!(ledger.0.keys().next().copied(), Some(MAX_DAYS as u32));
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
