//! Polls a vendor's status page during an incident. Reports show it as evidence; nothing depends on it.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::{runtime::Handle, task::AbortHandle, time};

use super::recorder::Recorder;
use crate::{
    base::clock::now,
    net::{
        client::{ExchangeTimeouts, HttpClient},
        request::{Request, RequestHead, USER_AGENT},
    },
    observe::observation::StatusPageObservation,
    state::Endpoint,
};

const TIMEOUT: Duration = Duration::from_secs(5);
/// The interval while the incident is open.
const INTERVAL: Duration = Duration::from_secs(60);
const MAX_BODY: usize = 64 << 10;
const MAX_WORDS: usize = 200;

/// Polls a page until it is dropped.
struct StatusPagePoll(AbortHandle);

impl Drop for StatusPagePoll {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The answer of Atlassian's Statuspage. Other pages have none of its members.
#[derive(Deserialize)]
struct StatusPageBody {
    status: StatusPageStatus,
}

#[derive(Deserialize)]
struct StatusPageStatus {
    indicator: Option<String>,
    description: Option<String>,
}

/// The status pages being polled, by endpoint.
#[derive(Default)]
pub struct StatusPages(Mutex<HashMap<Arc<str>, StatusPagePoll>>);

impl StatusPages {
    /// Starts polling the page of an endpoint, if it has one. Needs a runtime.
    pub fn watch(&self, endpoint: &Endpoint, http: &HttpClient, recorder: &Arc<Recorder>) {
        let page = endpoint.config.health.status_page.as_deref().and_then(|page| page.parse().ok());
        let (Some(page), Ok(runtime)) = (page, Handle::try_current()) else {
            self.0.lock().remove(&endpoint.name);
            return;
        };
        let task = runtime.spawn(watch(http.clone(), Arc::downgrade(recorder), endpoint.name.clone(), page));
        self.0.lock().insert(endpoint.name.clone(), StatusPagePoll(task.abort_handle()));
    }

    /// Stops polling the page of an endpoint. True when it was still being polled.
    pub fn take(&self, endpoint: &str) -> bool {
        self.0.lock().remove(endpoint).is_some_and(|watch| !watch.0.is_finished())
    }

    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Ends with the recorder, and when no incident is open for the endpoint.
async fn watch(http: HttpClient, recorder: Weak<Recorder>, endpoint: Arc<str>, page: Uri) {
    loop {
        let observation = match time::timeout(TIMEOUT, look(&http, &page)).await {
            Ok(observation) => observation,
            Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
        };
        let (indicator, words) = observation.unwrap_or_else(|why| (None, why));
        let observation = StatusPageObservation { now: now(), indicator, words };
        if !recorder.upgrade().is_some_and(|recorder| recorder.record_status_page(&endpoint, observation)) {
            return;
        }
        time::sleep(INTERVAL).await;
    }
}

/// Reads the page: its indicator, if it has one, and its description.
async fn look(http: &HttpClient, page: &Uri) -> Result<(Option<String>, String), String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if let Some(authorization) = http.proxy_authorization(page) {
        headers.insert(header::PROXY_AUTHORIZATION, authorization);
    }
    let request = Request::new(Arc::new(RequestHead::new(Method::GET, page.clone(), headers)), Bytes::new());
    let limits = ExchangeTimeouts { connect: Some(TIMEOUT), headers: None, fresh: false };
    let exchange = http.send(request, limits, || ()).await.map_err(|failed| failed.failure.message)?;
    let code = exchange.status;
    let (mut answer, mut body) = (exchange.body, Vec::new());
    while body.len() <= MAX_BODY && answer.data(&mut body).await? {}
    if code != 200 {
        return Ok((None, format!("the status page returned status {code}")));
    }
    Ok(match serde_json::from_slice::<StatusPageBody>(&body) {
        Ok(StatusPageBody { status }) => {
            (status.indicator.map(shortened), shortened(status.description.unwrap_or_default()))
        }
        Err(_) => (None, "it answers".into()),
    })
}

/// The vendor's text in one line, truncated.
fn shortened(words: String) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect()
}
