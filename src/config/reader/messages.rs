//! What is said of mistakes: what was given and what is accepted, shortened, and never a secret.

use serde_json::Value;

/// More names than anybody lists by hand. All calls of a process are served by the thread that looks them up.
pub const MOST_NAMES: usize = 256;

/// What stands for something that is no plain data: the façade says what it was, and it is an object to nobody.
pub fn foreign(value: &Value) -> Option<&str> {
    match value.get("$given") {
        Some(Value::String(what)) => Some(what),
        _ => value.get("$function").map(|_| "a function"),
    }
}

/// `must be …, got …`, with what was given shortened and never a secret: strings are quoted only here,
/// and keys are not read through here.
pub fn expected(what: &str, given: &Value) -> String {
    match given {
        Value::String(s) => format!("must be {what}, got '{}'", shorten(s)),
        Value::Number(_) | Value::Bool(_) => format!("must be {what}, got {given}"),
        other => format!("must be {what}, got {}", kind(other)),
    }
}

/// Where an object belongs, a text may be anything, a credential included: it is not quoted.
pub(super) fn none_of(what: &str, given: &Value) -> String {
    if given.is_string() { format!("must be {what}, got a string") } else { expected(what, given) }
}

/// What a value is, without what it says.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "a boolean".into(),
        Value::Number(_) => "a number".into(),
        Value::String(_) => "a string".into(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => foreign(value).map_or_else(|| "an object".into(), shorten),
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

/// The nearest of the known names, when it is near enough to be what was meant.
pub fn nearest<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= 1 + name.len().max(given.len()) / 4)
        .map(|(_, name)| name)
}
