//! `model`, `models`: the models of an endpoint.

use serde_json::{Value, json};

use crate::config::reader::{self, Reader, expected};

/// The models of an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum ServedModels {
    Any,
    /// This id is sent for every model.
    Pinned(String),
    /// Accepted names, and the id that is sent for each.
    Listed(Vec<(String, String)>),
}

impl ServedModels {
    /// A configured model, for paid health checks.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::Pinned(model) => Some(model),
            Self::Listed(list) => list.first().map(|(_, id)| id.as_str()),
        }
    }
}

pub fn read_served(r: &mut Reader<'_>) -> Option<ServedModels> {
    let pinned = r.string("model");
    r.note("models", || {
        let map = json!({ "type": "object", "additionalProperties": reader::a_string(), "minProperties": 1 });
        json!({ "anyOf": [reader::some_strings()["anyOf"][1], map] })
    });
    let listed = match r.raw("models") {
        None => None,
        Some(value @ Value::Array(_)) => {
            let what = "a non-empty array of strings, or an object of strings";
            let path = r.path_of("models");
            let list = reader::strings_of(value, &path, what, r.problems())?;
            Some(list.into_iter().map(|m| (m.clone(), m)).collect())
        }
        Some(value) => {
            let Some(map) = reader::members(value) else {
                r.problem("models", expected("an array of strings, or an object of strings", value));
                return None;
            };
            if map.is_empty() {
                r.problem("models", "must map requested names to the vendor's model ids");
                return None;
            }
            let mut pairs = Vec::with_capacity(map.len());
            for (name, id) in map {
                match id.as_str().filter(|id| !id.trim().is_empty()) {
                    Some(id) => pairs.push((name.clone(), id.to_owned())),
                    None => {
                        let message = expected("the vendor's model id, a non-empty string", id);
                        r.problem(&format!("models.{name}"), message);
                    }
                }
            }
            if pairs.len() < map.len() {
                return None;
            }
            Some(pairs)
        }
    };
    match (pinned, listed) {
        (Some(_), Some(_)) => {
            r.problem("model", "pins one model; leave out either model or models");
            None
        }
        (Some(model), None) => Some(ServedModels::Pinned(model)),
        (None, Some(list)) => Some(ServedModels::Listed(list)),
        (None, None) => Some(ServedModels::Any),
    }
}
