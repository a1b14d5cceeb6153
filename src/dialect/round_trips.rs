//! What is said in another dialect and read back means what it meant.

use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::{
    anthropic::{self, write_chat::Version},
    chat::{
        Chat, DataUrl, Effort, Format, Message, Part, Sampling, Source, Tool, ToolCall, ToolChoice,
        ToolResult,
    },
    google, openai,
};

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z\"\\\\\n😀ä]{0,6}[a-z]"
}

fn image() -> impl Strategy<Value = Part> {
    prop_oneof![
        "[A-Za-z0-9]{4}".prop_map(|data| Source::Data(DataUrl { media_type: "image/png".into(), data })),
        "[a-z]{1,5}".prop_map(|name| Source::Url(format!("https://x.test/{name}.png"))),
    ]
    .prop_map(Part::Image)
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    vec(prop_oneof![3 => text().prop_map(Part::Text), 1 => image()], 1..3)
}

fn arguments() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!({})), (text(), any::<i32>()).prop_map(|(k, n)| json!({ k: n, "list": [n, "x"] }))]
}

/// A turn: what the user says and what comes of it, ending with the assistant's words.
fn turn() -> impl Strategy<Value = Vec<Message>> {
    let said = (parts(), vec(text(), 1..2)).prop_map(|(parts, texts)| {
        vec![Message::User(parts), Message::Assistant { texts, calls: Vec::new() }]
    });
    let worked = (parts(), option::of(text()), vec((text(), arguments(), text()), 1..3), text()).prop_map(
        |(parts, words, calls, end)| {
            let mut turn = vec![Message::User(parts)];
            let numbered = || calls.iter().enumerate();
            let call = |(i, (name, arguments, _)): (usize, &(String, Value, String))| ToolCall {
                id: format!("call_{i}"),
                name: format!("f{}", name.len()),
                arguments: arguments.clone(),
                signature: None,
            };
            turn.push(Message::Assistant {
                texts: words.into_iter().collect(),
                calls: numbered().map(call).collect(),
            });
            turn.extend(numbered().map(|(i, (_, _, result))| {
                let parts = vec![Part::Text(result.clone())];
                Message::Tool(ToolResult { call_id: format!("call_{i}"), parts, is_error: false })
            }));
            turn.push(Message::Assistant { texts: vec![end], calls: Vec::new() });
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
        Just(Format::Text),
        Just(Format::Schema {
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
            let mut messages: Vec<Message> = system.into_iter().map(|s| Message::System(vec![s])).collect();
            messages.extend(turns.into_iter().flatten());
            messages.push(Message::User(last));
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
        // Google has no place for who asks, and numbers schemas by no name.
        let chat = Chat { user: None, ..chat };
        let written = google::write_chat::write(&chat, "gemini-2.5-pro").expect("can be said");
        prop_assert!(written.dropped.is_empty());
        let back = google::read_chat::read(&written.body).expect("is read");
        let format = match chat.format.clone() {
            Format::Schema { name, schema, .. } => Format::Schema { name, schema, strict: None },
            other => other,
        };
        prop_assert_eq!(back, Chat { format, ..chat });
    }
}
