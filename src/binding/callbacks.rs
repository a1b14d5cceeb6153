//! The user's functions for keys, fallback responses and exchanges: requested through the hub, answered by
//! number.

use super::item::ItemSink;
use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{hub::HubInner, item::Item};
use crate::{alert::notify::AlertFunction, config::key::ApiKey, engine::ports::UserCallbacks};

/// `None` when the function threw, or returned no string.
type CallbackResult = Option<String>;
type PendingCallbacks = Arc<Mutex<HashMap<u32, oneshot::Sender<CallbackResult>>>>;

pub struct JsCallbacks {
    hub: Arc<HubInner>,
    client: u32,
    next: AtomicU32,
    /// At most one for each call that waits for a function.
    waiting: PendingCallbacks,
}

/// Removes a pending callback when its result is no longer awaited.
struct PendingCallback {
    waiting: PendingCallbacks,
    number: u32,
}

impl Drop for PendingCallback {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.number);
    }
}

impl JsCallbacks {
    pub fn new(hub: Arc<HubInner>, client: u32) -> Self {
        Self { hub, client, next: AtomicU32::new(0), waiting: Arc::default() }
    }

    pub fn answer(&self, number: u32, answer: CallbackResult) {
        if let Some(waiting) = self.waiting.lock().remove(&number) {
            let _ = waiting.send(answer);
        }
    }

    /// Fails when the client was closed meanwhile.
    pub fn ask(
        &self,
        function: u32,
        argument: Option<String>,
    ) -> impl Future<Output = Result<CallbackResult, oneshot::error::RecvError>> + Send + use<> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, given) = oneshot::channel();
        self.waiting.lock().insert(number, answer);
        let question = PendingCallback { waiting: self.waiting.clone(), number };
        self.hub.push(Item::Ask {
            client: self.client,
            question: number,
            function: function.to_string().into(),
            argument: argument.map(Into::into),
        });
        async move {
            let _question = question;
            given.await
        }
    }
}

impl UserCallbacks for JsCallbacks {
    fn key(&self, function: u32) -> Pin<Box<dyn Future<Output = Result<ApiKey, String>> + Send>> {
        let result = self.ask(function, None);
        Box::pin(async move {
            match result.await {
                Ok(Some(key)) => ApiKey::new(&key).map_err(|e| format!("the apiKey function's key {e}")),
                // What the function threw may quote a key, so it is not repeated.
                Ok(None) => {
                    Err("the apiKey function failed or returned no string; it must return the key".into())
                }
                Err(_) => Err("the client is closed".into()),
            }
        })
    }

    fn fallback(
        &self,
        function: u32,
        request: String,
    ) -> Pin<Box<dyn Future<Output = Option<String>> + Send>> {
        let result = self.ask(function, Some(request));
        Box::pin(async move { result.await.ok().flatten() })
    }
}

impl AlertFunction for JsCallbacks {
    fn forward(&self, function: u32, alert: String) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        let result = self.ask(function, Some(alert));
        Box::pin(async move { result.await.is_ok_and(|answer| answer.is_some()) })
    }
}
