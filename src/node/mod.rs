//! The binding: converts and forwards, nothing else. The only place that knows napi.

mod calls;
mod carrier;
mod client;
mod config;
mod events;
mod forwarder;
mod functions;
mod gate;
mod health;
mod hub;
mod item;
mod ledger;
mod metrics;
mod queue;
mod queue_file;
mod reload;
mod reply;
mod shared;
mod twin;
mod views;
mod ways;
mod wire;
mod work;
