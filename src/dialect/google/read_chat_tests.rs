use serde_json::json;

use super::*;
use crate::dialect::openai::write_chat;

fn openai(request: Value) -> Value {
    write_chat::write(&read(&request).expect("is read"), "m", false)
}

fn with(more: Value) -> Value {
    let mut request = json!({ "contents": [{ "parts": [{ "text": "hi" }] }] });
    for (name, value) in more.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn a_whole_conversation_in_either_case() {
    let camel = json!({
        "systemInstruction": { "parts": [{ "text": "Be brief." }] },
        "contents": [
            { "role": "user", "parts": [
                { "text": "What?" },
                { "inlineData": { "mimeType": "image/png", "data": "AAAA" } },
                { "fileData": { "mimeType": "image/jpeg", "fileUri": "https://x.test/a.jpg" } },
                { "inlineData": { "mimeType": "audio/mpeg", "data": "BBBB" } },
                { "inlineData": { "mimeType": "application/pdf", "data": "CCCC" } },
            ] },
            { "role": "model", "parts": [
                { "text": "hm", "thought": true },
                { "functionCall": { "id": "g1", "name": "look_at", "args": { "snake_case": { "x_y": 1 } } }, "thoughtSignature": "s" },
                { "functionCall": { "name": "go" } },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "id": "g1", "name": "look_at", "response": { "result": "a cat" } } },
                { "functionResponse": { "name": "go", "response": { "error": "no way" } } },
                { "text": "Well?" },
            ] },
        ],
        "tools": [{ "functionDeclarations": [{ "name": "look_at", "description": "d", "parametersJsonSchema": { "x_y": 1 } }] }],
        "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["look_at"] } },
        "generationConfig": {
            "maxOutputTokens": 9, "temperature": 1, "topP": 0.5, "seed": 7, "candidateCount": 2, "stopSequences": ["END"],
            "thinkingConfig": { "thinkingBudget": 0 },
        },
        "serviceTier": "standard",
    });
    let snake = camel.to_string();
    let snake = [
        "systemInstruction",
        "inlineData",
        "mimeType",
        "fileData",
        "fileUri",
        "functionCall",
        "thoughtSignature",
        "functionResponse",
    ]
    .into_iter()
    .chain([
        "functionDeclarations",
        "parametersJsonSchema",
        "toolConfig",
        "functionCallingConfig",
        "allowedFunctionNames",
    ])
    .chain([
        "generationConfig",
        "maxOutputTokens",
        "topP",
        "candidateCount",
        "stopSequences",
        "thinkingConfig",
        "thinkingBudget",
        "serviceTier",
    ])
    .fold(snake, |text, name| {
        let mut other = String::new();
        for c in name.chars() {
            if c.is_ascii_uppercase() {
                other.push('_');
            }
            other.push(c.to_ascii_lowercase());
        }
        text.replace(&format!("\"{name}\""), &format!("\"{other}\""))
    });
    let snake: Value = serde_json::from_str(&snake).expect("JSON");
    let chat = read(&camel).expect("is read");
    assert_eq!(chat, read(&snake).expect("is read"));
    assert!(chat.others.is_empty(), "{:?}", chat.others);
    let call = |id: &str, name: &str, arguments: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
    let mut signed = call("g1", "look_at", "{\"snake_case\":{\"x_y\":1}}");
    signed["extra_content"] = json!({ "google": { "thought_signature": "s" } });
    assert_eq!(
        openai(camel),
        json!({
            "model": "m", "max_tokens": 9, "temperature": 1.0, "top_p": 0.5, "seed": 7, "n": 2, "stop": ["END"],
            "reasoning_effort": "none", "service_tier": "default",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": [
                    { "type": "text", "text": "What?" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
                    { "type": "image_url", "image_url": { "url": "https://x.test/a.jpg" } },
                    { "type": "input_audio", "input_audio": { "format": "mp3", "data": "BBBB" } },
                    { "type": "file", "file": { "file_data": "data:application/pdf;base64,CCCC" } },
                ] },
                { "role": "assistant", "content": null, "tool_calls": [signed, call("call_1_1", "go", "{}")] },
                { "role": "tool", "tool_call_id": "g1", "content": "a cat" },
                { "role": "tool", "tool_call_id": "call_1_1", "content": "Error: no way" },
                { "role": "user", "content": "Well?" },
            ],
            "tools": [{ "type": "function", "function": { "name": "look_at", "description": "d", "parameters": { "x_y": 1 } } }],
            "tool_choice": { "type": "function", "function": { "name": "look_at" } },
        })
    );
}

#[test]
fn results_find_their_calls() {
    let call = |name: &str| json!({ "functionCall": { "name": name } });
    let result = |name: &str, text: &str| json!({ "functionResponse": { "name": name, "response": { "output": text } } });
    let told = openai(json!({ "contents": [
        { "role": "model", "parts": [call("f"), call("g"), call("f")] },
        { "role": "function", "parts": [
            result("g", "1"),
            { "functionResponse": { "name": "f", "id": "call_0_0", "response": { "a": 1, "b": 2 } } },
            result("f", "3"),
        ] },
    ] }));
    let found: Vec<_> = (1..4)
        .map(|i| (told["messages"][i]["tool_call_id"].clone(), told["messages"][i]["content"].clone()))
        .collect();
    assert_eq!(
        json!(found),
        json!([["call_0_1", "1"], ["call_0_0", "{\"a\":1,\"b\":2}"], ["call_0_2", "3"]])
    );
}

#[test]
fn what_a_tool_shows_follows_the_results() {
    let told = openai(json!({ "contents": [
        { "role": "model", "parts": [{ "functionCall": { "name": "f" } }, { "functionCall": { "name": "g" } }] },
        { "parts": [
            { "functionResponse": { "name": "f", "response": {}, "parts": [{ "inlineData": { "mimeType": "image/png", "data": "AA" } }] } },
            { "functionResponse": { "name": "g", "response": { "result": 7 } } },
        ] },
    ] }));
    let roles: Vec<_> = told["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|m| m["role"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(roles, ["assistant", "tool", "tool", "user"]);
    assert_eq!(told["messages"][2]["content"], "7");
    assert_eq!(told["messages"][3]["content"][0]["image_url"]["url"], "data:image/png;base64,AA");
}

#[test]
fn schemas() {
    let schema = json!({
        "type": "OBJECT", "nullable": true, "propertyOrdering": ["type"], "required": ["type"],
        "properties": {
            "type": { "type": "STRING", "enum": ["A"], "nullable": true, "max_length": "5" },
            "nullable": { "type": "BOOLEAN", "nullable": false },
            "default": { "type": "ARRAY", "items": { "type": "INTEGER" }, "minItems": "1", "maxItems": 3 },
            "snake_case": { "any_of": [{ "type": "NUMBER" }], "nullable": true, "default": { "type": "KEPT" } },
        },
    });
    let expected = json!({
        "type": ["object", "null"], "required": ["type"],
        "properties": {
            "type": { "type": ["string", "null"], "enum": ["A", null], "maxLength": 5 },
            "nullable": { "type": "boolean" },
            "default": { "type": "array", "items": { "type": "integer" }, "minItems": 1, "maxItems": 3 },
            "snake_case": { "anyOf": [{ "type": "number" }, { "type": "null" }], "default": { "type": "KEPT" } },
        },
    });
    let declared =
        with(json!({ "tools": [{ "functionDeclarations": [{ "name": "f", "parameters": schema }] }] }));
    assert_eq!(read(&declared).expect("is read").tools[0].parameters, Some(expected.clone()));
    let asked = with(
        json!({ "generationConfig": { "responseMimeType": "application/json", "responseSchema": schema } }),
    );
    assert_eq!(
        read(&asked).expect("is read").format,
        ResponseFormat::Schema { name: "answer".into(), schema: expected, strict: None }
    );
}

#[test]
fn modes_and_efforts() {
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    for (mode, allowed, expected) in [
        ("NONE", vec![], ToolChoice::None),
        ("AUTO", vec![], ToolChoice::Auto),
        ("MODE_UNSPECIFIED", vec![], ToolChoice::Auto),
        ("VALIDATED", vec![], ToolChoice::Auto),
        ("VALIDATED", vec!["a"], ToolChoice::Among { names: names(&["a"]), required: false }),
        ("ANY", vec![], ToolChoice::Required),
        ("ANY", vec!["a"], ToolChoice::Named("a".into())),
        ("ANY", vec!["a", "b"], ToolChoice::Among { names: names(&["a", "b"]), required: true }),
    ] {
        let config = json!({ "functionCallingConfig": { "mode": mode, "allowedFunctionNames": allowed } });
        let chat = read(&with(json!({ "toolConfig": config }))).expect("is read");
        assert_eq!(chat.tool_choice, Some(expected), "{config}");
    }
    for (thinking, effort) in [
        (json!({ "thinkingLevel": "MINIMAL" }), Some(Effort::Minimal)),
        (json!({ "thinkingLevel": "high" }), Some(Effort::High)),
        (json!({ "thinkingLevel": "THINKING_LEVEL_UNSPECIFIED" }), None),
        (json!({ "thinkingBudget": 0 }), Some(Effort::None)),
        (json!({ "thinkingBudget": 512 }), Some(Effort::Low)),
        (json!({ "thinkingBudget": 8_192 }), Some(Effort::Medium)),
        (json!({ "thinkingBudget": 32_768 }), Some(Effort::High)),
        (json!({ "thinkingBudget": -1 }), None),
        (json!({ "includeThoughts": true }), None),
    ] {
        let chat =
            read(&with(json!({ "generationConfig": { "thinkingConfig": thinking } }))).expect("is read");
        assert_eq!(chat.effort, effort, "{thinking}");
    }
}

#[test]
fn what_is_not_carried_is_told() {
    let part = |part: Value| json!({ "contents": [{ "role": "model", "parts": [{ "text": "a" }, part] }] });
    for (more, others) in [
        (
            json!({ "safetySettings": [], "labels": {}, "model": "models/x" }),
            vec!["safetySettings", "labels"],
        ),
        (json!({ "generationConfig": { "audio_timestamp": true } }), vec!["generationConfig.audioTimestamp"]),
        (json!({ "toolConfig": { "retrievalConfig": {} } }), vec!["toolConfig.retrievalConfig"]),
        (
            json!({ "tools": [{ "functionDeclarations": [{ "name": "f", "behavior": "BLOCKING" }, { "name": "g", "behavior": "BLOCKING" }] }] }),
            vec!["tools[].functionDeclarations[].behavior"],
        ),
        (
            part(json!({ "inlineData": { "mimeType": "image/png", "data": "AA" } })),
            vec!["contents[].parts[].inlineData"],
        ),
        (part(json!({ "executableCode": { "code": "1" } })), vec!["contents[].parts[].executableCode"]),
        (part(json!({ "text": "hm", "thought": true, "thoughtSignature": "s" })), vec![]),
    ] {
        assert_eq!(read(&with(more.clone())).expect("is read").others, others, "{more}");
    }
}

#[test]
fn what_cannot_be_said_elsewhere_is_refused_by_name() {
    let part = |part: Value| json!({ "contents": [{ "parts": [part] }] });
    let config = |config: Value| json!({ "generationConfig": config });
    for (more, field) in [
        (json!({ "cachedContent": "x" }), "cachedContent"),
        (json!({ "tools": [{ "googleSearch": {} }] }), "tools[0].googleSearch"),
        (
            json!({ "tools": [{ "functionDeclarations": [{ "name": "f", "parameters": 7 }] }] }),
            "tools[0].functionDeclarations[0].parameters",
        ),
        (json!({ "contents": [{ "role": "system", "parts": [] }] }), "contents[0].role"),
        (
            json!({ "toolConfig": { "functionCallingConfig": { "mode": "SOME" } } }),
            "toolConfig.functionCallingConfig.mode",
        ),
        (
            json!({ "toolConfig": { "functionCallingConfig": { "allowedFunctionNames": [7] } } }),
            "toolConfig.functionCallingConfig.allowedFunctionNames[0]",
        ),
        (config(json!({ "responseMimeType": "text/x.enum" })), "generationConfig.responseMimeType"),
        (config(json!({ "responseModalities": ["TEXT", "IMAGE"] })), "generationConfig.responseModalities"),
        (config(json!({ "responseFormat": [] })), "generationConfig.responseFormat"),
        (config(json!({ "responseLogprobs": true })), "generationConfig.responseLogprobs"),
        (config(json!({ "stopSequences": [7] })), "generationConfig.stopSequences[0]"),
        (config(json!({ "seed": "x" })), "generationConfig.seed"),
        (
            config(json!({ "thinkingConfig": { "thinkingLevel": "SOME" } })),
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (
            part(json!({ "functionResponse": { "name": "f", "response": {} } })),
            "contents[0].parts[0].functionResponse.name",
        ),
        (part(json!({ "fileData": { "fileUri": "gs://a/b" } })), "contents[0].parts[0].fileData.fileUri"),
        (
            part(
                json!({ "fileData": { "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x" } }),
            ),
            "contents[0].parts[0].fileData.fileUri",
        ),
        (part(json!({ "videoMetadata": {} })), "contents[0].parts[0].text"),
    ] {
        let refused = read(&with(more.clone())).expect_err("is refused");
        assert_eq!(refused.field, field, "{more}: {}", refused.problem);
    }
}
