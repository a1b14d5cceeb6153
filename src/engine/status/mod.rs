//! Read models of a client: endpoint states, summaries, the metrics snapshot, the health report.

mod counts;
mod endpoints;
mod health;
mod health_report;
mod limits;
mod models;
mod snapshot;

use super::Engine;
use std::sync::Arc;

pub use self::{
    endpoints::endpoints,
    health::{Health, HealthStatus, endpoint_health},
    health_report::health_report,
    limits::{RemainingLimit, levels},
    models::{optimal_model, summary},
    snapshot::snapshot,
};
use crate::state::{Endpoint, Target};

/// The targets of an endpoint by model; those of one model differ in their keys.
fn models(engine: &Engine, endpoint: &Endpoint) -> Vec<Vec<Arc<Target>>> {
    let mut models: Vec<Vec<Arc<Target>>> = Vec::new();
    for target in engine.targets.chat(endpoint) {
        match models.iter_mut().find(|keys| keys[0].model == target.model) {
            Some(keys) => keys.push(target),
            None => models.push(vec![target]),
        }
    }
    models
}
