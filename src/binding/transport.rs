//! Exchanges that JavaScript makes: `transport: 'fetch'`, or a function. Requested through the hub in steps:
//! send, read a piece, end. The other side is `lib/native/transport.js`.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use super::callbacks::JsCallbacks;
use crate::{
    base::latin1,
    net::{
        failure::{FailureKind, NetworkFailure},
        request::Request,
        transport::{BodySource, Transport, TransportFuture, TransportResponse},
    },
};

pub struct JsTransport {
    functions: Arc<JsCallbacks>,
    function: u32,
    next: AtomicU32,
}

/// One exchange. Dropping it before its end aborts it.
struct JsExchange {
    functions: Arc<JsCallbacks>,
    function: u32,
    id: u32,
}

/// The response head from JavaScript, or why there is none.
#[derive(Deserialize)]
#[serde(untagged)]
enum JsResponseHead {
    Arrived { status: u16, headers: Vec<(String, String)> },
    Failed { error: String, kind: String },
}

impl JsTransport {
    pub fn new(functions: Arc<JsCallbacks>, function: u32) -> Self {
        Self { functions, function, next: AtomicU32::new(0) }
    }
}

impl Transport for JsTransport {
    fn send(&self, request: Request) -> TransportFuture<Result<TransportResponse, NetworkFailure>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let exchange = JsExchange { functions: self.functions.clone(), function: self.function, id };
        let text = std::str::from_utf8(&request.body);
        let headers: Vec<_> = fields(&request);
        let answer = exchange.ask(json!({
            "step": "send", "id": id, "method": request.head.method.as_str(), "url": request.head.uri.to_string(),
            "headers": headers, "bytes": text.is_err(),
            "body": text.map_or_else(|_| latin1::text(&request.body), str::to_owned),
        }));
        Box::pin(async move {
            let reply = answer.await;
            let head = reply.as_deref().and_then(|reply| serde_json::from_str(reply).ok());
            match head {
                Some(JsResponseHead::Arrived { status, headers }) => {
                    Ok(TransportResponse { status, fields: kept(headers), source: Box::new(exchange) })
                }
                Some(JsResponseHead::Failed { error, kind }) => {
                    Err(NetworkFailure::new(kind_of(&kind), error))
                }
                None => Err(NetworkFailure::new(
                    FailureKind::Malformed,
                    "the transport function did not return a Response",
                )),
            }
        })
    }
}

impl JsExchange {
    fn ask(&self, question: serde_json::Value) -> impl Future<Output = Option<String>> + Send + use<> {
        let answer = self.functions.ask(self.function, Some(question.to_string()));
        async move { answer.await.ok().flatten() }
    }
}

impl BodySource for JsExchange {
    fn next(&mut self) -> TransportFuture<Result<Option<Vec<u8>>, String>> {
        let answer = self.ask(json!({ "step": "read", "id": self.id }));
        Box::pin(async move {
            let reply = answer.await.ok_or("the body of the transport's Response could not be read")?;
            match reply.split_at_checked(1) {
                Some(("+", text)) => Ok(Some(latin1::bytes(text))),
                Some((".", _)) => Ok(None),
                Some((_, why)) => Err(why.to_owned()),
                None => Err("the body of the transport's Response could not be read".into()),
            }
        })
    }
}

impl Drop for JsExchange {
    fn drop(&mut self) {
        // No answer is needed.
        drop(self.ask(json!({ "step": "end", "id": self.id })));
    }
}

/// The request's headers, without those that fetch sets itself.
fn fields(request: &Request) -> Vec<(&str, &str)> {
    let head =
        request.head.headers().iter().filter(|(name, _)| !request.extra.iter().any(|(n, _)| n == *name));
    head.chain(request.extra.iter().map(|(name, value)| (name, value)))
        .filter(|(name, _)| **name != header::ACCEPT_ENCODING && **name != header::HOST)
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect()
}

/// Fetch has decoded and measured the body already.
fn kept(headers: Vec<(String, String)>) -> HeaderMap {
    let field = |(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?));
    headers
        .into_iter()
        .filter_map(field)
        .filter(|(name, _)| *name != header::CONTENT_ENCODING && *name != header::CONTENT_LENGTH)
        .collect()
}

fn kind_of(word: &str) -> FailureKind {
    match word {
        "dns" => FailureKind::Dns,
        "connect" => FailureKind::Connect,
        "connectTimeout" => FailureKind::ConnectTimeout,
        "tls" => FailureKind::Tls,
        "malformed" => FailureKind::Malformed,
        _ => FailureKind::Reset,
    }
}
