//! A caller who speaks a dialect of his own: what he asks, and how he is answered.

use serde_json::Value;

use super::{
    anthropic,
    codec::Dialect,
    google,
    openai::{
        request::{ChatRequest, Invalid},
        write_chat,
    },
};

/// The dialect of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    OpenAi,
    Anthropic,
    Google,
}

impl Caller {
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "openai" => Some(Self::OpenAi),
            "anthropic" => Some(Self::Anthropic),
            "google" => Some(Self::Google),
            _ => None,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Google => "google",
        }
    }

    /// What he calls a field of OpenAI's.
    pub fn name_of(self, field: &str) -> String {
        let config = |name: &str| format!("generationConfig.{name}");
        match (self, field) {
            (Self::Google, "n") => config("candidateCount"),
            (Self::Google, "logprobs") => config("responseLogprobs"),
            (Self::Google, "response_format") => config("responseJsonSchema"),
            (Self::Google, "tool_choice") => "toolConfig.functionCallingConfig".into(),
            // Where in it, the other dialect counts otherwise.
            (Self::Google, _) if field.starts_with("messages") => "contents".into(),
            (Self::Anthropic, _) if field.starts_with("messages[") => "messages".into(),
            _ => field.to_owned(),
        }
    }

    /// Whether an endpoint takes his words as they are.
    pub fn speaks(self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::OpenAi => self == Self::OpenAi,
            Dialect::Anthropic(_) => self == Self::Anthropic,
            Dialect::Google | Dialect::Relay => self == Self::Google,
        }
    }

    /// Reads a request. Google's names the model, and whether it is streamed, in its address.
    pub fn read(self, text: &str, model: Option<&str>, stream: bool) -> Result<ChatRequest, Invalid> {
        if self == Self::OpenAi {
            return ChatRequest::parse(text, "", &[]);
        }
        let body: Value = serde_json::from_str(text).map_err(|e| {
            let why: String = e.to_string().chars().take(200).collect();
            Invalid { field: "request", problem: format!("must be a JSON object: {why}") }
        })?;
        let (chat, model, stream) = match self {
            Self::Google => (google::read_chat::read(&body), model, stream),
            _ => {
                let stream = body["stream"] == true;
                (anthropic::read_chat::read(&body), body["model"].as_str(), stream)
            }
        };
        let Some(model) = model.filter(|m| !m.trim().is_empty()) else {
            return Err(Invalid { field: "model", problem: "is missing; a model's name is required".into() });
        };
        // What only the caller's own dialect can say goes to endpoints that speak it, unread.
        let openai = chat.as_ref().map(|chat| write_chat::write(chat, model, stream).to_string());
        let canonical = openai.as_deref().unwrap_or(r#"{"messages":[{}]}"#);
        Ok(ChatRequest::parse(canonical, "", &[])?.of_caller(self, text, model, stream, chat))
    }

    /// A whole answer in his words. `model` is what he asked for.
    pub fn write_answer(self, completion: &Value, model: &str) -> String {
        match self {
            Self::OpenAi => completion.to_string(),
            Self::Anthropic => anthropic::write_answer::write(completion, model).to_string(),
            Self::Google => google::write_answer::write(completion, model).to_string(),
        }
    }

    /// Writes a stream in his words.
    pub fn encoder(self, model: &str) -> Encoder {
        match self {
            Self::OpenAi => Encoder::OpenAi,
            Self::Anthropic => Encoder::Anthropic(anthropic::write_answer::Encoder::new(model)),
            Self::Google => Encoder::Google(google::write_answer::Encoder::new(model)),
        }
    }
}

/// Writes OpenAI's chunks as server-sent events of another dialect.
pub enum Encoder {
    OpenAi,
    Anthropic(anthropic::write_answer::Encoder),
    Google(google::write_answer::Encoder),
}

impl Encoder {
    pub fn chunk(&mut self, chunk: &Value, out: &mut String) {
        match self {
            Self::OpenAi => {
                out.push_str("data: ");
                out.push_str(&chunk.to_string());
                out.push_str("\n\n");
            }
            Self::Anthropic(encoder) => encoder.chunk(chunk, out),
            Self::Google(encoder) => encoder.chunk(chunk, out),
        }
    }

    /// What comes after the last chunk of a sound stream.
    pub fn end(&mut self, out: &mut String) {
        match self {
            Self::OpenAi => out.push_str("data: [DONE]\n\n"),
            Self::Anthropic(encoder) => encoder.end(out),
            Self::Google(encoder) => encoder.end(out),
        }
    }
}
