//! What is remembered between calls, by scope: origin, credential, endpoint × model, and target.

pub mod admission;
mod admit;
mod block_reason;
mod credential;
mod endpoint;
mod gate;
mod operation;
mod origin;
pub mod request_head;
mod stats;
mod target;
mod target_table;
pub mod wait_queue;

pub use self::{
    block_reason::{AdmissionMode, BlockReason, Blockage},
    credential::Credential,
    endpoint::Endpoint,
    gate::{Gate, StateChange},
    operation::Operation,
    origin::Origin,
    stats::{LastError, Stats},
    target::Target,
    target_table::TargetTable,
};
