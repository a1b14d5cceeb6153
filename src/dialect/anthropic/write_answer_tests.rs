use serde_json::json;

use super::*;
use crate::net::sse::Framer;

fn completion(message: Value, finish: Value) -> Value {
    json!({ "id": "chatcmpl-1", "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": 17, "completion_tokens": 20, "prompt_tokens_details": { "cached_tokens": 5, "cache_write_tokens": 2 } } })
}

fn call(index: Value, id: Value, name: Value, arguments: &str) -> Value {
    json!({ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
}

/// The events of some deltas.
fn events(deltas: &[Value]) -> Vec<Value> {
    let (mut encoder, mut out) = (AnthropicEncoder::new("claude-x"), String::new());
    for delta in deltas {
        let chunk = json!({ "id": "c1", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] });
        encoder.chunk(&chunk, &mut out);
    }
    encoder.chunk(
        &json!({ "id": "c1", "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }),
        &mut out,
    );
    encoder
        .chunk(&json!({ "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": 4 } }), &mut out);
    encoder.end(&mut out);
    let mut framer = Framer::new(1 << 20);
    framer.push(out.as_bytes());
    std::iter::from_fn(|| framer.next_event().expect("small"))
        .map(|event| {
            let data: Value = serde_json::from_str(&event.data).expect("JSON");
            assert_eq!(event.name.as_deref(), data["type"].as_str());
            data
        })
        .collect()
}

/// The assembled blocks, as the vendor's client assembles them; each begins when the last has ended.
fn blocks(deltas: &[Value]) -> Value {
    let (mut all, mut open) = (Vec::<Value>::new(), false);
    for event in events(deltas) {
        match event["type"].as_str().unwrap_or_default() {
            "content_block_start" => {
                assert!(!std::mem::replace(&mut open, true));
                assert_eq!(event["index"], all.len());
                let block = &event["content_block"];
                all.push(json!([block["type"], block["id"], block["name"], ""]));
            }
            "content_block_delta" => {
                assert!(open && event["index"] == all.len() - 1);
                let delta = &event["delta"];
                let more = delta["text"].as_str().or(delta["partial_json"].as_str()).unwrap_or_default();
                let said = &mut all.last_mut().expect("it has begun")[3];
                *said = format!("{}{more}", said.as_str().unwrap_or_default()).into();
            }
            "content_block_stop" => {
                assert!(std::mem::replace(&mut open, false) && event["index"] == all.len() - 1)
            }
            _ => {}
        }
    }
    assert!(!open);
    all.into()
}

#[test]
fn whole_answers() {
    let calls = json!([
        call(Value::Null, json!("t1"), json!("look"), "{\"a\":1}"),
        call(Value::Null, Value::Null, json!("go"), "")
    ]);
    let message = json!({ "role": "assistant", "content": "Let me see", "reasoning_content": "hm", "tool_calls": calls });
    let direct = json!({ "type": "direct" });
    assert_eq!(
        write(&completion(message, json!("tool_calls")), "claude-x"),
        json!({
            "id": "msg_chatcmpl-1", "type": "message", "role": "assistant", "model": "claude-x",
            "content": [
                { "type": "text", "text": "Let me see", "citations": null },
                { "type": "tool_use", "id": "t1", "name": "look", "input": { "a": 1 }, "caller": direct },
                { "type": "tool_use", "id": "toolu_chatcmpl-1_1", "name": "go", "input": {}, "caller": direct },
            ],
            "stop_reason": "tool_use", "stop_sequence": null, "stop_details": null, "container": null, "diagnostics": null,
            "usage": {
                "input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 20,
                "output_tokens_details": null, "server_tool_use": null, "cache_creation": null, "inference_geo": null,
                "service_tier": null, "speed": null,
            },
        })
    );
    for end in ["content_filter", "stop"] {
        let refused = write(&completion(json!({ "content": null, "refusal": "no" }), json!(end)), "claude-x");
        assert_eq!(
            (&refused["content"][0]["text"], &refused["stop_reason"]),
            (&json!("no"), &json!("refusal"))
        );
    }
    for odd in [
        json!(null),
        json!({}),
        json!({ "choices": 7 }),
        json!({ "choices": [{ "message": { "tool_calls": [7] } }] }),
    ] {
        assert_eq!(write(&odd, "m")["type"], "message", "{odd}");
    }
}

#[test]
fn ends() {
    for (finish, stop) in [
        (json!("stop"), json!("end_turn")),
        (json!("length"), json!("max_tokens")),
        (json!("tool_calls"), json!("tool_use")),
        (json!("function_call"), json!("tool_use")),
        (json!("content_filter"), json!("refusal")),
        (json!("new"), json!("end_turn")),
        (Value::Null, Value::Null),
    ] {
        assert_eq!(write(&completion(json!({ "content": "a" }), finish), "m")["stop_reason"], stop);
    }
}

#[test]
fn a_stream_in_order() {
    let told = events(&[json!({ "role": "assistant", "content": "" }), json!({ "content": "a" })]);
    let kinds: Vec<_> = told.iter().filter_map(|e| e["type"].as_str()).collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    assert_eq!(
        (&told[0]["message"]["id"], &told[0]["message"]["model"]),
        (&json!("msg_c1"), &json!("claude-x"))
    );
    assert_eq!(told[4]["delta"]["stop_reason"], "end_turn");
    assert_eq!(
        (&told[4]["usage"]["input_tokens"], &told[4]["usage"]["output_tokens"]),
        (&json!(3), &json!(4))
    );
    let first = events(&[json!({ "tool_calls": [call(json!(0), json!("a"), json!("f"), "")] })]);
    assert_eq!(
        first[1]["content_block"],
        json!({ "type": "tool_use", "id": "a", "name": "f", "input": {}, "caller": { "type": "direct" } })
    );
}

#[test]
fn blocks_come_one_after_another_however_their_pieces_come() {
    let more =
        |index: u64, arguments: &str| json!({ "index": index, "function": { "arguments": arguments } });
    let begun = |index: u64, id: &str| call(json!(index), json!(id), json!("f"), "");
    for (deltas, expected) in [
        (
            vec![
                json!({ "content": "a" }),
                json!({ "tool_calls": [begun(0, "a")] }),
                json!({ "tool_calls": [more(0, "{")] }),
                json!({ "tool_calls": [more(0, "}")] }),
            ],
            json!([["text", null, null, "a"], ["tool_use", "a", "f", "{}"]]),
        ),
        // Alternating, and a text after a call.
        (
            vec![
                json!({ "tool_calls": [begun(0, "a"), begun(1, "b")] }),
                json!({ "tool_calls": [more(1, "{"), more(0, "[")] }),
                json!({ "content": "t", "tool_calls": [more(0, "]"), more(1, "}")] }),
            ],
            json!([["tool_use", "a", "f", "[]"], ["text", null, null, "t"], ["tool_use", "b", "f", "{}"]]),
        ),
        // Calls without an index are separate calls.
        (
            vec![
                json!({ "tool_calls": [call(Value::Null, json!("a"), json!("f"), "{}"), call(Value::Null, Value::Null, json!("g"), "{}")] }),
            ],
            json!([["tool_use", "a", "f", "{}"], ["tool_use", "toolu_c1_1", "g", "{}"]]),
        ),
        (vec![json!({ "refusal": "no" })], json!([["text", null, null, "no"]])),
        (vec![json!({ "reasoning_content": "hm" })], json!([])),
        // Unexpected shapes break nothing.
        (vec![json!(7), json!({ "tool_calls": 7 }), json!({ "content": 7 })], json!([])),
        (
            vec![
                json!({ "tool_calls": [{ "index": 1, "function": "f" }, { "index": 2, "function": "f" }, more(2, "x")] }),
            ],
            json!([["tool_use", "toolu_c1_0", "", ""], ["tool_use", "toolu_c1_1", "", "x"]]),
        ),
    ] {
        assert_eq!(blocks(&deltas), expected, "{deltas:?}");
    }
}
