//! Pure decisions: no I/O, no clock, no randomness of their own.
//! Time is an argument (`Instant`), randomness a number in `0.0..1.0`.

pub mod aimd;
pub mod backoff;
pub mod breaker;
pub mod bucket;
pub mod canary;
pub mod classify;
pub mod cooldown;
pub mod decide;
pub mod ewma;
pub mod fault;
pub mod hedge_budget;
pub mod limiter;
pub mod retry_budget;
pub mod rolling_histogram;
pub mod rolling_outcomes;
pub mod select;
