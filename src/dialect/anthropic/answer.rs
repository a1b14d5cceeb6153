//! Translates Anthropic's answers into OpenAI's.

use serde_json::{Map, Value, json};

use crate::dialect::{
    chunks::{self, ResponseDefaults},
    error_body,
    openai::answer::InvalidAnswer,
    usage::{self, OpenAiUsage, Usage},
};

/// Reads a whole answer.
pub fn read(text: &str, defaults: &ResponseDefaults) -> Result<(Value, Option<Usage>), InvalidAnswer> {
    let message: Value = serde_json::from_str(text).map_err(|e| InvalidAnswer::Malformed(why(&e)))?;
    if message["type"] == "error" || message["error"].is_object() {
        return Err(InvalidAnswer::Error(error_body::from_value(&message)));
    }
    let Some(blocks) = message["content"].as_array() else {
        return Err(InvalidAnswer::Malformed("the answer has no content".into()));
    };
    let id = defaults.id(&message["id"]);
    let mut contents = MessageContents::default();
    blocks.iter().for_each(|block| contents.take(block, &id));
    let usage = usage(&message["usage"], None);
    let mut body = json!({
        "id": id,
        "object": "chat.completion",
        "created": defaults.created,
        "model": defaults.model(&message["model"]),
        "choices": [contents.choice(&message)],
    });
    if let Some(usage) = &usage {
        body["usage"] = usage.clone();
    }
    Ok((body, usage.and_then(|u| counted(&u))))
}

/// The contents of a message's blocks.
#[derive(Default)]
struct MessageContents {
    text: Option<String>,
    reasoning: String,
    calls: Vec<Value>,
}

impl MessageContents {
    fn take(&mut self, block: &Value, answer: &str) {
        let words = |name: &str| block[name].as_str().unwrap_or_default();
        match words("type") {
            "text" => self.text.get_or_insert_default().push_str(words("text")),
            "thinking" => self.reasoning.push_str(words("thinking")),
            "tool_use" => self.calls.push(json!({
                "id": call_id(block, answer, self.calls.len()), "type": "function",
                "function": { "name": words("name"), "arguments": arguments(&block["input"]) },
            })),
            // The results of the vendor's own tools are in the text that follows.
            _ => {}
        }
    }

    fn choice(self, message: &Value) -> Value {
        let mut out = json!({ "role": "assistant", "content": self.text, "refusal": refusal(message) });
        if !self.reasoning.is_empty() {
            out["reasoning_content"] = self.reasoning.into();
        }
        let called = !self.calls.is_empty();
        if called {
            out["tool_calls"] = self.calls.into();
        }
        let mut choice = json!({ "index": 0, "message": out, "logprobs": null });
        end(&mut choice, &message["stop_reason"]);
        chunks::whole(&mut choice, called);
        choice
    }
}

/// A call's id; one without gets an id derived from the answer's, so that ids stay unique over answers.
pub fn call_id(block: &Value, answer: &str, number: usize) -> String {
    chunks::name(&block["id"]).map_or_else(|| format!("call_{answer}_{number}"), str::to_owned)
}

/// A tool's input as OpenAI's text.
pub fn arguments(input: &Value) -> String {
    if input.is_null() { "{}".into() } else { input.to_string() }
}

/// The reason of a refusal, if given.
pub fn refusal(message: &Value) -> Value {
    let explained = message["stop_details"]["explanation"].clone();
    if message["stop_reason"] == "refusal" { explained } else { Value::Null }
}

/// Sets the finish reason: OpenAI's, and the vendor's own beside it.
pub fn end(choice: &mut Value, stop_reason: &Value) {
    choice["finish_reason"] = stop_reason.as_str().map(finish_reason).into();
    choice["native_finish_reason"] = stop_reason.clone();
}

fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        // end_turn, stop_sequence, and pause_turn, after which the same request is sent again.
        _ => "stop",
    }
}

/// OpenAI's usage. Anthropic counts cached tokens separately, OpenAI includes them. `later` is the usage at
/// the end of a stream, which is more exact. Impossible counts are dropped.
pub fn usage(first: &Value, later: Option<&Value>) -> Option<Value> {
    let mut all: Map<String, Value> = first.as_object().cloned().unwrap_or_default();
    for (name, value) in later.and_then(Value::as_object).into_iter().flatten() {
        if !value.is_null() {
            all.insert(name.clone(), value.clone());
        }
    }
    if all.is_empty() {
        return None;
    }
    let given = |name: &str| all.get(name).filter(|count| !count.is_null());
    let count = |name: &str| given(name)?.as_f64().and_then(usage::count);
    let count_or_none = |name: &str| given(name).map_or(Some(0), |_| count(name));
    let read = count_or_none("cache_read_input_tokens")?;
    let written = count_or_none("cache_creation_input_tokens")?;
    let input = count("input_tokens")? + read + written;
    let output = count("output_tokens")?;
    let mut usage = json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input + output,
        "prompt_tokens_details": { "cached_tokens": read, "cache_write_tokens": written },
    });
    let thought = all.get("output_tokens_details").and_then(|d| d["thinking_tokens"].as_u64());
    if let Some(thought) = thought {
        usage["completion_tokens_details"] = json!({ "reasoning_tokens": thought });
    }
    Some(usage)
}

/// The counts in OpenAI's usage.
pub fn counted(usage: &Value) -> Option<Usage> {
    serde_json::from_value::<OpenAiUsage>(usage.clone()).ok().and_then(OpenAiUsage::known)
}

fn why(error: &serde_json::Error) -> String {
    error.to_string().chars().take(200).collect()
}
