//! What a vendor's status page says while its endpoint is in trouble. It is told in reports, and trusted with nothing.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use serde::Deserialize;
use tokio::{runtime::Handle, task::AbortHandle, time};

use super::client::Engine;
use crate::{
    base::clock::now,
    net::{
        client::Limits,
        request::{Head, Request},
    },
    observe::observation::StatusPage,
    state::{Endpoint, request_head::USER_AGENT},
};

const TIMEOUT: Duration = Duration::from_secs(5);
/// As often as it is looked at while the incident lasts.
const INTERVAL: Duration = Duration::from_secs(60);
const MAX_BODY: usize = 64 << 10;
const MAX_WORDS: usize = 200;

/// Looks at a page now and then until it is dropped.
#[derive(Debug)]
pub struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Of Atlassian's Statuspage; other pages' answers have none of it.
#[derive(Deserialize)]
struct Said {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    indicator: Option<String>,
    description: Option<String>,
}

impl Watch {
    /// For an endpoint whose page is known. `None` without a runtime.
    pub fn start(engine: &Arc<Engine>, endpoint: &Arc<Endpoint>) -> Option<Self> {
        let page: Uri = endpoint.config.health.status_page.as_deref()?.parse().ok()?;
        let runtime = Handle::try_current().ok()?;
        let task = runtime.spawn(watch(Arc::downgrade(engine), endpoint.name.clone(), page));
        Some(Self(task.abort_handle()))
    }

    /// Whether somebody wanted to know when it last looked.
    pub fn goes_on(&self) -> bool {
        !self.0.is_finished()
    }
}

async fn watch(engine: Weak<Engine>, endpoint: Arc<str>, page: Uri) {
    loop {
        let Some(this) = engine.upgrade() else { return };
        let seen = match time::timeout(TIMEOUT, look(&this, &page)).await {
            Ok(seen) => seen,
            Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
        };
        let (indicator, words) = seen.unwrap_or_else(|why| (None, why));
        let seen = StatusPage { now: now(), indicator, words };
        if !this.witness.status_page(&endpoint, seen) {
            return;
        }
        drop(this);
        time::sleep(INTERVAL).await;
    }
}

/// Its indicator, if it has one, and what it says.
async fn look(engine: &Engine, page: &Uri) -> Result<(Option<String>, String), String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if let Some(authorization) = engine.http.proxy_authorization(page) {
        headers.insert(header::PROXY_AUTHORIZATION, authorization);
    }
    let request = Request::new(Arc::new(Head::new(Method::GET, page.clone(), headers)), Bytes::new());
    let limits = Limits { connect: Some(TIMEOUT), headers: None, fresh: false };
    let exchange = engine.http.send(request, limits, || ()).await.map_err(|failed| failed.failure.message)?;
    let code = exchange.status;
    let (mut answer, mut body) = (exchange.body, Vec::new());
    while body.len() <= MAX_BODY && answer.data(&mut body).await? {}
    if code != 200 {
        return Ok((None, format!("it answers with status {code}")));
    }
    Ok(match serde_json::from_slice::<Said>(&body) {
        Ok(Said { status }) => {
            (status.indicator.map(shortened), shortened(status.description.unwrap_or_default()))
        }
        Err(_) => (None, "it answers".into()),
    })
}

/// Somebody else's words, in one line.
fn shortened(words: String) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect()
}
