//! Gemini's `generateContent`, read for other dialects: what they have no word for is told by name. Google takes
//! names in camel case and in snake case, and so does this.

use serde_json::{Value, json};

use crate::dialect::chat::{
    Chat, DataUrl, Effort, Format, Message, Part, Sampling, Source, Tool, ToolCall, ToolChoice, ToolResult,
    Untranslatable,
    fields::{Fields, wrong},
};

/// Fields that are read.
const READ: [&str; 6] =
    ["contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier"];
/// Members of `generationConfig` that are read.
const CONFIG: [&str; 13] = [
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
];
/// A budget for thinking that stands for each effort at most, in tokens.
const BUDGETS: [(f64, Effort); 4] =
    [(0.0, Effort::None), (1_024.0, Effort::Low), (8_192.0, Effort::Medium), (f64::MAX, Effort::High)];

pub fn read(request: &Value) -> Result<Chat, Untranslatable> {
    let request = &camel(request);
    let fields = Fields::of(request, "")?;
    if fields.get("cachedContent").is_some() {
        return Err(Untranslatable::new(
            "cachedContent",
            "lives at Google; no other vendor can go on with it",
        ));
    }
    let mut messages = Vec::new();
    if let Some(system) = fields.get("systemInstruction") {
        let texts = match system {
            Value::String(text) => vec![text.clone()],
            _ => texts(&Fields::of(system, "systemInstruction")?)?,
        };
        messages.push(Message::System(texts));
    }
    let mut open = Vec::new();
    for (i, value) in fields.list("contents")?.iter().enumerate() {
        content(&Fields::of(value, format!("contents[{i}]"))?, i, &mut open, &mut messages)?;
    }
    let empty = json!({});
    let config = match fields.object("generationConfig")? {
        Some(config) => config,
        None => Fields::of(&empty, "generationConfig")?,
    };
    let unknown = |name: &&String| !READ.contains(&name.as_str());
    let mut others: Vec<String> = fields.names().filter(unknown).cloned().collect();
    others.extend(config.names().filter(|n| !CONFIG.contains(&n.as_str())).map(|n| config.path(n)));
    Ok(Chat {
        messages,
        tools: tools(&fields)?,
        tool_choice: tool_choice(&fields)?,
        parallel_tool_calls: None,
        format: format(&config)?,
        stop: config.list("stopSequences")?.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        max_output: config.count("maxOutputTokens")?,
        sampling: Sampling {
            temperature: config.number("temperature")?,
            top_p: config.number("topP")?,
            top_k: config.count("topK")?,
            frequency_penalty: config.number("frequencyPenalty")?,
            presence_penalty: config.number("presencePenalty")?,
            seed: config.get("seed").and_then(Value::as_i64),
        },
        choices: config.count("candidateCount")?.filter(|n| *n != 1),
        logprobs: None,
        effort: effort(&config)?,
        user: None,
        safety_identifier: None,
        service_tier: fields.text("serviceTier")?.map(|tier| match tier {
            "standard" => "default".into(),
            other => other.to_owned(),
        }),
        others,
    })
}

/// The names Google knows, in camel case; what users named themselves (arguments, schemas) stays as it is.
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

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn blocks<'v>(fields: &Fields<'v>, name: &str) -> Result<Vec<Fields<'v>>, Untranslatable> {
    let block = |(i, v)| Fields::of(v, format!("{}[{i}]", fields.path(name)));
    fields.list(name)?.iter().enumerate().map(block).collect()
}

fn texts(content: &Fields<'_>) -> Result<Vec<String>, Untranslatable> {
    blocks(content, "parts")?.iter().map(|part| Ok(part.needed_text("text")?.to_owned())).collect()
}

/// One turn. `open` are the calls that were not answered yet, by name: results need not name their call.
fn content(
    fields: &Fields<'_>,
    turn: usize,
    open: &mut Vec<(String, String)>,
    out: &mut Vec<Message>,
) -> Result<(), Untranslatable> {
    match fields.text("role")?.unwrap_or("user") {
        "user" | "function" => user(fields, open, out),
        "model" => {
            let (mut said, mut calls) = (Vec::new(), Vec::new());
            for part in blocks(fields, "parts")? {
                if let Some(call) = part.object("functionCall")? {
                    let name = call.needed_text("name")?.to_owned();
                    let id = call.owned_text("id")?.unwrap_or_else(|| format!("call_{turn}_{}", calls.len()));
                    open.push((name.clone(), id.clone()));
                    let arguments = call.get("args").cloned().unwrap_or_else(|| json!({}));
                    calls.push(ToolCall {
                        id,
                        name,
                        arguments,
                        signature: part.owned_text("thoughtSignature")?,
                    });
                } else if part.flag("thought")? != Some(true)
                    && let Some(text) = part.owned_text("text")?
                {
                    said.push(text);
                }
            }
            out.push(Message::Assistant { texts: said, calls });
            Ok(())
        }
        other => {
            Err(Untranslatable::new(fields.path("role"), format!("must be user or model, got {other:?}")))
        }
    }
}

fn user(
    fields: &Fields<'_>,
    open: &mut Vec<(String, String)>,
    out: &mut Vec<Message>,
) -> Result<(), Untranslatable> {
    let mut parts = Vec::new();
    for part in blocks(fields, "parts")? {
        if let Some(response) = part.object("functionResponse")? {
            let name = response.needed_text("name")?;
            let named = response.text("id")?;
            let at = open.iter().position(|(n, id)| named.map_or(n == name, |named| id == named));
            let call_id = match (named, at) {
                (Some(id), _) => id.to_owned(),
                (None, Some(at)) => open[at].1.clone(),
                (None, None) => {
                    return Err(Untranslatable::new(
                        response.path("name"),
                        format!("answers no call: {name:?}"),
                    ));
                }
            };
            if let Some(at) = at {
                open.remove(at);
            }
            let (text, is_error) = result_text(response.get("response"));
            out.push(Message::Tool(ToolResult { call_id, parts: vec![Part::Text(text)], is_error }));
        } else {
            parts.push(read_part(&part)?);
        }
    }
    if !parts.is_empty() {
        out.push(Message::User(parts));
    }
    Ok(())
}

/// What a tool gave, as text: Google has objects, and by custom `result` or `output`, or `error`.
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

fn read_part(part: &Fields<'_>) -> Result<Part, Untranslatable> {
    if let Some(text) = part.owned_text("text")? {
        return Ok(Part::Text(text));
    }
    let (source, kind) = if let Some(inline) = part.object("inlineData")? {
        let media_type = inline.needed_text("mimeType")?.to_owned();
        let data = inline.needed_text("data")?.to_owned();
        (Source::Data(DataUrl { media_type: media_type.clone(), data }), media_type)
    } else if let Some(file) = part.object("fileData")? {
        let kind = file.text("mimeType")?.unwrap_or_default().to_owned();
        (Source::Url(file.needed_text("fileUri")?.to_owned()), kind)
    } else {
        let known = "text, inlineData, fileData, functionCall or functionResponse";
        return Err(Untranslatable::new(
            part.path("text"),
            format!("is missing; {known} is required for other vendors"),
        ));
    };
    Ok(match (kind.split_once('/'), source) {
        (Some(("audio", format)), Source::Data(data)) => {
            Part::Audio { format: format.to_owned(), data: data.data }
        }
        (Some(("image", _)), source) => Part::Image(source),
        (_, source) => Part::File { source, name: None },
    })
}

fn tools(fields: &Fields<'_>) -> Result<Vec<Tool>, Untranslatable> {
    let mut tools = Vec::new();
    for tool in blocks(fields, "tools")? {
        if let Some(other) = tool.names().find(|name| *name != "functionDeclarations") {
            let why = "is a tool of Google's own; other vendors can only be given functionDeclarations";
            return Err(Untranslatable::new(tool.path(other), why));
        }
        for declaration in blocks(&tool, "functionDeclarations")? {
            let schema = declaration.get("parametersJsonSchema").cloned();
            tools.push(Tool {
                name: declaration.needed_text("name")?.to_owned(),
                description: declaration.owned_text("description")?,
                parameters: schema.or_else(|| declaration.get("parameters").map(json_schema)),
                strict: None,
            });
        }
    }
    Ok(tools)
}

/// Google's own schemas write types in capitals and say `nullable`.
fn json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut out: serde_json::Map<String, Value> = members
                .iter()
                .filter(|(name, _)| *name != "nullable")
                .map(|(name, value)| match (name.as_str(), value) {
                    ("type", Value::String(kind)) => (name.clone(), kind.to_ascii_lowercase().into()),
                    ("enum" | "required" | "default" | "example", _) => (name.clone(), value.clone()),
                    _ => (name.clone(), json_schema(value)),
                })
                .collect();
            if members.get("nullable") == Some(&Value::Bool(true))
                && let Some(kind) = out.get("type").cloned()
            {
                out.insert("type".into(), json!([kind, "null"]));
            }
            out.into()
        }
        Value::Array(items) => items.iter().map(json_schema).collect(),
        other => other.clone(),
    }
}

fn tool_choice(fields: &Fields<'_>) -> Result<Option<ToolChoice>, Untranslatable> {
    let Some(config) = fields.object("toolConfig")? else { return Ok(None) };
    let Some(config) = config.object("functionCallingConfig")? else { return Ok(None) };
    let names: Vec<String> =
        config.list("allowedFunctionNames")?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let mode = config.text("mode")?.unwrap_or("AUTO");
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

fn format(config: &Fields<'_>) -> Result<Format, Untranslatable> {
    if config.text("responseMimeType")?.unwrap_or("text/plain") != "application/json" {
        return Ok(Format::Text);
    }
    let schema = config.get("responseJsonSchema").cloned();
    Ok(match schema.or_else(|| config.get("responseSchema").map(json_schema)) {
        None => Format::Json,
        Some(schema) => Format::Schema { name: "answer".into(), schema, strict: None },
    })
}

fn effort(config: &Fields<'_>) -> Result<Option<Effort>, Untranslatable> {
    let Some(thinking) = config.object("thinkingConfig")? else { return Ok(None) };
    if let Some(level) = thinking.text("thinkingLevel")? {
        return Ok(Effort::from_word(&level.to_ascii_lowercase()));
    }
    // Minus one leaves it to the model.
    let budget = thinking.number("thinkingBudget")?.filter(|budget| *budget >= 0.0);
    Ok(budget.and_then(|budget| BUDGETS.iter().find(|(most, _)| budget <= *most)).map(|(_, effort)| *effort))
}
