//! An answer in OpenAI's dialect as Gemini's, whole or streamed, for a caller who speaks that.

use serde_json::{Value, json};

/// The whole answer. `model` is what the caller asked for.
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
        parts.extend(message["tool_calls"].as_array().into_iter().flatten().map(call));
        candidate(&choice["index"], parts, choice["finish_reason"].as_str())
    };
    let candidates: Vec<Value> =
        completion["choices"].as_array().into_iter().flatten().map(candidate).collect();
    answer(candidates, &completion["usage"], &completion["id"], model)
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
            // Google has no word of its own for calls.
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

/// Writes a stream, chunk by chunk. Calls are told whole, so they are put together first.
pub struct Encoder {
    model: String,
    id: Value,
    calls: Vec<(u64, Value)>,
    usage: Value,
    /// Ends that wait for the usage, which comes after them.
    ends: Vec<(u64, String)>,
}

impl Encoder {
    pub fn new(model: &str) -> Self {
        let model = model.to_owned();
        Self { model, id: Value::Null, calls: Vec::new(), usage: Value::Null, ends: Vec::new() }
    }

    /// The events that a chunk comes to.
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
            delta["tool_calls"].as_array().into_iter().flatten().for_each(|piece| self.gather(index, piece));
            if !parts.is_empty() {
                let told =
                    answer(vec![candidate(&index.into(), parts, None)], &Value::Null, &self.id, &self.model);
                event(out, &told);
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                self.ends.push((index, reason.to_owned()));
            }
        }
    }

    /// The events at the end of a sound stream.
    pub fn end(&mut self, out: &mut String) {
        let mut candidates = Vec::new();
        for (index, reason) in std::mem::take(&mut self.ends) {
            let calls =
                self.calls.iter().filter(|(choice, _)| *choice == index).map(|(_, c)| call(c)).collect();
            candidates.push(candidate(&index.into(), calls, Some(&reason)));
        }
        event(out, &answer(candidates, &self.usage, &self.id, &self.model));
    }

    /// Puts a piece of a call to what there is of it.
    fn gather(&mut self, choice: u64, piece: &Value) {
        let same = |(c, call): &&mut (u64, Value)| *c == choice && call["index"] == piece["index"];
        let Some((_, call)) = self.calls.iter_mut().find(same) else {
            self.calls.push((choice, piece.clone()));
            return;
        };
        if let Some(more) = piece["function"]["arguments"].as_str() {
            let so_far = call["function"]["arguments"].as_str().unwrap_or_default();
            call["function"]["arguments"] = format!("{so_far}{more}").into();
        }
        for name in ["id", "extra_content"] {
            if !piece[name].is_null() {
                call[name] = piece[name].clone();
            }
        }
    }
}

/// Google ends its lines with both.
fn event(out: &mut String, data: &Value) {
    out.push_str("data: ");
    out.push_str(&data.to_string());
    out.push_str("\r\n\r\n");
}
