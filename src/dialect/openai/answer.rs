//! Validates a whole answer, and reads its usage and finish reason.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, value::RawValue};

use crate::{
    base::vendor_error::VendorError,
    dialect::{
        error_body,
        usage::{OpenAiUsage, Usage},
    },
};

/// DeepSeek's finish reason when it ran out of resources.
pub const GAVE_UP: &str = "insufficient_system_resource";

#[derive(Debug, PartialEq)]
pub struct ValidAnswer {
    pub usage: Option<Usage>,
}

/// Why a response with status 200 is not an answer.
#[derive(Debug, PartialEq)]
pub enum InvalidAnswer {
    /// Not JSON, or of another shape.
    Malformed(String),
    /// An error object inside the 200.
    Error(VendorError),
    /// The vendor ran out of resources in the middle.
    GaveUp,
}

/// The common form, read in one pass. Any deviation fails, and the answer is read tolerantly.
#[derive(Deserialize)]
struct CommonAnswer<'a> {
    #[serde(borrow)]
    choices: Vec<ObjectOnly<CommonChoice<'a>>>,
    usage: Option<ObjectOnly<OpenAiUsage>>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct CommonChoice<'a> {
    #[serde(borrow)]
    finish_reason: Option<&'a str>,
    message: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct TolerantAnswer<'a> {
    #[serde(borrow)]
    choices: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
    message: Option<IgnoredAny>,
}

/// Reads as much as validation needs. Other deviations, such as counts that are not numbers, are accepted:
/// the answer was paid for.
pub fn read(text: &str) -> Result<ValidAnswer, InvalidAnswer> {
    // A struct would also be read from an array.
    if !text.trim_start().starts_with('{') {
        return Err(InvalidAnswer::Malformed("the answer is no JSON object".into()));
    }
    read_common(text).map_or_else(|| read_patiently(text), Ok)
}

fn read_common(text: &str) -> Option<ValidAnswer> {
    let common: CommonAnswer<'_> = serde_json::from_str(text).ok()?;
    let sound = common.error.is_none()
        && common.choices.iter().any(|c| c.0.message.is_some())
        && common.choices.iter().all(|c| c.0.finish_reason != Some(GAVE_UP));
    sound.then(|| ValidAnswer { usage: common.usage.and_then(|u| u.0.known()) })
}

fn read_patiently(text: &str) -> Result<ValidAnswer, InvalidAnswer> {
    let wire: TolerantAnswer<'_> =
        serde_json::from_str(text).map_err(|e| InvalidAnswer::Malformed(why(&e)))?;
    let choices: Vec<Choice<'_>> = wire
        .choices
        .iter()
        .flatten()
        .filter(|c| c.get().starts_with('{'))
        .filter_map(|c| serde_json::from_str::<Choice<'_>>(c.get()).ok())
        .filter(|c| c.message.is_some())
        .collect();
    if let Some(error) = wire.error.and_then(|e| serde_json::from_str::<Value>(e.get()).ok()) {
        let has_error = matches!(&error, Value::Object(o) if !o.is_empty())
            || error.as_str().is_some_and(|e| !e.is_empty());
        if has_error || choices.is_empty() {
            return Err(InvalidAnswer::Error(error_body::from_value(&serde_json::json!({ "error": error }))));
        }
    }
    if choices.is_empty() {
        return Err(InvalidAnswer::Malformed("the answer has no choices".into()));
    }
    let gave_up = |c: &Choice<'_>| {
        c.finish_reason.and_then(|r| serde_json::from_str::<String>(r.get()).ok()).as_deref() == Some(GAVE_UP)
    };
    if choices.iter().any(gave_up) {
        return Err(InvalidAnswer::GaveUp);
    }
    let usage = wire.usage.and_then(|u| serde_json::from_str::<ObjectOnly<OpenAiUsage>>(u.get()).ok());
    Ok(ValidAnswer { usage: usage.and_then(|u| u.0.known()) })
}

/// Accepts objects only: a struct would also be read from an array.
struct ObjectOnly<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ObjectOnly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = ObjectOnly<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ObjectOnly<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(ObjectOnly)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// The parser quotes unexpected input of any length.
fn why(error: &serde_json::Error) -> String {
    error.to_string().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_way_and_the_patient_one_agree() {
        let usage = [
            "null",
            r#"{"prompt_tokens":3,"completion_tokens":4}"#,
            r#"{"prompt_tokens":"3"}"#,
            "[]",
            r#"{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":1}}"#,
        ];
        let message = ["{}", "null", r#"{"content":"a\"b"}"#, "7"];
        let reason = ["null", "\"stop\"", "7", "\"st\\u006fp\"", "\"insufficient_system_resource\""];
        let error =
            ["", r#","error":null"#, r#","error":{}"#, r#","error":"x""#, r#","error":{"message":"m"}"#];
        for (usage, message) in usage.iter().flat_map(|u| message.iter().map(move |m| (u, m))) {
            for (reason, error) in reason.iter().flat_map(|r| error.iter().map(move |e| (r, e))) {
                let choice = format!(r#"{{"index":0,"message":{message},"finish_reason":{reason}}}"#);
                for choices in [
                    format!("[{choice}]"),
                    format!("[{choice},{choice}]"),
                    format!("[7,{choice}]"),
                    format!("[[{reason},{message}]]"),
                    "[]".into(),
                ] {
                    let text = format!(r#"{{"id":"x","choices":{choices},"usage":{usage}{error}}}"#);
                    if let Some(common) = read_common(&text) {
                        assert_eq!(read_patiently(&text), Ok(common), "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn answers_and_what_is_none() {
        let sound = r#"{"choices":[{"finish_reason":"stop","message":{}}],"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_cache_hit_tokens":1,"completion_tokens_details":{"reasoning_tokens":2}}}"#;
        assert_eq!(
            read(sound),
            Ok(ValidAnswer {
                usage: Some(Usage {
                    input_tokens: 3,
                    output_tokens: 4,
                    total_tokens: 7,
                    cached_tokens: Some(1),
                    cache_write_tokens: None,
                    reasoning_tokens: Some(2),
                })
            })
        );
        for reason in ["length", "content_filter", "tool_calls"] {
            assert!(
                read(&format!(r#"{{"choices":[{{"finish_reason":"{reason}","message":{{}}}}]}}"#)).is_ok()
            );
        }
        assert_eq!(
            read(r#"{"choices":[{"finish_reason":"insufficient_system_resource","message":{}}]}"#),
            Err(InvalidAnswer::GaveUp)
        );
        assert!(
            matches!(read(r#"{"error":{"code":"insufficient_quota","message":"m"}}"#), Err(InvalidAnswer::Error(e)) if e.code.as_deref() == Some("insufficient_quota"))
        );
        for odd in [
            r#""usage":"n/a""#,
            r#""usage":[3]"#,
            r#""usage":{"prompt_tokens":"12"}"#,
            r#""usage":{"prompt_tokens":1e999}"#,
            r#""error":"""#,
            r#""error":{}"#,
            r#""error":false"#,
        ] {
            assert!(
                read(&format!(r#"{{"choices":[{{"finish_reason":7,"message":{{}}}}],{odd}}}"#)).is_ok(),
                "{odd}"
            );
        }
        for body in [
            r#"{"choices":[{}]}"#,
            r#"{"choices":[["stop"]]}"#,
            r#"{"choices":[["stop",{"content":"Hi"}]]}"#,
            "[[[\"stop\"]],null,null]",
            "",
            "{}",
            "[]",
            "null",
            r#"{"choices":[]}"#,
            r#"{"choices":[{"fin"#,
            "<html>",
        ] {
            assert!(matches!(read(body), Err(InvalidAnswer::Malformed(_))), "{body}");
        }
    }

    #[test]
    fn what_is_said_of_no_answer_is_bounded() {
        let long = format!(r#"{{"choices":"{}"}}"#, "ä".repeat(10_000));
        assert!(matches!(read(&long), Err(InvalidAnswer::Malformed(why)) if why.chars().count() == 200));
    }
}
