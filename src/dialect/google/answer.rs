//! Translates Gemini's answers into OpenAI's.

use serde_json::{Value, json};

use crate::{
    base::vendor_error::VendorError,
    dialect::{
        chunks::{self, ResponseDefaults},
        error_body,
        openai::answer::InvalidAnswer,
        usage::{self, OpenAiUsage, Usage},
    },
};

/// The largest index, above what the vendor sends.
const MAX_INDEX: u64 = 1_000;

/// Reads a whole answer.
pub fn read(text: &str, defaults: &ResponseDefaults) -> Result<(Value, Option<Usage>), InvalidAnswer> {
    let answer: Value = serde_json::from_str(text)
        .map_err(|e| InvalidAnswer::Malformed(e.to_string().chars().take(200).collect()))?;
    if is_error(&answer) {
        return Err(InvalidAnswer::Error(error_body::from_value(&answer)));
    }
    if let Some(blocked) = blocked(&answer) {
        return Err(InvalidAnswer::Error(blocked));
    }
    let candidates = answer["candidates"].as_array().map_or(&[][..], Vec::as_slice);
    if candidates.is_empty() {
        return Err(InvalidAnswer::Malformed("the answer has no candidates".into()));
    }
    if candidates.iter().all(is_void) {
        return Err(InvalidAnswer::Malformed(nothing_said(&candidates[0]["finishReason"])));
    }
    let id = defaults.id(&answer["responseId"]);
    let mut body = json!({
        "id": id,
        "object": "chat.completion",
        "created": defaults.created,
        "model": defaults.model(&answer["modelVersion"]),
        "choices": candidates.iter().map(|candidate| choice(candidate, &id)).collect::<Vec<_>>(),
    });
    let usage = usage(&answer["usageMetadata"]);
    if let Some(usage) = &usage {
        body["usage"] = usage.clone();
    }
    Ok((body, usage.and_then(|u| counted(&u))))
}

/// Errors come bare, or in an array when a stream was requested in the wrong form.
pub fn is_error(answer: &Value) -> bool {
    answer["error"].is_object() || answer.get(0).is_some_and(|first| first["error"].is_object())
}

/// The error when the prompt was blocked.
pub fn blocked(answer: &Value) -> Option<VendorError> {
    let reason = answer["promptFeedback"]["blockReason"].as_str()?;
    let candidates = answer["candidates"].as_array();
    candidates.is_none_or(Vec::is_empty).then(|| VendorError {
        message: format!("the prompt was blocked: {}", reason.chars().take(60).collect::<String>()),
        code: Some("content_filter".into()),
        ..VendorError::default()
    })
}

/// Whether a candidate ended without content because of a mistake of the model.
fn is_void(candidate: &Value) -> bool {
    let parts = candidate["content"]["parts"].as_array();
    is_mistake(&candidate["finishReason"]) && !parts.is_some_and(|parts| parts.iter().any(has_content))
}

/// Whether a part is content; thoughts are not.
pub fn has_content(part: &Value) -> bool {
    let text = part["text"].as_str().is_some_and(|text| !text.is_empty());
    text && part["thought"] != true || part["functionCall"].is_object() || part["inlineData"].is_object()
}

pub fn is_mistake(finish_reason: &Value) -> bool {
    const MISTAKES: [&str; 6] = [
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "OTHER",
        "IMAGE_OTHER",
    ];
    finish_reason.as_str().is_some_and(|reason| MISTAKES.contains(&reason))
}

/// The message for an answer without content.
pub fn nothing_said(finish_reason: &Value) -> String {
    let why: String = finish_reason.as_str().unwrap_or("no reason").chars().take(60).collect();
    format!("the answer is empty: {why}")
}

fn choice(candidate: &Value, id: &str) -> Value {
    let (mut text, mut reasoning) = (None::<String>, String::new());
    let (mut calls, mut images) = (Vec::new(), Vec::new());
    for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
        if let Some(piece) = part["text"].as_str() {
            if part["thought"] == true {
                reasoning.push_str(piece);
            } else {
                text.get_or_insert_default().push_str(piece);
            }
        }
        if part["functionCall"].is_object() {
            calls.push(call(part, id, calls.len()));
        }
        images.extend(image(part));
    }
    let mut message = json!({ "role": "assistant", "content": text, "refusal": null });
    if !reasoning.is_empty() {
        message["reasoning_content"] = reasoning.into();
    }
    let called = !calls.is_empty();
    if called {
        message["tool_calls"] = calls.into();
    }
    if !images.is_empty() {
        message["images"] = images.into();
    }
    let index = candidate["index"].as_u64().unwrap_or(0).min(MAX_INDEX);
    let mut choice = json!({ "index": index, "message": message, "logprobs": null });
    end(&mut choice, &candidate["finishReason"], called);
    chunks::whole(&mut choice, called);
    choice
}

/// A tool call. Without an id it gets one derived from the answer's, so that ids stay unique over answers.
pub fn call(part: &Value, answer: &str, number: usize) -> Value {
    let function = &part["functionCall"];
    let call_id = match chunks::name(&function["id"]) {
        Some(id) => id.to_owned(),
        None => format!("call_{answer}_{number}"),
    };
    let arguments = if function["args"].is_null() { "{}".into() } else { function["args"].to_string() };
    let name = function["name"].as_str().unwrap_or_default();
    let mut call = json!({
        "id": call_id, "type": "function", "function": { "name": name, "arguments": arguments },
    });
    if let Some(signature) = part["thoughtSignature"].as_str() {
        call["extra_content"] = json!({ "google": { "thought_signature": signature } });
    }
    call
}

/// A generated image.
pub fn image(part: &Value) -> Option<Value> {
    let data = part["inlineData"].as_object()?;
    let word = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let url = format!("data:{};base64,{}", word("mimeType"), word("data"));
    Some(json!({ "type": "image_url", "image_url": { "url": url } }))
}

/// Sets the finish reason: OpenAI's, and the vendor's own beside it.
pub fn end(choice: &mut Value, finish_reason: &Value, called: bool) {
    choice["finish_reason"] = finish_reason
        .as_str()
        .filter(|reason| *reason != "FINISH_REASON_UNSPECIFIED")
        .map(|reason| match reason {
            "MAX_TOKENS" => "length",
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "LANGUAGE"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "NO_IMAGE" => "content_filter",
            _ if called => "tool_calls",
            _ => "stop",
        })
        .into();
    choice["native_finish_reason"] = finish_reason.clone();
}

/// OpenAI's usage. Google counts thoughts separately, OpenAI includes them. Impossible counts are dropped.
pub fn usage(metadata: &Value) -> Option<Value> {
    let all = metadata.as_object()?;
    let count = |name: &str| match all.get(name) {
        // Zero counts are left out.
        None | Some(Value::Null) => Some(0),
        Some(given) => given.as_f64().and_then(usage::count),
    };
    let thought = count("thoughtsTokenCount")?;
    let input =
        all.get("promptTokenCount").and(count("promptTokenCount"))? + count("toolUsePromptTokenCount")?;
    let output = count("candidatesTokenCount")? + thought;
    let cached = count("cachedContentTokenCount")?;
    Some(json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input + output,
        "prompt_tokens_details": { "cached_tokens": cached },
        "completion_tokens_details": { "reasoning_tokens": thought },
    }))
}

fn counted(usage: &Value) -> Option<Usage> {
    serde_json::from_value::<OpenAiUsage>(usage.clone()).ok().and_then(OpenAiUsage::known)
}
