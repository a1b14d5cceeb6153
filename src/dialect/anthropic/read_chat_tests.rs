use serde_json::json;

use super::*;
use crate::dialect::openai::write_chat;

fn openai(request: Value) -> Value {
    write_chat::write(&read(&request).expect("is read"), "m", true)
}

fn with(more: Value) -> Value {
    let mut request =
        json!({ "model": "x", "max_tokens": 5, "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in more.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn a_whole_conversation() {
    let base64 = |kind: &str, data: &str| json!({ "type": "base64", "media_type": kind, "data": data });
    let request = json!({
        "model": "x", "max_tokens": 99, "stream": true, "stop_sequences": ["END"], "temperature": 0.5, "top_p": 0.25, "top_k": 7,
        "system": [{ "type": "text", "text": "Be brief." }, { "type": "text", "text": "Be kind." }],
        "messages": [
            { "role": "user", "content": [
                { "type": "text", "text": "What?" },
                { "type": "image", "source": base64("image/png", "AAAA") },
                { "type": "image", "source": { "type": "url", "url": "https://x.test/a.jpg" } },
                { "type": "document", "source": base64("application/pdf", "QQ=="), "title": "a.pdf" },
                { "type": "document", "source": { "type": "text", "media_type": "text/plain", "data": "words" }, "title": "b.txt" },
            ] },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "s" },
                { "type": "text", "text": "Let me " },
                { "type": "text", "text": "look." },
                { "type": "tool_use", "id": "t1", "name": "look", "input": { "at": 1 } },
                { "type": "tool_use", "id": "t2", "name": "show", "input": {} },
            ] },
            { "role": "user", "content": [
                { "type": "text", "text": "Well?" },
                { "type": "tool_result", "tool_use_id": "t1", "content": [
                    { "type": "text", "text": "a" }, { "type": "image", "source": base64("image/gif", "BBBB") }, { "type": "text", "text": "b" },
                ] },
                { "type": "tool_result", "tool_use_id": "t2", "content": "broke", "is_error": true },
            ] },
            { "role": "system", "content": "Be quick." },
            { "role": "assistant", "content": "It is" },
        ],
        "tools": [{ "name": "look", "description": "d", "input_schema": { "type": "object" }, "strict": true }, { "type": "custom", "name": "show", "input_schema": {} }],
        "tool_choice": { "type": "any", "disable_parallel_tool_use": true },
        "output_config": { "effort": "xhigh", "format": { "type": "json_schema", "schema": { "type": "object" } } },
        "metadata": { "user_id": "u" },
        "service_tier": "standard_only",
    });
    assert_eq!(read(&request).expect("is read").others, Vec::<String>::new());
    assert_eq!(read(&request).expect("is read").sampling.top_k, Some(7));
    let call = |id: &str, name: &str, arguments: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
    assert_eq!(
        openai(request),
        json!({
            "model": "m", "stream": true, "stream_options": { "include_usage": true }, "max_tokens": 99, "temperature": 0.5,
            "top_p": 0.25, "stop": ["END"], "reasoning_effort": "xhigh",
            "messages": [
                { "role": "system", "content": "Be brief.\n\nBe kind." },
                { "role": "user", "content": [
                    { "type": "text", "text": "What?" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
                    { "type": "image_url", "image_url": { "url": "https://x.test/a.jpg" } },
                    { "type": "file", "file": { "file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf" } },
                    { "type": "text", "text": "b.txt\n\nwords" },
                ] },
                { "role": "assistant", "content": "Let me look.", "tool_calls": [call("t1", "look", "{\"at\":1}"), call("t2", "show", "{}")] },
                { "role": "tool", "tool_call_id": "t1", "content": "a\nb" },
                { "role": "tool", "tool_call_id": "t2", "content": "Error: broke" },
                { "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "data:image/gif;base64,BBBB" } }] },
                { "role": "user", "content": "Well?" },
                { "role": "system", "content": "Be quick." },
                { "role": "assistant", "content": "It is" },
            ],
            "tools": [
                { "type": "function", "function": { "name": "look", "description": "d", "parameters": { "type": "object" }, "strict": true } },
                { "type": "function", "function": { "name": "show", "parameters": {} } },
            ],
            "tool_choice": "required", "parallel_tool_calls": false,
            "response_format": { "type": "json_schema", "json_schema": { "name": "answer", "schema": { "type": "object" }, "strict": true } },
            "user": "u", "service_tier": "default",
        })
    );
}

#[test]
fn choices_and_efforts() {
    for (choice, expected) in [
        (json!({ "type": "none" }), (Some(ToolChoice::None), None)),
        (json!({ "type": "auto" }), (Some(ToolChoice::Auto), None)),
        (json!({ "type": "auto", "disable_parallel_tool_use": true }), (Some(ToolChoice::Auto), Some(false))),
        (json!({ "type": "any", "disable_parallel_tool_use": false }), (Some(ToolChoice::Required), None)),
        (json!({ "type": "tool", "name": "f" }), (Some(ToolChoice::Named("f".into())), None)),
        (Value::Null, (None, None)),
    ] {
        let chat = read(&with(json!({ "tool_choice": choice }))).expect("is read");
        assert_eq!((chat.tool_choice, chat.parallel_tool_calls), expected, "{choice}");
    }
    for (more, effort) in [
        (json!({ "thinking": { "type": "disabled" } }), Some(Effort::None)),
        (json!({ "thinking": { "type": "adaptive" } }), None),
        (json!({ "thinking": { "type": "between_tools" } }), None),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": 1_024 } }), Some(Effort::Low)),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": 16_384 } }), Some(Effort::Medium)),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": 64_000 } }), Some(Effort::High)),
        (
            json!({ "thinking": { "type": "adaptive" }, "output_config": { "effort": "max" } }),
            Some(Effort::Max),
        ),
        (json!({ "output_config": { "effort": null } }), None),
    ] {
        assert_eq!(read(&with(more.clone())).expect("is read").effort, effort, "{more}");
    }
}

#[test]
fn what_is_not_carried_is_told() {
    let message = |role: &str, block: Value| json!({ "messages": [{ "role": role, "content": [block.clone(), block] }] });
    let cached = json!({ "type": "ephemeral" });
    for (more, others) in [
        (json!({ "speed": "fast", "inference_geo": "eu" }), vec!["speed", "inference_geo"]),
        (
            json!({ "system": [{ "type": "text", "text": "a", "cache_control": cached }] }),
            vec!["system[].cache_control"],
        ),
        (
            message("user", json!({ "type": "text", "text": "a", "cache_control": cached })),
            vec!["messages[].content[].cache_control"],
        ),
        (
            message(
                "user",
                json!({ "type": "document", "source": { "type": "url", "url": "https://x.test/a.pdf" }, "context": "c" }),
            ),
            vec!["messages[].content[].context"],
        ),
        (
            message(
                "assistant",
                json!({ "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} }),
            ),
            vec!["messages[].content[].server_tool_use"],
        ),
        (message("assistant", json!({ "type": "redacted_thinking", "data": "x" })), vec![]),
        (
            json!({ "tools": [{ "name": "f", "input_schema": {}, "input_examples": [] }] }),
            vec!["tools[].input_examples"],
        ),
    ] {
        assert_eq!(read(&with(more.clone())).expect("is read").others, others, "{more}");
    }
}

#[test]
fn what_cannot_be_said_elsewhere_is_refused_by_name() {
    let block = |block: Value| json!({ "messages": [{ "role": "user", "content": [block] }] });
    for (more, field) in [
        (json!({ "container": "c" }), "container"),
        (json!({ "mcp_servers": [] }), "mcp_servers"),
        (json!({ "messages": [{ "role": "user" }] }), "messages[0].content"),
        (json!({ "messages": [{ "role": "user", "content": 7 }] }), "messages[0].content"),
        (json!({ "messages": [{ "role": "tool", "content": "x" }] }), "messages[0].role"),
        (json!({ "system": [{ "type": "image" }] }), "system[0].type"),
        (json!({ "stop_sequences": [7] }), "stop_sequences[0]"),
        (json!({ "tools": [{ "type": "web_search_20250305", "name": "w" }] }), "tools[0].type"),
        (json!({ "tools": [{ "name": "f", "input_schema": 7 }] }), "tools[0].input_schema"),
        (json!({ "tool_choice": { "type": "some" } }), "tool_choice.type"),
        (json!({ "output_config": { "effort": "some" } }), "output_config.effort"),
        (json!({ "output_config": { "format": { "type": "json_schema" } } }), "output_config.format.schema"),
        (block(json!({ "type": "search_result" })), "messages[0].content[0].type"),
        (
            block(json!({ "type": "image", "source": { "type": "file", "file_id": "f" } })),
            "messages[0].content[0].source.type",
        ),
        (
            block(json!({ "type": "document", "source": { "type": "content", "content": [] } })),
            "messages[0].content[0].source.type",
        ),
        (block(json!({ "type": "tool_result" })), "messages[0].content[0].tool_use_id"),
        (
            json!({ "messages": [{ "role": "assistant", "content": [{ "type": "tool_use", "id": "t", "name": "f", "input": "x" }] }] }),
            "messages[0].content[0].input",
        ),
    ] {
        let refused = read(&with(more.clone())).expect_err("is refused");
        assert_eq!(refused.field, field, "{more}: {}", refused.problem);
    }
}
