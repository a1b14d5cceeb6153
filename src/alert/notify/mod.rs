//! Delivers alerts to receivers: formats, queues, requests.

mod delivery_stats;
mod discord;
mod function;
pub mod notifier;
mod pagerduty;
mod post;
mod queue;
mod receiver;
mod receiver_state;
mod slack;
mod text;
mod webhook;
mod worker;

pub use self::{
    delivery_stats::DeliveryStats,
    function::AlertFunction,
    receiver::{HttpMessage, Receiver, Secret},
    webhook::key_in,
};
use super::dispatcher::DispatchPolicy;

/// Which receivers get alerts, and which alerts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NotifyConfig {
    pub policy: DispatchPolicy,
    pub receivers: Vec<Receiver>,
}
