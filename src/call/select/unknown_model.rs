//! The error of a call for a model that no endpoint serves. It lists the models that could be requested.

use std::collections::HashSet;

use crate::{
    call::error::CallError,
    config::{
        endpoint::ServedModels,
        reader::{nearest, shorten},
    },
    engine::Engine,
};

/// How many models an error lists.
const LISTED: usize = 20;

pub fn unknown_model(engine: &Engine, model: &str) -> CallError {
    let mut known: Vec<&str> = engine.config.aliases.names().collect();
    for endpoint in &engine.endpoints {
        if let ServedModels::Listed(list) = &endpoint.config.models {
            known.extend(list.iter().map(|(name, _)| name.as_str()));
        }
    }
    let mut listed = HashSet::new();
    // An alias may have the requested name, but no endpoint for its targets.
    known.retain(|name| *name != model && listed.insert(*name));
    let meant = nearest(model, known.iter().copied()).map(|n| format!("; did you mean '{n}'?"));
    let more = known.len().saturating_sub(LISTED);
    known.truncate(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    CallError::unknown_model(format!(
        "model: no endpoint serves '{}'{}; supported are {}{more}",
        shorten(model),
        meant.unwrap_or_default(),
        known.join(", ")
    ))
}
