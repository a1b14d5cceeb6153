//! Anthropic's Messages.

pub mod answer;
pub mod stream;
pub mod write_chat;
