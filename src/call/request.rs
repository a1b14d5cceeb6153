//! The request of a call: a chat completion, or another operation that is passed through.

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
    Passthrough(PassthroughRequest),
}

impl From<ChatRequest> for CallRequest {
    fn from(request: ChatRequest) -> Self {
        Self::Chat(request)
    }
}

impl From<PassthroughRequest> for CallRequest {
    fn from(request: PassthroughRequest) -> Self {
        Self::Passthrough(request)
    }
}

impl CallRequest {
    pub fn chat(&self) -> Option<&ChatRequest> {
        match self {
            Self::Chat(request) => Some(request),
            Self::Passthrough(_) => None,
        }
    }

    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Chat(request) => request.model.as_deref(),
            Self::Passthrough(request) => request.model(),
        }
    }

    /// The end user, from the vendor's field for it.
    pub fn user(&self) -> Option<&str> {
        self.chat()?.user.as_deref()
    }

    /// Whether it is a chat that is not streamed.
    pub fn is_whole_chat(&self) -> bool {
        self.chat().is_some_and(|chat| !chat.stream)
    }

    /// Whether it is a streamed chat.
    pub fn is_streamed_chat(&self) -> bool {
        self.chat().is_some_and(|chat| chat.stream)
    }

    /// Whether the response is to be streamed.
    pub fn stream(&self) -> bool {
        match self {
            Self::Chat(request) => request.stream,
            Self::Passthrough(request) => request.stream,
        }
    }

    /// Why the dialect cannot express the request.
    pub fn unsupported(&self, dialect: Dialect, model: &str) -> Option<Untranslatable> {
        self.chat()?.unsupported(dialect, model)
    }

    /// The estimated input tokens.
    pub fn input_tokens(&self) -> u64 {
        match self {
            Self::Chat(request) => request.input_tokens(),
            Self::Passthrough(request) => request.input_tokens(),
        }
    }

    /// The caller's prompt cache key. Requests with the same key share a prefix that vendors cache.
    pub fn cache_key(&self) -> Option<&str> {
        self.chat()?.cache_key.as_deref()
    }

    pub fn max_output(&self) -> Option<u64> {
        self.chat()?.max_output
    }

    /// The tokens that the rate limiter reserves.
    pub fn estimated_demand(&self) -> Demand {
        let choices = self.chat().map_or(1, |request| request.choices.max(1)) as u64;
        let max_output = self.max_output().map(|n| n.saturating_mul(choices));
        Demand { input: self.input_tokens(), max_output }
    }
}
