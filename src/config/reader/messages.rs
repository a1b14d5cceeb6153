//! Error texts: what was given and what is accepted, shortened, without secrets.

use serde_json::Value;

/// The most names in a list. They are looked up for each call, on the thread that serves all calls.
pub const MOST_NAMES: usize = 256;

/// The façade's description of a value that is not plain data; such a value is no object.
pub fn foreign_type(value: &Value) -> Option<&str> {
    match value.get("$given") {
        Some(Value::String(what)) => Some(what),
        _ => value.get("$function").map(|_| "a function"),
    }
}

/// `must be …, got …`, with the given value shortened. Strings are quoted only here,
/// and keys are never passed to it.
pub fn expected(what: &str, given: &Value) -> String {
    match given {
        Value::String(s) => format!("must be {what}, got '{}'", shorten(s)),
        Value::Number(_) | Value::Bool(_) => format!("must be {what}, got {given}"),
        other => format!("must be {what}, got {}", kind(other)),
    }
}

/// Not quoted: a text in the place of an object may be a credential.
pub(super) fn none_of(what: &str, given: &Value) -> String {
    if given.is_string() { format!("must be {what}, got a string") } else { expected(what, given) }
}

/// The kind of a value, without its contents.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "a boolean".into(),
        Value::Number(_) => "a number".into(),
        Value::String(_) => "a string".into(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => foreign_type(value).map_or_else(|| "an object".into(), shorten),
    }
}

pub fn too_many(names: usize) -> String {
    format!("must have at most {MOST_NAMES} members, got {names}")
}

pub fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The nearest known name, if it is near enough.
pub fn nearest<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= 1 + name.len().max(given.len()) / 4)
        .map(|(_, name)| name)
}
