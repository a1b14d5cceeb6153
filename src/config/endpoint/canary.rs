//! `canary`: one share, or several in steps.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    config::reader::{Reader, expected},
    policy::canary::CanaryConfig,
};

pub fn read_canary(r: &mut Reader<'_>) -> CanaryConfig {
    let share = r.number("share", 0.0, 1.0).unwrap_or(0.1);
    let step_after = r.duration("stepAfter", Duration::from_millis(1)).unwrap_or(Duration::from_secs(600));
    let what = "a non-empty array of shares from 0 to 1, each larger than the one before";
    r.note("ramp", || json!({ "type": "array", "minItems": 1, "items": { "type": "number", "minimum": 0, "maximum": 1 } }));
    let shares = match r.raw("ramp") {
        None => vec![share],
        Some(value) => {
            if r.is_given("share") {
                r.problem("share", "cannot be combined with ramp; give one of them");
            }
            let shares: Option<Vec<f64>> =
                value.as_array().and_then(|items| items.iter().map(Value::as_f64).collect());
            let sound = |list: &Vec<f64>| {
                !list.is_empty()
                    && list.iter().all(|s| (0.0..=1.0).contains(s))
                    && list.is_sorted_by(|a, b| a < b)
            };
            shares.filter(sound).unwrap_or_else(|| {
                r.problem("ramp", expected(what, value));
                Vec::new()
            })
        }
    };
    CanaryConfig { shares, step_after }
}
