//! An answer in OpenAI's dialect as Anthropic's, whole or streamed, for a caller who speaks that.

use serde_json::{Value, json};

/// The whole answer. `model` is what the caller asked for.
pub fn write(completion: &Value, model: &str) -> Value {
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let mut content = Vec::new();
    let words = |name: &str| message[name].as_str().filter(|text| !text.is_empty());
    if let Some(text) = words("content").or(words("refusal")) {
        content.push(json!({ "type": "text", "text": text }));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let input =
            call["function"]["arguments"].as_str().and_then(|a| serde_json::from_str::<Value>(a).ok());
        let input = input.filter(Value::is_object).unwrap_or_else(|| json!({}));
        content.push(
            json!({ "type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": input }),
        );
    }
    json!({
        "id": message_id(&completion["id"]),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason(choice["finish_reason"].as_str()),
        "stop_sequence": null,
        "usage": usage(&completion["usage"]),
    })
}

fn message_id(id: &Value) -> String {
    let id = id.as_str().unwrap_or_default();
    if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{id}") }
}

fn stop_reason(finish_reason: Option<&str>) -> Value {
    match finish_reason {
        None => Value::Null,
        Some("length") => "max_tokens".into(),
        Some("tool_calls" | "function_call") => "tool_use".into(),
        Some("content_filter") => "refusal".into(),
        Some(_) => "end_turn".into(),
    }
}

/// Anthropic counts cached tokens beside the others.
fn usage(usage: &Value) -> Value {
    let count = |value: &Value| value.as_f64().map_or(0, |n| n as u64);
    let details = &usage["prompt_tokens_details"];
    let (read, written) = (count(&details["cached_tokens"]), count(&details["cache_write_tokens"]));
    let input = count(&usage["prompt_tokens"]).saturating_sub(read).saturating_sub(written);
    json!({
        "input_tokens": input,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": count(&usage["completion_tokens"]),
    })
}

/// What block is open.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    Text,
    Call(u64),
}

/// Writes a stream, chunk by chunk.
pub struct Encoder {
    model: String,
    begun: bool,
    open: Open,
    /// Blocks so far.
    blocks: u64,
    finish: Option<String>,
    usage: Value,
}

impl Encoder {
    pub fn new(model: &str) -> Self {
        let model = model.to_owned();
        Self { model, begun: false, open: Open::Nothing, blocks: 0, finish: None, usage: Value::Null }
    }

    /// The events that a chunk comes to.
    pub fn chunk(&mut self, chunk: &Value, out: &mut String) {
        if chunk["usage"].is_object() {
            self.usage = chunk["usage"].clone();
        }
        let choice = &chunk["choices"][0];
        if choice.is_null() {
            return;
        }
        self.begin(&chunk["id"], out);
        let delta = &choice["delta"];
        for name in ["content", "refusal"] {
            if let Some(text) = delta[name].as_str().filter(|t| !t.is_empty()) {
                self.open(Open::Text, || json!({ "type": "text", "text": "" }), out);
                self.delta(json!({ "type": "text_delta", "text": text }), out);
            }
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let start =
                || json!({ "type": "tool_use", "id": call["id"], "name": function["name"], "input": {} });
            self.open(Open::Call(call["index"].as_u64().unwrap_or(0)), start, out);
            if let Some(piece) = function["arguments"].as_str().filter(|a| !a.is_empty()) {
                self.delta(json!({ "type": "input_json_delta", "partial_json": piece }), out);
            }
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish = Some(reason.to_owned());
        }
    }

    /// The events at the end of a sound stream.
    pub fn end(&mut self, out: &mut String) {
        self.begin(&Value::Null, out);
        self.close(out);
        let delta = json!({ "stop_reason": stop_reason(self.finish.as_deref()), "stop_sequence": null });
        event(out, json!({ "type": "message_delta", "delta": delta, "usage": usage(&self.usage) }));
        event(out, json!({ "type": "message_stop" }));
    }

    fn begin(&mut self, id: &Value, out: &mut String) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        event(
            out,
            json!({ "type": "message_start", "message": {
                "id": message_id(id), "type": "message", "role": "assistant", "model": self.model, "content": [],
                "stop_reason": null, "stop_sequence": null, "usage": usage(&Value::Null),
            } }),
        );
    }

    fn open(&mut self, wanted: Open, start: impl FnOnce() -> Value, out: &mut String) {
        if self.open == wanted {
            return;
        }
        self.close(out);
        event(out, json!({ "type": "content_block_start", "index": self.blocks, "content_block": start() }));
        self.blocks += 1;
        self.open = wanted;
    }

    fn delta(&self, delta: Value, out: &mut String) {
        let index = self.blocks.saturating_sub(1);
        event(out, json!({ "type": "content_block_delta", "index": index, "delta": delta }));
    }

    fn close(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.open, Open::Nothing) != Open::Nothing {
            let index = self.blocks.saturating_sub(1);
            event(out, json!({ "type": "content_block_stop", "index": index }));
        }
    }
}

fn event(out: &mut String, data: Value) {
    out.push_str("event: ");
    out.push_str(data["type"].as_str().unwrap_or_default());
    out.push_str("\ndata: ");
    out.push_str(&data.to_string());
    out.push_str("\n\n");
}
