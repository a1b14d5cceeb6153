//! Configuration documents: read, or refused with every mistake in its place, within bounds, and never with a secret in
//! the messages. The first byte selects JSON.

use bellwether::config::{
    document::{self, DocumentSource, Variables},
    environment::Environment,
};
use serde_json::json;

use super::print;

pub const WORDS: &[&str] = &[
    "gateways:",
    "primary:",
    "fallback_chain:",
    "routing_rules:",
    "route_to:",
    "monitoring:",
    "slack_webhook:",
    "alert_on:",
    "endpoints:",
    "name:",
    "base_url:",
    "api_key:",
    "max_latency_ms:",
    "interval_seconds:",
    "http://h",
    "${SECRET}",
    "${NONE:-1}",
    "${",
    "$$",
    "&a",
    "*a",
    "<<: *a",
    "!!str",
    "---",
    "- ",
    "\n  ",
    "\t",
    ": ",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    "|",
    ">",
    "#",
    "null",
    "true",
    "0x1f",
    "1e308",
];

const CANARY: &str = "sk-CANARYCANARYCANARYCANARY";

pub fn run(bytes: &[u8]) -> u64 {
    let (first, bytes) = bytes.split_first().map_or((b'y', bytes), |(first, rest)| (*first, rest));
    let file = if first == b'j' { "c.json" } else { "c.yaml" };
    let variables: Variables = [("SECRET".to_owned(), CANARY.to_owned())].into();
    let source = DocumentSource { file, bytes, variables: &variables };
    match document::read(&source, &json!({}), &Environment::default()) {
        Ok((config, _)) => {
            assert!(!config.endpoints.is_empty());
            // Names are the user's, and may be a variable's; keys and headers are not for anyone.
            assert!(
                !format!("{:?}", config.endpoints.iter().map(|e| (&e.keys, &e.headers)).collect::<Vec<_>>())
                    .contains(CANARY)
            );
            print((config.endpoints.len().min(4), config.rules.len().min(4), config.alerts.is_some()))
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a word");
            let lines = bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() + 1;
            for problem in &problems {
                let said = format!("{} {}", problem.path, problem.message);
                assert!(!problem.message.is_empty(), "{said}");
                assert!(!said.contains("CANARY"), "{said}");
                assert!(problem.message.len() <= 2_000 && problem.path.len() <= 1_300, "{said}");
                assert!(
                    problem.line.is_some_and(|line| (1..=lines + 1).contains(&line)),
                    "{problem:?} of {lines} lines"
                );
            }
            let kinds = problems.iter().map(|p| p.message.chars().take(16).collect::<String>());
            kinds.fold(7, |all, kind| all ^ print(kind))
        }
    }
}
