//! The fuzz targets: each reads arbitrary bytes as the engine would, and asserts what
//! comes out against what must always be so. Driven by tests/fuzz/ on stable Rust and by libFuzzer on nightly.

mod config;
mod dialects;
mod document;
mod duration;
mod error_body;
mod http1;
mod openai;
mod rate_limit;
mod retry_after;
mod sse;

use std::{
    fmt::Write,
    hash::{DefaultHasher, Hasher},
};

/// One thing to try.
pub struct Target {
    /// Also the name of its folder in tests/fuzz/seeds.
    pub name: &'static str,
    pub run: Run,
    /// What its inputs are made of.
    pub words: &'static [&'static str],
}

/// Panics when something is not as it must be. Returns roughly what came of it, so that a driver without coverage
/// can tell the inputs that lead somewhere new.
pub type Run = fn(&[u8]) -> u64;

const fn target(name: &'static str, run: Run, words: &'static [&'static str]) -> Target {
    Target { name, run, words }
}

/// One a line; another dialect is another few.
pub static TARGETS: [Target; 20] = [
    target("anthropic_answer", dialects::anthropic_answer, dialects::ANTHROPIC_WORDS),
    target("anthropic_chat", dialects::anthropic_chat, dialects::ANTHROPIC_WORDS),
    target("anthropic_stream", dialects::anthropic_stream, dialects::ANTHROPIC_WORDS),
    target("config", config::run, config::WORDS),
    target("document", document::run, document::WORDS),
    target("duration", duration::run, duration::WORDS),
    target("error_body", error_body::run, error_body::WORDS),
    target("google_answer", dialects::google_answer, dialects::GOOGLE_WORDS),
    target("google_chat", dialects::google_chat, dialects::GOOGLE_WORDS),
    target("google_stream", dialects::google_stream, dialects::GOOGLE_WORDS),
    target("http1_body", http1::body, http1::BODY_WORDS),
    target("http1_head", http1::head, http1::HEAD_WORDS),
    target("openai_answer", openai::answer, openai::WORDS),
    target("openai_chat", dialects::openai_chat, dialects::CHAT_WORDS),
    target("openai_request", openai::request, openai::REQUEST_WORDS),
    target("openai_stream", openai::stream, openai::WORDS),
    target("rate_limit", rate_limit::run, rate_limit::WORDS),
    target("relay_stream", dialects::relay_stream, dialects::GOOGLE_WORDS),
    target("retry_after", retry_after::run, retry_after::WORDS),
    target("sse", sse::run, sse::WORDS),
];

pub fn target_named(name: &str) -> &'static Target {
    TARGETS.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("there is no target '{name}'"))
}

/// A number for what something looks like when it is printed.
fn print(what: impl std::fmt::Debug) -> u64 {
    struct Sink(DefaultHasher);
    impl Write for Sink {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hasher = Sink(DefaultHasher::new());
    let _ = write!(hasher, "{what:?}");
    hasher.0.finish()
}

/// Places to cut `bytes` at, the same ones for the same bytes: about one in eight.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    let mut state = print(bytes) | 1;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..bytes.len()).filter(|_| draw() % 8 == 0).collect()
}

/// `bytes` cut at these places.
fn pieces<'a>(bytes: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(from, to)| &bytes[from..to])
}
