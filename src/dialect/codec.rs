//! Encodes requests for each dialect and decodes its answers. Everything else uses OpenAI's form.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;

use super::{
    anthropic::{self, write_chat::Version},
    chat::{Chat, ChatMessage, TranslatedRequest, Untranslatable},
    chunks::{DecodedEvent, ResponseDefaults},
    google,
    openai::{
        self,
        answer::InvalidAnswer,
        chunk::{self, EventData},
        read_chat,
    },
    usage::Usage,
};

/// A vendor's wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Anthropic(Version),
    Google,
    /// Google's bodies at a relay's own path.
    Relay,
}

/// A request in another dialect than OpenAI's.
#[derive(Debug)]
pub struct RenderedRequest {
    pub body: Bytes,
    /// The caller's fields that it lacks.
    pub dropped: Vec<String>,
}

/// The translations of one request, each written once.
#[derive(Debug, Default)]
pub struct Translations {
    chat: OnceLock<Result<Chat, Untranslatable>>,
    written: Mutex<Vec<Translation>>,
}

/// A translation for one dialect and model.
#[derive(Debug)]
struct Translation {
    dialect: Dialect,
    model: String,
    rendered: Result<Arc<RenderedRequest>, Untranslatable>,
}

/// A decoded whole answer.
pub struct DecodedResponse {
    /// Its text in OpenAI's form; `None` if the vendor's own is that.
    pub body: Option<String>,
    pub usage: Option<Usage>,
}

impl Dialect {
    /// The path of requests, below the base URL.
    pub fn path(self, model: &str, stream: bool) -> String {
        match self {
            Self::OpenAi => "/chat/completions".into(),
            Self::Anthropic(_) => "/messages".into(),
            Self::Google if stream => format!("/{}:streamGenerateContent?alt=sse", at_google(model)),
            Self::Google => format!("/{}:generateContent", at_google(model)),
            Self::Relay if stream => format!("/models/{}/generate?alt=sse", in_path(model)),
            Self::Relay => format!("/models/{}/generate", in_path(model)),
        }
    }

    /// Decodes a whole answer.
    pub fn read_answer(
        self,
        text: &str,
        defaults: impl FnOnce() -> ResponseDefaults,
    ) -> Result<DecodedResponse, InvalidAnswer> {
        let translated = |(body, usage): (Value, _)| DecodedResponse { body: Some(body.to_string()), usage };
        let openai =
            || openai::answer::read(text).map(|answer| DecodedResponse { body: None, usage: answer.usage });
        match self {
            Self::OpenAi => openai(),
            Self::Anthropic(_) => anthropic::answer::read(text, &defaults()).map(translated),
            Self::Google => google::answer::read(text, &defaults()).map(translated),
            // Some relays answer in OpenAI's form, whatever the request's.
            Self::Relay => openai().or_else(|_| google::answer::read(text, &defaults()).map(translated)),
        }
    }

    /// The decoder of a stream; `None` for OpenAI's own.
    pub fn decoder(self, defaults: impl FnOnce() -> ResponseDefaults) -> Option<StreamDecoder> {
        match self {
            Self::OpenAi => None,
            Self::Anthropic(_) => {
                Some(StreamDecoder::Anthropic(anthropic::stream::AnthropicStreamDecoder::new(defaults())))
            }
            Self::Google => Some(StreamDecoder::Google(google::stream::GoogleStreamDecoder::new(defaults()))),
            Self::Relay => Some(StreamDecoder::Relay(google::stream::GoogleStreamDecoder::new(defaults()))),
        }
    }

    fn write(self, chat: &Chat, model: &str, stream: bool) -> Result<TranslatedRequest, Untranslatable> {
        match self {
            Self::OpenAi => Ok(TranslatedRequest {
                body: openai::write_chat::write(chat, model, stream),
                dropped: Vec::new(),
            }),
            Self::Anthropic(version) => anthropic::write_chat::write(chat, model, stream, version),
            Self::Google | Self::Relay => google::write_chat::write(chat, model),
        }
    }
}

/// Google's path of a model: tuned models have a path of their own.
fn at_google(model: &str) -> String {
    let place = if model.starts_with("tunedModels/") { "" } else { "models/" };
    format!("{place}{}", in_path(model))
}

/// A model's name as part of a path.
pub fn in_path(model: &str) -> String {
    let mut out = String::with_capacity(model.len());
    let model = model.strip_prefix("models/").unwrap_or(model);
    // A name must not lead out of its folder.
    let climbs = model.split('/').any(|segment| matches!(segment, "." | ".."));
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) || byte == b'/' && !climbs {
            out.push(byte.into());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Decodes a stream of another dialect.
pub enum StreamDecoder {
    Anthropic(anthropic::stream::AnthropicStreamDecoder),
    Google(google::stream::GoogleStreamDecoder),
    /// Some relays answer in OpenAI's form, whatever the request's.
    Relay(google::stream::GoogleStreamDecoder),
}

impl StreamDecoder {
    pub fn event(&mut self, name: Option<&str>, data: &str) -> DecodedEvent {
        match self {
            Self::Anthropic(decoder) => decoder.event(name, data),
            Self::Google(decoder) => decoder.event(name, data),
            Self::Relay(decoder) => match chunk::read(name, data) {
                EventData::Done => DecodedEvent::Done,
                EventData::Chunk(chunk) if chunk["choices"].is_array() => DecodedEvent::Chunks(vec![chunk]),
                _ => decoder.event(name, data),
            },
        }
    }
}

impl Translations {
    /// The translations of a request that has been parsed, or not.
    pub fn of(understood: Result<Chat, Untranslatable>) -> Self {
        Self { chat: OnceLock::from(understood), written: Mutex::default() }
    }

    /// Why no other dialect can express the request.
    pub fn refused(&self, text: &[u8]) -> Option<Untranslatable> {
        self.chat(text).err()
    }

    /// The request in another dialect. `text` is the request in OpenAI's.
    pub fn written(
        &self,
        text: &[u8],
        dialect: Dialect,
        model: &str,
        stream: bool,
    ) -> Result<Arc<RenderedRequest>, Untranslatable> {
        let mut all = self.written.lock();
        if let Some(there) = all.iter().find(|t| t.dialect == dialect && t.model == model) {
            return there.rendered.clone();
        }
        let rendered = self.chat(text).and_then(|chat| {
            let TranslatedRequest { body, dropped } = dialect.write(chat, model, stream)?;
            Ok(Arc::new(RenderedRequest { body: body.to_string().into(), dropped }))
        });
        all.push(Translation { dialect, model: model.to_owned(), rendered: rendered.clone() });
        rendered
    }

    /// The request for an endpoint that continues `partial`.
    pub fn continued(
        &self,
        text: &[u8],
        dialect: Dialect,
        model: &str,
        stream: bool,
        partial: &str,
    ) -> Result<Bytes, Untranslatable> {
        let mut chat = self.chat(text)?.clone();
        chat.messages.push(ChatMessage::Assistant { texts: vec![partial.to_owned()], calls: Vec::new() });
        Ok(dialect.write(&chat, model, stream)?.body.to_string().into())
    }

    fn chat(&self, text: &[u8]) -> Result<&Chat, Untranslatable> {
        let read = || {
            let value = serde_json::from_slice::<Value>(text).map_err(|_| {
                Untranslatable::new("request", "contains what only OpenAI's dialect can express")
            })?;
            read_chat::read(&value)
        };
        self.chat.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let anthropic = Dialect::Anthropic(Version::New);
        for (dialect, model, stream, path) in [
            (Dialect::OpenAi, "gpt-4o", true, "/chat/completions"),
            (anthropic, "claude", true, "/messages"),
            (Dialect::Google, "gemini-2.5-pro", false, "/models/gemini-2.5-pro:generateContent"),
            (Dialect::Google, "models/g", true, "/models/g:streamGenerateContent?alt=sse"),
            (Dialect::Google, "tunedModels/a b?", false, "/tunedModels/a%20b%3F:generateContent"),
            (Dialect::Google, "../files/x", false, "/models/..%2Ffiles%2Fx:generateContent"),
            (Dialect::Relay, "a/b", false, "/models/a/b/generate"),
        ] {
            assert_eq!(dialect.path(model, stream), path);
        }
    }

    #[test]
    fn a_request_is_written_once_for_each_model() {
        let text = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"seed":1}"#;
        let translations = Translations::default();
        let written =
            |dialect, model| translations.written(text, dialect, model, false).expect("can be said");
        let first = written(Dialect::Anthropic(Version::New), "a");
        assert_eq!(first.dropped, ["seed"]);
        assert!(Arc::ptr_eq(&first, &written(Dialect::Anthropic(Version::New), "a")));
        assert!(!Arc::ptr_eq(&first, &written(Dialect::Anthropic(Version::New), "b")));
        assert!(written(Dialect::Google, "a").dropped.is_empty());
        let refused = Translations::default().written(
            br#"{"n":3,"messages":[]}"#,
            Dialect::Anthropic(Version::New),
            "a",
            false,
        );
        assert_eq!(refused.expect_err("cannot be said").field, "n");
    }

    #[test]
    fn relays_stream_in_either_form() {
        let google = r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]}"#;
        let openai = r#"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}"#;
        for event in [google, openai] {
            let mut decoder =
                Dialect::Relay.decoder(ResponseDefaults::default).expect("is no stream of OpenAI's own");
            let mut whole = openai::accumulate::Accumulator::default();
            let DecodedEvent::Chunks(chunks) = decoder.event(None, event) else { panic!("{event}") };
            chunks.into_iter().for_each(|chunk| whole.add(chunk));
            assert!(whole.finished() && whole.text() == "hi", "{event}");
            assert!(matches!(decoder.event(None, "[DONE]"), DecodedEvent::Done));
        }
        let error = r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#;
        let mut decoder =
            Dialect::Relay.decoder(ResponseDefaults::default).expect("is no stream of OpenAI's own");
        assert!(matches!(decoder.event(None, error), DecodedEvent::Error(_)));
    }

    #[test]
    fn relays_answer_in_either_form() {
        let google = r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]}"#;
        let openai = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
        assert!(
            Dialect::Relay
                .read_answer(google, ResponseDefaults::default)
                .is_ok_and(|sound| sound.body.is_some())
        );
        assert!(
            Dialect::Relay
                .read_answer(openai, ResponseDefaults::default)
                .is_ok_and(|sound| sound.body.is_none())
        );
        assert!(Dialect::Google.read_answer(openai, ResponseDefaults::default).is_err());
    }
}
