//! Sends one message to one service: delivered, refused, or to be retried.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::Value;
use tokio::time;

use super::receiver::{HttpMessage, Receiver};
use crate::{
    base::retry_after::{RetryAfterHeaders, from_headers},
    net::{
        client::{Exchange, ExchangeFailure, ExchangeTimeouts, HttpClient},
        request::{Request, RequestHead, USER_AGENT},
    },
};

/// The time limit of one message.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is read of a response, in bytes.
const MAX_BODY: usize = 16 << 10;
const MAX_SAID: usize = 200;
/// How long to wait for the rest of a response; the status has decided the outcome.
const REST: Duration = Duration::from_secs(1);

#[derive(Debug, PartialEq)]
pub enum SendOutcome {
    Sent,
    /// A retry would be refused too.
    Refused {
        status: Option<u16>,
        message: String,
    },
    Again {
        status: Option<u16>,
        message: String,
        after: Option<Duration>,
    },
}

pub async fn post(
    http: &HttpClient,
    receiver: &Receiver,
    message: HttpMessage,
    wall: SystemTime,
) -> SendOutcome {
    let Some(request) = request(http, message) else {
        return SendOutcome::Refused { status: None, message: "the message could not be written".into() };
    };
    match time::timeout(TIMEOUT, send(http, request)).await {
        Ok(Ok(exchange)) => classify_response(receiver, exchange, wall).await,
        Ok(Err(failed)) => {
            let message =
                redacted(receiver, failed.failure.message).unwrap_or_else(|| "cannot be reached".into());
            SendOutcome::Again { status: None, message, after: None }
        }
        Err(_) => SendOutcome::Again {
            status: None,
            message: format!("no answer within {} ms", TIMEOUT.as_millis()),
            after: None,
        },
    }
}

async fn send(http: &HttpClient, request: Request) -> Result<Exchange, ExchangeFailure> {
    let send = |fresh| {
        let limits = ExchangeTimeouts { connect: Some(TIMEOUT), headers: None, fresh };
        http.send(Request::new(request.head.clone(), request.body.clone()), limits, || ())
    };
    let sent = send(false).await;
    // Connections idle for minutes between messages and may be closed: that is not a failure of the
    // service.
    if sent.as_ref().is_err_and(|failed| failed.reused) { send(true).await } else { sent }
}

async fn classify_response(receiver: &Receiver, exchange: Exchange, wall: SystemTime) -> SendOutcome {
    let status = exchange.status;
    let field = |name: &'static str| {
        exchange.fields.all(name).next().and_then(|value| std::str::from_utf8(value).ok()).map(str::to_owned)
    };
    let (retry_after, date) = (field("retry-after"), field("date"));
    let mut answer = exchange.body;
    let mut body = Vec::new();
    // Read the response to its end, so that the service does not find its connection cut; a success needs no
    // text. A response that never ends is still a response: a retry would deliver the alerts twice.
    let read = async { while body.len() < MAX_BODY && matches!(answer.data(&mut body).await, Ok(true)) {} };
    let _ = time::timeout(REST, read).await;
    if (200..300).contains(&status) {
        return SendOutcome::Sent;
    }
    let message = match vendor_message(&body).and_then(|vendor_message| redacted(receiver, vendor_message)) {
        Some(vendor_message) => format!("status {status}: {vendor_message}"),
        None => format!("status {status}"),
    };
    let headers = RetryAfterHeaders {
        retry_after_ms: None,
        retry_after: retry_after.as_deref(),
        date: date.as_deref(),
    };
    match status {
        408 | 425 | 429 | 500.. => {
            let after = from_headers(headers, wall).or_else(|| in_body(&body));
            SendOutcome::Again { status: Some(status), message, after }
        }
        _ => SendOutcome::Refused { status: Some(status), message },
    }
}

fn request(http: &HttpClient, message: HttpMessage) -> Option<Request> {
    let HttpMessage { uri, headers: own, body } = message;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    if let Some(authorization) = http.proxy_authorization(&uri) {
        headers.insert(header::PROXY_AUTHORIZATION, authorization);
    }
    for (name, value) in own {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
    }
    Some(Request::new(Arc::new(RequestHead::new(Method::POST, uri, headers)), Bytes::from(body)))
}

/// The service's explanation: the message of a JSON body, else the first words.
fn vendor_message(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let message = match serde_json::from_str::<Value>(&text) {
        Ok(value) => {
            let text = |of: &Value| of.as_str().map(str::to_owned);
            let errors =
                value["errors"].as_array().map(|list| list.iter().filter_map(text).collect::<Vec<_>>());
            let more = errors.filter(|list| !list.is_empty()).map(|list| list.join("; "));
            let parts: Vec<String> = [text(&value["message"]), more].into_iter().flatten().collect();
            parts.join(": ")
        }
        // An HTML page explains nothing.
        Err(_) if text.trim_start().starts_with('<') => return None,
        Err(_) => text.into_owned(),
    };
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SAID).collect();
    let line = line.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// Discord's retry time in the body, in seconds.
fn in_body(body: &[u8]) -> Option<Duration> {
    let value: Value = serde_json::from_slice(body).ok()?;
    crate::base::duration::from_secs(value["retry_after"].as_f64()?)
}

/// Drops a text that quotes a secret.
fn redacted(receiver: &Receiver, text: String) -> Option<String> {
    (!receiver.is_betrayed_by(&text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_words_are_found_and_pages_are_none() {
        for (body, expected) in [
            ("invalid_blocks", Some("invalid_blocks")),
            (
                "{\"status\":\"invalid event\",\"message\":\"Event object is invalid\",\"errors\":[\"a\",\"b\"]}",
                Some("Event object is invalid: a; b"),
            ),
            ("{\"message\":\"Unknown Webhook\",\"code\":10015}", Some("Unknown Webhook")),
            ("<html>…</html>", None),
            ("", None),
            ("a\u{1b}[31m\nb", Some("a [31m b")),
        ] {
            assert_eq!(vendor_message(body.as_bytes()).as_deref(), expected, "{body}");
        }
        assert_eq!(in_body(br#"{"retry_after":0.5}"#), Some(Duration::from_millis(500)));
        assert_eq!(in_body(br#"{"retry_after":-1}"#), None);
    }
}
