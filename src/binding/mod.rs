//! The binding: converts and forwards. The only part that uses napi.

mod callbacks;
mod calls;
mod client;
mod client_request;
mod config;
mod drill_client;
mod engine_handle;
mod events;
mod forwarder;
mod health;
mod hub;
mod item;
mod ledger;
mod metrics;
mod proxy_routes;
mod queue;
mod queue_file;
mod reload;
mod reply;
pub mod runtime;
mod status;
mod stream_window;
mod submissions;
mod transport;
