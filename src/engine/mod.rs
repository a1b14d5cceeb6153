//! One call from start to end: which candidates, which attempt, what next, and what is reported.

pub mod admission;
pub mod alarm;
mod announce;
pub mod attempt;
pub mod books;
pub mod call;
pub mod canary;
pub mod client;
pub mod credential;
pub mod error;
pub mod fit;
pub mod forward;
pub mod head;
pub mod ledger_file;
pub mod metrics;
pub mod options;
pub mod passthrough;
pub mod pick;
pub mod plan;
pub mod question;
pub mod ready;
pub mod report;
pub mod room;
pub mod runtime;
pub mod said;
pub mod state;
pub mod status;
pub mod status_page;
pub mod stream;
mod succession;
pub mod trail;
pub mod voice;
pub mod witness;

pub use client::Engine;
