//! What is remembered between calls, by scope: origin, credential, and endpoint × model.

mod endpoint;
mod gate;
mod leave;
mod obstacle;
mod origin;
mod stats;
mod target;
mod targets;

pub use self::{
    endpoint::{Around, Endpoint},
    gate::{Change, Gate},
    obstacle::{Blocked, Entry, Obstacle},
    origin::Origin,
    stats::{LastError, Stats},
    target::Target,
};
