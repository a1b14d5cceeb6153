//! Reads error bodies leniently: relays pass on what their vendors sent, and proxies send HTML.

use std::time::Duration;

use serde_json::Value;

use crate::base::{duration, retry_after, vendor_error::VendorError};

/// The most characters quoted from an unstructured body.
const EXCERPT: usize = 300;

/// Reads the error from a body, JSON or not.
pub fn read(body: &[u8]) -> VendorError {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => from_value(&value),
        Err(_) => VendorError::from_message(excerpt(body)),
    }
}

/// Reads the error from a parsed value: `{error: {…}}`, `[{error: {…}}]`, `{error: "…"}`, `{detail}`, and
/// flat.
pub fn from_value(value: &Value) -> VendorError {
    let value = match value {
        Value::Array(items) => items.first().unwrap_or(&Value::Null),
        other => other,
    };
    let read = |error| from_error(error, value);
    match (&value["error"], &value["detail"]) {
        (error @ Value::Object(_), _) => read(error),
        (Value::String(words), _) => from_words(words, value),
        (_, detail @ Value::Object(_)) => match &detail["error"] {
            error @ Value::Object(_) => read(error),
            _ => read(detail),
        },
        _ => read(value),
    }
}

fn from_error(error: &Value, outer: &Value) -> VendorError {
    let details = error["details"].as_array().map_or(&[][..], Vec::as_slice);
    let all = |name: &'static str| {
        details.iter().filter(move |d| d["@type"].as_str().is_some_and(|t| t.ends_with(name)))
    };
    let info = all("ErrorInfo").next().unwrap_or(&Value::Null);
    let code = text(&error["details"]["error_code"])
        .or_else(|| text(&info["reason"]))
        .or_else(|| text(&error["code"]).filter(|c| c.parse::<u16>().is_err()))
        .or_else(|| text(&error["innererror"]["code"]));
    // Limits per minute and per day come together: all are kept.
    let quotas: Vec<&str> = all("QuotaFailure")
        .filter_map(|d| d["violations"].as_array())
        .flatten()
        .map(|v| &v["quotaId"])
        .chain([&info["metadata"]["quota_limit"]])
        .filter_map(Value::as_str)
        .collect();
    VendorError {
        message: text(&error["message"]).unwrap_or_else(|| plain_message(error)),
        code,
        // The type of a flat error is "error".
        kind: text(&error["type"]).filter(|t| t != "error").or_else(|| text(&error["status"])),
        status: ["code", "status_code", "status"].iter().find_map(|key| status(&error[*key])),
        quota_id: (!quotas.is_empty()).then(|| quotas.join(" ")),
        retry_after: seconds(&error["retry_after"])
            .or_else(|| seconds(&outer["retry_after"]))
            .or_else(|| all("RetryInfo").find_map(|d| retry_after::from_proto(d["retryDelay"].as_str()?))),
    }
}

/// `error` is a sentence, or a code with the sentence beside it.
fn from_words(words: &str, outer: &Value) -> VendorError {
    let beside = from_error(outer, outer);
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if words.is_empty() || !words.bytes().all(is_word) {
        return VendorError { message: words.to_owned(), ..beside };
    }
    VendorError {
        message: message_in(outer).unwrap_or_else(|| words.to_owned()),
        code: beside.code.or_else(|| Some(words.to_owned())),
        ..beside
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|s| !s.is_empty()).map(str::to_owned)
}

/// An HTTP status as a number, or as a string, as litellm writes it.
fn status(value: &Value) -> Option<u16> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|s| s.parse().ok()))
        .and_then(|n| u16::try_from(n).ok())
        .filter(|n| (400..=599).contains(n))
}

fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|s| s.parse().ok()))?;
    duration::from_secs(number)
}

fn plain_message(value: &Value) -> String {
    message_in(value).unwrap_or_else(|| match value {
        Value::Null => String::new(),
        other => excerpt(other.to_string().as_bytes()),
    })
}

fn message_in(value: &Value) -> Option<String> {
    ["message", "detail", "error_description"].iter().find_map(|key| text(&value[*key]))
}

/// The beginning of a text, without HTML tags and control characters.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                out.push(' ');
            }
            _ if in_tag => {}
            c if c.is_control() || c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape() {
        let openai = read(br#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#);
        assert_eq!(
            (openai.message.as_str(), openai.code.as_deref(), openai.kind.as_deref()),
            ("m", Some("c"), Some("t"))
        );

        let anthropic = read(br#"{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"r"}"#);
        assert_eq!(anthropic.code.as_deref(), Some("enforced_spend_limit_reached"));
        assert_eq!(anthropic.kind.as_deref(), Some("rate_limit_error"));

        let google = read(
            br#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[
            {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"PerDay-x"}]},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"},
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"QUOTA_EXHAUSTED"}]}}]"#,
        );
        assert_eq!(google.status, Some(429));
        assert_eq!(google.kind.as_deref(), Some("RESOURCE_EXHAUSTED"));
        assert_eq!(google.code.as_deref(), Some("QUOTA_EXHAUSTED"));
        assert_eq!(google.quota_id.as_deref(), Some("PerDay-x"));
        assert_eq!(google.retry_after, Some(Duration::from_millis(34_400)));

        let litellm = read(br#"{"error":{"message":"m","type":"None","code":"429"}}"#);
        assert_eq!((litellm.status, litellm.code), (Some(429), None));

        assert_eq!(read(br#"{"detail":"Not Found"}"#).message, "Not Found");
        assert_eq!(read(br#"{"error":"overloaded"}"#).message, "overloaded");
        let word = read(br#"{"error":"no_credit","message":"m"}"#);
        assert_eq!((word.code.as_deref(), word.message.as_str()), (Some("no_credit"), "m"));
        let sentence = read("{\"error\":\"满了\",\"code\":\"429\"}".as_bytes());
        assert_eq!((sentence.code, sentence.status, sentence.message.as_str()), (None, Some(429), "满了"));
        assert_eq!(
            read(br#"{"error":{"message":"m"},"retry_after":2.5}"#).retry_after,
            Some(Duration::from_millis(2_500))
        );
        assert_eq!(
            read(b"<html><head><title>502 Bad Gateway</title></head>\r\n</html>").message,
            "502 Bad Gateway"
        );
        assert_eq!(read(b"").message, "");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            let _ = read(&body);
        }
    }
}
