//! Which candidate the next attempt goes to.

pub mod canary;
pub mod candidates;
pub mod constraints;
pub mod readiness;
pub mod selector;
mod unknown_model;
