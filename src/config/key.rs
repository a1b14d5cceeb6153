//! API keys and their sources. A key's text never leaves Rust.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::reader;

#[derive(Clone)]
pub enum KeySource {
    /// No key, for local servers.
    None,
    Static(ApiKey),
    /// A function of the user, by its number.
    Function(u32),
}

#[derive(Clone)]
pub struct ApiKey(SecretString);

/// The length of the shortest key that any vendor issues.
pub const SHORTEST: usize = 20;
/// The prefixes of most vendors' keys.
const KEYS_BEGIN: [&str; 3] = ["sk-", "sk_", "AIza"];

impl ApiKey {
    /// A key that is valid in a header.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("must not be empty".into());
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("must be printable ASCII without blanks".into());
        }
        Ok(Self(SecretString::from(text)))
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `sk-…a1b2`: enough to distinguish keys, too little to use one.
    pub fn hint(&self) -> String {
        hint(self.expose())
    }
}

fn hint(key: &str) -> String {
    // The ends of a short key would reveal too much.
    if key.len() < 12 {
        return "…".into();
    }
    let head = key.find('-').filter(|at| *at < 4).map_or("", |at| &key[..=at]);
    format!("{head}…{}", &key[key.len() - 4..])
}

/// A text without what looks like a key: users write keys in places that messages quote, even as option
/// names.
pub fn masked(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !is_part(c)) {
        let name = word.trim_end_matches(|c: char| !is_part(c));
        if name.len() >= SHORTEST && KEYS_BEGIN.iter().any(|start| name.starts_with(start)) {
            masked.push_str(&hint(name));
            masked.push_str(&word[name.len()..]);
        } else {
            masked.push_str(word);
        }
    }
    masked
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no key"),
            Self::Static(key) => f.write_str(&key.hint()),
            Self::Function(_) => f.write_str("[function]"),
        }
    }
}

/// The rules for a key, and its source for messages.
#[derive(Clone, Copy)]
pub struct KeyRules<'a> {
    pub source: Option<&'a str>,
    pub prefix: Option<&'a str>,
    /// The minimum length of a vendor's keys.
    pub shortest: usize,
}

/// The JSON Schema of a key.
pub fn describe() -> Value {
    let one = json!({ "type": "string", "pattern": "\\S" });
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }, { "type": "null" }] })
}

/// Reads one key. The message never quotes it.
pub fn read(value: &Value, rules: KeyRules<'_>) -> Result<KeySource, String> {
    if let Some(number) = value.get("$function").and_then(Value::as_u64) {
        return Ok(KeySource::Function(number as u32));
    }
    let whose = rules.source.map(|s| format!(" (from {s})")).unwrap_or_default();
    let Value::String(text) = value else {
        let given = reader::kind(value);
        return Err(format!("must be a string, a function, or an array of them, got {given}{whose}"));
    };
    let key = ApiKey::new(text).map_err(|e| format!("{e}{whose}"))?;
    let length = key.expose().len();
    if length < rules.shortest {
        return Err(format!(
            "is too short: {length} characters, this vendor's keys have at least {}{whose}",
            rules.shortest
        ));
    }
    if let Some(prefix) = rules.prefix.filter(|p| !key.expose().starts_with(p)) {
        return Err(format!("must start with '{prefix}'{whose}"));
    }
    Ok(KeySource::Static(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_tell_apart_and_give_nothing_away() {
        assert_eq!(hint("sk-abcdefghijklmnopa1b2"), "sk-…a1b2");
        assert_eq!(hint("abcdefghijklmnopa1b2"), "…a1b2");
        assert_eq!(hint("sk-short"), "…");
        let key = KeySource::Static(ApiKey::new("sk-CANARYCANARYCANARY1").expect("a key"));
        assert!(!format!("{key:?}").contains("CANARY"));
    }

    #[test]
    fn what_looks_like_a_key_is_masked_wherever_it_stands() {
        let key = "sk-ant-CANARY0123_456789-abcd";
        for (text, expected) in [
            (key.to_owned(), "sk-…abcd".to_owned()),
            (
                format!("keys.{key} is no option, got '{key}'\n{key}"),
                "keys.sk-…abcd is no option, got 'sk-…abcd'\nsk-…abcd".into(),
            ),
            ("got 'AIzaSyCANARY0123456789abcdefghijklmno…'".into(), "got '…lmno…'".into()),
            (
                "must start with 'sk-hs-'; did you mean 'claude-sonnet-4-20250514'?".into(),
                "must start with 'sk-hs-'; did you mean 'claude-sonnet-4-20250514'?".into(),
            ),
            (String::new(), String::new()),
        ] {
            assert_eq!(masked(&text), expected);
        }
    }

    #[test]
    fn messages_name_the_source_and_never_quote() {
        let rules = KeyRules { source: Some("OPENAI_API_KEY"), prefix: Some("sk-"), shortest: SHORTEST };
        for (given, problem) in [
            (json!("SECRET"), "too short"),
            (json!("SECRETSECRETSECRETSECRET"), "must start with 'sk-'"),
            (json!("SECRET\nSECRET"), "printable"),
            (json!("  "), "empty"),
            (json!(5), "a string, a function"),
        ] {
            let error = read(&given, rules).expect_err("bad");
            assert!(error.contains(problem) && error.contains("OPENAI_API_KEY"), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
        assert!(matches!(read(&json!({"$function": 3}), rules), Ok(KeySource::Function(3))));
    }
}
