//! Translates Gemini's streams into OpenAI's chunks. Every event is an answer of its own; the last has the
//! finish reason.

use serde_json::{Map, Value, json};

use super::answer;
use crate::dialect::{
    chunks::{DecodedEvent, ResponseDefaults},
    error_body,
    openai::chunk,
};

#[derive(Default)]
pub struct GoogleStreamDecoder {
    defaults: ResponseDefaults,
    begun: bool,
    id: String,
    model: String,
    candidates: Vec<GoogleCandidate>,
}

#[derive(Clone, Default)]
struct GoogleCandidate {
    /// Calls so far.
    calls: usize,
    /// Whether there was any content.
    has_content: bool,
}

/// The most candidates, above what the vendor sends.
const MAX_CANDIDATES: usize = 64;
/// The most calls of one candidate, above what models make.
const MAX_CALLS: usize = 256;

impl GoogleStreamDecoder {
    pub fn new(defaults: ResponseDefaults) -> Self {
        Self { id: defaults.id.clone(), model: defaults.model.clone(), defaults, ..Self::default() }
    }

    pub fn event(&mut self, name: Option<&str>, data: &str) -> DecodedEvent {
        let Some(event) = chunk::value(data) else { return DecodedEvent::Undecodable };
        if name == Some("error") || answer::is_error(&event) {
            return DecodedEvent::Error(error_body::from_value(&event));
        }
        if !event.is_object() {
            return DecodedEvent::Undecodable;
        }
        if let Some(blocked) = answer::blocked(&event) {
            return DecodedEvent::Error(blocked);
        }
        let mut chunks = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            self.id = self.defaults.id(&event["responseId"]);
            self.model = self.defaults.model(&event["modelVersion"]);
            chunks.push(self.chunk(0, json!({ "role": "assistant", "content": "", "refusal": null })));
        }
        for candidate in event["candidates"].as_array().into_iter().flatten().take(MAX_CANDIDATES) {
            self.candidate(candidate, &mut chunks);
        }
        // A prompt without any answer may get one elsewhere.
        let reason = &event["candidates"][0]["finishReason"];
        if answer::is_mistake(reason) && !self.candidates.iter().any(|c| c.has_content) {
            return DecodedEvent::Void(answer::nothing_said(reason));
        }
        if let Some(usage) = answer::usage(&event["usageMetadata"]) {
            let mut chunk = self.chunk(0, json!({}));
            chunk["choices"] = json!([]);
            chunk["usage"] = usage;
            chunks.push(chunk);
        }
        DecodedEvent::Chunks(chunks)
    }

    fn candidate(&mut self, candidate: &Value, chunks: &mut Vec<Value>) {
        let index = candidate["index"].as_u64().unwrap_or(0).min(MAX_CANDIDATES as u64 - 1);
        let at = index as usize;
        if self.candidates.len() <= at {
            self.candidates.resize(at + 1, GoogleCandidate::default());
        }
        // An event may have any number of parts: they are passed on together.
        let (mut text, mut thought) = (String::new(), String::new());
        let (mut calls, mut images) = (Vec::new(), Vec::new());
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            self.candidates[at].has_content |= answer::has_content(part);
            let target = if part["thought"] == true { &mut thought } else { &mut text };
            target.push_str(part["text"].as_str().unwrap_or_default());
            let number = self.candidates[at].calls;
            if part["functionCall"].is_object() && number < MAX_CALLS {
                self.candidates[at].calls += 1;
                let mut call = answer::call(part, &self.id, number);
                call["index"] = number.into();
                calls.push(call);
            }
            images.extend(answer::image(part));
        }
        let mut delta = Map::new();
        for (name, text) in [("reasoning_content", thought), ("content", text)] {
            if !text.is_empty() {
                delta.insert(name.into(), text.into());
            }
        }
        for (name, list) in [("tool_calls", calls), ("images", images)] {
            if !list.is_empty() {
                delta.insert(name.into(), list.into());
            }
        }
        if !delta.is_empty() {
            chunks.push(self.chunk(index, delta.into()));
        }
        if !candidate["finishReason"].is_null() {
            let mut last = self.chunk(index, json!({}));
            answer::end(&mut last["choices"][0], &candidate["finishReason"], self.candidates[at].calls > 0);
            chunks.push(last);
        }
    }

    fn chunk(&self, index: u64, delta: Value) -> Value {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.defaults.created, "model": self.model,
            "choices": [{ "index": index, "delta": delta, "finish_reason": null }],
        })
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
