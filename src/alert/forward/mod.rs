//! How alerts reach people elsewhere: what is held back and for how long, and the words of each service. Without I/O.

mod desk;
mod discord;
mod pagerduty;
mod receiver;
mod silence;
mod slack;
mod text;
mod webhook;

pub use self::{
    desk::{Desk, Policy},
    receiver::{Letter, Receiver, Secret},
    silence::{Silence, When},
    webhook::key_in,
};

/// To whom, and what of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForwardConfig {
    pub policy: Policy,
    pub receivers: Vec<Receiver>,
}
