use serde_json::json;

use super::*;
use crate::dialect::openai::read_chat;

fn written(request: Value, version: Version) -> Result<TranslatedRequest, Untranslatable> {
    write(&read_chat::read(&request)?, "claude-sonnet-4-5", false, version)
}

fn body(request: Value) -> Value {
    written(request, Version::New).expect("can be said").body
}

fn with(more: Value) -> Value {
    let mut request = json!({ "model": "x", "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in more.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn a_whole_conversation() {
    let request = json!({ "model": "x", "max_completion_tokens": 99, "stop": "END", "user": "u1", "messages": [
        { "role": "developer", "content": "Be brief." },
        { "role": "system", "content": [{ "type": "text", "text": "Be kind." }] },
        { "role": "user", "content": [
            { "type": "text", "text": "What is this?" },
            { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
            { "type": "image_url", "image_url": { "url": "https://x.test/a.jpg" } },
            { "type": "file", "file": { "filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ==" } },
        ] },
        { "role": "assistant", "content": "Let me look.", "reasoning_content": "hm", "tool_calls": [
            { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } },
            { "id": "c2", "type": "function", "function": { "name": "think", "arguments": "" } },
        ] },
        { "role": "tool", "tool_call_id": "c1", "content": "a cat" },
        { "role": "tool", "tool_call_id": "c2", "content": [{ "type": "text", "text": "it is grey" }] },
        { "role": "user", "content": "Well?" },
        { "role": "assistant", "content": "A grey cat.", "refusal": null },
        { "role": "user", "content": "Thanks" },
    ], "tools": [{ "type": "function", "function": { "name": "look", "description": "Looks", "parameters": { "type": "object" }, "strict": true } }, { "type": "function", "function": { "name": "think" } }],
    "tool_choice": { "type": "function", "function": { "name": "look" } }, "parallel_tool_calls": false });
    assert_eq!(
        body(request),
        json!({
            "model": "claude-sonnet-4-5", "max_tokens": 99, "system": "Be brief.\n\nBe kind.",
            "messages": [
                { "role": "user", "content": [
                    { "type": "text", "text": "What is this?" },
                    { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } },
                    { "type": "image", "source": { "type": "url", "url": "https://x.test/a.jpg" } },
                    { "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": "QQ==" }, "title": "a.pdf" },
                ] },
                { "role": "assistant", "content": [
                    { "type": "text", "text": "Let me look." },
                    { "type": "tool_use", "id": "c1", "name": "look", "input": { "at": 1 } },
                    { "type": "tool_use", "id": "c2", "name": "think", "input": {} },
                ] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "c1", "content": [{ "type": "text", "text": "a cat" }] },
                    { "type": "tool_result", "tool_use_id": "c2", "content": [{ "type": "text", "text": "it is grey" }] },
                    { "type": "text", "text": "Well?" },
                ] },
                { "role": "assistant", "content": "A grey cat." },
                { "role": "user", "content": "Thanks" },
            ],
            "stop_sequences": ["END"],
            "tools": [
                { "name": "look", "input_schema": { "type": "object" }, "description": "Looks", "strict": true },
                { "name": "think", "input_schema": { "type": "object", "properties": {} } },
            ],
            "tool_choice": { "type": "tool", "name": "look", "disable_parallel_tool_use": true },
            "metadata": { "user_id": "u1" },
        })
    );
}

#[test]
fn fields_of_the_versions() {
    let request = with(
        json!({ "temperature": 1.5, "top_p": 0.5, "seed": 7, "logit_bias": {}, "frequency_penalty": 0, "presence_penalty": 1 }),
    );
    let new = written(request.clone(), Version::New).expect("can be said");
    assert_eq!((&new.body["temperature"], &new.body["top_p"]), (&Value::Null, &Value::Null));
    assert_eq!(new.dropped, ["logit_bias", "temperature", "top_p", "presence_penalty", "seed"]);
    let old = written(request, Version::Old).expect("can be said");
    assert_eq!((&old.body["temperature"], &old.body["top_p"]), (&json!(1.0), &json!(0.5)));
    assert_eq!(old.dropped, ["logit_bias", "presence_penalty", "seed", "temperature"]);
    let late =
        json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "system", "content": "b" }] });
    assert_eq!(body(late.clone())["messages"][1], json!({ "role": "system", "content": "b" }));
    assert_eq!(written(late, Version::Old).expect("can be said").body["system"], "b");
    for (header, version) in
        [("2023-06-01", Version::Old), ("2026-10-21", Version::New), ("2027-01-01", Version::New)]
    {
        assert_eq!(Version::of(header), version, "{header}");
    }
}

#[test]
fn formats_choices_and_efforts() {
    let schema = json!({ "type": "object", "properties": {} });
    let asked =
        json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": schema, "strict": true } });
    assert_eq!(
        body(with(json!({ "response_format": asked })))["output_config"],
        json!({ "format": { "type": "json_schema", "schema": schema } })
    );
    assert_eq!(body(with(json!({ "response_format": { "type": "json_object" } })))["system"], JSON_ONLY);
    assert_eq!(body(with(json!({})))["max_tokens"], MAX_TOKENS);
    let tools = json!([{ "type": "function", "function": { "name": "a" } }, { "type": "function", "function": { "name": "b" } }]);
    let among = json!({ "type": "allowed_tools", "allowed_tools": { "mode": "required", "tools": [{ "type": "function", "function": { "name": "b" } }] } });
    for (choice, expected) in [
        (json!("none"), json!({ "type": "none" })),
        (json!("auto"), json!({ "type": "auto" })),
        (json!("required"), json!({ "type": "any" })),
        (among, json!({ "type": "any" })),
        (Value::Null, Value::Null),
    ] {
        let body = body(with(json!({ "tools": tools, "tool_choice": choice })));
        assert_eq!(body["tool_choice"], expected, "{choice}");
        assert_eq!(
            body["tools"].as_array().map(Vec::len),
            Some(if choice["type"] == "allowed_tools" { 1 } else { 2 })
        );
    }
    assert_eq!(
        body(with(json!({ "tool_choice": "auto", "parallel_tool_calls": false }))).get("tool_choice"),
        None
    );
    for (model, effort, expected, dropped) in [
        ("claude-opus-4-5", "high", json!({ "effort": "high" }), 0),
        ("claude-opus-5-5-20260801", "minimal", json!({ "effort": "low" }), 0),
        ("claude-sonnet-4-20250514", "high", Value::Null, 1),
        ("claude-3-5-sonnet-latest", "high", Value::Null, 1),
        ("anthropic/claude-sonnet-5-5", "max", json!({ "effort": "max" }), 0),
        ("claude-opus-4-5", "none", Value::Null, 0),
        // Models refuse later efforts.
        ("claude-opus-4-5", "max", json!({ "effort": "high" }), 0),
        ("claude-sonnet-4-6", "xhigh", json!({ "effort": "high" }), 0),
        ("claude-sonnet-4-6", "max", json!({ "effort": "max" }), 0),
        ("claude-opus-4-7", "xhigh", json!({ "effort": "xhigh" }), 0),
        ("claude-haiku-4-5", "low", Value::Null, 1),
        ("some-relay", "low", Value::Null, 1),
    ] {
        let chat = read_chat::read(&with(json!({ "reasoning_effort": effort }))).expect("known");
        let written = write(&chat, model, true, Version::New).expect("can be said");
        assert_eq!(
            written.body.get("output_config").cloned().unwrap_or_default(),
            expected,
            "{model} {effort}"
        );
        assert_eq!(written.dropped.len(), dropped, "{model}");
        assert_eq!(
            (written.body["thinking"] == json!({ "type": "disabled" }), &written.body["stream"]),
            (effort == "none", &json!(true))
        );
    }
    for (tier, expected, dropped) in
        [("auto", json!("auto"), 0), ("default", json!("standard_only"), 0), ("flex", Value::Null, 1)]
    {
        let written = written(with(json!({ "service_tier": tier })), Version::New).expect("can be said");
        assert_eq!(
            (written.body["service_tier"].clone(), written.dropped.len()),
            (expected, dropped),
            "{tier}"
        );
    }
}

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    let content = |part: Value| json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "x" }, part] }] });
    for (request, field) in [
        (with(json!({ "n": 2 })), "n"),
        (with(json!({ "logprobs": true })), "logprobs"),
        (with(json!({ "audio": {} })), "audio"),
        (with(json!({ "modalities": ["text", "audio"] })), "modalities"),
        (with(json!({ "functions": [] })), "functions"),
        (with(json!({ "web_search_options": {} })), "web_search_options"),
        (with(json!({ "tools": [{ "type": "custom", "custom": { "name": "x" } }] })), "tools[0].type"),
        (with(json!({ "temperature": "hot" })), "temperature"),
        (with(json!({ "response_format": { "type": "grammar" } })), "response_format.type"),
        (with(json!({ "reasoning_effort": "some" })), "reasoning_effort"),
        (
            content(json!({ "type": "input_audio", "input_audio": { "format": "wav", "data": "AA" } })),
            "messages[0].content[1]",
        ),
        (
            content(json!({ "type": "image_url", "image_url": { "url": "data:image/tiff;base64,AA" } })),
            "messages[0].content[1]",
        ),
        (
            content(json!({ "type": "image_url", "image_url": { "url": "data:image/png,AA" } })),
            "messages[0].content[1].image_url.url",
        ),
        (
            content(json!({ "type": "file", "file": { "file_id": "f" } })),
            "messages[0].content[1].file.file_id",
        ),
        (content(json!({ "type": "video" })), "messages[0].content[1].type"),
        (json!({ "messages": [{ "role": "function", "name": "f", "content": "x" }] }), "messages[0].role"),
        (json!({ "messages": [{ "role": "tool", "content": "x" }] }), "messages[0].tool_call_id"),
        (
            json!({ "messages": [{ "role": "assistant", "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{" } }] }] }),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (json!({ "messages": [{ "role": "system", "content": "x" }] }), "messages"),
        (
            with(
                json!({ "tool_choice": { "type": "allowed_tools", "allowed_tools": { "mode": "required", "tools": [{ "type": "function", "function": { "name": "b" } }] } } }),
            ),
            "tool_choice",
        ),
        (
            with(json!({ "tools": [{ "type": "function", "function": { "name": "a", "parameters": [] } }] })),
            "tools[0].function.parameters",
        ),
        (json!([]), "request"),
    ] {
        let refused = written(request.clone(), Version::New).expect_err("is refused");
        assert_eq!(refused.field, field, "{request}: {}", refused.problem);
    }
}

#[test]
fn what_anthropic_takes() {
    // Ids of other vendors, in accepted letters, and still matching each other.
    let call =
        |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let body = body(json!({ "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "tool_calls": [call("functions.f:0"), call("call_Ab-1"), call("ä")] },
        { "role": "tool", "tool_call_id": "functions.f:0", "content": "x" },
        { "role": "tool", "tool_call_id": "call_Ab-1", "content": "x" },
        { "role": "tool", "tool_call_id": "ä", "content": "" },
        { "role": "assistant", "content": "It is \n" },
    ], "tools": [{ "type": "function", "function": { "name": "f", "parameters": {} } }] }));
    let of = |turn: usize, name: &str| -> Vec<Value> {
        body["messages"][turn]["content"].as_array().into_iter().flatten().map(|b| b[name].clone()).collect()
    };
    let ids = ["functions_2Ef_3A0", "call_Ab-1", "_C3_A4"];
    assert_eq!(
        (of(1, "id"), of(2, "tool_use_id")),
        (ids.map(Value::from).to_vec(), ids.map(Value::from).to_vec())
    );
    // A prefilled answer must not end in blanks.
    assert_eq!(body["messages"][3]["content"], "It is");
    assert_eq!(body["tools"][0]["input_schema"], json!({ "type": "object" }));
}
