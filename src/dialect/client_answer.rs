//! Writes answers in the client's dialect, whole or as server-sent events.

use serde_json::Value;

use super::{anthropic, client_dialect::ClientDialect, google};

impl ClientDialect {
    /// A whole answer in the client's dialect. `model` is the requested model.
    pub fn write_answer(self, completion: &Value, model: &str) -> String {
        match self {
            Self::OpenAi => completion.to_string(),
            Self::Anthropic => anthropic::write_answer::write(completion, model).to_string(),
            Self::Google => google::write_answer::write(completion, model).to_string(),
        }
    }

    /// The encoder of a stream in the client's dialect.
    pub fn encoder(self, model: &str) -> ClientEncoder {
        match self {
            Self::OpenAi => ClientEncoder::OpenAi,
            Self::Anthropic => {
                ClientEncoder::Anthropic(anthropic::write_answer::AnthropicEncoder::new(model))
            }
            Self::Google => ClientEncoder::Google(google::write_answer::GoogleEncoder::new(model)),
        }
    }
}

/// Writes OpenAI's chunks as server-sent events of the client's dialect.
pub enum ClientEncoder {
    OpenAi,
    Anthropic(anthropic::write_answer::AnthropicEncoder),
    Google(google::write_answer::GoogleEncoder),
}

impl ClientEncoder {
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

    /// What follows the last chunk of a complete stream.
    pub fn end(&mut self, out: &mut String) {
        match self {
            Self::OpenAi => out.push_str("data: [DONE]\n\n"),
            Self::Anthropic(encoder) => encoder.end(out),
            Self::Google(encoder) => encoder.end(out),
        }
    }
}
