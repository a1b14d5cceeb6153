//! The names of all kinds of alerts.

use super::{condition::Trouble, consecutive_failures, rules::Kind};

/// Every kind of alert there is.
pub const KINDS: [&str; 12] = {
    let (troubles, rules) = (Trouble::ALL, Kind::ALL);
    let mut kinds = [consecutive_failures::KIND; 1 + Trouble::ALL.len() + Kind::ALL.len()];
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
