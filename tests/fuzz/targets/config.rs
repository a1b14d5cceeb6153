//! Options: read, or refused with every mistake named, and never with a secret in what is said. The input is JSON:
//! `{ "options": …, "environment": { … } }`, or the options alone.

use bellwether::config::{ClientConfig, environment::Environment};
use serde_json::{Value, json};

use super::print;

pub const WORDS: &[&str] = &[
    "\"options\":",
    "\"environment\":",
    "\"endpoints\":",
    "\"apiKey\":",
    "\"baseURL\":",
    "\"name\":",
    "\"timeout\":",
    "\"retry\":",
    "\"breaker\":",
    "\"health\":",
    "\"headers\":",
    "\"models\":",
    "\"prices\":",
    "\"proxy\":",
    "\"tls\":",
    "\"hedge\":",
    "\"streams\":",
    "\"limits\":",
    "\"fallbackResponse\":",
    "\"$function\":",
    "\"http://h\"",
    "\"https://u:p@h/v1?q#f\"",
    "\"5s\"",
    "\"sk-\"",
    "null",
    "true",
    "false",
    "-1",
    "1e308",
    "0.5",
    "\"\"",
    "[]",
    "{}",
    ",",
];

/// Part of every secret; the filling keeps it out of the hint that distinguishes keys.
const CANARY: &str = "CANARY";
const SECRET: &str = "CANARYCANARYCANARY-12345678";

pub fn run(bytes: &[u8]) -> u64 {
    let Ok(mut given) = serde_json::from_slice::<Value>(bytes) else { return 0 };
    if given.to_string().contains(CANARY) {
        return 0;
    }
    let both = given.get("options").is_some();
    let mut environment = if both { given["environment"].take() } else { Value::Null };
    let mut options = if both { given["options"].take() } else { given };
    hide(&mut options);
    for (_, value) in
        environment.as_object_mut().into_iter().flatten().filter(|(name, _)| name.contains("KEY"))
    {
        mark(value);
    }
    let environment = Environment::from_json(&environment);
    let mut seen = 0;
    for read in [ClientConfig::read, ClientConfig::read_monitor] {
        seen ^= match read(&options, &environment) {
            Ok(config) => {
                assert!(!config.endpoints.is_empty() && config.endpoints.iter().all(|e| !e.keys.is_empty()));
                let shown = format!("{:?}", config.endpoints);
                assert!(!shown.contains(CANARY), "{shown}");
                print((config.endpoints.len().min(4), config.breaker.is_some(), config.hedge.is_some()))
            }
            Err(problems) => {
                assert!(!problems.is_empty(), "refused without a word: {options}");
                for problem in &problems {
                    let said = format!("{} {}", problem.path, problem.message);
                    assert!(!problem.path.is_empty() || !options.is_object(), "{said}: {options}");
                    assert!(!problem.message.is_empty(), "{said}");
                    assert!(!said.contains(CANARY), "{said}");
                    // The names that are accepted are listed, what was given is shortened.
                    assert!(problem.message.len() <= 1_000, "{} bytes: {said}", problem.message.len());
                }
                let kinds = problems.iter().map(|p| p.message.chars().take(16).collect::<String>());
                kinds.fold(7, |all, kind| all ^ print(kind))
            }
        };
    }
    seen
}

/// Marks what is secret: keys, the values of headers, what stands before an `@` in an address.
fn hide(options: &mut Value) {
    let Some(members) = options.as_object_mut() else { return };
    for (name, value) in members {
        match (name.as_str(), value) {
            ("apiKey", Value::Array(keys)) => keys.iter_mut().for_each(mark),
            ("apiKey", key) => mark(key),
            ("headers", Value::Object(headers)) => headers.values_mut().for_each(mark),
            ("endpoints", Value::Array(endpoints)) => endpoints.iter_mut().for_each(hide),
            ("baseURL" | "proxy", Value::String(address)) => {
                *address = address.replace("u:p@", &format!("u:{SECRET}@"));
            }
            _ => {}
        }
    }
}

fn mark(secret: &mut Value) {
    match secret {
        Value::String(text) => text.push_str(SECRET),
        Value::Array(items) => items.iter_mut().for_each(mark),
        other if other.get("$function").is_some() || other.is_null() => {}
        // A key that is no text at all is no less of a secret.
        other => *other = json!({ "odd": SECRET, "was": other.take() }),
    }
}
