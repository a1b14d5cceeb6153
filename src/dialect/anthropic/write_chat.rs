//! Writes a chat request as Anthropic's Messages.

use serde_json::{Map, Value, json};

use crate::dialect::chat::{
    AttachmentSource, Chat, ChatMessage, ContentPart, DataUrl, Effort, ResponseFormat, Tool, ToolChoice,
    TranslatedRequest, Untranslatable,
};

/// The default of `max_tokens`: Anthropic requires one, and every model there allows this.
pub const MAX_TOKENS: u64 = 8_192;
/// The instruction for JSON without a schema, for which there is no field.
const JSON_ONLY: &str = "Answer with a single JSON object and nothing else.";
/// The accepted types of images.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Versions of the API, by what they accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2023-06-01`.
    Old,
    /// `2026-10-21`: no sampling parameters, system messages anywhere.
    New,
}

impl Version {
    pub fn of(header: &str) -> Self {
        // Dates compare as texts; later versions remove nothing.
        if header >= "2026-10-21" { Self::New } else { Self::Old }
    }
}

pub fn write(
    chat: &Chat,
    model: &str,
    stream: bool,
    version: Version,
) -> Result<TranslatedRequest, Untranslatable> {
    refuse(chat)?;
    let mut dropped = chat.others.clone();
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("max_tokens".into(), chat.max_output.unwrap_or(MAX_TOKENS).into());
    let (system, messages) = messages(chat, version)?;
    if !system.is_empty() {
        body.insert("system".into(), system.join("\n\n").into());
    }
    body.insert("messages".into(), messages.into());
    sampling(chat, version, &mut body, &mut dropped);
    if !chat.stop.is_empty() {
        body.insert("stop_sequences".into(), json!(chat.stop));
    }
    if stream {
        body.insert("stream".into(), true.into());
    }
    tools(chat, &mut body)?;
    let mut output = Map::new();
    if let ResponseFormat::Schema { schema, .. } = &chat.format {
        output.insert("format".into(), json!({ "type": "json_schema", "schema": schema }));
    }
    match chat.effort {
        None => {}
        Some(Effort::None) => {
            body.insert("thinking".into(), json!({ "type": "disabled" }));
        }
        Some(effort) => match known_effort(model, effort) {
            Some(effort) => drop(output.insert("effort".into(), effort.word().into())),
            None => dropped.push("reasoning_effort".into()),
        },
    }
    if !output.is_empty() {
        body.insert("output_config".into(), output.into());
    }
    if let Some(user) = chat.safety_identifier.as_ref().or(chat.user.as_ref()) {
        body.insert("metadata".into(), json!({ "user_id": user }));
    }
    if chat.safety_identifier.is_some() && chat.user.is_some() {
        dropped.push("user".into());
    }
    match chat.service_tier.as_deref() {
        None => {}
        Some("auto") => {
            body.insert("service_tier".into(), "auto".into());
        }
        Some("default") => {
            body.insert("service_tier".into(), "standard_only".into());
        }
        Some(_) => dropped.push("service_tier".into()),
    }
    Ok(TranslatedRequest { body: body.into(), dropped })
}

/// Refuses what would change the answer.
fn refuse(chat: &Chat) -> Result<(), Untranslatable> {
    if chat.choices.is_some() {
        return Err(Untranslatable::new("n", "must be 1 at Anthropic, which returns one answer per request"));
    }
    if chat.logprobs.is_some() {
        return Err(Untranslatable::new(
            "logprobs",
            "must be false at Anthropic, which does not return them",
        ));
    }
    Ok(())
}

fn sampling(chat: &Chat, version: Version, body: &mut Map<String, Value>, dropped: &mut Vec<String>) {
    let s = &chat.sampling;
    let mut put = |name: &str, value: Option<Value>, known: bool| {
        if let Some(value) = value {
            if known {
                body.insert(name.into(), value);
            } else {
                dropped.push(name.into());
            }
        }
    };
    let old = version == Version::Old;
    // OpenAI's range ends at 2, Anthropic's at 1.
    put("temperature", s.temperature.map(|t| t.min(1.0).into()), old);
    put("top_p", s.top_p.map(Value::from), old);
    put("top_k", s.top_k.map(Value::from), old);
    put("frequency_penalty", s.frequency_penalty.map(Value::from), false);
    put("presence_penalty", s.presence_penalty.map(Value::from), false);
    put("seed", s.seed.map(Value::from), false);
    if old && s.temperature.is_some_and(|t| t > 1.0) {
        dropped.push("temperature".into());
    }
}

fn messages(chat: &Chat, version: Version) -> Result<(Vec<String>, Vec<Value>), Untranslatable> {
    let mut system: Vec<String> = Vec::new();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for (i, message) in chat.messages.iter().enumerate() {
        let at = format!("messages[{i}]");
        let (role, blocks) = match message {
            ChatMessage::System(texts) if turns.is_empty() || version == Version::Old => {
                system.extend(texts.iter().filter(|t| !t.trim().is_empty()).cloned());
                continue;
            }
            ChatMessage::System(texts) => ("system", texts.iter().filter_map(|t| text_block(t)).collect()),
            ChatMessage::User(parts) => ("user", blocks(parts, &at)?),
            ChatMessage::Assistant { texts, calls } => {
                let mut blocks: Vec<Value> = texts.iter().filter_map(|t| text_block(t)).collect();
                blocks.extend(calls.iter().map(
                    |c| json!({ "type": "tool_use", "id": call_id(&c.id), "name": c.name, "input": c.arguments }),
                ));
                ("assistant", blocks)
            }
            ChatMessage::Tool(result) => {
                let mut block = json!({ "type": "tool_result", "tool_use_id": call_id(&result.call_id) });
                let content = blocks(&result.parts, &at)?;
                if !content.is_empty() {
                    block["content"] = content.into();
                }
                if result.is_error {
                    block["is_error"] = true.into();
                }
                ("user", vec![block])
            }
        };
        // Empty messages are refused.
        if blocks.is_empty() {
            continue;
        }
        match turns.last_mut() {
            // All results of a turn stand together, before the user's next words.
            Some((last, there)) if *last == role && role != "system" => there.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    if chat.format == ResponseFormat::Json {
        system.push(JSON_ONLY.into());
    }
    let Some((role, blocks)) = turns.last_mut() else {
        return Err(Untranslatable::new("messages", "must contain a user message"));
    };
    // A prefilled answer must not end in blanks.
    if *role == "assistant"
        && let Some(last) = blocks.last_mut()
        && let Some(text) = last["text"].as_str()
    {
        last["text"] = text.trim_end().into();
    }
    let turn = |(role, blocks): (&str, Vec<Value>)| json!({ "role": role, "content": plain(blocks) });
    Ok((system, turns.into_iter().map(turn).collect()))
}

/// A single text block becomes a plain string.
fn plain(blocks: Vec<Value>) -> Value {
    match &blocks[..] {
        [only] if only["type"] == "text" => only["text"].clone(),
        _ => blocks.into(),
    }
}

fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }))
}

fn blocks(parts: &[ContentPart], at: &str) -> Result<Vec<Value>, Untranslatable> {
    let mut blocks = Vec::with_capacity(parts.len());
    for (i, part) in parts.iter().enumerate() {
        let field = || format!("{at}.content[{i}]");
        match part {
            ContentPart::Text(text) => blocks.extend(text_block(text)),
            ContentPart::Image(AttachmentSource::Url(url)) => {
                blocks.push(json!({ "type": "image", "source": { "type": "url", "url": url } }));
            }
            ContentPart::Image(AttachmentSource::Data(data)) if IMAGES.contains(&&*data.media_type) => {
                blocks.push(json!({ "type": "image", "source": base64(data) }));
            }
            ContentPart::Image(AttachmentSource::Data(data)) => {
                let why = format!("must be {} at Anthropic, got {}", IMAGES.join(", "), data.media_type);
                return Err(Untranslatable::new(field(), why));
            }
            ContentPart::File { source, name } => {
                let source = match source {
                    AttachmentSource::Url(url) => json!({ "type": "url", "url": url }),
                    AttachmentSource::Data(data) if data.media_type == "application/pdf" => base64(data),
                    AttachmentSource::Data(data) => {
                        let why = format!("must be a PDF at Anthropic, got {}", data.media_type);
                        return Err(Untranslatable::new(field(), why));
                    }
                };
                let mut block = json!({ "type": "document", "source": source });
                if let Some(name) = name {
                    block["title"] = name.clone().into();
                }
                blocks.push(block);
            }
            ContentPart::Audio { .. } => {
                return Err(Untranslatable::new(
                    field(),
                    "must be text, an image or a PDF at Anthropic, got audio",
                ));
            }
        }
    }
    Ok(blocks)
}

fn base64(data: &DataUrl) -> Value {
    json!({ "type": "base64", "media_type": data.media_type, "data": data.data })
}

/// An id of letters, digits, `_` and `-`: Anthropic accepts no others, and some vendors use others.
fn call_id(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            out.push(byte.into());
        } else {
            out.push_str(&format!("_{byte:02X}"));
        }
    }
    if out.is_empty() { "_".into() } else { out }
}

fn tools(chat: &Chat, body: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let (tools, choice) = chat.callable();
    if tools.is_empty() {
        if let Some(ToolChoice::Among { required: true, .. }) = choice {
            return Err(Untranslatable::new("tool_choice", "must name one of the tools"));
        }
        return Ok(());
    }
    body.insert("tools".into(), tools.into_iter().map(tool).collect());
    let mut choice = match choice {
        None => Map::new(),
        Some(ToolChoice::None) => object(json!({ "type": "none" })),
        Some(ToolChoice::Auto | ToolChoice::Among { required: false, .. }) => {
            object(json!({ "type": "auto" }))
        }
        Some(ToolChoice::Required | ToolChoice::Among { required: true, .. }) => {
            object(json!({ "type": "any" }))
        }
        Some(ToolChoice::Named(name)) => object(json!({ "type": "tool", "name": name })),
    };
    if chat.parallel_tool_calls == Some(false) && choice.get("type").is_none_or(|t| t != "none") {
        choice.entry("type").or_insert("auto".into());
        choice.insert("disable_parallel_tool_use".into(), true.into());
    }
    if !choice.is_empty() {
        body.insert("tool_choice".into(), choice.into());
    }
    Ok(())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn tool(tool: &Tool) -> Value {
    let mut schema = tool.parameters.clone().unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
    // OpenAI accepts `{}` for a tool without parameters.
    if let Some(members) = schema.as_object_mut() {
        members.entry("type").or_insert("object".into());
    }
    let mut out = json!({ "name": tool.name, "input_schema": schema });
    if let Some(description) = &tool.description {
        out["description"] = description.clone().into();
    }
    if tool.strict == Some(true) {
        out["strict"] = true.into();
    }
    out
}

/// `output_config.effort` came with Opus 4.5 and Sonnet 4.6, `max` with 4.6 and `xhigh` after it: models
/// refuse unknown efforts.
fn known_effort(model: &str, effort: Effort) -> Option<Effort> {
    let id = model.rsplit('/').next().unwrap_or(model);
    let mut words = id.strip_prefix("claude-")?.split('-');
    let family = words.next().unwrap_or_default();
    // Older ids have the version before the family: claude-3-5-sonnet.
    let number = |word: Option<&str>| word.and_then(|w| w.parse::<u32>().ok()).filter(|n| *n < 1_000);
    let major = number(words.next())?;
    let version = (major, number(words.next()).unwrap_or(0));
    let first = match family {
        "opus" => (4, 5),
        "sonnet" => (4, 6),
        "haiku" => (5, 0),
        _ if family.parse::<u32>().is_ok() => return None,
        _ => (0, 0),
    };
    let effort = effort.max(Effort::Low);
    (version >= first).then_some(match (version, effort) {
        ((4, 5), Effort::XHigh | Effort::Max) | ((4, 6), Effort::XHigh) => Effort::High,
        _ => effort,
    })
}

#[cfg(test)]
#[path = "write_chat_tests.rs"]
mod tests;
