//! OpenAI's chat completions: requests, answers, streams.

use std::collections::BTreeMap;

use bellwether::{
    dialect::openai::{
        accumulate::Accumulator,
        answer::{self, NoAnswer},
        chunk::{self, Data},
        request::{ChatRequest, TokenLimitField},
    },
    net::sse::Framer,
};
use serde_json::{Value, value::RawValue};

use super::print;

pub const WORDS: &[&str] = &[
    "data: ",
    "event: error\n",
    "\n\n",
    "data: [DONE]\n\n",
    "{\"choices\":[",
    "\"index\":",
    "\"delta\":{",
    "\"message\":{",
    "\"content\":",
    "\"role\":\"assistant\"",
    "\"tool_calls\":[",
    "\"function\":{",
    "\"arguments\":",
    "\"name\":",
    "\"id\":",
    "\"logprobs\":",
    "\"finish_reason\":",
    "\"stop\"",
    "\"insufficient_system_resource\"",
    "\"usage\":{",
    "\"prompt_tokens\":",
    "\"error\":",
    "\"refusal\":",
    "\"audio\":{",
    "\"transcript\":",
    "\"object\":",
    "\"obfuscation\":",
    "null",
    "1e999",
    "1e15",
    "-1",
    "\"\"",
    "\"x\"",
    "\\ud83d",
    "\\ude00",
    "{",
    "}",
    "[",
    "]",
    ",",
];
pub const REQUEST_WORDS: &[&str] = &[
    "\"model\":",
    "\"messages\":",
    "\"messages\":[],",
    "\"stream\":",
    "\"n\":",
    "\"max_tokens\":",
    "\"max_completion_tokens\":",
    "\"content\":",
    "\"@here@\"",
    "\"role\":\"user\"",
    "\"response_format\":",
    "\"gpt-4o\"",
    "\"o3\"",
    "\"x_new\":",
    "\"mod\\u0065l\":",
    "\"logprobs\":true",
    "null",
    "true",
    "false",
    "1e999",
    "-1",
    "5",
    "\"\"",
    "\\ud83d",
    " ",
    "\n",
    "{",
    "}",
    "[",
    "]",
    ",",
];

/// Choices in an answer that are kept.
const MOST_CHOICES: usize = 256;

/// A stream, as SSE: what it comes to is a completion, no larger than what came, with all the text in it.
pub fn stream(bytes: &[u8]) -> u64 {
    let mut framer = Framer::new(1 << 20);
    framer.push(bytes);
    let mut events = Vec::new();
    while let Ok(Some(event)) = framer.next_event() {
        events.push(event);
    }
    events.extend(framer.finish());
    let mut whole = Accumulator::default();
    let mut text = Text::default();
    let mut seen = Vec::new();
    for event in &events {
        let data = chunk::read(event.name.as_deref(), &event.data);
        seen.push(std::mem::discriminant(&data));
        let Data::Chunk(chunk) = data else { continue };
        assert!(chunk.is_object());
        seen.truncate(8);
        let (_, _, _) = (chunk::has_content(&chunk), chunk::gave_up(&chunk), chunk::usage(&chunk));
        text.add(&chunk);
        whole.add(chunk);
        assert!(whole.choices() <= MOST_CHOICES);
    }
    if !text.odd {
        assert_eq!(whole.text(), text.text);
    }
    let summary = (whole.finished(), whole.is_plain_text(), whole.choices().min(3), whole.usage().is_some());
    let (finished, choices) = (whole.finished(), whole.choices());
    let completion = whole.completion();
    let shape = shape(&completion, 4);
    assert_eq!(completion["object"], "chat.completion");
    let list = completion["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(list.len(), choices);
    assert!(list.is_sorted_by_key(|c| c["index"].as_u64()));
    if finished {
        assert!(list.iter().all(|c| c["finish_reason"].is_string()));
    }
    let written = completion.to_string();
    assert!(written.len() <= 512 + 16 * bytes.len(), "{} bytes of {}", written.len(), bytes.len());
    print((seen, summary, shape))
}

/// The text of the choice that came first, put together the plain way while all of it is text.
#[derive(Default)]
pub struct Text {
    first: Option<u64>,
    pub text: String,
    /// Something else than text came: it is kept as it is, and is none of this reader's business.
    pub odd: bool,
}

impl Text {
    pub fn add(&mut self, chunk: &Value) {
        for choice in chunk::choices(chunk).filter(|c| c.is_object()) {
            let index = choice["index"].as_u64().unwrap_or(0);
            self.odd |= !matches!(choice.get("delta"), None | Some(Value::Null | Value::Object(_)))
                || !matches!(choice["delta"]["content"], Value::Null | Value::String(_))
                || choice.get("message").is_some();
            if index == *self.first.get_or_insert(index) {
                self.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
            }
        }
    }
}

/// What the members of a completion are made of, so far down.
fn shape(value: &Value, depth: u32) -> u64 {
    match value {
        _ if depth == 0 => 0,
        Value::Object(members) => {
            let known =
                members.iter().filter(|(name, _)| WORDS.iter().any(|w| w.split('"').nth(1) == Some(name)));
            known.fold(1, |all, (name, v)| all ^ print((name, shape(v, depth - 1))))
        }
        Value::Array(items) => items.iter().take(2).fold(2, |all, v| all ^ print(shape(v, depth - 1))),
        other => print(std::mem::discriminant(other)),
    }
}

/// A whole answer: an answer is JSON with choices, and what is said of another is bounded.
pub fn answer(bytes: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    match answer::read(text) {
        Ok(answer) => {
            let members: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(text).expect("an answer is JSON");
            let choices: Vec<Box<RawValue>> = serde_json::from_str(members["choices"].get()).expect("a list");
            assert!(choices.iter().any(|c| c.get().starts_with('{')));
            print(answer.usage.map(|u| u.cached_tokens.is_some()))
        }
        Err(NoAnswer::Malformed(why)) => {
            assert!(why.len() <= 400, "{} bytes are said of an answer", why.len());
            print(why.chars().take(14).collect::<String>())
        }
        Err(why) => print(std::mem::discriminant(&why)),
    }
}

/// A request: whatever a candidate changes in it, it stays JSON, and the rest stays as it was written.
pub fn request(bytes: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    let request = match ChatRequest::parse(text, "", &[]) {
        Ok(request) => request,
        Err(invalid) => {
            assert!(!invalid.problem.is_empty() && invalid.problem.len() <= 400, "{invalid:?}");
            return print((invalid.field, invalid.problem.chars().take(12).collect::<String>()));
        }
    };
    let given = members(text);
    let own = request.model.as_deref().unwrap_or("m");
    for model in [own, "gpt-4o", "o3", "quoted \" \\ \n ä😀"] {
        for limit in [TokenLimitField::ByModel, TokenLimitField::MaxTokens] {
            let sent = request.render(model, limit);
            let sent = std::str::from_utf8(&sent).expect("UTF-8");
            kept(&given, &members(sent), &[]);
            assert_eq!(named(sent).as_deref(), Some(model));
            let partial = "so far \" \\ \n ä😀";
            let on = request.render_continued(model, limit, partial, Some("prefix"));
            let on = members(std::str::from_utf8(&on).expect("UTF-8"));
            kept(&given, &on, &["messages"]);
            let last: Vec<Box<RawValue>> = serde_json::from_str(on["messages"].get()).expect("a list");
            let last = last.last().expect("at least what was begun").get();
            assert_eq!(
                last,
                serde_json::json!({ "role": "assistant", "content": partial, "prefix": true }).to_string()
            );
        }
    }
    let sent = request.render("m", TokenLimitField::ByModel);
    let plain = request.is_plain();
    let (stream, choices, most) =
        (request.stream, request.choices.min(3), request.max_output.map(|n| n.min(2)));
    assert!(
        request.input_tokens() <= 2 * text.len() as u64 + 1_000 * text.matches("\"data:").count() as u64 + 3
    );
    filled(text);
    print((stream, choices, most, plain, sent.len() == text.len(), given.len().min(9)))
}

type Members = BTreeMap<String, Box<RawValue>>;

fn members(text: &str) -> Members {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn named(text: &str) -> Option<String> {
    serde_json::from_str(members(text)["model"].get()).ok()
}

/// Everything but the model and the name of the output limit is as it was, and nothing came to it.
fn kept(given: &Members, sent: &Members, but: &[&str]) {
    const CHANGED: [&str; 3] = ["model", "max_tokens", "max_completion_tokens"];
    let rest = |of: &Members| {
        let same = |name: &str| !CHANGED.contains(&name) && !but.contains(&name);
        let rest = of.iter().filter(|(name, _)| same(name));
        rest.map(|(name, value)| (name.clone(), value.get().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(rest(given), rest(sent));
    let limited = |of: &Members| CHANGED[1..].iter().any(|name| of.contains_key(*name));
    assert_eq!(limited(given), limited(sent));
}

/// Contents that stood beside the request are what they would have been in it.
fn filled(text: &str) {
    const HERE: &str = "@here@";
    let hollow = text.matches(HERE).count();
    // The façade puts placeholders where contents stand, nowhere else.
    if hollow == 0 || text.matches("\"content\":\"@here@\"").count() != hollow {
        return;
    }
    let contents: Vec<String> =
        (0..hollow).map(|i| format!("{i} \"quoted\" \\ \n\t\u{1}\u{8}\u{c}ä😀 {HERE}")).collect();
    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
    let mut parts = text.split("\"@here@\"");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for (content, part) in contents.iter().zip(parts) {
        whole += &serde_json::to_string(content).expect("a string");
        whole += part;
    }
    let (beside, inside) = (ChatRequest::parse(text, HERE, &contents), ChatRequest::parse(&whole, "", &[]));
    let (beside, inside) = (beside.expect("it was read before"), inside.expect("it was read before"));
    for model in ["m", "gpt-4o", "o3"] {
        let limit = TokenLimitField::ByModel;
        assert_eq!(beside.render(model, limit), inside.render(model, limit));
    }
    assert!(ChatRequest::parse(text, HERE, &contents[1..]).is_ok() || hollow == 1);
    assert!(ChatRequest::parse(text, HERE, &[&contents[..], &["one more"]].concat()).is_err());
}
