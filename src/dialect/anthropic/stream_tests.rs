use super::*;
use crate::dialect::{chunks::test_defaults, openai::accumulate::Accumulator};

fn events(list: &[Value]) -> Vec<DecodedEvent> {
    let mut decoder = AnthropicStreamDecoder::new(test_defaults(7));
    list.iter().map(|e| decoder.event(e["type"].as_str(), &e.to_string())).collect()
}

fn whole(list: &[Value]) -> Value {
    let mut whole = Accumulator::default();
    for decoded in events(list) {
        if let DecodedEvent::Chunks(chunks) = decoded {
            chunks.into_iter().for_each(|chunk| whole.add(chunk));
        }
    }
    whole.completion()
}

fn start() -> Value {
    json!({ "type": "message_start", "message": { "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
        "usage": { "input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 1 } } })
}

fn block(index: u64, block: Value) -> Value {
    json!({ "type": "content_block_start", "index": index, "content_block": block })
}

fn delta(index: u64, delta: Value) -> Value {
    json!({ "type": "content_block_delta", "index": index, "delta": delta })
}

fn stop(index: u64) -> Value {
    json!({ "type": "content_block_stop", "index": index })
}

fn end(reason: &str) -> Value {
    json!({ "type": "message_delta", "delta": { "stop_reason": reason, "stop_sequence": null }, "usage": { "output_tokens": 20, "input_tokens": null } })
}

#[test]
fn thoughts_text_and_tools() {
    let list = [
        start(),
        json!({ "type": "ping" }),
        block(0, json!({ "type": "thinking", "thinking": "" })),
        delta(0, json!({ "type": "thinking_delta", "thinking": "hm" })),
        delta(0, json!({ "type": "signature_delta", "signature": "s" })),
        stop(0),
        block(1, json!({ "type": "text", "text": "" })),
        delta(1, json!({ "type": "text_delta", "text": "Let me" })),
        delta(1, json!({ "type": "text_delta", "text": " see" })),
        stop(1),
        block(2, json!({ "type": "tool_use", "id": "t1", "name": "look", "input": {} })),
        delta(2, json!({ "type": "input_json_delta", "partial_json": "{\"a\"" })),
        delta(2, json!({ "type": "input_json_delta", "partial_json": ":1}" })),
        stop(2),
        block(3, json!({ "type": "tool_use", "id": "t2", "name": "go", "input": {} })),
        stop(3),
        end("tool_use"),
        json!({ "type": "message_stop" }),
    ];
    let told = whole(&list);
    assert_eq!(
        (&told["id"], &told["model"], &told["created"]),
        (&json!("msg_1"), &json!("claude-x"), &json!(7))
    );
    let choice = &told["choices"][0];
    assert_eq!(
        (&choice["message"]["content"], &choice["message"]["reasoning_content"]),
        (&json!("Let me see"), &json!("hm"))
    );
    let calls = &choice["message"]["tool_calls"];
    assert_eq!(
        (&calls[0]["id"], &calls[0]["function"]),
        (&json!("t1"), &json!({ "name": "look", "arguments": "{\"a\":1}" }))
    );
    assert_eq!(
        (&calls[1]["id"], &calls[1]["function"]),
        (&json!("t2"), &json!({ "name": "go", "arguments": "{}" }))
    );
    assert_eq!(choice["finish_reason"], "tool_calls");
    let usage = &told["usage"];
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(17), &json!(20), &json!(37))
    );
    assert!(matches!(events(&list).last(), Some(DecodedEvent::Done)));
}

#[test]
fn ends() {
    for (reason, finish) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
    ] {
        let told = events(&[start(), end(reason)]);
        let Some(DecodedEvent::Chunks(chunks)) = told.last() else { panic!("no chunks") };
        let choice = &chunks[0]["choices"][0];
        assert_eq!(
            (&choice["finish_reason"], &choice["native_finish_reason"]),
            (&json!(finish), &json!(reason))
        );
    }
}

#[test]
fn the_same_answer_whole_and_streamed() {
    let message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "tool_use",
        "content": [
            { "type": "thinking", "thinking": "hm", "signature": "s" },
            { "type": "text", "text": "Let me see" },
            { "type": "tool_use", "id": "t1", "name": "look", "input": { "a": 1 } },
            { "type": "server_tool_use", "id": "s1", "name": "web_search", "input": {} },
        ],
        "usage": { "input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 20, "output_tokens_details": { "thinking_tokens": 4 } } });
    let (body, usage) = answer::read(&message.to_string(), &test_defaults(7)).expect("an answer");
    assert_eq!(
        body["choices"][0]["message"],
        json!({ "role": "assistant", "content": "Let me see", "refusal": null, "reasoning_content": "hm",
        "tool_calls": [{ "id": "t1", "type": "function", "function": { "name": "look", "arguments": "{\"a\":1}" } }] })
    );
    assert_eq!(body["choices"][0]["native_finish_reason"], "tool_use");
    let usage = usage.expect("counted");
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens),
        (17, 20, Some(5), Some(4))
    );
}

#[test]
fn what_is_no_answer() {
    use crate::dialect::openai::answer::InvalidAnswer;
    assert!(matches!(answer::read("{", &test_defaults(0)), Err(InvalidAnswer::Malformed(_))));
    assert!(matches!(answer::read("{}", &test_defaults(0)), Err(InvalidAnswer::Malformed(_))));
    assert!(matches!(answer::read("[]", &test_defaults(0)), Err(InvalidAnswer::Malformed(_))));
    let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "m" } });
    assert!(
        matches!(answer::read(&error.to_string(), &test_defaults(0)), Err(InvalidAnswer::Error(e)) if e.kind.as_deref() == Some("overloaded_error"))
    );
    assert!(matches!(&events(&[error])[..], [DecodedEvent::Error(_)]));
    assert!(matches!(
        AnthropicStreamDecoder::new(test_defaults(0)).event(None, "nonsense"),
        DecodedEvent::Undecodable
    ));
    assert!(matches!(
        AnthropicStreamDecoder::new(test_defaults(0)).event(Some("ping"), "{}"),
        DecodedEvent::Nothing
    ));
}

#[test]
fn a_call_that_nobody_ended_has_arguments() {
    let tool = |index: u64, input: Value| {
        block(index, json!({ "type": "tool_use", "id": format!("t{index}"), "name": "f", "input": input }))
    };
    let told = whole(&[start(), tool(0, json!({})), tool(1, json!({ "a": 1 })), end("tool_use")]);
    let calls = &told["choices"][0]["message"]["tool_calls"];
    let arguments = [&calls[0]["function"]["arguments"], &calls[1]["function"]["arguments"]];
    assert_eq!(arguments, [&json!("{}"), &json!("{\"a\":1}")]);
}

#[test]
fn what_a_vendor_makes_up_is_bounded() {
    let mut decoder = AnthropicStreamDecoder::new(test_defaults(0));
    let mut first = start();
    first["message"]["id"] = "x".repeat(10_000).into();
    let chunks = |decoded| if let DecodedEvent::Chunks(chunks) = decoded { chunks } else { Vec::new() };
    assert_eq!(chunks(decoder.event(None, &first.to_string()))[0]["id"].as_str().map(str::len), Some(200));
    let calls =
        (0..1_000).map(|i| block(i, json!({ "type": "tool_use", "id": "t", "name": "f", "input": {} })));
    let told = calls.map(|event| chunks(decoder.event(None, &event.to_string())).len()).sum::<usize>();
    assert_eq!(told, MAX_OPEN);
}

#[test]
fn half_an_emoji_loses_no_text() {
    let data = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83d"}}"#;
    let DecodedEvent::Chunks(chunks) = AnthropicStreamDecoder::new(test_defaults(0)).event(None, data) else {
        panic!("no chunks")
    };
    assert_eq!(chunks[0]["choices"][0]["delta"]["content"], "a\u{fffd}");
}
