//! Writes OpenAI's answers as Gemini's, whole or streamed.

use serde_json::{Value, json};

use crate::dialect::{chat::DataUrl, openai::tool_calls::ToolCallAssembler};

/// The whole answer. `model` is the requested model.
pub fn write(completion: &Value, model: &str) -> Value {
    let candidate = |choice: &Value| {
        let message = &choice["message"];
        let mut parts = Vec::new();
        let words = |name: &str| message[name].as_str().filter(|text| !text.is_empty());
        if let Some(thought) = words("reasoning_content") {
            parts.push(json!({ "text": thought, "thought": true }));
        }
        if let Some(text) = words("content").or(words("refusal")) {
            parts.push(json!({ "text": text }));
        }
        parts.extend(images(message));
        parts.extend(message["tool_calls"].as_array().into_iter().flatten().map(call));
        candidate(&choice["index"], parts, choice["finish_reason"].as_str())
    };
    let candidates: Vec<Value> =
        completion["choices"].as_array().into_iter().flatten().map(candidate).collect();
    answer(candidates, &completion["usage"], &completion["id"], model)
}

/// Generated images, in the form of Google's translated answers.
fn images(message: &Value) -> impl Iterator<Item = Value> + '_ {
    message["images"].as_array().into_iter().flatten().filter_map(|image| {
        let data = DataUrl::parse(image["image_url"]["url"].as_str()?)?;
        Some(json!({ "inlineData": { "mimeType": data.media_type, "data": data.data } }))
    })
}

fn answer(candidates: Vec<Value>, usage: &Value, id: &Value, model: &str) -> Value {
    let mut out = json!({ "candidates": candidates, "modelVersion": model, "responseId": id });
    if usage.is_object() {
        out["usageMetadata"] = metadata(usage);
    }
    out
}

fn candidate(index: &Value, parts: Vec<Value>, finish_reason: Option<&str>) -> Value {
    let index = index.as_u64().unwrap_or(0);
    let mut out = json!({ "content": { "role": "model", "parts": parts }, "index": index });
    if let Some(reason) = finish_reason {
        out["finishReason"] = match reason {
            "length" => "MAX_TOKENS",
            "content_filter" => "SAFETY",
            // Google has no finish reason for tool calls.
            _ => "STOP",
        }
        .into();
    }
    out
}

fn call(call: &Value) -> Value {
    let function = &call["function"];
    let arguments = function["arguments"].as_str().and_then(|a| serde_json::from_str::<Value>(a).ok());
    let arguments = arguments.filter(Value::is_object).unwrap_or_else(|| json!({}));
    let mut part =
        json!({ "functionCall": { "id": call["id"], "name": function["name"], "args": arguments } });
    if let Some(signature) = call["extra_content"]["google"]["thought_signature"].as_str() {
        part["thoughtSignature"] = signature.into();
    }
    part
}

fn metadata(usage: &Value) -> Value {
    let count = |value: &Value| value.as_f64().map_or(0, |n| n as u64);
    let thought = count(&usage["completion_tokens_details"]["reasoning_tokens"]);
    let (input, output) = (count(&usage["prompt_tokens"]), count(&usage["completion_tokens"]));
    json!({
        "promptTokenCount": input,
        "candidatesTokenCount": output.saturating_sub(thought),
        "totalTokenCount": input.saturating_add(output),
        "thoughtsTokenCount": thought,
        "cachedContentTokenCount": count(&usage["prompt_tokens_details"]["cached_tokens"]),
    })
}

/// The most choices, above what callers request.
const MAX_CHOICES: usize = 64;

/// Writes a stream, chunk by chunk. Calls are written whole, so they are assembled first.
pub struct GoogleEncoder {
    model: String,
    id: Value,
    choices: Vec<GoogleChoice>,
    usage: Value,
}

/// Kept for the end: calls, and the finish reason, which Google sends with the usage.
#[derive(Default)]
struct GoogleChoice {
    index: u64,
    calls: ToolCallAssembler,
    finish: Option<String>,
}

impl GoogleEncoder {
    pub fn new(model: &str) -> Self {
        Self { model: model.to_owned(), id: Value::Null, choices: Vec::new(), usage: Value::Null }
    }

    /// The events of a chunk.
    pub fn chunk(&mut self, chunk: &Value, out: &mut String) {
        if self.id.is_null() {
            self.id = chunk["id"].clone();
        }
        if chunk["usage"].is_object() {
            self.usage = chunk["usage"].clone();
        }
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            let index = choice["index"].as_u64().unwrap_or(0);
            let delta = &choice["delta"];
            let mut parts = Vec::new();
            for (name, thought) in [("reasoning_content", true), ("content", false), ("refusal", false)] {
                if let Some(text) = delta[name].as_str().filter(|t| !t.is_empty()) {
                    parts.push(if thought {
                        json!({ "text": text, "thought": true })
                    } else {
                        json!({ "text": text })
                    });
                }
            }
            parts.extend(images(delta));
            if let Some(kept) = self.choice(index) {
                delta["tool_calls"].as_array().into_iter().flatten().for_each(|piece| kept.calls.add(piece));
                if let Some(reason) = choice["finish_reason"].as_str() {
                    kept.finish = Some(reason.to_owned());
                }
            }
            if !parts.is_empty() {
                let data =
                    answer(vec![candidate(&index.into(), parts, None)], &Value::Null, &self.id, &self.model);
                event(out, &data);
            }
        }
    }

    /// The events at the end of a complete stream.
    pub fn end(&mut self, out: &mut String) {
        let mut candidates = Vec::new();
        for mut choice in std::mem::take(&mut self.choices) {
            let calls = choice.calls.take().map(|c| call(&c)).collect();
            candidates.push(candidate(&choice.index.into(), calls, choice.finish.as_deref()));
        }
        event(out, &answer(candidates, &self.usage, &self.id, &self.model));
    }

    fn choice(&mut self, index: u64) -> Option<&mut GoogleChoice> {
        let known = self.choices.iter().position(|c| c.index == index);
        let at = known.unwrap_or(self.choices.len());
        if known.is_none() && at < MAX_CHOICES {
            self.choices.push(GoogleChoice { index, ..GoogleChoice::default() });
        }
        self.choices.get_mut(at)
    }
}

/// Google ends lines with CR and LF.
fn event(out: &mut String, data: &Value) {
    out.push_str("data: ");
    out.push_str(&data.to_string());
    out.push_str("\r\n\r\n");
}

#[cfg(test)]
#[path = "write_answer_tests.rs"]
mod tests;
