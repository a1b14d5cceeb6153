//! The JSON Schema of the options, collected from their readers: with the options' names, and with those of
//! documents.

use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::{Map, Value, json};

use super::{client::ClientConfig, descriptions::DESCRIPTIONS};

/// Another name of an option in documents.
pub struct OptionAlias {
    pub written: &'static str,
    pub option: &'static str,
    /// The unit is part of the name and the value is a number: so many milliseconds each.
    pub unit: Option<(&'static str, f64)>,
}

const fn also(written: &'static str, option: &'static str, unit: Option<(&'static str, f64)>) -> OptionAlias {
    OptionAlias { written, option, unit }
}

/// The names of the original document shape.
pub const ALSO: [OptionAlias; 8] = [
    also("max_latency_ms", "maxLatency", Some(("milliseconds", 1.0))),
    also("latency_sla_ms", "latencySla", Some(("milliseconds", 1.0))),
    also("interval_seconds", "interval", Some(("seconds", 1_000.0))),
    also("endpoint", "url", None),
    also("routing_rules", "rules", None),
    also("monitoring", "alerts", None),
    also("slack_webhook", "slack", None),
    also("alert_on", "on", None),
];

/// The names of the fallback chain and the primary in rules.
pub const CHAIN: &str = "fallback_chain";
pub const PRIMARY: &str = "primary";

/// The schema of a client's options, with their own names.
pub fn options() -> &'static Value {
    static OPTIONS: LazyLock<Value> = LazyLock::new(ClientConfig::describe);
    &OPTIONS
}

/// `baseURL` as documents write it: `base_url`.
pub fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && before {
            snake.push('_');
        }
        before = c.is_ascii_lowercase() || c.is_ascii_digit();
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The names of options that documents write differently.
pub fn renamed() -> &'static BTreeSet<String> {
    static RENAMED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let mut names = BTreeSet::new();
        collect(options(), &mut names);
        names
    });
    &RENAMED
}

fn collect(schema: &Value, names: &mut BTreeSet<String>) {
    for one in alternatives(schema) {
        for (name, schema) in properties(one).into_iter().flatten() {
            if snake(name) != *name {
                names.insert(name.clone());
            }
            collect(schema, names);
        }
        one.get("items").into_iter().chain(values(one)).for_each(|schema| collect(schema, names));
    }
}

/// A schema's alternatives, or the schema itself.
pub fn alternatives(schema: &Value) -> &[Value] {
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(list) => list,
        None => std::slice::from_ref(schema),
    }
}

/// The members of an object with fixed names.
pub fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// The schema of the members of an object with the user's names.
pub fn values(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|values| values.is_object())
}

/// Whether the schema accepts values of this type.
pub fn accepts_type(schema: &Value, kind: &str) -> bool {
    alternatives(schema).iter().any(|one| {
        let typed = match &one["type"] {
            Value::String(name) => name == kind,
            Value::Array(names) => names.iter().any(|name| name == kind),
            _ => false,
        };
        let constant = one.get("const").into_iter().chain(one["enum"].as_array().into_iter().flatten());
        typed
            || constant.into_iter().any(|value| {
                matches!((value, kind), (Value::Bool(_), "boolean") | (Value::String(_), "string"))
            })
    })
}

/// The schema of a document, for editors.
pub fn document() -> Value {
    let mut schema = written(options(), "");
    let endpoint = alternatives(&options()["properties"]["endpoints"]["items"])
        .iter()
        .find(|one| properties(one).is_some())
        .cloned()
        .unwrap_or_default();
    let mut chained = written(&endpoint, "endpoints[]");
    // An entry of a chain may take its model's name.
    if let Some(chained) = chained.as_object_mut() {
        chained.remove("required");
    }
    let mut primary = chained.clone();
    if let Some(members) = primary["properties"].as_object_mut() {
        members.shift_remove("priority");
    }
    let gateways = json!({
        "description": "The endpoints as a primary and its fallbacks, instead of `endpoints`. A fallback without `base_url` or `api_key` uses the primary's.",
        "type": "object",
        "properties": {
            PRIMARY: primary,
            CHAIN: { "description": "The endpoints to try after the primary, by `priority`, else in this order.", "type": "array", "items": chained },
        },
        "required": [PRIMARY],
        "additionalProperties": false,
    });
    if let Some(members) = schema["properties"].as_object_mut() {
        members.insert("gateways".into(), gateways);
        members.insert(
            "$schema".into(),
            json!({ "description": "Where an editor finds this schema.", "type": "string" }),
        );
    }
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bellwether's configuration",
        "description": "A document that FailoverClient.fromConfig reads. ${NAME} and ${NAME:-otherwise} stand for environment variables, $$ for a dollar.",
    });
    let mut whole = head.as_object().cloned().unwrap_or_default();
    whole.extend(schema.as_object().cloned().unwrap_or_default());
    whole.insert("$defs".into(), json!({ "reference": { "description": "A reference to an environment variable.", "type": "string", "pattern": "\\$\\{[^}]+\\}" } }));
    Value::Object(whole)
}

/// A schema with the names of documents, and with descriptions.
fn written(schema: &Value, path: &str) -> Value {
    if let Some(list) = schema.get("anyOf").and_then(Value::as_array) {
        let list: Vec<Value> = list.iter().map(|one| bare(one, path)).collect();
        let scalar = schema.get("anyOf").is_some() && list.iter().any(wants_reference);
        let list = if scalar { list.into_iter().chain([reference()]).collect() } else { list };
        return described(json!({ "anyOf": list }), path);
    }
    let one = bare(schema, path);
    if wants_reference(&one) {
        return described(json!({ "anyOf": [one, reference()] }), path);
    }
    described(one, path)
}

fn bare(schema: &Value, path: &str) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = properties(&schema).cloned() {
        let mut renamed = Map::new();
        for (name, member) in &members {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            renamed.insert(snake(name), written(member, &below));
            for other in ALSO.iter().filter(|other| other.option == name) {
                let mut same = written(member, &below);
                if let Some((unit, _)) = other.unit {
                    same = json!({ "anyOf": [{ "type": "number", "minimum": 0 }, reference()], "description": format!("`{}`, in {unit}.", snake(name)) });
                } else {
                    same["description"] = json!(format!("Another name for `{}`.", snake(name)));
                }
                renamed.insert(other.written.into(), same);
            }
        }
        schema["properties"] = Value::Object(renamed);
    }
    if let Some(member) = values(&schema).cloned() {
        schema["additionalProperties"] = written(&member, &format!("{path}.*"));
    }
    if let Some(item) = schema.get("items").cloned() {
        schema["items"] = written(&item, &format!("{path}[]"));
    }
    schema
}

fn reference() -> Value {
    json!({ "$ref": "#/$defs/reference" })
}

/// Whether a variable must be allowed because the schema accepts few texts or none.
fn wants_reference(schema: &Value) -> bool {
    let scalar = |kind: &str| matches!(kind, "integer" | "number" | "boolean" | "string");
    let typed = match &schema["type"] {
        Value::String(kind) => scalar(kind) && schema["pattern"] != "\\S",
        Value::Array(_) => true,
        _ => schema.get("enum").is_some() || schema.get("const").is_some(),
    };
    typed && schema.get("$ref").is_none()
}

fn described(mut schema: Value, path: &str) -> Value {
    if let Some((_, text)) = DESCRIPTIONS.iter().find(|(described, _)| *described == path) {
        schema["description"] = json!(text);
    }
    schema
}

/// The paths of all options, as in `DESCRIPTIONS`.
#[cfg(test)]
fn paths(schema: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    for one in alternatives(schema) {
        for (name, member) in properties(one).into_iter().flatten() {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            found.push((below.clone(), member.clone()));
            paths(member, &below, found);
        }
        if let Some(member) = values(one) {
            paths(member, &format!("{path}.*"), found);
        }
        if let Some(item) = one.get("items") {
            paths(item, &format!("{path}[]"), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(String, Value)> {
        let mut found = Vec::new();
        paths(options(), "", &mut found);
        found
    }

    #[test]
    fn every_option_says_what_it_may_be() {
        let silent: Vec<_> =
            all().into_iter().filter(|(_, schema)| schema.is_null()).map(|(path, _)| path).collect();
        assert!(silent.is_empty(), "without a note in their readers: {silent:?}");
    }

    #[test]
    fn every_option_is_described_and_nothing_else_is() {
        let paths: Vec<String> = all().into_iter().map(|(path, _)| path).collect();
        let missing: Vec<_> = paths.iter().filter(|p| !DESCRIPTIONS.iter().any(|(d, _)| d == p)).collect();
        assert!(missing.is_empty(), "src/config/descriptions.rs lacks {missing:#?}");
        let gone: Vec<_> = DESCRIPTIONS.iter().filter(|(d, _)| !paths.iter().any(|p| p == d)).collect();
        assert!(gone.is_empty(), "described, and no option: {gone:?}");
    }

    #[test]
    fn no_two_options_of_an_object_are_written_alike() {
        fn look(schema: &Value) {
            for one in alternatives(schema) {
                let names: Vec<String> =
                    properties(one).into_iter().flatten().map(|(name, _)| snake(name)).collect();
                let others =
                    ALSO.iter().filter(|o| properties(one).is_some_and(|p| p.contains_key(o.option)));
                let mut written: Vec<String> =
                    names.into_iter().chain(others.map(|o| o.written.to_owned())).collect();
                let count = written.len();
                written.sort();
                written.dedup();
                assert_eq!(written.len(), count, "{written:?}");
                properties(one).into_iter().flatten().for_each(|(_, member)| look(member));
                one.get("items").into_iter().chain(values(one)).for_each(look);
            }
        }
        look(options());
    }

    #[test]
    fn names_in_snake_case() {
        for (name, expected) in [
            ("baseURL", "base_url"),
            ("systemCa", "system_ca"),
            ("rpm", "rpm"),
            ("maxRetryAfter", "max_retry_after"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }
}
