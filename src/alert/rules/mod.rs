//! Rules over attempts, budgets and the queue. Each fires once when its threshold is passed, and resolves
//! once clearly below it: a value at the threshold does not flap. Times are arguments.

mod config;
mod endpoint_window;
mod evaluate;
mod firing;
mod rule_set;
mod window;

pub use self::{
    config::{
        BacklogRule, ErrorRateRule, ExceededRule, FailoverRule, LatencyRule, LatencyStatistic,
        RateLimitedRule, RulesConfig,
    },
    firing::RuleKind,
    rule_set::{AttemptLatency, QueueBacklog, RuleSet},
};
