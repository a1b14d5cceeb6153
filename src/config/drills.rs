//! `drills`: when a client runs drills by itself, which scenarios, and their objectives.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::reader::{self, Problem, Reader, nearest, shorten};
use crate::base::duration::millis;

/// The scenarios of lib/drill/scenarios.js.
const SCENARIOS: [&str; 8] = [
    "vendor-down",
    "region-by-region",
    "all-down",
    "rate-limited",
    "quota",
    "slow",
    "cut-stream",
    "flapping",
];
const MOST_LOST: u64 = 1_000_000;

#[derive(Clone, Debug, PartialEq)]
pub struct DrillsConfig {
    pub every: Duration,
    /// All scenarios if empty.
    pub scenarios: Vec<String>,
    /// By the façade's names, times in milliseconds.
    pub objectives: Map<String, Value>,
}

impl DrillsConfig {
    /// The schedule as the façade reads it.
    pub fn to_json(&self) -> Value {
        json!({ "everyMs": millis(self.every), "scenarios": self.scenarios, "objectives": self.objectives })
    }
}

pub fn read(r: &mut Reader<'_>) -> Option<DrillsConfig> {
    r.object("drills", |r| {
        let every = r.duration("every", Duration::from_millis(1));
        r.note("scenarios", || reader::some_of(&SCENARIOS));
        let path = r.path_of("scenarios");
        let scenarios = match r.raw("scenarios") {
            None => Vec::new(),
            Some(value) => {
                reader::strings_of(value, &path, "a scenario or a non-empty array of them", r.problems())
                    .unwrap_or_default()
            }
        };
        for (i, name) in scenarios.iter().enumerate() {
            if !SCENARIOS.contains(&name.as_str()) {
                let hint =
                    nearest(name, SCENARIOS).map_or(String::new(), |n| format!("; did you mean '{n}'?"));
                let message =
                    format!("must be one of {}, got '{}'{hint}", SCENARIOS.join(", "), shorten(name));
                r.problems().push(Problem { path: format!("{path}[{i}]"), message });
            }
        }
        let objectives = r.object("objectives", read_objectives).unwrap_or_default();
        r.note_required("every");
        if every.is_none() && !r.is_given("every") {
            r.problem("every", "is missing: how often drills are held, for example '30d'");
        }
        Some(DrillsConfig { every: every?, scenarios, objectives })
    })
    .flatten()
}

fn read_objectives(r: &mut Reader<'_>) -> Map<String, Value> {
    let mut read = Map::new();
    if let Some(lost) = r.integer("maxLost", 0, MOST_LOST) {
        read.insert("maxLost".into(), json!(lost));
    }
    for name in ["maxDetection", "maxRecovery", "maxReturn"] {
        if let Some(time) = r.duration(name, Duration::ZERO) {
            read.insert(name.into(), json!(millis(time)));
        }
    }
    if let Some(usd) = r.number("maxExtraCostUsd", 0.0, 1e9) {
        read.insert("maxExtraCostUsd".into(), json!(usd));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::Problems;

    fn read_of(drills: &Value) -> (Option<DrillsConfig>, Problems) {
        let mut problems = Problems::new();
        let read = reader::object(&json!({ "drills": drills }), "", &mut problems, read).flatten();
        (read, problems)
    }

    #[test]
    fn what_is_left_out_is_the_drills_own() {
        let (read, problems) = read_of(&json!({ "every": "30d" }));
        assert!(problems.is_empty());
        let whole = json!({ "everyMs": 2_592_000_000.0, "scenarios": [], "objectives": {} });
        assert_eq!(read.map(|r| r.to_json()), Some(whole));
    }

    #[test]
    fn objectives_are_told_in_milliseconds() {
        let given =
            json!({ "every": 1, "scenarios": ["slow"], "objectives": { "maxLost": 2, "maxReturn": "3s" } });
        let (read, problems) = read_of(&given);
        assert!(problems.is_empty());
        let objectives = read.map(|r| r.to_json()["objectives"].clone());
        assert_eq!(objectives, Some(json!({ "maxLost": 2, "maxReturn": 3000.0 })));
    }

    #[test]
    fn mistakes_name_their_place() {
        for (given, path) in [
            (json!({}), "drills.every"),
            (json!({ "every": "soon" }), "drills.every"),
            (json!({ "every": "1d", "scenarios": ["slow", "vendor-dwn"] }), "drills.scenarios[1]"),
            (json!({ "every": "1d", "scenarios": [] }), "drills.scenarios"),
            (json!({ "every": "1d", "objectives": { "maxLost": -1 } }), "drills.objectives.maxLost"),
            (json!({ "every": "1d", "objectives": { "maxLoss": 1 } }), "drills.objectives.maxLoss"),
        ] {
            let (_, problems) = read_of(&given);
            assert_eq!(problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), [path], "{given}");
        }
    }
}
