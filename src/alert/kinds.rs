//! The names of all kinds of alerts.

use super::{condition::ConditionKind, consecutive_failures, rules::RuleKind};

/// All kinds of alerts.
pub const KINDS: [&str; 12] = {
    let (troubles, rules) = (ConditionKind::ALL, RuleKind::ALL);
    let mut kinds = [consecutive_failures::KIND; 1 + ConditionKind::ALL.len() + RuleKind::ALL.len()];
    let mut n = 1;
    while n < kinds.len() {
        let rule = n.checked_sub(1 + troubles.len());
        kinds[n] = match rule {
            Some(rule) => rules[rule].word(),
            None => troubles[n - 1].kind(),
        };
        n += 1;
    }
    kinds
};
