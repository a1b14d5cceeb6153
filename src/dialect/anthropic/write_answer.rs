//! Writes OpenAI's answers as Anthropic's, whole or streamed.

use serde_json::{Value, json};

use crate::dialect::openai::tool_calls::ToolCallAssembler;

/// The whole answer. `model` is the requested model.
pub fn write(completion: &Value, model: &str) -> Value {
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let mut content = Vec::new();
    let words = |name: &str| message[name].as_str().filter(|text| !text.is_empty());
    if let Some(text) = words("content").or(words("refusal")) {
        content.push(text_block(text));
    }
    for (number, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let input =
            call["function"]["arguments"].as_str().and_then(|a| serde_json::from_str::<Value>(a).ok());
        let input = input.filter(Value::is_object).unwrap_or_else(|| json!({}));
        content.push(tool_use(call, &completion["id"], number, input));
    }
    json!({
        "id": message_id(&completion["id"]),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason(choice["finish_reason"].as_str(), words("refusal").is_some()),
        "stop_sequence": null,
        "stop_details": null,
        "container": null,
        "diagnostics": null,
        "usage": usage(&completion["usage"], true),
    })
}

/// A call; one without an id gets one derived from the answer's, for its result has to name it.
fn tool_use(call: &Value, answer: &Value, number: usize, input: Value) -> Value {
    let made = || format!("toolu_{}_{number}", answer.as_str().unwrap_or_default());
    let id = call["id"].as_str().filter(|id| !id.is_empty()).map_or_else(made, str::to_owned);
    let name = call["function"]["name"].as_str().unwrap_or_default();
    json!({ "type": "tool_use", "id": id, "name": name, "input": input, "caller": { "type": "direct" } })
}

fn text_block(text: &str) -> Value {
    json!({ "type": "text", "text": text, "citations": null })
}

fn message_id(id: &Value) -> String {
    let id = id.as_str().unwrap_or_default();
    if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{id}") }
}

/// A refusal is a normal stop in OpenAI's dialect, and a stop reason of its own in Anthropic's.
fn stop_reason(finish_reason: Option<&str>, refused: bool) -> Value {
    match finish_reason {
        None => Value::Null,
        Some("stop") if refused => "refusal".into(),
        Some("length") => "max_tokens".into(),
        Some("tool_calls" | "function_call") => "tool_use".into(),
        Some("content_filter") => "refusal".into(),
        Some(_) => "end_turn".into(),
    }
}

/// Anthropic counts cached tokens separately. Counts that only Anthropic has are null in a `whole` message.
fn usage(usage: &Value, whole: bool) -> Value {
    let count = |value: &Value| value.as_f64().map_or(0, |n| n as u64);
    let details = &usage["prompt_tokens_details"];
    let (read, written) = (count(&details["cached_tokens"]), count(&details["cache_write_tokens"]));
    let input = count(&usage["prompt_tokens"]).saturating_sub(read).saturating_sub(written);
    let thought = usage["completion_tokens_details"]["reasoning_tokens"].as_u64();
    let mut out = json!({
        "input_tokens": input,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": count(&usage["completion_tokens"]),
        "output_tokens_details": thought.map(|thought| json!({ "thinking_tokens": thought })),
        "server_tool_use": null,
    });
    if whole {
        for name in ["cache_creation", "inference_geo", "service_tier", "speed"] {
            out[name] = Value::Null;
        }
    }
    out
}

/// The kind of the open block.
#[derive(Clone, Copy, PartialEq)]
enum OpenBlock {
    Nothing,
    Text,
    Call,
}

/// Writes a stream, chunk by chunk.
pub struct AnthropicEncoder {
    model: String,
    begun: bool,
    id: Value,
    open: OpenBlock,
    /// Blocks so far.
    blocks: u64,
    /// The call that is passed on as it arrives: the first. Blocks follow one another, while the pieces of
    /// OpenAI's calls and texts may alternate, so everything after the first call waits for the end.
    first: Option<Option<u64>>,
    later_text: String,
    later_calls: ToolCallAssembler,
    finish: Option<String>,
    refused: bool,
    usage: Value,
}

impl AnthropicEncoder {
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            begun: false,
            id: Value::Null,
            open: OpenBlock::Nothing,
            blocks: 0,
            first: None,
            later_text: String::new(),
            later_calls: ToolCallAssembler::default(),
            finish: None,
            refused: false,
            usage: Value::Null,
        }
    }

    /// The events of a chunk.
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
            self.refused |= name == "refusal" && delta[name].as_str().is_some_and(|t| !t.is_empty());
            match delta[name].as_str().filter(|t| !t.is_empty()) {
                Some(text) if self.first.is_some() => self.later_text.push_str(text),
                Some(text) => self.text(text, out),
                None => {}
            }
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call, out);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish = Some(reason.to_owned());
        }
    }

    /// The events at the end of a complete stream.
    pub fn end(&mut self, out: &mut String) {
        self.begin(&Value::Null, out);
        let text = std::mem::take(&mut self.later_text);
        if !text.is_empty() {
            self.text(&text, out);
        }
        for (number, call) in self.later_calls.take().enumerate() {
            self.open(OpenBlock::Call, tool_use(&call, &self.id, number + 1, json!({})), out);
            self.input(&call, out);
        }
        self.close(out);
        let delta = json!({
            "stop_reason": stop_reason(self.finish.as_deref(), self.refused), "stop_sequence": null,
            "stop_details": null, "container": null,
        });
        event(out, json!({ "type": "message_delta", "delta": delta, "usage": usage(&self.usage, false) }));
        event(out, json!({ "type": "message_stop" }));
    }

    fn text(&mut self, text: &str, out: &mut String) {
        if self.open != OpenBlock::Text {
            self.open(OpenBlock::Text, text_block(""), out);
        }
        self.delta(json!({ "type": "text_delta", "text": text }), out);
    }

    fn call(&mut self, call: &Value, out: &mut String) {
        let index = call["index"].as_u64();
        match self.first {
            None => {
                self.first = Some(index);
                self.open(OpenBlock::Call, tool_use(call, &self.id, 0, json!({})), out);
                self.input(call, out);
            }
            Some(first) if first.is_some() && first == index => self.input(call, out),
            Some(_) => self.later_calls.add(call),
        }
    }

    /// A piece of the open call's input.
    fn input(&self, call: &Value, out: &mut String) {
        if let Some(piece) = call["function"]["arguments"].as_str().filter(|a| !a.is_empty()) {
            self.delta(json!({ "type": "input_json_delta", "partial_json": piece }), out);
        }
    }

    fn begin(&mut self, id: &Value, out: &mut String) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.id = id.clone();
        event(
            out,
            json!({ "type": "message_start", "message": {
                "id": message_id(id), "type": "message", "role": "assistant", "model": self.model, "content": [],
                "stop_reason": null, "stop_sequence": null, "stop_details": null, "container": null, "diagnostics": null,
                "usage": usage(&Value::Null, true),
            } }),
        );
    }

    fn open(&mut self, open: OpenBlock, start: Value, out: &mut String) {
        self.close(out);
        event(out, json!({ "type": "content_block_start", "index": self.blocks, "content_block": start }));
        self.blocks += 1;
        self.open = open;
    }

    fn delta(&self, delta: Value, out: &mut String) {
        let index = self.blocks.saturating_sub(1);
        event(out, json!({ "type": "content_block_delta", "index": index, "delta": delta }));
    }

    fn close(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.open, OpenBlock::Nothing) != OpenBlock::Nothing {
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

#[cfg(test)]
#[path = "write_answer_tests.rs"]
mod tests;
