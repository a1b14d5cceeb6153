use super::*;
use crate::dialect::{
    chunks::test_defaults,
    openai::{accumulate::Accumulator, answer::InvalidAnswer},
};

fn event(parts: Value, finish: Value) -> Value {
    json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": finish, "index": 0 }], "responseId": "r1", "modelVersion": "gemini-x" })
}

fn events(list: &[Value]) -> Vec<DecodedEvent> {
    let mut decoder = GoogleStreamDecoder::new(test_defaults(7));
    list.iter().map(|e| decoder.event(None, &e.to_string())).collect()
}

fn whole(list: &[Value]) -> Value {
    let mut whole = Accumulator::default();
    for decoded in events(list) {
        let DecodedEvent::Chunks(chunks) = decoded else { panic!("{decoded:?}") };
        chunks.into_iter().for_each(|chunk| whole.add(chunk));
    }
    whole.completion()
}

fn read(answer: &Value) -> Result<Value, InvalidAnswer> {
    answer::read(&answer.to_string(), &test_defaults(7)).map(|(body, _)| body)
}

#[test]
fn the_same_answer_whole_and_streamed() {
    let usage = json!({
        "promptTokenCount": 10, "toolUsePromptTokenCount": 3, "candidatesTokenCount": 20, "thoughtsTokenCount": 4,
        "cachedContentTokenCount": 5, "totalTokenCount": 37,
    });
    let thought = json!({ "text": "hm", "thought": true });
    let signed = json!({ "functionCall": { "id": "g1", "name": "look", "args": { "a": 1 } }, "thoughtSignature": "s" });
    let bare = json!({ "functionCall": { "name": "go" } });
    let picture = json!({ "inlineData": { "mimeType": "image/png", "data": "AA" } });
    let parts = json!([thought, { "text": "Let me" }, { "text": " see", "thoughtSignature": "t" }, picture, signed, bare]);
    let mut at_once = event(parts, json!("STOP"));
    at_once["usageMetadata"] = usage.clone();
    let mut last = event(json!([{ "text": "" }]), json!("STOP"));
    last["usageMetadata"] = usage;
    let mut first = event(json!([thought, { "text": "Let me" }]), Value::Null);
    first["usageMetadata"] = json!({ "promptTokenCount": 10, "candidatesTokenCount": 1 });
    let streamed = whole(&[
        first,
        event(json!([{ "text": " see" }, picture, signed]), Value::Null),
        event(json!([bare]), Value::Null),
        last,
    ]);
    let told = read(&at_once).expect("an answer");
    for name in ["content", "reasoning_content", "tool_calls", "images"] {
        assert_eq!(told["choices"][0]["message"][name], streamed["choices"][0]["message"][name], "{name}");
    }
    for name in ["id", "model", "created", "usage"] {
        assert_eq!(told[name], streamed[name], "{name}");
    }
    let call = |id: &str, name: &str, arguments: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
    let mut signed = call("g1", "look", "{\"a\":1}");
    signed["extra_content"] = json!({ "google": { "thought_signature": "s" } });
    assert_eq!(
        told["choices"],
        json!([{
            "index": 0, "logprobs": null, "finish_reason": "tool_calls", "native_finish_reason": "STOP",
            "message": {
                "role": "assistant", "content": "Let me see", "refusal": null, "reasoning_content": "hm",
                "tool_calls": [signed, call("call_r1_1", "go", "{}")],
                "images": [{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA" } }],
            },
        }])
    );
    assert_eq!(
        told["usage"],
        json!({
            "prompt_tokens": 13, "completion_tokens": 24, "total_tokens": 37,
            "prompt_tokens_details": { "cached_tokens": 5 }, "completion_tokens_details": { "reasoning_tokens": 4 },
        })
    );
}

#[test]
fn ends() {
    for (reason, finish) in [
        ("STOP", json!("stop")),
        ("MAX_TOKENS", json!("length")),
        ("SAFETY", json!("content_filter")),
        ("RECITATION", json!("content_filter")),
        ("BLOCKLIST", json!("content_filter")),
        ("PROHIBITED_CONTENT", json!("content_filter")),
        ("SPII", json!("content_filter")),
        ("LANGUAGE", json!("content_filter")),
        ("IMAGE_SAFETY", json!("content_filter")),
        ("IMAGE_PROHIBITED_CONTENT", json!("content_filter")),
        ("IMAGE_RECITATION", json!("content_filter")),
        ("NO_IMAGE", json!("content_filter")),
        ("MALFORMED_FUNCTION_CALL", json!("stop")),
        ("OTHER", json!("stop")),
        ("FINISH_REASON_UNSPECIFIED", Value::Null),
    ] {
        let said = event(json!([{ "text": "a" }]), json!(reason));
        // A choice that arrived whole has ended, also without a finish reason.
        let ended = if finish.is_null() { json!("stop") } else { finish.clone() };
        for (told, finish) in
            [(whole(std::slice::from_ref(&said)), finish), (read(&said).expect("an answer"), ended)]
        {
            let choice = &told["choices"][0];
            assert_eq!(
                (&choice["finish_reason"], &choice["native_finish_reason"]),
                (&finish, &json!(reason))
            );
        }
    }
    let called = event(json!([{ "functionCall": { "name": "f", "args": {} } }]), json!("MAX_TOKENS"));
    assert_eq!(whole(&[called])["choices"][0]["finish_reason"], "length");
}

#[test]
fn an_answer_in_which_nothing_is_said_is_none() {
    let thought = json!([{ "text": "hm", "thought": true }]);
    for reason in [
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "OTHER",
        "IMAGE_OTHER",
    ] {
        for parts in [Value::Null, json!([]), json!([{ "text": "" }]), thought.clone()] {
            let void = event(parts, json!(reason));
            assert!(
                matches!(read(&void), Err(InvalidAnswer::Malformed(why)) if why.ends_with(reason)),
                "{void}"
            );
            assert!(matches!(&events(&[void])[..], [DecodedEvent::Void(why)] if why.ends_with(reason)));
        }
        let later = events(&[event(json!([{ "text": "a" }]), Value::Null), event(json!([]), json!(reason))]);
        assert!(matches!(later[1], DecodedEvent::Chunks(_)), "{reason}");
    }
}

#[test]
fn what_is_no_answer() {
    assert!(matches!(answer::read("{", &test_defaults(0)), Err(InvalidAnswer::Malformed(_))));
    assert!(matches!(answer::read("[]", &test_defaults(0)), Err(InvalidAnswer::Malformed(_))));
    assert!(matches!(read(&json!({ "candidates": [] })), Err(InvalidAnswer::Malformed(_))));
    let error = json!({ "error": { "code": 503, "message": "m", "status": "UNAVAILABLE" } });
    for error in [error.clone(), json!([error])] {
        let status = |e: &crate::base::vendor_error::VendorError| e.status == Some(503);
        assert!(matches!(read(&error), Err(InvalidAnswer::Error(e)) if status(&e)));
        assert!(matches!(&events(&[error])[..], [DecodedEvent::Error(e)] if status(e)));
    }
    for reason in
        ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"]
    {
        let blocked = json!({ "promptFeedback": { "blockReason": reason }, "usageMetadata": { "promptTokenCount": 9 } });
        let filtered = |e: &crate::base::vendor_error::VendorError| {
            e.code.as_deref() == Some("content_filter") && e.message.ends_with(reason)
        };
        assert!(matches!(read(&blocked), Err(InvalidAnswer::Error(e)) if filtered(&e)));
        assert!(matches!(&events(&[blocked])[..], [DecodedEvent::Error(e)] if filtered(e)));
    }
    assert!(matches!(
        GoogleStreamDecoder::new(test_defaults(0)).event(None, "[DONE]"),
        DecodedEvent::Undecodable
    ));
    assert!(matches!(GoogleStreamDecoder::new(test_defaults(0)).event(None, "7"), DecodedEvent::Undecodable));
}

#[test]
fn calls_without_ids_are_told_apart() {
    let call = || json!({ "functionCall": { "name": "f" } });
    let mut list = vec![event(json!([call(), call()]), Value::Null), event(json!([call()]), json!("STOP"))];
    let ids = |list: &[Value]| -> Vec<Value> {
        let told = whole(list);
        let calls = told["choices"][0]["message"]["tool_calls"].as_array().cloned().unwrap_or_default();
        calls.into_iter().map(|mut call| call["id"].take()).collect()
    };
    assert_eq!(ids(&list), ["call_r1_0", "call_r1_1", "call_r1_2"]);
    // Answers without an id have no ids in common either.
    list.iter_mut().for_each(|event| drop(event["responseId"].take()));
    assert_eq!(ids(&list)[0], "call_own_0");
}

#[test]
fn candidates_are_kept_apart() {
    let told = json!({ "candidates": [
        { "index": 1, "content": { "parts": [{ "text": "b" }] }, "finishReason": "STOP" },
        { "content": { "parts": [{ "functionCall": { "name": "f" } }] }, "finishReason": "STOP" },
        { "index": u64::MAX, "content": { "parts": [{ "text": "c" }] }, "finishReason": "STOP" },
    ] });
    let whole = whole(&[told]);
    let ends: Vec<_> = (0..3).map(|i| whole["choices"][i]["finish_reason"].as_str()).collect();
    assert_eq!(ends, [Some("tool_calls"), Some("stop"), Some("stop")]);
}

#[test]
fn half_an_emoji_loses_no_text() {
    let mut decoder = GoogleStreamDecoder::new(test_defaults(0));
    let data = r#"{"candidates":[{"content":{"parts":[{"text":"a\ud83d"}]}}]}"#;
    let DecodedEvent::Chunks(chunks) = decoder.event(None, data) else { panic!("no chunks") };
    assert_eq!(chunks[1]["choices"][0]["delta"]["content"], "a\u{fffd}");
}

#[test]
fn what_a_vendor_makes_up_is_bounded() {
    let parts: Vec<Value> = (0..10_000).map(|_| json!({ "functionCall": {}, "text": "a" })).collect();
    let mut told = event(parts.into(), json!("STOP"));
    told["responseId"] = "x".repeat(10_000).into();
    let chunks = match &events(&[told])[..] {
        [DecodedEvent::Chunks(chunks)] => chunks.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(chunks.len(), 3);
    assert_eq!(chunks[1]["id"].as_str().map(str::len), Some(200));
    assert_eq!(chunks[1]["choices"][0]["delta"]["tool_calls"].as_array().map(Vec::len), Some(MAX_CALLS));
}
