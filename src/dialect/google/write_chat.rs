//! Writes a chat request as Gemini's `generateContent`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::dialect::chat::{
    AttachmentSource, Chat, ChatMessage, ContentPart, DataUrl, Effort, ResponseFormat, Tool, ToolCall,
    ToolChoice, ToolResult, TranslatedRequest, Untranslatable,
};

/// The documented placeholder for the signature of a call that another vendor's model made: Gemini 3 requires
/// a signature.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

pub fn write(chat: &Chat, model: &str) -> Result<TranslatedRequest, Untranslatable> {
    if chat.logprobs.is_some() {
        return Err(Untranslatable::new("logprobs", "must be false at Google, which uses another format"));
    }
    let mut dropped = chat.others.clone();
    names_of_files(chat, &mut dropped);
    let generation = version(model);
    let (system, contents) = contents(chat, generation)?;
    let mut body = Map::new();
    if !system.is_empty() {
        let parts: Vec<Value> = system.into_iter().map(|text| json!({ "text": text })).collect();
        body.insert("systemInstruction".into(), json!({ "parts": parts }));
    }
    body.insert("contents".into(), contents.into());
    tools(chat, &mut body);
    if chat.tools.iter().any(|tool| tool.strict == Some(true)) {
        dropped.push("tools[].function.strict".into());
    }
    let config = generation_config(chat, model, generation, &mut dropped);
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    match chat.service_tier.as_deref() {
        None | Some("auto") => {}
        Some("default") => drop(body.insert("serviceTier".into(), "standard".into())),
        Some(tier @ ("flex" | "priority")) => drop(body.insert("serviceTier".into(), tier.into())),
        Some(_) => dropped.push("service_tier".into()),
    }
    for (name, value) in [("user", &chat.user), ("safety_identifier", &chat.safety_identifier)] {
        if value.is_some() {
            dropped.push(name.into());
        }
    }
    if chat.parallel_tool_calls == Some(false) {
        dropped.push("parallel_tool_calls".into());
    }
    Ok(TranslatedRequest { body: body.into(), dropped })
}

/// Google has no names of attached files.
fn names_of_files(chat: &Chat, dropped: &mut Vec<String>) {
    let named = |part: &ContentPart| matches!(part, ContentPart::File { name: Some(_), .. });
    let any = chat.messages.iter().any(|message| match message {
        ChatMessage::User(parts) | ChatMessage::Tool(ToolResult { parts, .. }) => parts.iter().any(named),
        ChatMessage::System(_) | ChatMessage::Assistant { .. } => false,
    });
    if any {
        dropped.push("messages[].content[].file.filename".into());
    }
}

/// The generation of a model: `gemini-2.5-flash` is 2.5. Names without a number are the newest; Gemma's
/// models have none.
fn version(model: &str) -> f64 {
    let id = model.rsplit('/').next().unwrap_or(model);
    if id.starts_with("gemma") {
        return 0.0;
    }
    let rest = id.strip_prefix("gemini-").unwrap_or_default();
    let number = rest.split('-').next().unwrap_or_default();
    number.parse().unwrap_or(f64::MAX)
}

fn generation_config(
    chat: &Chat,
    model: &str,
    generation: f64,
    dropped: &mut Vec<String>,
) -> Map<String, Value> {
    let mut config = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(name.into(), value);
        }
    };
    let s = &chat.sampling;
    put("maxOutputTokens", chat.max_output.map(Value::from));
    put("temperature", s.temperature.map(Value::from));
    put("topP", s.top_p.map(Value::from));
    put("topK", s.top_k.map(Value::from));
    put("frequencyPenalty", s.frequency_penalty.map(Value::from));
    put("presencePenalty", s.presence_penalty.map(Value::from));
    put("seed", s.seed.map(Value::from));
    put("candidateCount", chat.choices.map(Value::from));
    put("stopSequences", (!chat.stop.is_empty()).then(|| json!(chat.stop)));
    if chat.format != ResponseFormat::Text {
        put("responseMimeType", Some("application/json".into()));
    }
    if let ResponseFormat::Schema { schema, .. } = &chat.format {
        put("responseJsonSchema", Some(schema.clone()));
    }
    if let Some(effort) = chat.effort {
        let thinking = thinking(effort, model, generation);
        // Not all models can switch thinking off.
        let carried = thinking.is_some() && (effort != Effort::None || thinking == Some(no_thinking()));
        put("thinkingConfig", thinking);
        if !carried {
            dropped.push("reasoning_effort".into());
        }
    }
    config
}

fn no_thinking() -> Value {
    json!({ "thinkingBudget": 0 })
}

/// Gemini 3 has levels, 2.5 a budget in tokens (those of Google's OpenAI-compatible API), and earlier models
/// do not think. The larger models refuse the low budgets of the smaller ones.
fn thinking(effort: Effort, model: &str, generation: f64) -> Option<Value> {
    let small = model.contains("flash");
    if generation >= 3.0 {
        let level = match effort {
            Effort::None | Effort::Minimal if small => "MINIMAL",
            Effort::None | Effort::Minimal | Effort::Low => "LOW",
            Effort::Medium => "MEDIUM",
            Effort::High | Effort::XHigh | Effort::Max => "HIGH",
        };
        return Some(json!({ "thinkingLevel": level }));
    }
    let budget = match effort {
        Effort::None if small => return (generation >= 2.5).then(no_thinking),
        Effort::None => 128,
        Effort::Minimal | Effort::Low => 1_024,
        Effort::Medium => 8_192,
        Effort::High | Effort::XHigh | Effort::Max => 24_576,
    };
    (generation >= 2.5).then(|| json!({ "thinkingBudget": budget }))
}

fn contents(chat: &Chat, generation: f64) -> Result<(Vec<String>, Vec<Value>), Untranslatable> {
    let mut system = Vec::new();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    // A result names its tool; in other dialects it names the call.
    let mut names: HashMap<&str, &str> = HashMap::new();
    for (i, message) in chat.messages.iter().enumerate() {
        let at = format!("messages[{i}]");
        let (role, parts) = match message {
            ChatMessage::System(texts) => {
                system.extend(texts.iter().filter(|t| !t.is_empty()).cloned());
                continue;
            }
            ChatMessage::User(parts) => ("user", write_parts(parts, &at)?),
            ChatMessage::Assistant { texts, calls } => {
                names.extend(calls.iter().map(|c| (c.id.as_str(), c.name.as_str())));
                let mut parts: Vec<Value> =
                    texts.iter().filter(|t| !t.is_empty()).map(|text| json!({ "text": text })).collect();
                parts.extend(calls.iter().enumerate().map(|(n, call)| write_call(call, n, generation)));
                ("model", parts)
            }
            ChatMessage::Tool(result) => {
                let name = names.get(result.call_id.as_str()).ok_or_else(|| {
                    let why = format!("must be the id of an earlier tool call, got {:?}", result.call_id);
                    Untranslatable::new(format!("{at}.tool_call_id"), why)
                })?;
                ("user", write_result(result, name, &at)?)
            }
        };
        if parts.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some((last, there)) if *last == role => there.extend(parts),
            _ => turns.push((role, parts)),
        }
    }
    if turns.is_empty() {
        return Err(Untranslatable::new("messages", "must contain a user message"));
    }
    let turn = |(role, parts): (&str, Vec<Value>)| json!({ "role": role, "parts": parts });
    Ok((system, turns.into_iter().map(turn).collect()))
}

fn write_call(call: &ToolCall, number: usize, generation: f64) -> Value {
    let mut part = json!({ "functionCall": { "id": call.id, "name": call.name, "args": call.arguments } });
    match &call.signature {
        Some(signature) => part["thoughtSignature"] = signature.clone().into(),
        // Only the first of parallel calls is signed.
        None if number == 0 && generation >= 3.0 => part["thoughtSignature"] = NO_SIGNATURE.into(),
        None => {}
    }
    part
}

fn write_result(result: &ToolResult, name: &str, at: &str) -> Result<Vec<Value>, Untranslatable> {
    let mut text = Vec::new();
    let mut others = Vec::new();
    for part in &result.parts {
        match part {
            ContentPart::Text(piece) => text.push(piece.as_str()),
            other => others.push(other.clone()),
        }
    }
    let key = if result.is_error { "error" } else { "result" };
    let response = json!({ key: text.join("\n") });
    let mut parts =
        vec![json!({ "functionResponse": { "id": result.call_id, "name": name, "response": response } })];
    parts.extend(write_parts(&others, at)?);
    Ok(parts)
}

fn write_parts(parts: &[ContentPart], at: &str) -> Result<Vec<Value>, Untranslatable> {
    let part = |(i, part): (usize, &ContentPart)| {
        let inline =
            |data: &DataUrl| json!({ "inlineData": { "mimeType": data.media_type, "data": data.data } });
        match part {
            ContentPart::Text(text) => Ok(json!({ "text": text })),
            ContentPart::Image(AttachmentSource::Data(data))
            | ContentPart::File { source: AttachmentSource::Data(data), .. } => Ok(inline(data)),
            ContentPart::Image(AttachmentSource::Url(url))
            | ContentPart::File { source: AttachmentSource::Url(url), .. } => {
                let kind = media_type(url).ok_or_else(|| {
                    let why = "must end with its type (.png, .jpg, .webp, .gif, .heic, .pdf) for Google, or be a data URL";
                    Untranslatable::new(format!("{at}.content[{i}]"), why)
                })?;
                Ok(json!({ "fileData": { "mimeType": kind, "fileUri": url } }))
            }
            ContentPart::Audio { format, data } => {
                let data = DataUrl { media_type: format!("audio/{format}"), data: data.clone() };
                Ok(inline(&data))
            }
        }
    };
    let empty = |part: &ContentPart| matches!(part, ContentPart::Text(text) if text.is_empty());
    parts.iter().enumerate().filter(|(_, p)| !empty(p)).map(part).collect()
}

/// The media type that Google requires, from the ending of an address.
fn media_type(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "pdf" => "application/pdf",
        _ => return None,
    })
}

fn tools(chat: &Chat, body: &mut Map<String, Value>) {
    if chat.tools.is_empty() {
        return;
    }
    let declarations: Vec<Value> = chat.tools.iter().map(tool).collect();
    body.insert("tools".into(), json!([{ "functionDeclarations": declarations }]));
    let config = match &chat.tool_choice {
        None => return,
        Some(ToolChoice::None) => json!({ "mode": "NONE" }),
        Some(ToolChoice::Auto) => json!({ "mode": "AUTO" }),
        Some(ToolChoice::Required) => json!({ "mode": "ANY" }),
        Some(ToolChoice::Named(name)) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
        Some(ToolChoice::Among { names, required }) => {
            json!({ "mode": if *required { "ANY" } else { "VALIDATED" }, "allowedFunctionNames": names })
        }
    };
    body.insert("toolConfig".into(), json!({ "functionCallingConfig": config }));
}

fn tool(tool: &Tool) -> Value {
    let mut out = json!({ "name": tool.name });
    if let Some(description) = &tool.description {
        out["description"] = description.clone().into();
    }
    if let Some(parameters) = &tool.parameters {
        out["parametersJsonSchema"] = parameters.clone();
    }
    out
}

#[cfg(test)]
#[path = "write_chat_tests.rs"]
mod tests;
