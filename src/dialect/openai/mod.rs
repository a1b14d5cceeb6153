//! OpenAI's chat completions, as OpenAI, DeepSeek and relays speak them.

pub mod accumulate;
pub mod answer;
pub mod chunk;
pub mod gather;
pub mod parcel;
pub mod read_chat;
pub mod request;
pub mod residue;
mod splice;
pub mod write_chat;
