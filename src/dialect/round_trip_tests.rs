//! Translating into another dialect and back keeps the meaning.

use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::{
    anthropic::{self, write_chat::Version},
    chat::{
        AttachmentSource, Chat, ChatMessage, ContentPart, DataUrl, Effort, ResponseFormat, Sampling, Tool,
        ToolCall, ToolChoice, ToolResult,
    },
    chunks::{DecodedEvent, test_defaults},
    google,
    openai::{self, accumulate::Accumulator},
};
use crate::net::sse::Framer;

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z\"\\\\\n😀ä]{0,6}[a-z]"
}

fn image() -> impl Strategy<Value = ContentPart> {
    prop_oneof![
        "[A-Za-z0-9]{4}"
            .prop_map(|data| AttachmentSource::Data(DataUrl { media_type: "image/png".into(), data })),
        "[a-z]{1,5}".prop_map(|name| AttachmentSource::Url(format!("https://x.test/{name}.png"))),
    ]
    .prop_map(ContentPart::Image)
}

fn parts() -> impl Strategy<Value = Vec<ContentPart>> {
    vec(prop_oneof![3 => text().prop_map(ContentPart::Text), 1 => image()], 1..3)
}

fn arguments() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!({})), (text(), any::<i32>()).prop_map(|(k, n)| json!({ k: n, "list": [n, "x"] }))]
}

/// A turn: the user's message and what follows, ending with the assistant's.
fn turn() -> impl Strategy<Value = Vec<ChatMessage>> {
    let said = (parts(), vec(text(), 1..2)).prop_map(|(parts, texts)| {
        vec![ChatMessage::User(parts), ChatMessage::Assistant { texts, calls: Vec::new() }]
    });
    let worked = (parts(), option::of(text()), vec((text(), arguments(), text()), 1..3), text()).prop_map(
        |(parts, words, calls, end)| {
            let mut turn = vec![ChatMessage::User(parts)];
            let numbered = || calls.iter().enumerate();
            let call = |(i, (name, arguments, _)): (usize, &(String, Value, String))| ToolCall {
                id: format!("call_{i}"),
                name: format!("f{}", name.len()),
                arguments: arguments.clone(),
                signature: None,
            };
            turn.push(ChatMessage::Assistant {
                texts: words.into_iter().collect(),
                calls: numbered().map(call).collect(),
            });
            turn.extend(numbered().map(|(i, (_, _, result))| {
                let parts = vec![ContentPart::Text(result.clone())];
                ChatMessage::Tool(ToolResult { call_id: format!("call_{i}"), parts, is_error: false })
            }));
            turn.push(ChatMessage::Assistant { texts: vec![end], calls: Vec::new() });
            turn
        },
    );
    prop_oneof![said, worked]
}

fn tools() -> impl Strategy<Value = (Vec<Tool>, Option<ToolChoice>)> {
    let tool = |i: usize, described: Option<String>| Tool {
        name: format!("f{i}"),
        description: described,
        parameters: Some(json!({ "type": "object", "properties": { "a": { "type": "string" } } })),
        strict: None,
    };
    let choice = prop_oneof![
        Just(None),
        Just(Some(ToolChoice::None)),
        Just(Some(ToolChoice::Auto)),
        Just(Some(ToolChoice::Required)),
        Just(Some(ToolChoice::Named("f0".into()))),
    ];
    (vec(option::of(text()), 0..3), choice).prop_map(move |(described, choice)| {
        let tools: Vec<Tool> = described.into_iter().enumerate().map(|(i, d)| tool(i, d)).collect();
        let choice = choice.filter(|_| !tools.is_empty());
        (tools, choice)
    })
}

fn chat() -> impl Strategy<Value = Chat> {
    let format = prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::Schema {
            name: "answer".into(),
            schema: json!({ "type": "object", "properties": {} }),
            strict: Some(true)
        }),
    ];
    let more = (
        option::of(text()),
        vec("[A-Z]{1,4}", 0..3),
        option::of(1u64..9_999),
        option::of(0.0f64..1.0),
        option::of("[a-z]{3}"),
    );
    let effort = prop_oneof![Just(None), Just(Some(Effort::Low)), Just(Some(Effort::High))];
    (vec(turn(), 1..4), parts(), tools(), format, more, effort).prop_map(
        |(
            turns,
            last,
            (tools, tool_choice),
            format,
            (system, stop, max_output, temperature, user),
            effort,
        )| {
            let mut messages: Vec<ChatMessage> =
                system.into_iter().map(|s| ChatMessage::System(vec![s])).collect();
            messages.extend(turns.into_iter().flatten());
            messages.push(ChatMessage::User(last));
            Chat {
                messages,
                tools,
                tool_choice,
                format,
                stop,
                max_output,
                sampling: Sampling { temperature, ..Sampling::default() },
                user,
                effort,
                ..Chat::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn through_openai(chat in chat()) {
        let wire = openai::write_chat::write(&chat, "m", false);
        prop_assert_eq!(openai::read_chat::read(&wire).expect("is read"), chat);
    }

    #[test]
    fn through_anthropic(chat in chat()) {
        let written = anthropic::write_chat::write(&chat, "claude-opus-5-5", true, Version::Old).expect("can be said");
        prop_assert!(written.dropped.is_empty());
        let back = anthropic::read_chat::read(&written.body).expect("is read");
        let max_output = chat.max_output.or(Some(anthropic::write_chat::MAX_TOKENS));
        prop_assert_eq!(back, Chat { max_output, ..chat });
    }

    #[test]
    fn through_google(chat in chat()) {
        // Google has no field for the end user, and names no schemas.
        let chat = Chat { user: None, ..chat };
        let written = google::write_chat::write(&chat, "gemini-2.5-pro").expect("can be said");
        prop_assert!(written.dropped.is_empty());
        let back = google::read_chat::read(&written.body).expect("is read");
        let format = match chat.format.clone() {
            ResponseFormat::Schema { name, schema, .. } => ResponseFormat::Schema { name, schema, strict: None },
            other => other,
        };
        prop_assert_eq!(back, Chat { format, ..chat });
    }
}

/// An answer of a model: text, calls, or both; its finish reason; its usage.
#[derive(Clone, Debug)]
struct RoundTrip {
    texts: Vec<String>,
    calls: Vec<(String, Value)>,
    usage: (u64, u64, u64),
}

fn spoken() -> impl Strategy<Value = RoundTrip> {
    (vec(text(), 0..4), vec((text(), arguments()), 0..3), (10u64..99, 0u64..10, 0u64..99))
        .prop_filter("says something", |(texts, calls, _)| !texts.is_empty() || !calls.is_empty())
        .prop_map(|(texts, calls, usage)| RoundTrip { texts, calls, usage })
}

impl RoundTrip {
    fn finish(&self) -> &'static str {
        if self.calls.is_empty() { "stop" } else { "tool_calls" }
    }

    fn usage(&self) -> Value {
        let (input, cached, output) = self.usage;
        json!({
            "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
            "prompt_tokens_details": { "cached_tokens": cached },
        })
    }

    /// OpenAI's chunks, with the arguments of calls in two pieces.
    fn chunks(&self) -> Vec<Value> {
        let chunk = |delta: Value, finish: Value| json!({ "id": "x1", "model": "m", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
        let mut out = vec![chunk(json!({ "role": "assistant", "content": "" }), Value::Null)];
        out.extend(self.texts.iter().map(|t| chunk(json!({ "content": t }), Value::Null)));
        for (i, (name, arguments)) in self.calls.iter().enumerate() {
            let text = arguments.to_string();
            let (first, rest) = text.split_at(1);
            let begin = json!({ "index": i, "id": format!("c{i}"), "type": "function", "function": { "name": name, "arguments": first } });
            out.push(chunk(json!({ "tool_calls": [begin] }), Value::Null));
            out.push(chunk(
                json!({ "tool_calls": [{ "index": i, "function": { "arguments": rest } }] }),
                Value::Null,
            ));
        }
        out.push(chunk(json!({}), self.finish().into()));
        out.push(json!({ "id": "x1", "model": "m", "choices": [], "usage": self.usage() }));
        out
    }

    fn whole(&self) -> Value {
        let mut whole = Accumulator::default();
        self.chunks().into_iter().for_each(|chunk| whole.add(chunk));
        whole.completion()
    }
}

/// The meaning of a completion.
fn meaning(completion: &Value) -> [Value; 4] {
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let call = |call: &Value| {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        let arguments: Value = serde_json::from_str(arguments).expect("arguments are JSON");
        json!([call["id"], call["function"]["name"], arguments])
    };
    let text = message["content"].as_str().filter(|t| !t.is_empty());
    let usage = &completion["usage"];
    let cached = &usage["prompt_tokens_details"]["cached_tokens"];
    [
        text.into(),
        message["tool_calls"].as_array().into_iter().flatten().map(call).collect(),
        choice["finish_reason"].clone(),
        [&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"], cached]
            .into_iter()
            .cloned()
            .collect(),
    ]
}

/// What a decoder makes of bytes in pieces of this size.
fn decoded(bytes: &str, piece: usize, mut event: impl FnMut(Option<&str>, &str) -> DecodedEvent) -> Value {
    let mut framer = Framer::new(1 << 20);
    let mut whole = Accumulator::default();
    for bytes in bytes.as_bytes().chunks(piece) {
        framer.push(bytes);
        while let Some(e) = framer.next_event().expect("events are small") {
            match event(e.name.as_deref(), &e.data) {
                DecodedEvent::Chunks(chunks) => chunks.into_iter().for_each(|chunk| whole.add(chunk)),
                DecodedEvent::Done | DecodedEvent::Nothing => {}
                other => panic!("{other:?}: {}", e.data),
            }
        }
    }
    assert!(whole.finished());
    whole.completion()
}

proptest! {
    #[test]
    fn answers_through_anthropic(spoken in spoken(), piece in 1usize..60) {
        let (whole, mut wire) = (spoken.whole(), String::new());
        let mut encoder = anthropic::write_answer::AnthropicEncoder::new("claude-x");
        spoken.chunks().iter().for_each(|chunk| encoder.chunk(chunk, &mut wire));
        encoder.end(&mut wire);
        let mut decoder = anthropic::stream::AnthropicStreamDecoder::new(test_defaults(1));
        let back = decoded(&wire, piece, |name, data| decoder.event(name, data));
        prop_assert_eq!(meaning(&back), meaning(&whole));
        let answer = anthropic::write_answer::write(&whole, "claude-x").to_string();
        let (back, usage) = anthropic::answer::read(&answer, &test_defaults(1)).expect("an answer");
        prop_assert_eq!(meaning(&back), meaning(&whole));
        prop_assert_eq!(usage.map(|u| u.input_tokens), Some(spoken.usage.0));
    }

    #[test]
    fn answers_through_google(spoken in spoken(), piece in 1usize..60) {
        let (whole, mut wire) = (spoken.whole(), String::new());
        let mut encoder = google::write_answer::GoogleEncoder::new("gemini-x");
        spoken.chunks().iter().for_each(|chunk| encoder.chunk(chunk, &mut wire));
        encoder.end(&mut wire);
        let mut decoder = google::stream::GoogleStreamDecoder::new(test_defaults(1));
        let back = decoded(&wire, piece, |name, data| decoder.event(name, data));
        prop_assert_eq!(meaning(&back), meaning(&whole));
        let answer = google::write_answer::write(&whole, "gemini-x").to_string();
        let (back, usage) = google::answer::read(&answer, &test_defaults(1)).expect("an answer");
        prop_assert_eq!(meaning(&back), meaning(&whole));
        prop_assert_eq!(usage.map(|u| u.output_tokens), Some(spoken.usage.2));
    }
}
