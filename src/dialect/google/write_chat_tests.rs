use serde_json::json;

use super::*;
use crate::dialect::openai::read_chat;

fn written_for(request: Value, model: &str) -> Result<TranslatedRequest, Untranslatable> {
    write(&read_chat::read(&request)?, model)
}

fn written(request: Value) -> TranslatedRequest {
    written_for(request, "gemini-2.5-flash").expect("can be said")
}

fn with(more: Value) -> Value {
    let mut request = json!({ "model": "x", "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in more.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

fn called(signature: Option<&str>) -> Value {
    let mut call =
        json!({ "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } });
    if let Some(signature) = signature {
        call["extra_content"] = json!({ "google": { "thought_signature": signature } });
    }
    let other = json!({ "id": "c2", "type": "function", "function": { "name": "think", "arguments": "" } });
    json!({ "messages": [
        { "role": "user", "content": "Look" },
        { "role": "assistant", "content": null, "tool_calls": [call, other] },
        { "role": "tool", "tool_call_id": "c2", "content": "thought" },
        { "role": "tool", "tool_call_id": "c1", "content": [{ "type": "text", "text": "a cat" }] },
    ] })
}

#[test]
fn a_whole_conversation() {
    let request = json!({
        "model": "x", "max_tokens": 99, "stop": ["END"], "temperature": 1.5, "top_p": 0.5, "seed": 7, "n": 2,
        "frequency_penalty": 1, "presence_penalty": -1, "reasoning_effort": "low", "service_tier": "flex",
        "messages": [
            { "role": "developer", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
                { "type": "image_url", "image_url": { "url": "https://x.test/a.JPG?size=9" } },
                { "type": "file", "file": { "file_data": "data:application/pdf;base64,QQ==" } },
                { "type": "input_audio", "input_audio": { "format": "wav", "data": "UklG" } },
            ] },
            { "role": "assistant", "content": "Let me look.", "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } },
            ] },
            { "role": "tool", "tool_call_id": "c1", "content": "a cat" },
            { "role": "user", "content": "Well?" },
        ],
        "tools": [
            { "type": "function", "function": { "name": "look", "description": "Looks", "parameters": { "type": "object" } } },
            { "type": "function", "function": { "name": "think" } },
        ],
    });
    let written = written(request);
    assert!(written.dropped.is_empty(), "{:?}", written.dropped);
    assert_eq!(
        written.body,
        json!({
            "systemInstruction": { "parts": [{ "text": "Be brief." }] },
            "contents": [
                { "role": "user", "parts": [
                    { "text": "What is this?" },
                    { "inlineData": { "mimeType": "image/png", "data": "AAAA" } },
                    { "fileData": { "mimeType": "image/jpeg", "fileUri": "https://x.test/a.JPG?size=9" } },
                    { "inlineData": { "mimeType": "application/pdf", "data": "QQ==" } },
                    { "inlineData": { "mimeType": "audio/wav", "data": "UklG" } },
                ] },
                { "role": "model", "parts": [
                    { "text": "Let me look." },
                    { "functionCall": { "id": "c1", "name": "look", "args": { "at": 1 } } },
                ] },
                { "role": "user", "parts": [
                    { "functionResponse": { "id": "c1", "name": "look", "response": { "result": "a cat" } } },
                    { "text": "Well?" },
                ] },
            ],
            "tools": [{ "functionDeclarations": [
                { "name": "look", "description": "Looks", "parametersJsonSchema": { "type": "object" } },
                { "name": "think" },
            ] }],
            "generationConfig": {
                "maxOutputTokens": 99, "temperature": 1.5, "topP": 0.5, "frequencyPenalty": 1.0, "presencePenalty": -1.0,
                "seed": 7, "candidateCount": 2, "stopSequences": ["END"], "thinkingConfig": { "thinkingBudget": 1024 },
            },
            "serviceTier": "flex",
        })
    );
}

#[test]
fn thinking_by_generation() {
    let level = |level: &str| json!({ "thinkingLevel": level });
    let budget = |budget: u64| json!({ "thinkingBudget": budget });
    for (model, effort, expected, told) in [
        ("gemini-3-pro-preview", "none", level("LOW"), true),
        ("gemini-3-pro-preview", "minimal", level("LOW"), false),
        ("gemini-3.8-flash", "none", level("MINIMAL"), true),
        ("gemini-3.8-flash", "minimal", level("MINIMAL"), false),
        ("gemini-3.8-flash", "low", level("LOW"), false),
        ("models/gemini-3.1-pro", "medium", level("MEDIUM"), false),
        ("google/gemini-3.1-pro", "xhigh", level("HIGH"), false),
        ("gemini-flash-latest", "high", level("HIGH"), false),
        ("gemini-2.5-pro", "none", budget(128), true),
        ("gemini-2.5-pro", "max", budget(24_576), false),
        ("gemini-2.5-flash", "none", budget(0), false),
        ("gemini-2.5-flash-lite", "medium", budget(8_192), false),
        ("gemini-2.0-flash", "high", Value::Null, true),
        ("gemini-1.5-pro-002", "none", Value::Null, true),
        ("gemma-3-27b-it", "high", Value::Null, true),
    ] {
        let written = written_for(with(json!({ "reasoning_effort": effort })), model).expect("can be said");
        assert_eq!(written.body["generationConfig"]["thinkingConfig"], expected, "{model} {effort}");
        assert_eq!(written.dropped.contains(&"reasoning_effort".to_owned()), told, "{model} {effort}");
    }
}

#[test]
fn signatures() {
    let parts = |signature, model| {
        let body = written_for(called(signature), model).expect("can be said").body;
        let parts = &body["contents"][1]["parts"];
        [parts[0]["thoughtSignature"].clone(), parts[1]["thoughtSignature"].clone()]
    };
    // Only the first of parallel calls is signed.
    assert_eq!(parts(Some("s"), "gemini-3-pro"), [json!("s"), Value::Null]);
    assert_eq!(parts(None, "gemini-3-pro"), [json!(NO_SIGNATURE), Value::Null]);
    assert_eq!(parts(Some("s"), "gemini-2.5-pro"), [json!("s"), Value::Null]);
    assert_eq!(parts(None, "gemini-2.5-pro"), [Value::Null, Value::Null]);
}

#[test]
fn results_name_their_tool_in_the_order_they_came() {
    let body = written(called(None)).body;
    let result = |id: &str, name: &str, text: &str| json!({ "functionResponse": { "id": id, "name": name, "response": { "result": text } } });
    assert_eq!(
        body["contents"][2],
        json!({ "role": "user", "parts": [result("c2", "think", "thought"), result("c1", "look", "a cat")] })
    );
}

#[test]
fn formats_and_choices() {
    let config = |more| written(with(more)).body["generationConfig"].clone();
    let schema = json!({ "type": "object", "properties": {} });
    assert_eq!(
        config(
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "n", "schema": schema } } })
        ),
        json!({ "responseMimeType": "application/json", "responseJsonSchema": schema })
    );
    assert_eq!(
        config(json!({ "response_format": { "type": "json_object" } })),
        json!({ "responseMimeType": "application/json" })
    );
    assert_eq!(config(json!({})), Value::Null);
    let tools = json!([{ "type": "function", "function": { "name": "a", "strict": true } }, { "type": "function", "function": { "name": "b" } }]);
    let named = |name: &str| json!({ "type": "function", "function": { "name": name } });
    let among = |mode: &str| json!({ "type": "allowed_tools", "allowed_tools": { "mode": mode, "tools": [named("b")] } });
    for (choice, expected) in [
        (json!("none"), json!({ "mode": "NONE" })),
        (json!("auto"), json!({ "mode": "AUTO" })),
        (json!("required"), json!({ "mode": "ANY" })),
        (named("a"), json!({ "mode": "ANY", "allowedFunctionNames": ["a"] })),
        (among("required"), json!({ "mode": "ANY", "allowedFunctionNames": ["b"] })),
        (among("auto"), json!({ "mode": "VALIDATED", "allowedFunctionNames": ["b"] })),
        (Value::Null, Value::Null),
    ] {
        let body = written(with(json!({ "tools": tools, "tool_choice": choice }))).body;
        assert_eq!(body["toolConfig"]["functionCallingConfig"], expected, "{choice}");
    }
    assert_eq!(written(with(json!({ "tool_choice": "auto" }))).body.get("toolConfig"), None);
}

#[test]
fn what_is_not_carried_is_told() {
    let file = json!([{ "type": "file", "file": { "filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ==" } }]);
    for (more, dropped) in [
        (json!({ "logit_bias": {}, "store": true }), vec!["logit_bias", "store"]),
        (json!({ "user": "u" }), vec!["user"]),
        (json!({ "parallel_tool_calls": false }), vec!["parallel_tool_calls"]),
        (json!({ "parallel_tool_calls": true }), vec![]),
        (json!({ "service_tier": "scale" }), vec!["service_tier"]),
        (json!({ "service_tier": "auto" }), vec![]),
        (
            json!({ "messages": [{ "role": "user", "content": file }] }),
            vec!["messages[].content[].file.filename"],
        ),
        (
            json!({ "messages": [{ "role": "user", "name": "Ann", "content": "hi" }] }),
            vec!["messages[].name"],
        ),
        (
            json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "assistant", "content": "b", "images": [{}] }] }),
            vec!["messages[].images"],
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://x.test/a.png", "detail": "low" } }] }] }),
            vec!["messages[].content[].image_url.detail"],
        ),
        (
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "n", "description": "d" } } }),
            vec!["response_format.json_schema.description"],
        ),
        (
            json!({ "tools": [{ "type": "function", "function": { "name": "a", "strict": true } }] }),
            vec!["tools[].function.strict"],
        ),
    ] {
        assert_eq!(written(with(more.clone())).dropped, dropped, "{more}");
    }
    let tier = |tier: &str| written(with(json!({ "service_tier": tier }))).body["serviceTier"].clone();
    assert_eq!(
        [tier("default"), tier("priority"), tier("auto")],
        [json!("standard"), json!("priority"), Value::Null]
    );
}

#[test]
fn what_addresses_hold() {
    for (url, kind) in [
        ("https://x.test/a.png", Some("image/png")),
        ("https://x.test/a.b/c.jpeg#x", Some("image/jpeg")),
        ("https://x.test/a.webp?b=/c.d", Some("image/webp")),
        ("https://x.test/a.gif", Some("image/gif")),
        ("https://x.test/a.HEIC", Some("image/heic")),
        ("https://x.test/a.pdf", Some("application/pdf")),
        ("https://x.test/a", None),
        ("https://x.png/a", None),
        ("", None),
    ] {
        assert_eq!(media_type(url), kind, "{url}");
    }
}

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    let content = |part: Value| json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "x" }, part] }] });
    for (request, field) in [
        (with(json!({ "logprobs": true })), "logprobs"),
        (with(json!({ "seed": "x" })), "seed"),
        (with(json!({ "seed": 0.5 })), "seed"),
        (
            with(
                json!({ "tools": [{ "type": "function", "function": { "name": "a", "parameters": "x" } }] }),
            ),
            "tools[0].function.parameters",
        ),
        (
            content(json!({ "type": "image_url", "image_url": { "url": "https://x.test/a" } })),
            "messages[0].content[1]",
        ),
        (
            content(json!({ "type": "file", "file": { "file_data": "QQ==" } })),
            "messages[0].content[1].file.file_data",
        ),
        (
            json!({ "messages": [{ "role": "tool", "tool_call_id": "c", "content": "x" }] }),
            "messages[0].tool_call_id",
        ),
        (json!({ "messages": [{ "role": "system", "content": "x" }] }), "messages"),
        (json!({ "messages": [{ "role": "assistant", "audio": { "id": "a" } }] }), "messages[0].audio"),
    ] {
        let refused = written_for(request.clone(), "gemini-2.5-flash").expect_err("is refused");
        assert_eq!(refused.field, field, "{request}: {}", refused.problem);
    }
}
