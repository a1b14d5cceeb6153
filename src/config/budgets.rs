//! `budgets` and `costs`: cost limits, and the file of the ledger.

use serde_json::json;

use super::{
    reader::{self, Problem, Reader, expected, nearest, shorten},
    routing::RoutingRule,
};
use crate::cost::{
    budget::{BudgetAction, CostBudgetConfig},
    calendar::Period,
    price::Money,
};

const MAX_BUDGETS: usize = 100;
/// The default shares at which a warning is emitted.
const WARN_AT: [f64; 3] = [0.5, 0.8, 1.0];

#[derive(Clone, Copy, PartialEq)]
enum BudgetActionWord {
    Warn,
    Reject,
    Downgrade,
}

/// `budgets`; a downgrade names one of the rules.
pub fn read(r: &mut Reader<'_>, rules: &[(String, RoutingRule)]) -> Vec<CostBudgetConfig> {
    r.note(
        "budgets",
        || json!({ "type": "array", "maxItems": MAX_BUDGETS, "items": reader::describe(|r| read_one(r, &[], 0)) }),
    );
    let Some(value) = r.raw("budgets") else { return Vec::new() };
    let Some(items) = value.as_array().filter(|items| items.len() <= MAX_BUDGETS) else {
        r.problem("budgets", expected(&format!("an array of at most {MAX_BUDGETS} budgets"), value));
        return Vec::new();
    };
    let mut budgets: Vec<CostBudgetConfig> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("{}[{at}]", r.path_of("budgets"));
        let read = |r: &mut Reader<'_>| read_one(r, rules, at);
        let Some(budget) = reader::object(item, &path, r.problems(), read).flatten() else { continue };
        if budgets.iter().any(|b| b.name == budget.name) {
            let message = format!("must be unique, and another budget is named '{}'", shorten(&budget.name));
            r.problems().push(Problem { path: format!("{path}.name"), message });
        }
        budgets.push(budget);
    }
    budgets
}

fn read_one(r: &mut Reader<'_>, rules: &[(String, RoutingRule)], at: usize) -> Option<CostBudgetConfig> {
    r.note_required("limit");
    r.note_required("per");
    let name = r.string("name");
    let limit = r.number("limit", 0.0, 1e12);
    if limit.is_none() && !r.is_given("limit") {
        r.problem("limit", "is missing; give an amount in USD");
    }
    let words = [("hour", Period::Hour), ("day", Period::Day), ("month", Period::Month)];
    let per = r.one_of("per", &words);
    if per.is_none() && !r.is_given("per") {
        r.problem("per", "is missing; give 'hour', 'day' or 'month' (UTC)");
    }
    let tag = read_tag(r);
    let warn_at = read_shares(r);
    let words = [
        ("warn", BudgetActionWord::Warn),
        ("reject", BudgetActionWord::Reject),
        ("downgrade", BudgetActionWord::Downgrade),
    ];
    let word = r.one_of("onExceeded", &words).unwrap_or(BudgetActionWord::Reject);
    let route = r.string("downgradeTo");
    let then = match (word, route) {
        (BudgetActionWord::Downgrade, Some(route)) => {
            if !rules.iter().any(|(name, _)| *name == route) {
                let meant = nearest(&route, rules.iter().map(|(name, _)| name.as_str()));
                let meant = meant.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                r.problem(
                    "downgradeTo",
                    format!("must be one of the rules, got '{}'{meant}", shorten(&route)),
                );
            }
            BudgetAction::Downgrade(route)
        }
        (BudgetActionWord::Downgrade, None) => {
            if !r.is_given("downgradeTo") {
                r.problem("downgradeTo", "is missing; name the rule that routes calls then");
            }
            return None;
        }
        (other, route) => {
            if route.is_some() {
                r.problem("downgradeTo", "requires onExceeded: 'downgrade'");
            }
            if other == BudgetActionWord::Warn { BudgetAction::Warn } else { BudgetAction::Reject }
        }
    };
    let per = per?;
    let scope =
        tag.as_ref().map(|(n, v)| format!(" {n}={}", v.as_deref().unwrap_or("*"))).unwrap_or_default();
    Some(CostBudgetConfig {
        name: name.unwrap_or_else(|| format!("{}{scope} #{}", per.word(), at + 1)),
        limit: Money::of_usd(limit?),
        per,
        tag,
        warn_at,
        then,
    })
}

/// `tag`: a name, or `{ name: value }`.
fn read_tag(r: &mut Reader<'_>) -> Option<(String, Option<String>)> {
    r.note("tag", || {
        let one = json!({
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": { "type": "string" },
        });
        json!({ "anyOf": [reader::a_string(), one] })
    });
    let value = r.raw("tag")?;
    if let Some(name) = value.as_str().filter(|name| !name.is_empty()) {
        return Some((name.to_owned(), None));
    }
    let one = reader::members(value).filter(|members| members.len() == 1).and_then(|m| m.iter().next());
    let tag = one.and_then(|(name, value)| Some((name.clone(), Some(value.as_str()?.to_owned()))));
    if tag.is_none() {
        r.problem("tag", expected("a tag's name, or one tag as { name: 'value' }", value));
    }
    tag
}

fn read_shares(r: &mut Reader<'_>) -> Vec<f64> {
    r.note("warnAt", || {
        let share = json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 10 });
        json!({ "type": "array", "maxItems": MAX_BUDGETS, "items": share })
    });
    let Some(value) = r.raw("warnAt") else { return WARN_AT.to_vec() };
    let shares: Option<Vec<f64>> =
        value.as_array().filter(|items| items.len() <= MAX_BUDGETS).and_then(|items| {
            items.iter().map(|item| item.as_f64().filter(|share| *share > 0.0 && *share <= 10.0)).collect()
        });
    let Some(mut shares) = shares else {
        r.problem("warnAt", expected("an array of shares of the limit, above 0 and at most 10", value));
        return Vec::new();
    };
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    shares
}
