//! Reads options and configuration documents, and returns their problems as JSON.

use napi_derive::napi;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{
    ClientConfig, Problem,
    document::{self, DocumentSource, LocatedProblem, Variables, summary::summary},
    environment::Environment,
    fingerprint::ConfigFingerprint,
    key,
    reader::nearest,
    schema,
};

/// A configuration and its fingerprint.
pub struct LoadedConfig {
    pub config: ClientConfig,
    pub fingerprint: ConfigFingerprint,
}

/// Reads `{options, environment}`, with a document also `{file, variables}`: the options then override the
/// document's. The error is a JSON array of problems.
pub fn read(text: &str, document: Option<&[u8]>, monitor: bool) -> Result<LoadedConfig, String> {
    let problem = |message: String| vec![Problem { path: String::new(), message }];
    let value: Value = serde_json::from_str(text)
        .map_err(|e| write(&problem(format!("options must be plain data: {e}"))))?;
    let environment = Environment::from_json(&value["environment"]);
    let options = &value["options"];
    let (config, options) = match document {
        Some(bytes) => located(&value, bytes, &environment).map_err(|problems| write(&problems))?,
        None => {
            let read = if monitor { ClientConfig::read_monitor } else { ClientConfig::read };
            let config = read(options, &environment).map_err(|problems| write(&problems))?;
            (config, options.clone())
        }
    };
    Ok(LoadedConfig { fingerprint: ConfigFingerprint::of(&options, &config), config })
}

fn located(
    value: &Value,
    bytes: &[u8],
    environment: &Environment,
) -> Result<(ClientConfig, Value), Vec<LocatedProblem>> {
    let members = value["variables"].as_object().into_iter().flatten();
    let variables: Variables =
        members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let file = value["file"].as_str().unwrap_or_default();
    document::read(&DocumentSource { file, bytes, variables: &variables }, &value["options"], environment)
}

/// Problems as JSON. They never quote a key.
pub fn write<T: Serialize>(problems: &[T]) -> String {
    let mut value = serde_json::to_value(problems).unwrap_or_else(|_| json!([]));
    for problem in value.as_array_mut().into_iter().flatten() {
        for part in ["path", "message"] {
            if let Some(text) = problem[part].as_str().map(key::masked) {
                problem[part] = text.into();
            }
        }
    }
    value.to_string()
}

/// The contents of a document, or its problems: `{config}` or `{problems}` as JSON. Takes what `create`
/// takes.
#[napi(catch_unwind)]
pub fn check_document(options: String, document: &[u8]) -> String {
    let value: Value = serde_json::from_str(&options).unwrap_or_default();
    let environment = Environment::from_json(&value["environment"]);
    match located(&value, document, &environment) {
        Ok((config, _)) => json!({ "config": summary(&config) }).to_string(),
        Err(problems) => format!(r#"{{"problems":{}}}"#, write(&problems)),
    }
}

/// The JSON Schema of documents.
#[napi(catch_unwind)]
pub fn document_schema() -> String {
    schema::document().to_string()
}

/// The error text for an unknown name, with the nearest accepted one.
#[napi(catch_unwind)]
pub fn refuse_name(given: String, accepted: Vec<String>) -> String {
    match nearest(&given, accepted.iter().map(String::as_str)) {
        Some(name) => format!("is not an option; did you mean '{name}'?"),
        None => format!("is not an option; accepted are {}", accepted.join(", ")),
    }
}
