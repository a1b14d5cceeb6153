//! Reads Gemini's `generateContent` for other dialects. What those cannot express is reported by name. Names
//! may be in camel case or in snake case, as with Google.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Value, json};

use super::schema::{camel_name, json_schema};
use crate::dialect::chat::{
    AttachmentSource, Chat, ChatMessage, ContentPart, DataUrl, Effort, ResponseFormat, Sampling, Tool,
    ToolCall, ToolChoice, ToolResult, Untranslatable,
    fields::{ChatFields, DroppedFields, wrong},
};

/// Fields that are read.
const READ: [&str; 7] =
    ["model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier"];
/// Members of `generationConfig` that are read.
const CONFIG: [&str; 16] = [
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "frequencyPenalty",
    "presencePenalty",
    "seed",
    "candidateCount",
    "stopSequences",
    "responseMimeType",
    "responseJsonSchema",
    "responseSchema",
    "thinkingConfig",
    "responseModalities",
    "responseLogprobs",
    "logprobs",
];
/// The largest thinking budget of each effort, in tokens.
const BUDGETS: [(f64, Effort); 4] =
    [(0.0, Effort::None), (1_024.0, Effort::Low), (8_192.0, Effort::Medium), (f64::MAX, Effort::High)];

pub fn read(request: &Value) -> Result<Chat, Untranslatable> {
    let request = &camel(request);
    let fields = ChatFields::of(request, "")?;
    if fields.get("cachedContent").is_some() {
        return Err(Untranslatable::new(
            "cachedContent",
            "is stored at Google; other vendors cannot continue it",
        ));
    }
    let mut lost = DroppedFields::default();
    fields.record_unknown(&READ, &mut lost);
    let mut messages = Vec::new();
    if let Some(system) = fields.get("systemInstruction") {
        let texts = match system {
            Value::String(text) => vec![text.clone()],
            _ => texts(&ChatFields::of(system, "systemInstruction")?)?,
        };
        messages.push(ChatMessage::System(texts));
    }
    let mut open = UnansweredCalls::default();
    for (i, fields) in fields.objects("contents")?.iter().enumerate() {
        content(fields, i, &mut open, &mut messages, &mut lost)?;
    }
    let empty = json!({});
    let config = match fields.object("generationConfig")? {
        Some(config) => config,
        None => ChatFields::of(&empty, "generationConfig")?,
    };
    config.record_unknown(&CONFIG, &mut lost);
    refuse(&config)?;
    if let Some(tools) = fields.object("toolConfig")? {
        tools.record_unknown(&["functionCallingConfig"], &mut lost);
    }
    Ok(Chat {
        messages,
        tools: tools(&fields, &mut lost)?,
        tool_choice: tool_choice(&fields)?,
        parallel_tool_calls: None,
        format: format(&config)?,
        stop: config.texts("stopSequences")?,
        max_output: config.count("maxOutputTokens")?,
        sampling: Sampling {
            temperature: config.number("temperature")?,
            top_p: config.number("topP")?,
            top_k: config.count("topK")?,
            frequency_penalty: config.number("frequencyPenalty")?.filter(|p| *p != 0.0),
            presence_penalty: config.number("presencePenalty")?.filter(|p| *p != 0.0),
            seed: config.integer("seed")?,
        },
        choices: config.count("candidateCount")?.filter(|n| *n != 1),
        logprobs: None,
        effort: effort(&config)?,
        user: None,
        safety_identifier: None,
        service_tier: fields.text("serviceTier")?.filter(|tier| *tier != "unspecified").map(
            |tier| match tier {
                "standard" => "default".into(),
                other => other.to_owned(),
            },
        ),
        others: lost.names(),
    })
}

/// Refuses what would change the answer.
fn refuse(config: &ChatFields<'_>) -> Result<(), Untranslatable> {
    if config.texts("responseModalities")?.iter().any(|kind| kind != "TEXT") {
        let why = "text is the only kind of answer from other vendors";
        return Err(Untranslatable::new(config.path("responseModalities"), why));
    }
    if config.get("responseFormat").is_some() {
        let why = "is not supported; use responseMimeType and responseJsonSchema";
        return Err(Untranslatable::new(config.path("responseFormat"), why));
    }
    if config.flag("responseLogprobs")? == Some(true) {
        let why = "must be false for other vendors, which use another format";
        return Err(Untranslatable::new(config.path("responseLogprobs"), why));
    }
    Ok(())
}

/// Google's names in camel case; names given by users (arguments, schemas) are unchanged.
fn camel(value: &Value) -> Value {
    const THEIRS: [&str; 7] = [
        "args",
        "response",
        "parameters",
        "parametersJsonSchema",
        "responseJsonSchema",
        "responseSchema",
        "labels",
    ];
    match value {
        Value::Array(items) => items.iter().map(camel).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let name = camel_name(name);
                let value = if THEIRS.contains(&name.as_str()) { value.clone() } else { camel(value) };
                (name, value)
            })
            .collect(),
        other => other.clone(),
    }
}

fn texts(content: &ChatFields<'_>) -> Result<Vec<String>, Untranslatable> {
    content.objects("parts")?.iter().map(|part| Ok(part.needed_text("text")?.to_owned())).collect()
}

/// Calls without a result yet: results need not name their call.
#[derive(Default)]
struct UnansweredCalls {
    by_name: HashMap<String, VecDeque<String>>,
    answered: HashSet<String>,
}

impl UnansweredCalls {
    fn call(&mut self, name: &str, id: &str) {
        self.answered.remove(id);
        self.by_name.entry(name.to_owned()).or_default().push_back(id.to_owned());
    }

    /// The call of a result: the first of its name if it names none.
    fn answer(&mut self, name: &str, named: Option<&str>) -> Option<String> {
        if let Some(id) = named {
            self.answered.insert(id.to_owned());
            return Some(id.to_owned());
        }
        let waiting = self.by_name.get_mut(name)?;
        std::iter::from_fn(|| waiting.pop_front()).find(|id| !self.answered.contains(id))
    }
}

fn content(
    fields: &ChatFields<'_>,
    turn: usize,
    open: &mut UnansweredCalls,
    out: &mut Vec<ChatMessage>,
    lost: &mut DroppedFields,
) -> Result<(), Untranslatable> {
    match fields.text("role")?.unwrap_or("user") {
        "user" | "function" => user(fields, open, out, lost),
        "model" => {
            out.push(model(fields, turn, open, lost)?);
            Ok(())
        }
        other => {
            Err(Untranslatable::new(fields.path("role"), format!("must be user or model, got {other:?}")))
        }
    }
}

fn model(
    fields: &ChatFields<'_>,
    turn: usize,
    open: &mut UnansweredCalls,
    lost: &mut DroppedFields,
) -> Result<ChatMessage, Untranslatable> {
    let (mut texts, mut calls) = (Vec::new(), Vec::new());
    for part in fields.objects("parts")? {
        // Thoughts are for their own vendor. They come back with every answer, so dropping them is not
        // reported.
        if part.flag("thought")? == Some(true) {
            continue;
        }
        part.record_unknown(&["text", "thought", "thoughtSignature", "functionCall"], lost);
        if let Some(call) = part.object("functionCall")? {
            let name = call.needed_text("name")?.to_owned();
            let id = call.owned_text("id")?.unwrap_or_else(|| format!("call_{turn}_{}", calls.len()));
            open.call(&name, &id);
            let arguments = call.theirs("args")?.cloned().unwrap_or_else(|| json!({}));
            calls.push(ToolCall { id, name, arguments, signature: part.owned_text("thoughtSignature")? });
        } else if let Some(text) = part.owned_text("text")? {
            texts.push(text);
        }
    }
    Ok(ChatMessage::Assistant { texts, calls })
}

fn user(
    fields: &ChatFields<'_>,
    open: &mut UnansweredCalls,
    out: &mut Vec<ChatMessage>,
    lost: &mut DroppedFields,
) -> Result<(), Untranslatable> {
    let mut parts = Vec::new();
    for part in fields.objects("parts")? {
        let Some(response) = part.object("functionResponse")? else {
            parts.push(read_part(&part, lost)?);
            continue;
        };
        response.record_unknown(&["id", "name", "response", "parts"], lost);
        let name = response.needed_text("name")?;
        let Some(call_id) = open.answer(name, response.text("id")?) else {
            return Err(Untranslatable::new(
                response.path("name"),
                format!("matches no function call: {name:?}"),
            ));
        };
        let (text, is_error) = result_text(response.get("response"));
        let mut given = vec![ContentPart::Text(text)];
        for part in response.objects("parts")? {
            given.push(read_part(&part, lost)?);
        }
        out.push(ChatMessage::Tool(ToolResult { call_id, parts: given, is_error }));
    }
    if !parts.is_empty() {
        out.push(ChatMessage::User(parts));
    }
    Ok(())
}

/// A tool's result as text: Google has objects, by convention with `result` or `output`, or `error`.
fn result_text(response: Option<&Value>) -> (String, bool) {
    let Some(Value::Object(members)) = response else { return (String::new(), false) };
    if members.len() == 1 {
        for (name, is_error) in [("result", false), ("output", false), ("error", true)] {
            match members.get(name) {
                Some(Value::String(text)) => return (text.clone(), is_error),
                Some(other) => return (other.to_string(), is_error),
                None => {}
            }
        }
    }
    (Value::Object(members.clone()).to_string(), false)
}

fn read_part(part: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<ContentPart, Untranslatable> {
    part.record_unknown(&["text", "inlineData", "fileData", "thought", "thoughtSignature"], lost);
    if let Some(text) = part.owned_text("text")? {
        return Ok(ContentPart::Text(text));
    }
    let (source, kind, name) = if let Some(inline) = part.object("inlineData")? {
        let media_type = inline.needed_text("mimeType")?.to_ascii_lowercase();
        let data = inline.needed_text("data")?.to_owned();
        let data = DataUrl { media_type: media_type.clone(), data };
        (AttachmentSource::Data(data), media_type, inline.owned_text("displayName")?)
    } else if let Some(file) = part.object("fileData")? {
        let uri = file.needed_text("fileUri")?;
        if uri.starts_with("gs://") || uri.contains("//generativelanguage.googleapis.com/") {
            return Err(Untranslatable::new(
                file.path("fileUri"),
                "is stored at Google; other vendors cannot read it",
            ));
        }
        let kind = file.text("mimeType")?.unwrap_or_default().to_ascii_lowercase();
        (AttachmentSource::Url(uri.to_owned()), kind, file.owned_text("displayName")?)
    } else {
        let known = "text, inlineData, fileData, functionCall or functionResponse";
        return Err(Untranslatable::new(
            part.path("text"),
            format!("is missing; {known} is required for other vendors"),
        ));
    };
    Ok(match (kind.split_once('/'), source) {
        (Some(("audio", format)), AttachmentSource::Data(data)) => {
            ContentPart::Audio { format: audio_format(format).to_owned(), data: data.data }
        }
        (Some(("image", _)), source) => ContentPart::Image(source),
        (_, source) => ContentPart::File { source, name },
    })
}

/// OpenAI's name of `audio/…`, without parameters such as a rate.
fn audio_format(kind: &str) -> &str {
    match kind.split(';').next().unwrap_or_default().trim() {
        "mpeg" | "x-mp3" | "mpeg3" => "mp3",
        "x-wav" | "wave" | "vnd.wave" => "wav",
        other => other,
    }
}

fn tools(fields: &ChatFields<'_>, lost: &mut DroppedFields) -> Result<Vec<Tool>, Untranslatable> {
    let mut tools = Vec::new();
    for tool in fields.objects("tools")? {
        if let Some(other) = tool.names().find(|name| *name != "functionDeclarations") {
            let why = "is a tool of Google; other vendors accept only functionDeclarations";
            return Err(Untranslatable::new(tool.path(other), why));
        }
        for declaration in tool.objects("functionDeclarations")? {
            declaration.record_unknown(&["name", "description", "parameters", "parametersJsonSchema"], lost);
            let schema = declaration.theirs("parametersJsonSchema")?.cloned();
            tools.push(Tool {
                name: declaration.needed_text("name")?.to_owned(),
                description: declaration.owned_text("description")?,
                parameters: schema.or(declaration.theirs("parameters")?.map(json_schema)),
                strict: None,
            });
        }
    }
    Ok(tools)
}

fn tool_choice(fields: &ChatFields<'_>) -> Result<Option<ToolChoice>, Untranslatable> {
    let Some(config) = fields.object("toolConfig")? else { return Ok(None) };
    let Some(config) = config.object("functionCallingConfig")? else { return Ok(None) };
    let names = config.texts("allowedFunctionNames")?;
    let mode = config.text("mode")?.filter(|mode| *mode != "MODE_UNSPECIFIED").unwrap_or("AUTO");
    Ok(Some(match (mode, names.as_slice()) {
        ("NONE", _) => ToolChoice::None,
        ("AUTO" | "VALIDATED", []) => ToolChoice::Auto,
        ("AUTO" | "VALIDATED", _) => ToolChoice::Among { names, required: false },
        ("ANY", []) => ToolChoice::Required,
        ("ANY", [one]) => ToolChoice::Named(one.clone()),
        ("ANY", _) => ToolChoice::Among { names, required: true },
        _ => {
            let value = config.get("mode").unwrap_or(&Value::Null);
            return Err(wrong(&config.path("mode"), "NONE, AUTO, ANY or VALIDATED", value));
        }
    }))
}

fn format(config: &ChatFields<'_>) -> Result<ResponseFormat, Untranslatable> {
    match config.text("responseMimeType")? {
        None | Some("text/plain") => return Ok(ResponseFormat::Text),
        Some("application/json") => {}
        Some(other) => {
            let why = format!("must be text/plain or application/json for other vendors, got {other:?}");
            return Err(Untranslatable::new(config.path("responseMimeType"), why));
        }
    }
    let schema = config.theirs("responseJsonSchema")?.cloned();
    Ok(match schema.or(config.theirs("responseSchema")?.map(json_schema)) {
        None => ResponseFormat::Json,
        Some(schema) => ResponseFormat::Schema { name: "answer".into(), schema, strict: None },
    })
}

fn effort(config: &ChatFields<'_>) -> Result<Option<Effort>, Untranslatable> {
    let Some(thinking) = config.object("thinkingConfig")? else { return Ok(None) };
    if let Some(level) = thinking.text("thinkingLevel")?.filter(|l| *l != "THINKING_LEVEL_UNSPECIFIED") {
        let why = || {
            let why = format!("must be MINIMAL, LOW, MEDIUM or HIGH, got {level:?}");
            Untranslatable::new(thinking.path("thinkingLevel"), why)
        };
        return Effort::from_word(&level.to_ascii_lowercase()).ok_or_else(why).map(Some);
    }
    // Minus one leaves it to the model.
    let budget = thinking.number("thinkingBudget")?.filter(|budget| *budget >= 0.0);
    Ok(budget.and_then(|budget| BUDGETS.iter().find(|(most, _)| budget <= *most)).map(|(_, effort)| *effort))
}

#[cfg(test)]
#[path = "read_chat_tests.rs"]
mod tests;
