//! Writes a chat request as OpenAI's, for a client with another dialect.

use serde_json::{Map, Value, json};

use crate::dialect::chat::{
    Chat, ChatMessage, ContentPart, ResponseFormat, Tool, ToolCall, ToolChoice, ToolResult,
};

/// `model` is the requested model.
pub fn write(chat: &Chat, model: &str, stream: bool) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.into(), value);
        }
    };
    put("model", Some(model.into()));
    put("messages", Some(write_messages(&chat.messages).into()));
    // Clients of other dialects expect the usage.
    put("stream", stream.then(|| true.into()));
    put("stream_options", stream.then(|| json!({ "include_usage": true })));
    put("max_tokens", chat.max_output.map(Value::from));
    let s = &chat.sampling;
    put("temperature", s.temperature.map(Value::from));
    put("top_p", s.top_p.map(Value::from));
    put("frequency_penalty", s.frequency_penalty.map(Value::from));
    put("presence_penalty", s.presence_penalty.map(Value::from));
    put("seed", s.seed.map(Value::from));
    put("n", chat.choices.map(Value::from));
    put("logprobs", chat.logprobs.map(|_| true.into()));
    put("top_logprobs", chat.logprobs.filter(|n| *n > 0).map(Value::from));
    put("stop", (!chat.stop.is_empty()).then(|| json!(chat.stop)));
    put("reasoning_effort", chat.effort.map(|e| e.word().into()));
    put("tools", (!chat.tools.is_empty()).then(|| chat.tools.iter().map(write_tool).collect()));
    put("tool_choice", chat.tool_choice.as_ref().map(write_choice));
    put("parallel_tool_calls", chat.parallel_tool_calls.map(Value::from));
    put("response_format", write_format(&chat.format));
    put("user", chat.user.clone().map(Value::from));
    put("safety_identifier", chat.safety_identifier.clone().map(Value::from));
    put("service_tier", chat.service_tier.clone().map(Value::from));
    Value::Object(out)
}

fn write_messages(messages: &[ChatMessage]) -> Vec<Value> {
    let mut out = Vec::with_capacity(messages.len());
    let mut images = Vec::new();
    for message in messages {
        // A tool's result is text only. Its images follow as a user message, after all results of that
        // turn:
        // nothing may stand between those.
        if !matches!(message, ChatMessage::Tool(_)) {
            show(&mut images, &mut out);
        }
        match message {
            ChatMessage::System(texts) => {
                out.push(json!({ "role": "system", "content": texts.join("\n\n") }))
            }
            // Empty messages are refused.
            ChatMessage::User(parts) if parts.is_empty() => {}
            ChatMessage::User(parts) => out.push(json!({ "role": "user", "content": write_parts(parts) })),
            ChatMessage::Assistant { texts, calls } if texts.is_empty() && calls.is_empty() => {}
            ChatMessage::Assistant { texts, calls } => {
                let content = (!texts.is_empty()).then(|| texts.concat());
                let mut message = json!({ "role": "assistant", "content": content });
                if !calls.is_empty() {
                    message["tool_calls"] = calls.iter().map(write_call).collect();
                }
                out.push(message);
            }
            ChatMessage::Tool(result) => out.push(write_result(result, &mut images)),
        }
    }
    show(&mut images, &mut out);
    out
}

fn show(images: &mut Vec<ContentPart>, out: &mut Vec<Value>) {
    if !images.is_empty() {
        out.push(json!({ "role": "user", "content": write_parts(&std::mem::take(images)) }));
    }
}

fn write_result(result: &ToolResult, images: &mut Vec<ContentPart>) -> Value {
    let mut texts = Vec::new();
    for part in &result.parts {
        match part {
            ContentPart::Text(text) => texts.push(text.as_str()),
            other => images.push(other.clone()),
        }
    }
    let mut text = texts.join("\n");
    if result.is_error {
        text = format!("Error: {text}");
    }
    json!({ "role": "tool", "tool_call_id": result.call_id, "content": text })
}

fn write_call(call: &ToolCall) -> Value {
    let mut out = json!({
        "id": call.id, "type": "function",
        "function": { "name": call.name, "arguments": call.arguments.to_string() },
    });
    if let Some(signature) = &call.signature {
        out["extra_content"] = json!({ "google": { "thought_signature": signature } });
    }
    out
}

fn write_parts(parts: &[ContentPart]) -> Value {
    if let [ContentPart::Text(text)] = parts {
        return text.clone().into();
    }
    let part = |part: &ContentPart| match part {
        ContentPart::Text(text) => json!({ "type": "text", "text": text }),
        ContentPart::Image(source) => json!({ "type": "image_url", "image_url": { "url": source.url() } }),
        // OpenAI accepts no address here; the answering vendor may.
        ContentPart::File { source, name } => {
            let mut file = json!({ "file_data": source.url() });
            if let Some(name) = name {
                file["filename"] = name.clone().into();
            }
            json!({ "type": "file", "file": file })
        }
        ContentPart::Audio { format, data } => {
            json!({ "type": "input_audio", "input_audio": { "format": format, "data": data } })
        }
    };
    parts.iter().map(part).collect()
}

fn write_tool(tool: &Tool) -> Value {
    let mut function = json!({ "name": tool.name });
    if let Some(description) = &tool.description {
        function["description"] = description.clone().into();
    }
    if let Some(parameters) = &tool.parameters {
        function["parameters"] = parameters.clone();
    }
    if let Some(strict) = tool.strict {
        function["strict"] = strict.into();
    }
    json!({ "type": "function", "function": function })
}

fn write_choice(choice: &ToolChoice) -> Value {
    let function = |name: &String| json!({ "type": "function", "function": { "name": name } });
    match choice {
        ToolChoice::None => "none".into(),
        ToolChoice::Auto => "auto".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => function(name),
        ToolChoice::Among { names, required } => {
            let tools: Value = names.iter().map(function).collect();
            let mode = if *required { "required" } else { "auto" };
            json!({ "type": "allowed_tools", "allowed_tools": { "mode": mode, "tools": tools } })
        }
    }
}

fn write_format(format: &ResponseFormat) -> Option<Value> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::Json => Some(json!({ "type": "json_object" })),
        ResponseFormat::Schema { name, schema, strict } => {
            let mut inner = json!({ "name": name, "schema": schema });
            if let Some(strict) = strict {
                inner["strict"] = (*strict).into();
            }
            Some(json!({ "type": "json_schema", "json_schema": inner }))
        }
    }
}
