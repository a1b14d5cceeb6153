//! Other vendors' dialects: streams and answers that come to OpenAI's and go on to callers of others, and requests
//! that are read in one and written in the others.

use bellwether::{
    dialect::{
        anthropic::{self, write_chat::Version},
        chat::{Chat, Untranslatable},
        chunks::{Decoded, Unsaid},
        google,
        openai::{
            self,
            accumulate::Accumulator,
            answer::{self, NoAnswer},
            chunk,
        },
        speech::Dialect,
    },
    net::sse::Framer,
};
use serde_json::Value;

use super::{cuts, openai::Text, pieces, print};

pub const ANTHROPIC_WORDS: &[&str] = &[
    "event: message_start\n",
    "event: error\n",
    "data: ",
    "\n\n",
    "\"type\":",
    "\"message_start\"",
    "\"message_delta\"",
    "\"message_stop\"",
    "\"content_block_start\"",
    "\"content_block_delta\"",
    "\"content_block_stop\"",
    "\"content_block\":{",
    "\"text_delta\"",
    "\"thinking_delta\"",
    "\"input_json_delta\"",
    "\"partial_json\":",
    "\"tool_use\"",
    "\"tool_result\"",
    "\"tool_use_id\":",
    "\"thinking\"",
    "\"document\"",
    "\"image\"",
    "\"source\":{",
    "\"base64\"",
    "\"media_type\":",
    "\"title\":",
    "\"index\":",
    "\"delta\":{",
    "\"message\":{",
    "\"content\":",
    "\"text\":",
    "\"input\":",
    "\"input_schema\":",
    "\"tools\":",
    "\"tool_choice\":",
    "\"system\":",
    "\"messages\":[",
    "\"role\":\"assistant\"",
    "\"output_config\":",
    "\"stop_reason\":",
    "\"usage\":{",
    "\"output_tokens\":",
    "\"error\":",
    "null",
    "1e999",
    "-1",
    "18446744073709551615",
    "\"\"",
    "\\ud83d",
    "{",
    "}",
    "[",
    "]",
    ",",
];
pub const GOOGLE_WORDS: &[&str] = &[
    "data: ",
    "\r\n\r\n",
    "\n\n",
    "data: [DONE]\n\n",
    "\"candidates\":[",
    "\"content\":{",
    "\"contents\":[",
    "\"parts\":[",
    "\"role\":\"model\"",
    "\"text\":",
    "\"thought\":true",
    "\"functionCall\":{",
    "\"function_call\":{",
    "\"functionResponse\":{",
    "\"response\":",
    "\"name\":",
    "\"id\":",
    "\"args\":",
    "\"thoughtSignature\":",
    "\"inlineData\":{",
    "\"mimeType\":",
    "\"fileData\":{",
    "\"fileUri\":",
    "\"finishReason\":",
    "\"STOP\"",
    "\"MALFORMED_FUNCTION_CALL\"",
    "\"SAFETY\"",
    "\"promptFeedback\":{",
    "\"blockReason\":",
    "\"usageMetadata\":{",
    "\"promptTokenCount\":",
    "\"responseId\":",
    "\"generationConfig\":{",
    "\"thinkingConfig\":{",
    "\"responseSchema\":",
    "\"nullable\":true",
    "\"properties\":{",
    "\"tools\":[",
    "\"functionDeclarations\":[",
    "\"toolConfig\":{",
    "\"choices\":[",
    "\"delta\":{",
    "\"tool_calls\":[",
    "\"index\":",
    "\"error\":",
    "null",
    "1e999",
    "-1",
    "18446744073709551615",
    "\"\"",
    "\\ud83d",
    "{",
    "}",
    "[",
    "]",
    ",",
];
pub const CHAT_WORDS: &[&str] = &[
    "\"messages\":[",
    "\"role\":\"system\"",
    "\"role\":\"user\"",
    "\"role\":\"assistant\"",
    "\"role\":\"tool\"",
    "\"content\":",
    "\"type\":",
    "\"text\":",
    "\"image_url\":",
    "\"url\":",
    "\"data:image/png;base64,AA\"",
    "\"https://x.test/a.png\"",
    "\"input_audio\":",
    "\"file\":",
    "\"file_data\":",
    "\"filename\":",
    "\"tool_calls\":[",
    "\"tool_call_id\":",
    "\"id\":",
    "\"function\":{",
    "\"name\":",
    "\"arguments\":",
    "\"tools\":[",
    "\"parameters\":",
    "\"strict\":true",
    "\"tool_choice\":",
    "\"allowed_tools\":",
    "\"required\"",
    "\"response_format\":",
    "\"json_schema\":",
    "\"reasoning_effort\":",
    "\"none\"",
    "\"stop\":",
    "\"max_tokens\":",
    "\"temperature\":",
    "\"logprobs\":",
    "\"n\":",
    "\"x_new\":",
    "null",
    "true",
    "false",
    "1e999",
    "-1",
    "5",
    "\"\"",
    "\\ud83d",
    "{",
    "}",
    "[",
    "]",
    ",",
];

const ANTHROPIC: Dialect = Dialect::Anthropic(Version::New);
fn unsaid() -> Unsaid {
    Unsaid { created: 7, id: "own".into(), model: "asked".into() }
}
/// What is said of an answer or a request, in bytes.
const SAID: usize = 2_000;

pub fn anthropic_stream(bytes: &[u8]) -> u64 {
    stream(ANTHROPIC, bytes)
}

pub fn google_stream(bytes: &[u8]) -> u64 {
    stream(Dialect::Google, bytes)
}

pub fn relay_stream(bytes: &[u8]) -> u64 {
    stream(Dialect::Relay, bytes)
}

pub fn anthropic_answer(bytes: &[u8]) -> u64 {
    whole(ANTHROPIC, bytes)
}

pub fn google_answer(bytes: &[u8]) -> u64 {
    whole(Dialect::Google, bytes) ^ whole(Dialect::Relay, bytes).rotate_left(1)
}

/// A stream: the same however it is cut, and all that is told of it is a completion, for every kind of caller.
fn stream(dialect: Dialect, bytes: &[u8]) -> u64 {
    let told = decoded(dialect, bytes, &[]);
    let shown = format!("{told:?}");
    let each: Vec<usize> = (0..bytes.len()).collect();
    for cuts in [cuts(bytes), each] {
        assert_eq!(shown, format!("{:?}", decoded(dialect, bytes, &cuts)), "cut at {cuts:?}");
    }
    let (mut all, mut text) = (Accumulator::default(), Text::default());
    let mut chunks = Vec::new();
    let mut seen = Vec::new();
    for event in told {
        seen.push(std::mem::discriminant(&event));
        match event {
            Decoded::Chunks(list) => chunks.extend(list),
            Decoded::Void(why) => assert!(why.len() <= SAID),
            Decoded::Done | Decoded::Error(_) | Decoded::Nothing | Decoded::Undecodable => {}
        }
    }
    for chunk in &chunks {
        let list = chunk["choices"].as_array().expect("a chunk has choices");
        if dialect != Dialect::Relay {
            assert!(list.iter().all(|c| c["index"].is_u64() && c["delta"].is_object()), "{chunk}");
            assert!(!list.is_empty() || chunk::usage(chunk).is_some(), "{chunk}");
        }
        let _ = (chunk::has_content(chunk), chunk::gave_up(chunk));
        text.add(chunk);
        all.add(chunk.clone());
    }
    if !text.odd {
        assert_eq!(all.text(), text.text);
    }
    // Ids and names of models are repeated, but for a length.
    let size: usize = chunks.iter().map(|chunk| chunk.to_string().len()).sum();
    assert!(size <= 2_048 + 128 * bytes.len(), "{size} bytes of {}", bytes.len());
    encoded(&chunks);
    let (finished, choices) = (all.finished(), all.choices());
    let completion = all.completion();
    written_back(&completion);
    if finished {
        assert!(answer::read(&completion.to_string()).is_ok() || dialect == Dialect::Relay, "{completion}");
    }
    seen.truncate(8);
    print((seen, finished, choices.min(3), outline(&completion)))
}

fn decoded(dialect: Dialect, bytes: &[u8], cuts: &[usize]) -> Vec<Decoded> {
    let mut framer = Framer::new(1 << 20);
    let mut decoder = dialect.decoder(unsaid).expect("is not OpenAI's own");
    let mut told = Vec::new();
    for piece in pieces(bytes, cuts) {
        framer.push(piece);
        while let Ok(Some(event)) = framer.next_event() {
            told.push(decoder.event(event.name.as_deref(), &event.data));
        }
    }
    told.extend(framer.finish().map(|event| decoder.event(event.name.as_deref(), &event.data)));
    told
}

/// What callers of other dialects are told is a stream that their own clients can read.
fn encoded(chunks: &[Value]) {
    let mut out = String::new();
    let mut encoder = anthropic::write_answer::Encoder::new("m");
    chunks.iter().for_each(|chunk| encoder.chunk(chunk, &mut out));
    encoder.end(&mut out);
    readable(ANTHROPIC, &out);
    assert!(matches!(decoded(ANTHROPIC, out.as_bytes(), &[]).last(), Some(Decoded::Done)));
    let mut out = String::new();
    let mut encoder = google::write_answer::Encoder::new("m");
    chunks.iter().for_each(|chunk| encoder.chunk(chunk, &mut out));
    encoder.end(&mut out);
    readable(Dialect::Google, &out);
}

fn readable(dialect: Dialect, wire: &str) {
    for event in decoded(dialect, wire.as_bytes(), &[]) {
        assert!(
            !matches!(event, Decoded::Undecodable | Decoded::Error(_) | Decoded::Void(_)),
            "{event:?} in {wire}"
        );
    }
}

fn written_back(completion: &Value) {
    let anthropic = anthropic::write_answer::write(completion, "m");
    assert!(anthropic::answer::read(&anthropic.to_string(), &unsaid()).is_ok(), "{anthropic}");
    let google = google::write_answer::write(completion, "m");
    let read = google::answer::read(&google.to_string(), &unsaid());
    assert!(read.is_ok() || completion["choices"].as_array().is_none_or(Vec::is_empty), "{google}");
}

/// A whole answer: one in OpenAI's words that passes for one, and what is said of another is bounded.
fn whole(dialect: Dialect, bytes: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    match dialect.read_answer(text, unsaid) {
        Ok(sound) => {
            let Some(body) = sound.body else { return 1 };
            let completion: Value = serde_json::from_str(&body).expect("an answer is JSON");
            let read = answer::read(&body).unwrap_or_else(|why| panic!("{why:?}: {body}"));
            assert_eq!(read.usage, sound.usage);
            assert!(body.len() <= 2_048 + 128 * bytes.len(), "{} bytes of {}", body.len(), bytes.len());
            written_back(&completion);
            print((outline(&completion), sound.usage.is_some()))
        }
        Err(NoAnswer::Malformed(why)) => {
            assert!(why.len() <= SAID, "{} bytes are said of an answer", why.len());
            print(why.chars().take(14).collect::<String>())
        }
        Err(why) => print(std::mem::discriminant(&why)),
    }
}

/// What there is in the first choice.
fn outline(completion: &Value) -> u64 {
    let choice = &completion["choices"][0];
    let message = choice["message"].as_object().into_iter().flatten();
    let members: Vec<_> =
        message.map(|(name, v)| (name, v.is_null(), v.as_array().map(|a| a.len().min(3)))).collect();
    print((members, choice["finish_reason"].as_str(), completion["usage"].is_object()))
}

pub fn openai_chat(bytes: &[u8]) -> u64 {
    chat(bytes, openai::read_chat::read)
}

pub fn anthropic_chat(bytes: &[u8]) -> u64 {
    chat(bytes, anthropic::read_chat::read)
}

pub fn google_chat(bytes: &[u8]) -> u64 {
    chat(bytes, google::read_chat::read)
}

/// A request: read and written in every dialect, or refused by the name of what cannot be said.
fn chat(bytes: &[u8], read: fn(&Value) -> Result<Chat, Untranslatable>) -> u64 {
    let Ok(request) = serde_json::from_slice::<Value>(bytes) else { return 0 };
    let chat = match read(&request) {
        Ok(chat) => chat,
        Err(why) => return refused(&why),
    };
    lost(&chat.others);
    let wire = openai::write_chat::write(&chat, "m", true);
    assert!(wire["messages"].is_array());
    let mut seen = openai::read_chat::read(&wire).map_or_else(|why| refused(&why), |_| 1);
    for version in [Version::Old, Version::New] {
        seen = seen.rotate_left(1)
            ^ match anthropic::write_chat::write(&chat, "claude-opus-4-6", true, version) {
                Ok(written) => {
                    lost(&written.dropped);
                    // What we wrote is whole, so that a caller might have written it.
                    let back = anthropic::read_chat::read(&written.body);
                    let back = back.unwrap_or_else(|why| panic!("{why:?}: {}", written.body));
                    print((back.messages.len().min(4), back.tools.len().min(3), written.dropped))
                }
                Err(why) => refused(&why),
            };
    }
    for model in ["gemini-2.5-pro", "gemini-3-flash", "m"] {
        seen = seen.rotate_left(1)
            ^ match google::write_chat::write(&chat, model) {
                Ok(written) => {
                    lost(&written.dropped);
                    if let Err(why) = google::read_chat::read(&written.body) {
                        refused(&why);
                    }
                    print(written.dropped)
                }
                Err(why) => refused(&why),
            };
    }
    seen
}

fn lost(names: &[String]) {
    assert!(names.len() <= 128 && names.iter().all(|name| name.len() <= SAID), "{names:?}");
}

fn refused(why: &Untranslatable) -> u64 {
    assert!(!why.field.is_empty() && !why.problem.is_empty(), "{why:?}");
    assert!(why.field.len() <= SAID && why.problem.len() <= SAID, "{} bytes", why.problem.len());
    let field: String = why.field.chars().filter(|c| !c.is_ascii_digit()).take(40).collect();
    print((field, why.problem.chars().take(12).collect::<String>()))
}
