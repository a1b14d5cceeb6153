//! Reloads a client's configuration.

use std::sync::Arc;

use napi_derive::napi;
use serde_json::json;

use super::{
    callbacks::JsCallbacks,
    client::{NativeClient, transport},
    config::{self, LoadedConfig},
    engine_handle::EngineHandle,
};
use crate::{call::error::CallError, config::Problem, queue::Queue};

#[napi]
impl NativeClient {
    /// Applies another configuration, given as to `create`: later calls use it, running ones finish on the
    /// one they began with. Resolves with `{problems}`, and nothing has changed, or with `{changes}`.
    #[napi(catch_unwind)]
    pub fn reload(&self, slot: u32, options: String, document: Option<&[u8]>) {
        let document = document.map(<[u8]>::to_vec);
        let (shared, functions, runtime) =
            (self.shared.clone(), self.functions.clone(), self.hub.runtime.clone());
        let queue = self.queue.clone();
        self.hub.run(self.id, slot, None, |reply| async move {
            // Reading takes time, and the runtime has calls to serve.
            let work = move || {
                let _entered = runtime.handle().enter();
                reload(&shared, queue.as_deref(), &functions, &options, document.as_deref())
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(body) => reply.resolve(body, String::new()),
                Err(_) => reply.reject(&CallError::defect()),
            }
        });
    }

    /// Whether calls are running under an earlier configuration.
    #[napi(catch_unwind)]
    pub fn has_draining_calls(&self) -> bool {
        self.shared.has_draining_calls()
    }
}

/// Reads a configuration and applies it; returns the result as JSON.
fn reload(
    shared: &Arc<EngineHandle>,
    queue: Option<&Queue>,
    functions: &Arc<JsCallbacks>,
    options: &str,
    document: Option<&[u8]>,
) -> String {
    let problems = |list: String| format!("{{\"problems\":{list}}}");
    let LoadedConfig { config, fingerprint } = match config::read(options, document, false) {
        Ok(loaded) => loaded,
        Err(list) => return problems(list),
    };
    // Files are opened with the client, and closed with it.
    let own = shared.engine();
    let mut fixed = Vec::new();
    for (path, stays) in
        [("queue", config.queue == own.config.queue), ("costs", config.ledger == own.config.ledger)]
    {
        if !stays {
            let message = "cannot be changed by a reload; create a new client".to_owned();
            fixed.push(Problem { path: path.into(), message });
        }
    }
    if !fixed.is_empty() {
        return problems(config::write(&fixed));
    }
    let transport = transport(&config, functions);
    match shared.replace(config, fingerprint, transport) {
        Ok(changes) => {
            if let Some(queue) = queue {
                queue.follow(shared.engine());
            }
            json!({ "changes": changes }).to_string()
        }
        Err(e) => problems(config::write(&[Problem { path: "tls.ca".into(), message: e.to_string() }])),
    }
}
