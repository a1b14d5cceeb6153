//! Keys from the user's functions: asked for over the queue, given back by number.

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
use crate::{config::key::ApiKey, engine::client::KeyProvider};

type Answer = Result<ApiKey, String>;

pub struct Keys {
    hub: Arc<HubInner>,
    client: u32,
    next: AtomicU32,
    /// As many as there are attempts waiting for a key.
    waiting: Arc<Mutex<HashMap<u32, oneshot::Sender<Answer>>>>,
}

/// Takes a request off the list when nobody waits for it any more.
struct Waiting {
    list: Arc<Mutex<HashMap<u32, oneshot::Sender<Answer>>>>,
    request: u32,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.list.lock().remove(&self.request);
    }
}

impl Keys {
    pub fn new(hub: Arc<HubInner>, client: u32) -> Self {
        Self { hub, client, next: AtomicU32::new(0), waiting: Arc::default() }
    }

    pub fn provide(&self, request: u32, key: Option<String>) {
        let answer = match key {
            Some(key) => ApiKey::new(&key).map_err(|e| format!("the apiKey function's key {e}")),
            // What it threw may quote a key; its author has it on the other side.
            None => Err("the apiKey function failed, or gave no string".into()),
        };
        if let Some(waiting) = self.waiting.lock().remove(&request) {
            let _ = waiting.send(answer);
        }
    }
}

impl KeyProvider for Keys {
    fn key(&self, function: u32) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        let request = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, given) = oneshot::channel();
        self.waiting.lock().insert(request, answer);
        let waiting = Waiting { list: self.waiting.clone(), request };
        self.hub.push(Item::Key { client: self.client, request, function: function.to_string().into() });
        Box::pin(async move {
            let _waiting = waiting;
            given.await.unwrap_or_else(|_| Err("the client is closed".into()))
        })
    }
}
