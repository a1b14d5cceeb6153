//! Classifies one event of a stream: content, end, error, or keep-alive.

use serde_json::Value;

use super::answer::GAVE_UP;
use crate::{
    base::vendor_error::VendorError,
    dialect::{
        error_body,
        usage::{OpenAiUsage, Usage},
    },
};

/// The kind of an event's data.
#[derive(Debug)]
pub enum EventData {
    Done,
    Chunk(Value),
    Error(VendorError),
    /// JSON that JavaScript can parse and serde_json cannot: numbers beyond doubles, hundreds of levels.
    Opaque,
    /// Not JSON, or not an object.
    Undecodable,
}

/// Reads one event. `name` is the event's name, if it has one.
pub fn read(name: Option<&str>, data: &str) -> EventData {
    // Only JSON's own blanks: what `JSON.parse` refuses must not pass here.
    let text = data.trim_matches([' ', '\t', '\r', '\n']);
    if text == "[DONE]" {
        return EventData::Done;
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) if name == Some("error") || !value["error"].is_null() || is_bare_error(&value) => {
            EventData::Error(error_body::from_value(&value))
        }
        Ok(value @ Value::Object(_)) => EventData::Chunk(value),
        Ok(_) | Err(_) if name == Some("error") => EventData::Error(VendorError::from_message(text)),
        Err(_) if is_json_object(text) => match serde_json::from_str(&without_lone_surrogates(text)) {
            Ok(value) => EventData::Chunk(value),
            Err(_) => EventData::Opaque,
        },
        Ok(_) | Err(_) => EventData::Undecodable,
    }
}

/// The JSON of an event, also with a lone surrogate.
pub fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&without_lone_surrogates(text))).ok()
}

fn is_json_object(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A lone surrogate, from servers that split a text between two escapes, is not valid UTF-8. In the
/// completion it becomes the replacement character; the reader gets the chunk unchanged.
fn without_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &text.as_bytes()[at..]) {
        let escape = at + found;
        out.push_str(&text[at..escape]);
        let paired = |first: u16| {
            (0xd800..0xdc00).contains(&first)
                && unit(escape + 6).is_some_and(|second| (0xdc00..0xe000).contains(&second))
        };
        let length = match unit(escape) {
            Some(first) if paired(first) => 12,
            Some(0xd800..0xe000) => {
                out.push_str("\\ufffd");
                at = escape + 6;
                continue;
            }
            Some(_) => 6,
            // Any other escape is a backslash and one character.
            None => 1 + text[escape + 1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&text[escape..escape + length]);
        at = escape + length;
    }
    out.push_str(&text[at..]);
    out
}

/// `{"type":"error", …}` and Google's array form.
fn is_bare_error(value: &Value) -> bool {
    value["type"] == "error" || value.get(0).is_some_and(|first| !first["error"].is_null())
}

/// Whether the chunk has content: text, a refusal, reasoning, a tool call, audio.
pub fn has_content(chunk: &Value) -> bool {
    let filled = |v: &Value| match v {
        Value::String(s) => !s.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    };
    choices(chunk).any(|choice| {
        let delta = &choice["delta"];
        ["content", "tool_calls", "reasoning_content", "reasoning", "refusal", "function_call", "audio"]
            .iter()
            .any(|key| filled(&delta[*key]))
    })
}

/// Whether a chunk has no choice: only usage, or nothing.
pub fn is_no_choice(text: &str) -> bool {
    serde_json::from_str(text).is_ok_and(|chunk: Value| choices(&chunk).next().is_none())
}

/// Whether the vendor ran out of resources.
pub fn gave_up(chunk: &Value) -> bool {
    choices(chunk).any(|choice| choice["finish_reason"] == GAVE_UP)
}

pub fn usage(chunk: &Value) -> Option<Usage> {
    let usage = &chunk["usage"];
    usage
        .is_object()
        .then(|| serde::Deserialize::deserialize(usage).ok())
        .flatten()
        .and_then(OpenAiUsage::known)
}

pub fn choices(chunk: &Value) -> impl Iterator<Item = &Value> {
    chunk["choices"].as_array().map_or(&[][..], Vec::as_slice).iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &str) -> Value {
        match read(None, text) {
            EventData::Chunk(value) => value,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn kinds_of_event() {
        assert!(matches!(read(None, "[DONE]"), EventData::Done));
        assert!(matches!(read(None, "{\"choices\":["), EventData::Undecodable));
        assert!(matches!(read(None, "7"), EventData::Undecodable));
        assert!(matches!(read(None, r#"{"error":{"message":"m"}}"#), EventData::Error(_)));
        assert!(matches!(read(Some("error"), r#"{"message":"m"}"#), EventData::Error(e) if e.message == "m"));
        assert!(matches!(read(Some("error"), "plain"), EventData::Error(e) if e.message == "plain"));
        assert!(
            matches!(read(None, r#"[{"error":{"code":503}}]"#), EventData::Error(e) if e.status == Some(503))
        );
        assert!(matches!(read(None, r#"{"error":null,"choices":[]}"#), EventData::Chunk(_)));
    }

    #[test]
    fn what_javascript_reads_is_passed_on() {
        assert!(matches!(read(None, "\u{a0}{}"), EventData::Undecodable));
        assert!(matches!(read(None, r#"{"choices":[],"x":1e999}"#), EventData::Opaque));
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(300), "]".repeat(300));
        assert!(matches!(read(None, &deep), EventData::Opaque));
        let half = chunk(r#"{"a":"\ud83d","b":"\ude00 \\ud83d","c":"\ud83d\ude00","d":"\n\""}"#);
        assert_eq!(half["a"], "\u{fffd}");
        assert_eq!(half["b"], "\u{fffd} \\ud83d");
        assert_eq!(half["c"], "😀");
    }

    #[test]
    fn role_frames_and_empty_deltas_are_no_content() {
        for (delta, content) in [
            (r#"{"role":"assistant"}"#, false),
            (r#"{"role":"assistant","content":""}"#, false),
            (r#"{"content":null,"refusal":null}"#, false),
            (r#"{"tool_calls":[]}"#, false),
            (r#"{"content":"x"}"#, true),
            (r#"{"refusal":"no"}"#, true),
            (r#"{"reasoning_content":"hm"}"#, true),
            (r#"{"tool_calls":[{"index":0}]}"#, true),
            (r#"{"audio":{"id":"a"}}"#, true),
        ] {
            let text = format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
            assert_eq!(has_content(&chunk(&text)), content, "{delta}");
        }
        let last = chunk(r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#);
        assert!(!has_content(&last));
        assert_eq!(usage(&last).map(|u| u.input_tokens), Some(1));
        assert_eq!(usage(&chunk(r#"{"choices":[],"usage":{"prompt_tokens":1}}"#)), None);
    }
}
