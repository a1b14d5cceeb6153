//! Google's Gemini: `generateContent` and `streamGenerateContent`.

pub mod answer;
pub mod read_chat;
pub mod stream;
pub mod write_answer;
pub mod write_chat;
