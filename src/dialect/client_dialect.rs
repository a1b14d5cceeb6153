//! The dialect of the client that made the request.

use super::codec::Dialect;

/// The dialect of the client that made the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientDialect {
    OpenAi,
    Anthropic,
    Google,
}

impl ClientDialect {
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

    /// The client's name of one of OpenAI's fields.
    pub fn name_of(self, field: &str) -> String {
        let config = |name: &str| format!("generationConfig.{name}");
        match (self, field) {
            (Self::Google, "n") => config("candidateCount"),
            (Self::Google, "logprobs") => config("responseLogprobs"),
            (Self::Google, "response_format") => config("responseJsonSchema"),
            (Self::Google, "tool_choice") => "toolConfig.functionCallingConfig".into(),
            // The index is left out: dialects number messages differently.
            (Self::Google, _) if field.starts_with("messages") => "contents".into(),
            (Self::Anthropic, _) if field.starts_with("messages[") => "messages".into(),
            _ => field.to_owned(),
        }
    }

    /// Whether an endpoint accepts the client's requests unchanged.
    pub fn speaks(self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::OpenAi => self == Self::OpenAi,
            Dialect::Anthropic(_) => self == Self::Anthropic,
            Dialect::Google | Dialect::Relay => self == Self::Google,
        }
    }
}
