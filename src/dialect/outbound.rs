//! Writes answers in the client's dialect, whole or as server-sent events.

use serde_json::Value;

use super::{anthropic, client_dialect::Caller, google};

impl Caller {
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
