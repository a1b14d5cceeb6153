//! Runs the targets on stable Rust: every seed as it is, then inputs made of them, the same ones
//! each time. `npm run fuzz` runs them for longer, each time with others.

mod driver;
mod mutate;
mod targets;

use std::time::Duration;

use driver::Effort;

/// What a test may take, and what is enough: the count ends it on any but a slow machine.
const SHORT: Effort = Effort { most: 20_000, time: Duration::from_secs(1), seed: 1 };

macro_rules! tests {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            driver::run(stringify!($name), &effort());
        }
    )*

        #[test]
        fn every_target_is_run() {
            assert_eq!(targets::TARGETS.each_ref().map(|t| t.name), [$(stringify!($name)),*]);
        }
    };
}

tests! {
    anthropic_answer
    anthropic_chat
    anthropic_stream
    config
    document
    duration
    error_body
    google_answer
    google_chat
    google_stream
    http1_body
    http1_head
    openai_answer
    openai_chat
    openai_request
    openai_stream
    rate_limit
    relay_stream
    retry_after
    sse
}

/// As `npm run fuzz` asks for it.
fn effort() -> Effort {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse().ok());
    match number("FUZZ_SECONDS") {
        Some(seconds) => Effort {
            most: u64::MAX,
            time: Duration::from_secs(seconds),
            seed: number("FUZZ_SEED").unwrap_or(SHORT.seed),
        },
        None => SHORT,
    }
}
