//! A caller who speaks a dialect of his own: what he asks, and how he is answered.

use super::codec::Dialect;

/// The dialect of a caller.
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
}
