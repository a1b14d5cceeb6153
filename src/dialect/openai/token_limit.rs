//! The name of the output limit at an endpoint: `max_tokens` or `max_completion_tokens`.

/// An endpoint's name for the output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLimitField {
    /// As the caller wrote it, unless the model requires the new name.
    ByModel,
    /// `max_tokens`, always.
    MaxTokens,
}

impl TokenLimitField {
    /// The name to send, or `None` for the caller's own.
    pub fn name(self, model: &str) -> Option<&'static str> {
        match self {
            Self::MaxTokens => Some("max_tokens"),
            Self::ByModel => demands_max_completion_tokens(model).then_some("max_completion_tokens"),
        }
    }
}

/// OpenAI's reasoning models refuse `max_tokens`: the o-series, and GPT-5 and later.
fn demands_max_completion_tokens(model: &str) -> bool {
    let id = model.rsplit('/').next().unwrap_or(model);
    let number = |rest: &str| -> u32 {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().unwrap_or(0)
    };
    if let Some(rest) = id.strip_prefix("gpt-") {
        return number(rest) >= 5;
    }
    id.strip_prefix('o').is_some_and(|rest| number(rest) >= 1)
}
