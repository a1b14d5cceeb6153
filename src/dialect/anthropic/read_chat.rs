//! Reads Anthropic's Messages for other dialects. What those cannot express is reported by name.

use serde_json::{Value, json};

use crate::dialect::chat::{
    AttachmentSource, Chat, ChatMessage, ContentPart, DataUrl, Effort, ResponseFormat, Sampling, Tool,
    ToolCall, ToolChoice, ToolResult, Untranslatable,
    fields::{ChatFields, DroppedFields},
};

/// Fields that are read.
const READ: [&str; 16] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "stop_sequences",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "metadata",
    "service_tier",
    "container",
];
/// The largest thinking budget of each effort, in tokens.
const BUDGETS: [(u64, Effort); 3] =
    [(4_096, Effort::Low), (16_384, Effort::Medium), (u64::MAX, Effort::High)];

pub fn read(request: &Value) -> Result<Chat, Untranslatable> {
    let fields = ChatFields::of(request, "")?;
    for name in ["container", "mcp_servers"] {
        if fields.get(name).is_some() {
            return Err(Untranslatable::new(
                name,
                "is stored at Anthropic; other vendors cannot continue it",
            ));
        }
    }
    let mut lost = DroppedFields::default();
    fields.record_unknown(&READ, &mut lost);
    let mut messages = Vec::new();
    let system = texts(&fields, "system", &mut lost)?;
    if !system.is_empty() {
        messages.push(ChatMessage::System(system));
    }
    for fields in fields.objects("messages")? {
        message(&fields, &mut messages, &mut lost)?;
    }
    let (tool_choice, parallel_tool_calls) = tool_choice(&fields)?;
    let output = fields.object("output_config")?;
    let user = fields.object("metadata")?.map(|m| m.owned_text("user_id")).transpose()?.flatten();
    Ok(Chat {
        messages,
        tools: tools(&fields, &mut lost)?,
        tool_choice,
        parallel_tool_calls,
        format: output.as_ref().map_or(Ok(ResponseFormat::Text), format)?,
        stop: fields.texts("stop_sequences")?,
        max_output: fields.count("max_tokens")?,
        sampling: Sampling {
            temperature: fields.number("temperature")?,
            top_p: fields.number("top_p")?,
            top_k: fields.count("top_k")?,
            ..Sampling::default()
        },
        effort: effort(&fields, output.as_ref())?,
        user,
        safety_identifier: None,
        service_tier: fields
            .text("service_tier")?
            .map(|tier| if tier == "standard_only" { "default".into() } else { tier.to_owned() }),
        others: lost.names(),
        choices: None,
        logprobs: None,
    })
}

/// A text, or text blocks.
fn texts(
    fields: &ChatFields<'_>,
    name: &str,
    lost: &mut DroppedFields,
) -> Result<Vec<String>, Untranslatable> {
    if let Some(Value::String(text)) = fields.get(name) {
        return Ok(vec![text.clone()]);
    }
    let text = |block: &ChatFields<'_>| match block.needed_text("type")? {
        "text" => text(block, lost),
        other => Err(Untranslatable::new(block.path("type"), format!("must be text, got {other:?}"))),
    };
    fields.objects(name)?.iter().map(text).collect()
}

fn text(block: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<String, Untranslatable> {
    // The sources of citations are not repeated elsewhere.
    block.record_unknown(&["type", "text", "citations"], lost);
    Ok(block.needed_text("text")?.to_owned())
}

fn message(
    fields: &ChatFields<'_>,
    out: &mut Vec<ChatMessage>,
    lost: &mut DroppedFields,
) -> Result<(), Untranslatable> {
    if fields.get("content").is_none() {
        return Err(fields.missing("content", "a string or an array of blocks"));
    }
    match fields.needed_text("role")? {
        "user" => user(fields, out, lost)?,
        "assistant" => out.push(assistant(fields, lost)?),
        "system" => out.push(ChatMessage::System(texts(fields, "content", lost)?)),
        other => {
            let why = format!("must be user, assistant or system, got {other:?}");
            return Err(Untranslatable::new(fields.path("role"), why));
        }
    }
    Ok(())
}

/// A user message, after the results of tools that ran before.
fn user(
    fields: &ChatFields<'_>,
    out: &mut Vec<ChatMessage>,
    lost: &mut DroppedFields,
) -> Result<(), Untranslatable> {
    if let Some(Value::String(text)) = fields.get("content") {
        out.push(ChatMessage::User(vec![ContentPart::Text(text.clone())]));
        return Ok(());
    }
    let mut parts = Vec::new();
    for block in fields.objects("content")? {
        if block.needed_text("type")? == "tool_result" {
            out.push(ChatMessage::Tool(tool_result(&block, lost)?));
        } else {
            parts.push(part(&block, lost)?);
        }
    }
    if !parts.is_empty() {
        out.push(ChatMessage::User(parts));
    }
    Ok(())
}

fn tool_result(block: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ToolResult, Untranslatable> {
    block.record_unknown(&["type", "tool_use_id", "content", "is_error"], lost);
    let parts = match block.get("content") {
        Some(Value::String(text)) => vec![ContentPart::Text(text.clone())],
        _ => block.objects("content")?.iter().map(|b| part(b, lost)).collect::<Result<_, _>>()?,
    };
    Ok(ToolResult {
        call_id: block.needed_text("tool_use_id")?.to_owned(),
        parts,
        is_error: block.flag("is_error")? == Some(true),
    })
}

fn part(block: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ContentPart, Untranslatable> {
    match block.needed_text("type")? {
        "text" => Ok(ContentPart::Text(text(block, lost)?)),
        "image" => {
            block.record_unknown(&["type", "source"], lost);
            Ok(ContentPart::Image(source(block)?))
        }
        "document" => document(block, lost),
        other => {
            let known = "text, image, document or tool_result";
            let why = format!("must be {known} for other vendors, got {other:?}");
            Err(Untranslatable::new(block.path("type"), why))
        }
    }
}

fn document(block: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ContentPart, Untranslatable> {
    block.record_unknown(&["type", "source", "title"], lost);
    let name = block.owned_text("title")?;
    let inner = block.object("source")?.ok_or_else(|| block.missing("source", "an object"))?;
    if inner.needed_text("type")? != "text" {
        return Ok(ContentPart::File { source: source(block)?, name });
    }
    let data = inner.needed_text("data")?;
    Ok(ContentPart::Text(name.map_or_else(|| data.to_owned(), |name| format!("{name}\n\n{data}"))))
}

fn source(block: &ChatFields<'_>) -> Result<AttachmentSource, Untranslatable> {
    let source = block.object("source")?.ok_or_else(|| block.missing("source", "an object"))?;
    match source.needed_text("type")? {
        "url" => Ok(AttachmentSource::Url(source.needed_text("url")?.to_owned())),
        "base64" => Ok(AttachmentSource::Data(DataUrl {
            media_type: source.needed_text("media_type")?.to_owned(),
            data: source.needed_text("data")?.to_owned(),
        })),
        other => {
            let why = format!("must be url or base64 for other vendors, got {other:?}");
            Err(Untranslatable::new(source.path("type"), why))
        }
    }
}

fn assistant(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ChatMessage, Untranslatable> {
    let (mut texts, mut calls) = (Vec::new(), Vec::new());
    if let Some(Value::String(text)) = fields.get("content") {
        return Ok(ChatMessage::Assistant { texts: vec![text.clone()], calls });
    }
    for block in fields.objects("content")? {
        match block.needed_text("type")? {
            "text" => texts.push(text(&block, lost)?),
            "tool_use" => calls.push(ToolCall {
                id: block.needed_text("id")?.to_owned(),
                name: block.needed_text("name")?.to_owned(),
                arguments: block.theirs("input")?.cloned().unwrap_or_else(|| json!({})),
                signature: None,
            }),
            // Thoughts are signed for their own vendor. They come back with every answer, so dropping them
            // is not reported.
            "thinking" | "redacted_thinking" => {}
            // The results of the vendor's own tools are in the text that follows.
            other => lost.record(&fields.path(&format!("content[].{other}"))),
        }
    }
    Ok(ChatMessage::Assistant { texts, calls })
}

fn tools(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<Vec<Tool>, Untranslatable> {
    let tool = |tool: &ChatFields<'_>| {
        if let Some(kind) = tool.text("type")?.filter(|kind| *kind != "custom") {
            let why = format!("must be custom for other vendors, got {kind:?}");
            return Err(Untranslatable::new(tool.path("type"), why));
        }
        tool.record_unknown(&["type", "name", "description", "input_schema", "strict"], lost);
        Ok(Tool {
            name: tool.needed_text("name")?.to_owned(),
            description: tool.owned_text("description")?,
            parameters: tool.theirs("input_schema")?.cloned(),
            strict: tool.flag("strict")?,
        })
    };
    fields.objects("tools")?.iter().map(tool).collect()
}

fn tool_choice(fields: &ChatFields<'_>) -> Result<(Option<ToolChoice>, Option<bool>), Untranslatable> {
    let Some(choice) = fields.object("tool_choice")? else { return Ok((None, None)) };
    let parallel = choice.flag("disable_parallel_tool_use")?.filter(|disabled| *disabled).map(|_| false);
    let kind = match choice.needed_text("type")? {
        "none" => ToolChoice::None,
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "tool" => ToolChoice::Named(choice.needed_text("name")?.to_owned()),
        other => {
            let why = format!("must be none, auto, any or tool, got {other:?}");
            return Err(Untranslatable::new(choice.path("type"), why));
        }
    };
    Ok((Some(kind), parallel))
}

fn format(output: &ChatFields<'_>) -> Result<ResponseFormat, Untranslatable> {
    let Some(format) = output.object("format")? else { return Ok(ResponseFormat::Text) };
    let schema = format.theirs("schema")?.cloned().ok_or_else(|| format.missing("schema", "an object"))?;
    Ok(ResponseFormat::Schema { name: "answer".into(), schema, strict: Some(true) })
}

fn effort(
    fields: &ChatFields<'_>,
    output: Option<&ChatFields<'_>>,
) -> Result<Option<Effort>, Untranslatable> {
    if let Some(word) = output.map(|o| o.text("effort")).transpose()?.flatten() {
        let why = || {
            Untranslatable::new("output_config.effort", format!("has no meaning for other vendors: {word:?}"))
        };
        return Effort::from_word(word).ok_or_else(why).map(Some);
    }
    let Some(thinking) = fields.object("thinking")? else { return Ok(None) };
    Ok(match thinking.needed_text("type")? {
        "disabled" => Some(Effort::None),
        "enabled" => {
            let budget = thinking.count("budget_tokens")?.unwrap_or(0);
            BUDGETS.iter().find(|(most, _)| budget <= *most).map(|(_, effort)| *effort)
        }
        _ => None,
    })
}

#[cfg(test)]
#[path = "read_chat_tests.rs"]
mod tests;
