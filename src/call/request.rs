//! What a call asks: a chat completion, or something else that vendors offer.

use super::passthrough::request::PassthroughRequest;
use crate::{
    dialect::{chat::Untranslatable, codec::Dialect, openai::request::ChatRequest},
    policy::limiter::Demand,
};

#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are chats, which should not cost an allocation more"
)]
pub enum CallRequest {
    Chat(ChatRequest),
    Other(PassthroughRequest),
}

impl From<ChatRequest> for CallRequest {
    fn from(request: ChatRequest) -> Self {
        Self::Chat(request)
    }
}

impl From<PassthroughRequest> for CallRequest {
    fn from(request: PassthroughRequest) -> Self {
        Self::Other(request)
    }
}

impl CallRequest {
    pub fn chat(&self) -> Option<&ChatRequest> {
        match self {
            Self::Chat(request) => Some(request),
            Self::Other(_) => None,
        }
    }

    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Chat(request) => request.model.as_deref(),
            Self::Other(request) => request.model(),
        }
    }

    /// On whose behalf it is, in the vendor's field for that.
    pub fn user(&self) -> Option<&str> {
        self.chat()?.user.as_deref()
    }

    /// Whether it is a chat whose answer is taken as a whole.
    pub fn is_whole_chat(&self) -> bool {
        self.chat().is_some_and(|chat| !chat.stream)
    }

    /// Whether it is a chat whose answer is taken as it comes.
    pub fn is_streamed_chat(&self) -> bool {
        self.chat().is_some_and(|chat| chat.stream)
    }

    /// Whether the answer is to come as events.
    pub fn stream(&self) -> bool {
        match self {
            Self::Chat(request) => request.stream,
            Self::Other(request) => request.stream,
        }
    }

    /// Why an endpoint of this dialect cannot be asked.
    pub fn unspeakable(&self, dialect: Dialect, model: &str) -> Option<Untranslatable> {
        self.chat()?.unsupported(dialect, model)
    }

    /// About how many tokens it has.
    pub fn input_tokens(&self) -> u64 {
        match self {
            Self::Chat(request) => request.input_tokens(),
            Self::Other(request) => request.input_tokens(),
        }
    }

    /// What the caller says of requests that begin alike: vendors keep such beginnings.
    pub fn cache_key(&self) -> Option<&str> {
        self.chat()?.cache_key.as_deref()
    }

    pub fn max_output(&self) -> Option<u64> {
        self.chat()?.max_output
    }

    /// What it is thought to need.
    pub fn demand(&self) -> Demand {
        let choices = self.chat().map_or(1, |request| request.choices.max(1)) as u64;
        let max_output = self.max_output().map(|n| n.saturating_mul(choices));
        Demand { input: self.input_tokens(), max_output }
    }
}
