//! A stream of Gemini's as OpenAI's chunks. Every event is an answer of its own; the last names how it ended.

use serde_json::{Value, json};

use super::answer;
use crate::{
    dialect::{chunks::Decoded, error_body},
    vendor_error::VendorError,
};

#[derive(Default)]
pub struct Decoder {
    created: u64,
    begun: bool,
    /// Whether anything was said, by any candidate.
    said: bool,
    id: Value,
    model: Value,
    /// Calls so far, by candidate.
    calls: Vec<usize>,
}

/// Candidates that are told apart: more than the vendor gives.
const MAX_CANDIDATES: usize = 64;

impl Decoder {
    /// `created` is when the stream began, in seconds since 1970.
    pub fn new(created: u64) -> Self {
        Self { created, ..Self::default() }
    }

    pub fn event(&mut self, name: Option<&str>, data: &str) -> Decoded {
        // Some relays stream in OpenAI's form whatever they were asked in, or end as it does.
        if data.trim() == "[DONE]" {
            return Decoded::Done;
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else { return Decoded::Undecodable };
        if name == Some("error") || answer::is_error(&event) {
            return Decoded::Error(error_body::from_value(&event));
        }
        if !event.is_object() {
            return Decoded::Undecodable;
        }
        if event["choices"].is_array() {
            return Decoded::Chunks(vec![event]);
        }
        if let Some(blocked) = answer::blocked(&event) {
            return Decoded::Error(blocked);
        }
        let mut chunks = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            self.id = event["responseId"].clone();
            self.model = event["modelVersion"].clone();
            chunks.push(self.chunk(0, json!({ "role": "assistant", "content": "" })));
        }
        for candidate in event["candidates"].as_array().into_iter().flatten().take(MAX_CANDIDATES) {
            self.candidate(candidate, &mut chunks);
            let reason = candidate["finishReason"].as_str();
            if !self.said && answer::is_mistake(reason) {
                return Decoded::Error(VendorError::from_message(answer::void(reason)));
            }
        }
        if let Some(usage) = answer::usage(&event["usageMetadata"]) {
            let mut told = self.chunk(0, json!({}));
            told["choices"] = json!([]);
            told["usage"] = usage;
            chunks.push(told);
        }
        Decoded::Chunks(chunks)
    }

    fn candidate(&mut self, candidate: &Value, chunks: &mut Vec<Value>) {
        let index = candidate["index"].as_u64().unwrap_or(0);
        let at = (index as usize).min(MAX_CANDIDATES - 1);
        if self.calls.len() <= at {
            self.calls.resize(at + 1, 0);
        }
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            if let Some(text) = part["text"].as_str().filter(|text| !text.is_empty()) {
                let name = if part["thought"] == true { "reasoning_content" } else { "content" };
                self.said = true;
                chunks.push(self.chunk(index, json!({ name: text })));
            }
            if part["functionCall"].is_object() {
                self.said = true;
                let number = self.calls[at];
                self.calls[at] += 1;
                let mut call = answer::call(part, &self.id, number);
                call["index"] = number.into();
                chunks.push(self.chunk(index, json!({ "tool_calls": [call] })));
            }
            if let Some(image) = answer::image(part) {
                self.said = true;
                chunks.push(self.chunk(index, json!({ "images": [image] })));
            }
        }
        if !candidate["finishReason"].is_null() {
            let mut last = self.chunk(index, json!({}));
            answer::end(&mut last["choices"][0], &candidate["finishReason"], self.calls[at] > 0);
            chunks.push(last);
        }
    }

    fn chunk(&self, index: u64, delta: Value) -> Value {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "choices": [{ "index": index, "delta": delta, "finish_reason": null }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_stream_in_either_form() {
        let mut decoder = Decoder::new(1);
        let openai =
            json!({ "choices": [{ "index": 0, "delta": { "content": "hi" }, "finish_reason": null }] });
        let Decoded::Chunks(chunks) = decoder.event(None, &openai.to_string()) else { panic!("a chunk") };
        assert_eq!(chunks, [openai]);
        assert!(matches!(decoder.event(None, " [DONE]"), Decoded::Done));
    }
}
