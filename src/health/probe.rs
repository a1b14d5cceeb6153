//! One health check of one endpoint.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header, uri::InvalidUri};
use serde_json::json;
use tokio::time;

use super::history::CheckStatus;
use crate::{
    base::clock::now,
    config::key::{ApiKey, KeySource},
    dialect::{chunks::ResponseDefaults, codec::Dialect, error_body, openai::request::ChatRequest},
    engine::Engine,
    net::{
        client::ExchangeTimeouts,
        failure::FailureKind,
        request::{Request, RequestHead, USER_AGENT},
    },
    policy::{classify::classify, fault::FaultKind},
    state::{Endpoint, Target, request_head::authorize},
};

/// `Endpoint` asks for `GET /models`, `Service` for a real completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    Endpoint,
    Service,
    /// `GET /models` with the key, wherever the health URL is.
    Key,
}

/// The result of a check.
#[derive(Debug)]
pub struct ProbeResult {
    pub status: CheckStatus,
    pub status_code: Option<u16>,
    pub message: Option<String>,
    pub took: Duration,
    pub ended: SystemTime,
}

/// The most that a check reads of a response, in bytes.
const MAX_BODY: usize = 4 << 20;
const MAX_TOKENS: u32 = 5;

impl Probe {
    pub fn name(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Service => "service",
            Self::Key => "key",
        }
    }
}

/// The address that a probe requests.
pub fn address(endpoint: &Endpoint, model: &str, probe: Probe) -> String {
    let config = &endpoint.config;
    match probe {
        Probe::Service => config.base_url.join(&config.dialect.path(model, false)),
        Probe::Key => config.base_url.join("/models"),
        Probe::Endpoint => config.health.url.clone().unwrap_or_else(|| config.base_url.join("/models")),
    }
}

/// Sends the probe, whatever the cooldowns and breakers: a check is not a call.
pub async fn check(engine: &Engine, target: &Target, probe: Probe, timeout: Duration) -> ProbeResult {
    let began = now();
    match time::timeout(timeout, ask(engine, target, probe, timeout, began)).await {
        Ok(found) => found,
        Err(_) => {
            let message = format!("no answer within {} ms", timeout.as_millis());
            found(CheckStatus::Timeout, None, Some(message), began)
        }
    }
}

fn found(
    status: CheckStatus,
    status_code: Option<u16>,
    message: Option<String>,
    began: Instant,
) -> ProbeResult {
    ProbeResult {
        status,
        status_code,
        message,
        took: now().saturating_duration_since(began),
        ended: SystemTime::now(),
    }
}

async fn ask(
    engine: &Engine,
    target: &Target,
    probe: Probe,
    timeout: Duration,
    began: Instant,
) -> ProbeResult {
    let down = |message: String| found(CheckStatus::Down, None, Some(message), began);
    let key = match key(engine, target).await {
        Ok(key) => key,
        Err(message) => return found(CheckStatus::AuthError, None, Some(message), began),
    };
    let request = match build(&target.endpoint, &target.model, probe, key.as_ref(), engine) {
        Ok(request) => request,
        Err(error) => return down(error.to_string()),
    };
    let limits = ExchangeTimeouts { connect: Some(timeout), headers: None, fresh: false };
    let exchange = match engine.http.send(request, limits, || ()).await {
        Ok(exchange) => exchange,
        Err(failed) => {
            let timed_out =
                matches!(failed.failure.kind, FailureKind::ConnectTimeout | FailureKind::HeadersTimeout);
            let status = if timed_out { CheckStatus::Timeout } else { CheckStatus::Down };
            return found(status, None, Some(failed.failure.message), began);
        }
    };
    let code = exchange.status;
    let mut answer = exchange.body;
    let mut body = Vec::new();
    loop {
        match answer.data(&mut body).await {
            Ok(true) if body.len() > MAX_BODY => {
                return found(
                    CheckStatus::Down,
                    Some(code),
                    Some("the answer is larger than 4 MiB".into()),
                    began,
                );
            }
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return found(CheckStatus::Down, Some(code), Some(error), began),
        }
    }
    if (200..300).contains(&code) {
        let dialect = target.endpoint.config.dialect;
        let sound = probe != Probe::Service
            || std::str::from_utf8(&body).is_ok_and(|text| {
                dialect.read_answer(text.trim_start_matches('\u{feff}'), ResponseDefaults::default).is_ok()
            });
        if sound {
            return found(CheckStatus::Up, Some(code), None, began);
        }
        return found(
            CheckStatus::Down,
            Some(code),
            Some("the response is not a chat completion".into()),
            began,
        );
    }
    // Not every server lists its models, but a 404 proves that it answers.
    if probe != Probe::Service
        && (probe == Probe::Key || target.endpoint.config.health.url.is_none())
        && matches!(code, 404 | 405 | 501)
    {
        return found(CheckStatus::Up, Some(code), None, began);
    }
    let mut body = String::from_utf8_lossy(&body).into_owned();
    target.redact(&mut body);
    let fault = classify(code, None, &target.redacted(error_body::read(body.as_bytes())));
    let status = match fault.kind {
        FaultKind::Auth | FaultKind::Permission => CheckStatus::AuthError,
        FaultKind::RateLimited | FaultKind::TooLargeForLimit | FaultKind::Quota => CheckStatus::RateLimited,
        _ => CheckStatus::Down,
    };
    let message = if fault.message.is_empty() { format!("status {code}") } else { fault.message };
    found(status, Some(code), Some(message), began)
}

async fn key(engine: &Engine, target: &Target) -> Result<Option<ApiKey>, String> {
    match &target.credential.source {
        KeySource::None => Ok(None),
        KeySource::Static(key) => Ok(Some(key.clone())),
        KeySource::Function(number) => engine.functions.key(*number).await.map(Some),
    }
}

fn build(
    endpoint: &Endpoint,
    model: &str,
    probe: Probe,
    key: Option<&ApiKey>,
    engine: &Engine,
) -> Result<Request, InvalidUri> {
    let address = address(endpoint, model, probe);
    let uri: Uri = address.parse()?;
    let (method, body) = match probe {
        Probe::Endpoint | Probe::Key => (Method::GET, Bytes::new()),
        Probe::Service => (Method::POST, service_body(endpoint, model)),
    };
    // A health URL on another host must not get the credential.
    let ours = uri.host() == Some(endpoint.config.base_url.host())
        && address.starts_with(endpoint.config.base_url.origin());
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if probe == Probe::Service {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if ours {
        authorize(&mut headers, &endpoint.config, key);
    }
    if let Some(authorization) = engine.http.proxy_authorization(&uri) {
        headers.insert(header::PROXY_AUTHORIZATION, authorization);
    }
    Ok(Request::new(Arc::new(RequestHead::new(method, uri, headers)), body))
}

fn service_body(endpoint: &Endpoint, model: &str) -> Bytes {
    let body = json!({
        "model": model,
        "messages": [{ "role": "user", "content": "ping" }],
        "max_tokens": MAX_TOKENS,
    })
    .to_string();
    // Rendered like a call's request, so that the output limit has the name that this model accepts.
    let Ok(request) = ChatRequest::parse(&body, "", &[]) else { return body.into() };
    match endpoint.config.dialect {
        Dialect::OpenAi => request.render(model, endpoint.config.token_limit_field()),
        dialect => {
            request.in_dialect(dialect, model).map_or_else(|_| body.into(), |written| written.body.clone())
        }
    }
}
