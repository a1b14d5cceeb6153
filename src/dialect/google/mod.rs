//! Google's Gemini: `generateContent` and `streamGenerateContent`.

pub mod answer;
pub mod read_chat;
mod schema;
pub mod stream;
pub mod write_answer;
pub mod write_chat;
