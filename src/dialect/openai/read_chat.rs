//! Reads a chat completion request for other dialects. What those cannot express is reported by name.

use serde_json::{Value, json};

use crate::dialect::chat::{
    AttachmentSource, Chat, ChatMessage, ContentPart, DataUrl, Effort, ResponseFormat, Sampling, Tool,
    ToolCall, ToolChoice, ToolResult, Untranslatable,
    fields::{ChatFields, DroppedFields, wrong},
};

/// Fields that are read.
const READ: [&str; 24] = [
    "messages",
    "model",
    "stream",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "n",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "user",
    "safety_identifier",
    "service_tier",
    "modalities",
    "stream_options",
];
/// Fields that change the answer and cannot be translated.
const REFUSED: [(&str, &str); 4] = [
    ("audio", "spoken answers exist in OpenAI's dialect only"),
    ("functions", "is OpenAI's old form; use tools"),
    ("function_call", "is OpenAI's old form; use tool_choice"),
    ("web_search_options", "searching the web exists in OpenAI's dialect only"),
];

pub fn read(request: &Value) -> Result<Chat, Untranslatable> {
    let fields = ChatFields::of(request, "")?;
    for (name, why) in REFUSED {
        if fields.get(name).is_some() {
            return Err(Untranslatable::new(name, why));
        }
    }
    if fields.list("modalities")?.iter().any(|m| m != "text") {
        return Err(Untranslatable::new("modalities", "text is the only kind of answer in other dialects"));
    }
    let logprobs = match fields.flag("logprobs")? {
        Some(true) => Some(fields.count("top_logprobs")?.unwrap_or(0)),
        _ => None,
    };
    let effort = fields.text("reasoning_effort")?.map(|word| {
        Effort::from_word(word).ok_or_else(|| {
            Untranslatable::new("reasoning_effort", format!("has no meaning in other dialects: {word:?}"))
        })
    });
    let mut lost = DroppedFields::default();
    fields.record_unknown(&READ, &mut lost);
    let messages = fields.objects("messages")?;
    Ok(Chat {
        messages: messages.iter().map(|m| message(m, &mut lost)).collect::<Result<_, _>>()?,
        tools: tools(&fields)?,
        tool_choice: tool_choice(&fields)?,
        parallel_tool_calls: fields.flag("parallel_tool_calls")?,
        format: format(&fields, &mut lost)?,
        stop: match fields.get("stop") {
            Some(Value::String(one)) => vec![one.clone()],
            _ => fields.texts("stop")?,
        },
        max_output: fields.count("max_completion_tokens")?.or(fields.count("max_tokens")?),
        sampling: Sampling {
            temperature: fields.number("temperature")?,
            top_p: fields.number("top_p")?,
            top_k: None,
            frequency_penalty: fields.number("frequency_penalty")?.filter(|p| *p != 0.0),
            presence_penalty: fields.number("presence_penalty")?.filter(|p| *p != 0.0),
            seed: fields.integer("seed")?,
        },
        choices: fields.count("n")?.filter(|n| *n != 1),
        logprobs,
        effort: effort.transpose()?,
        user: fields.owned_text("user")?,
        safety_identifier: fields.owned_text("safety_identifier")?,
        service_tier: fields.owned_text("service_tier")?,
        others: lost.names(),
    })
}

fn message(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ChatMessage, Untranslatable> {
    // `images` are images that a model generated; other models do not accept them as their own words.
    for name in ["name", "images"].into_iter().filter(|name| fields.get(name).is_some()) {
        lost.record(&fields.path(name));
    }
    Ok(match fields.needed_text("role")? {
        "system" | "developer" => ChatMessage::System(only_texts(parts(fields, lost)?, fields)?),
        "user" => ChatMessage::User(parts(fields, lost)?),
        "assistant" => assistant(fields, lost)?,
        "tool" => ChatMessage::Tool(ToolResult {
            call_id: fields.needed_text("tool_call_id")?.to_owned(),
            parts: parts(fields, lost)?,
            is_error: false,
        }),
        "function" => {
            return Err(Untranslatable::new(
                fields.path("role"),
                "\"function\" is OpenAI's old form; use tool",
            ));
        }
        other => {
            let known = "system, developer, user, assistant or tool";
            return Err(Untranslatable::new(fields.path("role"), format!("must be {known}, got {other:?}")));
        }
    })
}

fn assistant(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ChatMessage, Untranslatable> {
    if fields.get("function_call").is_some() {
        return Err(Untranslatable::new(
            fields.path("function_call"),
            "is OpenAI's old form; use tool_calls",
        ));
    }
    if fields.get("audio").is_some() {
        return Err(Untranslatable::new(
            fields.path("audio"),
            "is kept at OpenAI; other vendors need its words",
        ));
    }
    // Reasoning is for its own vendor. It comes back with every answer, so dropping it is not reported.
    let mut texts = only_texts(parts(fields, lost)?, fields)?;
    texts.extend(fields.owned_text("refusal")?);
    let call = |(i, value): (usize, &Value)| {
        let call = ChatFields::of(value, format!("{}[{i}]", fields.path("tool_calls")))?;
        let Some(function) = call.object("function")? else {
            return Err(
                call.missing("function", "an object; custom tools exist in OpenAI's dialect only, and it")
            );
        };
        let arguments = function.text("arguments")?.unwrap_or_default();
        let arguments: Value = match arguments.trim() {
            "" => json!({}),
            text => serde_json::from_str(text).ok().filter(Value::is_object).ok_or_else(|| {
                Untranslatable::new(function.path("arguments"), "must be a JSON object as text")
            })?,
        };
        // In the form of Google's OpenAI-compatible API.
        let signature = call.get("extra_content").and_then(|e| e["google"]["thought_signature"].as_str());
        Ok(ToolCall {
            id: call.needed_text("id")?.to_owned(),
            name: function.needed_text("name")?.to_owned(),
            arguments,
            signature: signature.map(str::to_owned),
        })
    };
    let calls = fields.list("tool_calls")?.iter().enumerate().map(call).collect::<Result<_, _>>()?;
    Ok(ChatMessage::Assistant { texts, calls })
}

fn only_texts(parts: Vec<ContentPart>, fields: &ChatFields<'_>) -> Result<Vec<String>, Untranslatable> {
    let text = |part| match part {
        ContentPart::Text(text) => Ok(text),
        _ => Err(Untranslatable::new(fields.path("content"), "may hold texts only")),
    };
    parts.into_iter().map(text).collect()
}

fn parts(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<Vec<ContentPart>, Untranslatable> {
    match fields.get("content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![ContentPart::Text(text.clone())]),
        Some(Value::Array(items)) => {
            let part =
                |(i, item)| part(&ChatFields::of(item, format!("{}[{i}]", fields.path("content")))?, lost);
            items.iter().enumerate().map(part).collect()
        }
        Some(other) => Err(wrong(&fields.path("content"), "a string or an array of parts", other)),
    }
}

fn part(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ContentPart, Untranslatable> {
    match fields.needed_text("type")? {
        "text" => Ok(ContentPart::Text(fields.needed_text("text")?.to_owned())),
        "refusal" => Ok(ContentPart::Text(fields.needed_text("refusal")?.to_owned())),
        "image_url" => {
            let image =
                fields.object("image_url")?.ok_or_else(|| fields.missing("image_url", "an object"))?;
            if image.text("detail")?.is_some_and(|detail| detail != "auto") {
                lost.record(&image.path("detail"));
            }
            Ok(ContentPart::Image(source(image.needed_text("url")?, &image.path("url"))?))
        }
        "input_audio" => {
            let audio =
                fields.object("input_audio")?.ok_or_else(|| fields.missing("input_audio", "an object"))?;
            let text = |name| audio.needed_text(name).map(str::to_owned);
            Ok(ContentPart::Audio { format: text("format")?, data: text("data")? })
        }
        "file" => {
            let file = fields.object("file")?.ok_or_else(|| fields.missing("file", "an object"))?;
            let Some(data) = file.text("file_data")? else {
                let why = "is kept at OpenAI; other vendors need the file itself, in file_data";
                return Err(Untranslatable::new(file.path("file_id"), why));
            };
            // Callers of other dialects may give an address.
            let source = source(data, &file.path("file_data"))?;
            if matches!(&source, AttachmentSource::Url(url) if !url.contains("://")) {
                return Err(Untranslatable::new(file.path("file_data"), "must be a data URL in base64"));
            }
            Ok(ContentPart::File { source, name: file.owned_text("filename")? })
        }
        other => {
            let known = "text, image_url, input_audio or file";
            Err(Untranslatable::new(fields.path("type"), format!("must be {known}, got {other:?}")))
        }
    }
}

fn source(url: &str, path: &str) -> Result<AttachmentSource, Untranslatable> {
    if url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        let data =
            DataUrl::parse(url).ok_or_else(|| Untranslatable::new(path, "must be base64 in a data URL"))?;
        return Ok(AttachmentSource::Data(data));
    }
    Ok(AttachmentSource::Url(url.to_owned()))
}

fn tools(fields: &ChatFields<'_>) -> Result<Vec<Tool>, Untranslatable> {
    let tool = |(i, value): (usize, &Value)| {
        let tool = ChatFields::of(value, format!("tools[{i}]"))?;
        let function = match tool.needed_text("type")? {
            "function" => tool.object("function")?.ok_or_else(|| tool.missing("function", "an object"))?,
            other => {
                let why = format!("must be \"function\" for other dialects, got {other:?}");
                return Err(Untranslatable::new(tool.path("type"), why));
            }
        };
        Ok(Tool {
            name: function.needed_text("name")?.to_owned(),
            description: function.owned_text("description")?,
            parameters: function.theirs("parameters")?.cloned(),
            strict: function.flag("strict")?,
        })
    };
    fields.list("tools")?.iter().enumerate().map(tool).collect()
}

fn tool_choice(fields: &ChatFields<'_>) -> Result<Option<ToolChoice>, Untranslatable> {
    let Some(value) = fields.get("tool_choice") else { return Ok(None) };
    if let Some(word) = value.as_str() {
        return match word {
            "none" => Ok(Some(ToolChoice::None)),
            "auto" => Ok(Some(ToolChoice::Auto)),
            "required" => Ok(Some(ToolChoice::Required)),
            _ => Err(wrong("tool_choice", "none, auto, required or an object", value)),
        };
    }
    let choice = ChatFields::of(value, "tool_choice")?;
    let named = |value: &ChatFields<'_>| -> Result<String, Untranslatable> {
        let function = value.object("function")?.ok_or_else(|| value.missing("function", "an object"))?;
        Ok(function.needed_text("name")?.to_owned())
    };
    match choice.needed_text("type")? {
        "function" => Ok(Some(ToolChoice::Named(named(&choice)?))),
        "allowed_tools" => {
            let among = choice
                .object("allowed_tools")?
                .ok_or_else(|| choice.missing("allowed_tools", "an object"))?;
            let tool = |(i, value): (usize, &Value)| {
                named(&ChatFields::of(value, format!("{}[{i}]", among.path("tools")))?)
            };
            let names = among.list("tools")?.iter().enumerate().map(tool).collect::<Result<_, _>>()?;
            Ok(Some(ToolChoice::Among { names, required: among.text("mode")? == Some("required") }))
        }
        other => Err(Untranslatable::new(
            "tool_choice.type",
            format!("must be function or allowed_tools for other dialects, got {other:?}"),
        )),
    }
}

fn format(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ResponseFormat, Untranslatable> {
    let Some(format) = fields.object("response_format")? else { return Ok(ResponseFormat::Text) };
    match format.needed_text("type")? {
        "text" => Ok(ResponseFormat::Text),
        "json_object" => Ok(ResponseFormat::Json),
        "json_schema" => {
            let schema =
                format.object("json_schema")?.ok_or_else(|| format.missing("json_schema", "an object"))?;
            if schema.get("description").is_some() {
                lost.record(&schema.path("description"));
            }
            Ok(ResponseFormat::Schema {
                name: schema.owned_text("name")?.unwrap_or_else(|| "answer".into()),
                schema: schema.theirs("schema")?.cloned().unwrap_or_else(|| json!({ "type": "object" })),
                strict: schema.flag("strict")?,
            })
        }
        other => Err(Untranslatable::new(
            format.path("type"),
            format!("must be text, json_object or json_schema for other dialects, got {other:?}"),
        )),
    }
}
