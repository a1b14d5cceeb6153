//! Options as JSON text, and their problems back as JSON text.

use napi_derive::napi;
use serde_json::Value;

use crate::config::{ClientConfig, Problem, environment::Environment, reader::nearest};

/// Reads `{options, environment}`. The error is a JSON array of problems.
pub fn read(text: &str, monitor: bool) -> Result<ClientConfig, String> {
    let problem = |message: String| vec![Problem { path: String::new(), message }];
    let value: Value = serde_json::from_str(text)
        .map_err(|e| write(&problem(format!("options must be plain data: {e}"))))?;
    let environment = Environment::from_json(&value["environment"]);
    let read = if monitor { ClientConfig::read_monitor } else { ClientConfig::read };
    read(&value["options"], &environment).map_err(|problems| write(&problems))
}

pub fn write(problems: &[Problem]) -> String {
    serde_json::to_string(problems).unwrap_or_else(|_| "[]".into())
}

/// The sentence that refuses a name, with the nearest of those that are accepted.
#[napi(catch_unwind)]
pub fn refuse_name(given: String, accepted: Vec<String>) -> String {
    match nearest(&given, accepted.iter().map(String::as_str)) {
        Some(name) => format!("is not an option; did you mean '{name}'?"),
        None => format!("is not an option; accepted are {}", accepted.join(", ")),
    }
}
