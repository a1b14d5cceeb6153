//! A queue's file that no client of this process has open, for the command line.

use napi_derive::napi;
use serde_json::{Value, json};

use super::{config, queue::state_of};
use crate::{
    config::{
        Problem,
        document::{self, DocumentSource, Variables},
        queue::{QueueConfig, read_queue},
        reader,
    },
    queue::{AdminResult, QueueError, QueueFile},
};

/// Does one thing with a file and releases it. Errors are `{"message", "unknown"}`, or an array of
/// problems.
#[napi(js_name = "QueueFile")]
pub struct NativeQueueFile {
    file: QueueFile,
}

#[napi]
impl NativeQueueFile {
    /// Takes `{path}` as JSON, or `{file, variables}` and that document, of which only `queue` is read.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: String, document: Option<&[u8]>) -> napi::Result<Self> {
        let value: Value = serde_json::from_str(&options).unwrap_or_default();
        let config = match document {
            Some(bytes) => of_document(&value, bytes),
            None => of_path(&value["path"]),
        };
        Ok(Self { file: QueueFile::new(config.map_err(napi::Error::from_reason)?) })
    }

    #[napi(catch_unwind)]
    pub fn path(&self) -> String {
        self.file.path().display().to_string()
    }

    /// `{sealed, counts, bytes, jobs}`.
    #[napi(catch_unwind)]
    pub fn list(&self, state: Option<String>, limit: u32, after: Option<String>) -> napi::Result<String> {
        let state = state.and_then(|name| state_of(&name));
        to_json(self.file.list(state, limit, after.as_deref()))
    }

    #[napi(catch_unwind)]
    pub fn show(&self, id: String) -> napi::Result<String> {
        to_json(self.file.show(&id))
    }

    /// `{done, refused}`.
    #[napi(catch_unwind)]
    pub fn retry(&self, ids: Vec<String>) -> napi::Result<String> {
        to_json(self.file.retry(&ids).map(each))
    }

    /// Returns how many.
    #[napi(catch_unwind)]
    pub fn retry_dead(&self) -> napi::Result<String> {
        to_json(self.file.retry_dead().map(|count| json!(count)))
    }

    /// `{done, refused}`.
    #[napi(catch_unwind)]
    pub fn throw_away(&self, ids: Vec<String>) -> napi::Result<String> {
        to_json(self.file.throw_away(&ids).map(each))
    }

    /// Returns how many.
    #[napi(catch_unwind)]
    pub fn purge(&self, state: Option<String>, older_than_ms: f64) -> napi::Result<String> {
        let state = state.and_then(|name| state_of(&name));
        to_json(self.file.purge(state, older_than_ms as i64).map(|count| json!(count)))
    }
}

fn of_document(value: &Value, bytes: &[u8]) -> Result<QueueConfig, String> {
    let members = value["variables"].as_object().into_iter().flatten();
    let variables: Variables =
        members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let file = value["file"].as_str().unwrap_or_default();
    let read = document::read_queue(&DocumentSource { file, bytes, variables: &variables });
    read.map_err(|problems| config::write(&problems))?.ok_or_else(|| {
        let message = format!("is missing in {file}; give it {{ path }}, or name the queue's own file");
        config::write(&[Problem { path: "queue".into(), message }])
    })
}

fn of_path(path: &Value) -> Result<QueueConfig, String> {
    let mut problems = Vec::new();
    let options = json!({ "queue": { "path": path } });
    let read = reader::object(&options, "", &mut problems, read_queue).flatten();
    read.ok_or_else(|| config::write(&problems))
}

fn each(done: AdminResult) -> Value {
    let refused: Vec<Value> =
        done.refused.into_iter().map(|(id, why)| json!({ "id": id, "why": why })).collect();
    json!({ "done": done.done, "refused": refused })
}

fn to_json(result: Result<Value, QueueError>) -> napi::Result<String> {
    result.map(|value| value.to_string()).map_err(|error| {
        let unknown = matches!(error, QueueError::Unknown(_));
        napi::Error::from_reason(json!({ "message": error.to_string(), "unknown": unknown }).to_string())
    })
}
