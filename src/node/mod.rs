//! The binding: converts and forwards, nothing else. The only place that knows napi.

mod carrier;
mod client;
mod config;
mod forwarder;
mod functions;
mod gate;
mod hub;
mod item;
mod ledger;
mod metrics;
mod queue;
mod queue_file;
mod reply;
mod shared;
mod twin;
mod ways;
mod wire;
mod work;
