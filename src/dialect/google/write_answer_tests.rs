use serde_json::json;

use super::*;
use crate::net::sse::Framer;

fn events(chunks: &[Value]) -> Vec<Value> {
    let (mut encoder, mut out) = (GoogleEncoder::new("gemini-x"), String::new());
    chunks.iter().for_each(|chunk| encoder.chunk(chunk, &mut out));
    encoder.end(&mut out);
    assert!(out.ends_with("\r\n\r\n"));
    let mut framer = Framer::new(1 << 20);
    framer.push(out.as_bytes());
    std::iter::from_fn(|| framer.next_event().expect("small"))
        .map(|event| serde_json::from_str(&event.data).expect("JSON"))
        .collect()
}

fn chunk(index: u64, delta: Value, finish: Value) -> Value {
    json!({ "id": "c1", "choices": [{ "index": index, "delta": delta, "finish_reason": finish }] })
}

const PICTURE: &str = "data:image/png;base64,AA";

#[test]
fn whole_answers() {
    let signed = json!({ "id": "g1", "type": "function", "function": { "name": "look", "arguments": "{\"a\":1}" }, "extra_content": { "google": { "thought_signature": "s" } } });
    let broken = json!({ "id": "g2", "type": "function", "function": { "name": "go", "arguments": "{" } });
    let message = json!({ "content": "Let me see", "reasoning_content": "hm", "tool_calls": [signed, broken],
        "images": [{ "type": "image_url", "image_url": { "url": PICTURE } }, 7] });
    let completion = json!({ "id": "c1", "choices": [
        { "index": 1, "message": message, "finish_reason": "tool_calls" },
        { "index": 0, "message": { "content": "", "refusal": "no" }, "finish_reason": "content_filter" },
    ], "usage": { "prompt_tokens": 13, "completion_tokens": 24, "prompt_tokens_details": { "cached_tokens": 5 }, "completion_tokens_details": { "reasoning_tokens": 4 } } });
    assert_eq!(
        write(&completion, "gemini-x"),
        json!({
            "candidates": [
                { "index": 1, "finishReason": "STOP", "content": { "role": "model", "parts": [
                    { "text": "hm", "thought": true },
                    { "text": "Let me see" },
                    { "inlineData": { "mimeType": "image/png", "data": "AA" } },
                    { "functionCall": { "id": "g1", "name": "look", "args": { "a": 1 } }, "thoughtSignature": "s" },
                    { "functionCall": { "id": "g2", "name": "go", "args": {} } },
                ] } },
                { "index": 0, "finishReason": "SAFETY", "content": { "role": "model", "parts": [{ "text": "no" }] } },
            ],
            "modelVersion": "gemini-x", "responseId": "c1",
            "usageMetadata": { "promptTokenCount": 13, "candidatesTokenCount": 20, "totalTokenCount": 37, "thoughtsTokenCount": 4, "cachedContentTokenCount": 5 },
        })
    );
    for (finish, reason) in
        [("length", "MAX_TOKENS"), ("stop", "STOP"), ("content_filter", "SAFETY"), ("new", "STOP")]
    {
        let whole =
            write(&json!({ "choices": [{ "message": { "content": "a" }, "finish_reason": finish }] }), "m");
        assert_eq!(
            (&whole["candidates"][0]["finishReason"], whole.get("usageMetadata")),
            (&json!(reason), None)
        );
    }
}

#[test]
fn streams() {
    let piece =
        |index: u64, arguments: &str| json!({ "index": index, "function": { "arguments": arguments } });
    let begun = |index: u64, id: &str| json!({ "index": index, "id": id, "function": { "name": "f", "arguments": "{" } });
    let told = events(&[
        chunk(0, json!({ "role": "assistant", "content": "" }), Value::Null),
        chunk(0, json!({ "reasoning_content": "hm" }), Value::Null),
        chunk(0, json!({ "content": "a", "images": [{ "image_url": { "url": PICTURE } }] }), Value::Null),
        chunk(0, json!({ "tool_calls": [begun(0, "x"), begun(1, "y")] }), Value::Null),
        chunk(0, json!({ "tool_calls": [piece(1, "\"b\":2}"), piece(0, "\"a\":1}")] }), json!("tool_calls")),
        chunk(1, json!({ "content": "b" }), json!("length")),
        json!({ "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": 4 } }),
    ]);
    let parts = |event: &Value| event["candidates"][0]["content"]["parts"].clone();
    assert_eq!(told.len(), 4);
    assert_eq!(parts(&told[0]), json!([{ "text": "hm", "thought": true }]));
    assert_eq!(
        parts(&told[1]),
        json!([{ "text": "a" }, { "inlineData": { "mimeType": "image/png", "data": "AA" } }])
    );
    assert_eq!((&told[2]["candidates"][0]["index"], parts(&told[2])), (&json!(1), json!([{ "text": "b" }])));
    assert_eq!(
        parts(&told[3]),
        json!([{ "functionCall": { "id": "x", "name": "f", "args": { "a": 1 } } }, { "functionCall": { "id": "y", "name": "f", "args": { "b": 2 } } }])
    );
    let ends: Vec<_> = (0..2).map(|i| told[3]["candidates"][i]["finishReason"].clone()).collect();
    assert_eq!(
        (ends, &told[3]["usageMetadata"]["totalTokenCount"]),
        (vec![json!("STOP"), json!("MAX_TOKENS")], &json!(7))
    );
    assert!(told.iter().all(|event| event["responseId"] == "c1" && event["modelVersion"] == "gemini-x"));
}

#[test]
fn odd_shapes_break_nothing() {
    for delta in [
        json!(7),
        json!({ "tool_calls": [7, { "index": 0, "function": "f" }, { "index": 0, "function": { "arguments": "x" } }] }),
    ] {
        assert_eq!(events(&[chunk(0, delta, json!("stop"))]).len(), 1);
    }
    // Arguments in a hundred thousand pieces are assembled as they arrive.
    let piece =
        chunk(0, json!({ "tool_calls": [{ "index": 0, "function": { "arguments": " " } }] }), Value::Null);
    assert_eq!(events(&vec![piece; 100_000]).len(), 1);
    let flood: Vec<Value> = (0..1_000).map(|i| chunk(i, json!({}), json!("stop"))).collect();
    assert_eq!(events(&flood)[0]["candidates"].as_array().map(Vec::len), Some(MAX_CHOICES));
}
