//! Translates Anthropic's streams into OpenAI's chunks.

use serde_json::{Value, json};

use super::answer;
use crate::dialect::{
    chunks::{DecodedEvent, ResponseDefaults},
    error_body,
    openai::chunk,
};

/// The state of a stream.
#[derive(Default)]
pub struct AnthropicStreamDecoder {
    defaults: ResponseDefaults,
    id: String,
    model: String,
    usage: Value,
    /// Open tool calls.
    blocks: Vec<OpenToolCall>,
    calls: usize,
}

/// The most open calls: the vendor ends each before the next.
const MAX_OPEN: usize = 64;

/// A tool call that has not ended.
struct OpenToolCall {
    index: u64,
    /// Its number among the calls.
    number: usize,
    /// Whether any of its input was passed on.
    announced: bool,
    /// The input at its beginning.
    input: Value,
}

impl AnthropicStreamDecoder {
    pub fn new(defaults: ResponseDefaults) -> Self {
        Self { id: defaults.id.clone(), model: defaults.model.clone(), defaults, ..Self::default() }
    }

    /// Handles one event. Unknown events are ignored, as the vendor requires.
    pub fn event(&mut self, name: Option<&str>, data: &str) -> DecodedEvent {
        let Some(event) = chunk::value(data) else { return DecodedEvent::Undecodable };
        if !event.is_object() {
            return DecodedEvent::Undecodable;
        }
        match event["type"].as_str().or(name).unwrap_or_default() {
            "message_start" => self.begin(&event["message"]),
            "content_block_start" => self.block(&event),
            "content_block_delta" => self.delta(&event),
            "content_block_stop" => self.stop(&event),
            "message_delta" => self.end(&event),
            "message_stop" => DecodedEvent::Done,
            "error" => DecodedEvent::Error(error_body::from_value(&event)),
            _ => DecodedEvent::Nothing,
        }
    }

    fn begin(&mut self, message: &Value) -> DecodedEvent {
        self.id = self.defaults.id(&message["id"]);
        self.model = self.defaults.model(&message["model"]);
        self.usage = message["usage"].clone();
        self.chunk(json!({ "role": "assistant", "content": "", "refusal": null }))
    }

    fn block(&mut self, event: &Value) -> DecodedEvent {
        let start = &event["content_block"];
        let words = |name: &str| start[name].as_str().unwrap_or_default();
        match words("type") {
            "tool_use" if self.blocks.len() < MAX_OPEN => {
                let number = self.calls;
                self.calls += 1;
                let index = event["index"].as_u64().unwrap_or(0);
                self.blocks.retain(|b| b.index != index);
                self.blocks.push(OpenToolCall {
                    index,
                    number,
                    announced: false,
                    input: start["input"].clone(),
                });
                self.chunk(json!({ "tool_calls": [{
                    "index": number, "id": answer::call_id(start, &self.id, number), "type": "function",
                    "function": { "name": words("name"), "arguments": "" },
                }] }))
            }
            "text" if !words("text").is_empty() => self.chunk(json!({ "content": words("text") })),
            "thinking" if !words("thinking").is_empty() => {
                self.chunk(json!({ "reasoning_content": words("thinking") }))
            }
            _ => DecodedEvent::Nothing,
        }
    }

    fn delta(&mut self, event: &Value) -> DecodedEvent {
        let delta = &event["delta"];
        let words = |name: &str| delta[name].as_str().unwrap_or_default();
        match words("type") {
            "text_delta" => self.chunk(json!({ "content": words("text") })),
            "thinking_delta" => self.chunk(json!({ "reasoning_content": words("thinking") })),
            "input_json_delta" => self.input(event["index"].as_u64(), words("partial_json")),
            // Signatures and citations have no place in OpenAI's dialect.
            _ => DecodedEvent::Nothing,
        }
    }

    /// A piece of a tool's input.
    fn input(&mut self, index: Option<u64>, piece: &str) -> DecodedEvent {
        let block = self.blocks.iter_mut().find(|b| Some(b.index) == index);
        let Some(block) = block.filter(|_| !piece.is_empty()) else { return DecodedEvent::Nothing };
        block.announced = true;
        let number = block.number;
        self.chunk(json!({ "tool_calls": [{ "index": number, "function": { "arguments": piece } }] }))
    }

    fn stop(&mut self, event: &Value) -> DecodedEvent {
        let index = event["index"].as_u64();
        let Some(at) = self.blocks.iter().position(|b| Some(b.index) == index) else {
            return DecodedEvent::Nothing;
        };
        let block = self.blocks.remove(at);
        self.unannounced(&block).map_or(DecodedEvent::Nothing, |chunk| DecodedEvent::Chunks(vec![chunk]))
    }

    /// The arguments of a call without input: an empty object.
    fn unannounced(&self, block: &OpenToolCall) -> Option<Value> {
        let arguments = answer::arguments(&block.input);
        let call = || json!({ "index": block.number, "function": { "arguments": arguments } });
        (!block.announced).then(|| self.value(json!({ "tool_calls": [call()] })))
    }

    fn end(&mut self, event: &Value) -> DecodedEvent {
        let usage = answer::usage(&self.usage, Some(&event["usage"]));
        let mut chunks = Vec::with_capacity(2);
        let delta = &event["delta"];
        if !delta["stop_reason"].is_null() {
            let open = std::mem::take(&mut self.blocks);
            chunks.extend(open.iter().filter_map(|block| self.unannounced(block)));
            let refusal = answer::refusal(delta);
            let content = if refusal.is_null() { json!({}) } else { json!({ "refusal": refusal }) };
            let mut last = self.value(content);
            answer::end(&mut last["choices"][0], &delta["stop_reason"]);
            chunks.push(last);
        }
        if let Some(usage) = usage {
            let mut value = self.value(json!({}));
            value["choices"] = json!([]);
            value["usage"] = usage;
            chunks.push(value);
        }
        DecodedEvent::Chunks(chunks)
    }

    fn chunk(&self, delta: Value) -> DecodedEvent {
        DecodedEvent::Chunks(vec![self.value(delta)])
    }

    fn value(&self, delta: Value) -> Value {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.defaults.created, "model": self.model,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": null }],
        })
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
