//! Assembles the completion from a stream's chunks, including unknown fields.

use serde_json::{Map, Value};

use super::chunk;
use crate::dialect::usage::Usage;

/// Deltas of these are appended; any other scalar replaces the previous one.
const TEXTS: [&str; 6] = ["content", "refusal", "reasoning_content", "reasoning", "arguments", "transcript"];

/// The most choices in an answer, and tool calls in a choice, above what vendors send.
const MAX_PARTS: usize = 256;

#[derive(Clone, Default)]
pub struct Accumulator {
    top: Map<String, Value>,
    choices: Vec<Value>,
    usage: Option<Usage>,
}

impl Accumulator {
    pub fn add(&mut self, chunk: Value) {
        if let Some(usage) = chunk::usage(&chunk) {
            self.usage = Some(usage);
        }
        let Value::Object(members) = chunk else { return };
        for (key, value) in members {
            match key.as_str() {
                "choices" => {
                    if let Value::Array(choices) = value {
                        choices.into_iter().for_each(|c| self.add_choice(c));
                    }
                }
                // Padding against traffic analysis, without meaning in a whole answer.
                "obfuscation" => {}
                _ if value.is_null() => {
                    self.top.entry(key).or_insert(Value::Null);
                }
                _ => {
                    self.top.insert(key, value);
                }
            }
        }
    }

    /// Every choice so far has its finish reason.
    pub fn finished(&self) -> bool {
        let finished = |c: &Value| c["finish_reason"].as_str().is_some_and(|reason| !reason.is_empty());
        !self.choices.is_empty() && self.choices.iter().all(finished)
    }

    /// The number of choices so far.
    pub fn choices(&self) -> usize {
        self.choices.len()
    }

    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The text delivered so far, of the first choice.
    pub fn text(&self) -> &str {
        self.choices.first().and_then(|c| c["message"]["content"].as_str()).unwrap_or_default()
    }

    /// Whether everything so far is the text of one choice, which another candidate could continue.
    pub fn is_plain_text(&self) -> bool {
        let [choice] = self.choices.as_slice() else { return false };
        let Some(message) = choice["message"].as_object() else { return false };
        let empty = |v: &Value| v.is_null() || v == "" || v.as_array().is_some_and(Vec::is_empty);
        choice["logprobs"].is_null()
            && !self.text().is_empty()
            && message.iter().all(|(key, value)| matches!(key.as_str(), "role" | "content") || empty(value))
    }

    /// The completion in the form of an answer that was not streamed.
    pub fn completion(mut self) -> Value {
        self.choices.sort_by_key(|c| c["index"].as_u64());
        for choice in &mut self.choices {
            if let Some(message) = choice["message"].as_object_mut() {
                message.entry("role").or_insert("assistant".into());
                // A stream begins with an empty text even when none follows; a whole answer has null then.
                let other = ["tool_calls", "refusal", "function_call", "audio"];
                let empty = message.get("content").is_none_or(|c| c == "");
                if empty && other.iter().any(|k| message.get(*k).is_some_and(|v| !v.is_null())) {
                    message.insert("content".into(), Value::Null);
                }
                message.entry("content").or_insert(Value::Null);
                if let Some(Value::Array(calls)) = message.get_mut("tool_calls") {
                    calls.sort_by_key(|call| call["index"].as_u64());
                    // A whole answer lists calls in order, without indexes.
                    for call in calls.iter_mut().filter_map(Value::as_object_mut) {
                        call.remove("index");
                    }
                }
            }
        }
        self.top.insert("object".into(), "chat.completion".into());
        self.top.insert("choices".into(), Value::Array(self.choices));
        Value::Object(self.top)
    }

    fn add_choice(&mut self, choice: Value) {
        let Value::Object(members) = choice else { return };
        let index = members.get("index").and_then(Value::as_u64).unwrap_or(0);
        let at = self.choices.iter().position(|c| c["index"].as_u64() == Some(index));
        if at.is_none() && self.choices.len() >= MAX_PARTS {
            return;
        }
        let at = at.unwrap_or_else(|| {
            self.choices.push(serde_json::json!({
                "index": index, "message": {}, "logprobs": null, "finish_reason": null
            }));
            self.choices.len() - 1
        });
        let Some(target) = self.choices[at].as_object_mut() else { return };
        for (key, value) in members {
            match key.as_str() {
                "index" => {}
                "delta" => merge(&mut target["message"], value),
                "logprobs" => merge(&mut target["logprobs"], value),
                _ if value.is_null() => {}
                _ => {
                    target.insert(key, value);
                }
            }
        }
    }
}

fn merge(target: &mut Value, delta: Value) {
    match delta {
        Value::Null => {}
        Value::Object(members) => {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            let Some(object) = target.as_object_mut() else { return };
            for (key, value) in members {
                merge_member(object, key, value);
            }
        }
        other => *target = other,
    }
}

fn merge_member(object: &mut Map<String, Value>, key: String, value: Value) {
    let is_text = TEXTS.contains(&key.as_str());
    match (object.get_mut(&key), value) {
        (None, Value::Array(items)) if key == "tool_calls" => {
            let mut calls = Value::Array(Vec::new());
            merge_indexed(&mut calls, items);
            object.insert(key, calls);
        }
        (None, value) => {
            object.insert(key, value);
        }
        (Some(_), Value::Null) => {}
        (Some(Value::String(text)), Value::String(more)) if is_text => text.push_str(&more),
        (Some(current @ Value::Array(_)), Value::Array(items)) if key == "tool_calls" => {
            merge_indexed(current, items);
        }
        (Some(Value::Array(current)), Value::Array(items)) => current.extend(items),
        (Some(current @ (Value::Object(_) | Value::Null)), value) => merge(current, value),
        (Some(current), value) => *current = value,
    }
}

/// Merges fragments of tool calls by their index, which stays until the end.
fn merge_indexed(target: &mut Value, items: Vec<Value>) {
    let Value::Array(list) = target else { return };
    for item in items {
        let index = item["index"].as_u64();
        let known = index.and_then(|i| list.iter().position(|call| call["index"].as_u64() == Some(i)));
        if known.is_none() && list.len() >= MAX_PARTS {
            return;
        }
        let at = known.unwrap_or(list.len());
        if known.is_none() {
            list.push(Value::Object(Map::new()));
        }
        merge(&mut list[at], item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn accumulate(chunks: Vec<Value>) -> Accumulator {
        let mut acc = Accumulator::default();
        chunks.into_iter().for_each(|c| acc.add(c));
        acc
    }

    fn delta(delta: Value, finish: Value) -> Value {
        json!({"id":"i","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":delta,"finish_reason":finish}]})
    }

    #[test]
    fn text_tools_logprobs_and_unknown_fields() {
        let acc = accumulate(vec![
            delta(json!({"role":"assistant","content":"","refusal":null}), Value::Null),
            delta(json!({"content":"Hel"}), Value::Null),
            delta(json!({"content":"lo","reasoning_content":"h"}), Value::Null),
            delta(
                json!({"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}),
                Value::Null,
            ),
            delta(json!({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}), Value::Null),
            delta(
                json!({"tool_calls":[{"index":1,"id":"c2","function":{"name":"g","arguments":"{}"}},{"index":0,"function":{"arguments":":1}"}}]}),
                Value::Null,
            ),
            json!({"choices":[{"index":0,"delta":{},"logprobs":{"content":[{"token":"a"}]},"x_extra":1,"finish_reason":null}]}),
            json!({"choices":[{"index":0,"delta":{},"logprobs":{"content":[{"token":"b"}]},"finish_reason":"tool_calls"}],"obfuscation":"zz"}),
            json!({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"x":3}}),
        ]);
        assert!(acc.finished());
        assert_eq!(acc.text(), "Hello");
        assert_eq!(acc.usage().map(|u| u.total_tokens), Some(3));
        let whole = acc.completion();
        assert_eq!(
            whole,
            json!({
                "id":"i","object":"chat.completion","model":"m",
                "choices":[{"index":0,"x_extra":1,"finish_reason":"tool_calls",
                    "logprobs":{"content":[{"token":"a"},{"token":"b"}]},
                    "message":{"role":"assistant","content":"Hello","refusal":null,"reasoning_content":"h","tool_calls":[
                        {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
                        {"id":"c2","function":{"name":"g","arguments":"{}"}}]}}],
                "usage":{"prompt_tokens":1,"completion_tokens":2,"x":3}
            })
        );
    }

    #[test]
    fn tool_calls_are_told_apart_by_their_index_wherever_it_starts() {
        let call = |index: u64, rest: Value| {
            let mut call = rest;
            call["index"] = json!(index);
            delta(json!({"tool_calls":[call]}), Value::Null)
        };
        let whole = accumulate(vec![
            call(3, json!({"id":"b","function":{"arguments":"{"}})),
            call(1, json!({"id":"a","function":{"arguments":"1"}})),
            call(3, json!({"function":{"arguments":"}"}})),
        ])
        .completion();
        assert_eq!(
            whole["choices"][0]["message"]["tool_calls"],
            json!([
                {"id":"a","function":{"arguments":"1"}},
                {"id":"b","function":{"arguments":"{}"}},
            ])
        );
    }

    #[test]
    fn an_empty_finish_reason_is_none() {
        assert!(!accumulate(vec![delta(json!({"content":"a"}), json!(""))]).finished());
    }

    #[test]
    fn a_flood_of_choices_is_cut_off() {
        let flood: Vec<Value> = (0..20_000).map(|i| json!({"index": i})).collect();
        let acc = accumulate(vec![json!({"choices": flood})]);
        assert_eq!(acc.choices(), MAX_PARTS);
    }

    #[test]
    fn several_choices_finish_each() {
        let piece = |i: u64, text: &str, finish: Value| json!({"choices":[{"index":i,"delta":{"content":text},"finish_reason":finish}]});
        let mut acc = accumulate(vec![piece(1, "b", Value::Null), piece(0, "a", json!("stop"))]);
        assert!(!acc.finished());
        acc.add(piece(1, "", json!("length")));
        assert!(acc.finished());
        assert_eq!(acc.completion()["choices"][1]["message"]["content"], "b");
    }

    #[test]
    fn odd_shapes_do_not_break_it() {
        let acc = accumulate(vec![
            json!(1),
            json!({"choices":1}),
            json!({"choices":[1,{"delta":7}]}),
            json!({"choices":[{"delta":{"tool_calls":[{"index":9e18 as u64}]}}]}),
        ]);
        assert!(!acc.finished());
        let _ = acc.completion();
    }
}
