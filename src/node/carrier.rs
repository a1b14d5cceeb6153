//! Exchanges that JavaScript makes: `transport: 'fetch'`, or a function. Asked over the queue, step by step: send,
//! read a piece, give up. The other side is `lib/native/transport.js`.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use super::functions::Functions;
use crate::{
    latin1,
    net::{
        carrier::{Arrived, Carried, Carrier, Source},
        failure::{Failure, FailureKind},
        request::Request,
    },
};

pub struct JsCarrier {
    functions: Arc<Functions>,
    function: u32,
    next: AtomicU32,
}

/// One exchange; where it is dropped before its end, it is given up.
struct Exchange {
    functions: Arc<Functions>,
    function: u32,
    id: u32,
}

/// What JavaScript says of the head, or of why there is none.
#[derive(Deserialize)]
#[serde(untagged)]
enum Head {
    Arrived { status: u16, headers: Vec<(String, String)> },
    Failed { error: String, kind: String },
}

impl JsCarrier {
    pub fn new(functions: Arc<Functions>, function: u32) -> Self {
        Self { functions, function, next: AtomicU32::new(0) }
    }
}

impl Carrier for JsCarrier {
    fn send(&self, request: Request) -> Carried<Result<Arrived, Failure>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let exchange = Exchange { functions: self.functions.clone(), function: self.function, id };
        let text = std::str::from_utf8(&request.body);
        let headers: Vec<_> = fields(&request);
        let asked = exchange.ask(json!({
            "step": "send", "id": id, "method": request.head.method.as_str(), "url": request.head.uri.to_string(),
            "headers": headers, "bytes": text.is_err(),
            "body": text.map_or_else(|_| latin1::text(&request.body), str::to_owned),
        }));
        Box::pin(async move {
            let told = asked.await;
            let head = told.as_deref().and_then(|told| serde_json::from_str(told).ok());
            match head {
                Some(Head::Arrived { status, headers }) => {
                    Ok(Arrived { status, fields: kept(headers), source: Box::new(exchange) })
                }
                Some(Head::Failed { error, kind }) => Err(Failure::new(kind_of(&kind), error)),
                None => Err(Failure::new(FailureKind::Malformed, "the transport gave no Response")),
            }
        })
    }
}

impl Exchange {
    fn ask(&self, question: serde_json::Value) -> impl Future<Output = Option<String>> + Send + use<> {
        let asked = self.functions.ask(self.function, Some(question.to_string()));
        async move { asked.await.ok().flatten() }
    }
}

impl Source for Exchange {
    fn next(&mut self) -> Carried<Result<Option<Vec<u8>>, String>> {
        let asked = self.ask(json!({ "step": "read", "id": self.id }));
        Box::pin(async move {
            let told = asked.await.ok_or("the transport's body could not be read")?;
            match told.split_at_checked(1) {
                Some(("+", text)) => Ok(Some(latin1::bytes(text))),
                Some((".", _)) => Ok(None),
                Some((_, why)) => Err(why.to_owned()),
                None => Err("the transport's body could not be read".into()),
            }
        })
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Nobody waits for an answer.
        drop(self.ask(json!({ "step": "end", "id": self.id })));
    }
}

/// The request's headers but for those that a fetch sets itself.
fn fields(request: &Request) -> Vec<(&str, &str)> {
    let head =
        request.head.headers().iter().filter(|(name, _)| !request.extra.iter().any(|(n, _)| n == *name));
    head.chain(request.extra.iter().map(|(name, value)| (name, value)))
        .filter(|(name, _)| **name != header::ACCEPT_ENCODING && **name != header::HOST)
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect()
}

/// A fetch has decoded and measured the body already.
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
