//! A request that is not a chat completion, such as embeddings or models. It goes to endpoints of the
//! caller's dialect, unchanged but for the model and the credential, and its response comes back unchanged.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use serde_json::Value;

use crate::{
    config::key::{ApiKey, KeySource},
    dialect::{
        client_dialect::ClientDialect,
        codec::{Dialect, in_path},
        members::{self, JsonMembers},
        tokens,
    },
    net::request::{Request, RequestHead, USER_AGENT},
    policy::fault::{Fault, FaultKind},
    state::{Target, request_head::authorize},
};

#[derive(Debug)]
pub struct PassthroughRequest {
    caller: ClientDialect,
    method: Method,
    address: RequestPath,
    body: Bytes,
    /// The model, named in the path or in a JSON body at `model_at`.
    model: Option<String>,
    model_at: Option<Range<usize>>,
    pub stream: bool,
    tokens: u64,
}

/// What follows the base URL: all of it, or the parts before and after the model.
#[derive(Debug)]
pub struct RequestPath {
    pub before: String,
    pub model: Option<String>,
    pub after: String,
}

impl PassthroughRequest {
    pub fn new(caller: ClientDialect, method: Method, address: RequestPath, body: Bytes) -> Self {
        let text = std::str::from_utf8(&body).ok();
        let members = text.and_then(|text| JsonMembers::read(text).ok());
        let named = |members: &JsonMembers<'_>| serde_json::from_str::<String>(members.get("model")?).ok();
        // Google's bodies may repeat the full model name.
        let in_body = members.as_ref().filter(|_| address.model.is_none()).and_then(named);
        let in_body = in_body.filter(|model| !model.trim().is_empty());
        let model_at = match (&in_body, &members, text) {
            (Some(_), Some(members), Some(text)) => members.place("model", text),
            _ => None,
        };
        let stream = members.as_ref().and_then(|m| m.get("stream")) == Some("true");
        // Audio and images have no tokens that could be estimated.
        let tokens = if members.is_some() { tokens::estimate(&body) } else { 0 };
        let model = address.model.clone().or(in_body);
        Self { caller, method, address, body, model, model_at, stream, tokens }
    }

    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The name of the caller's dialect.
    pub fn dialect(&self) -> &'static str {
        self.caller.word()
    }

    pub fn input_tokens(&self) -> u64 {
        self.tokens
    }

    /// Whether an endpoint accepts the request. Nothing is translated.
    pub fn speaks(&self, dialect: Dialect) -> bool {
        dialect != Dialect::Relay && self.caller.speaks(dialect)
    }

    /// The request for one candidate. The caller's headers are added later.
    pub fn request(&self, target: &Target, key: Option<&ApiKey>) -> Result<Request, Fault> {
        let endpoint = &target.endpoint.config;
        let RequestPath { before, model, after } = &self.address;
        let path = match model {
            Some(_) => format!("{before}{}{after}", in_path(&target.model)),
            None => format!("{before}{after}"),
        };
        let uri: Uri = endpoint.base_url.join(&path).parse().map_err(|_| {
            Fault::new(
                FaultKind::BadRequest,
                "request: the path contains characters that a URL cannot contain",
            )
        })?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let own = match &target.credential.source {
            KeySource::Static(key) => Some(key),
            KeySource::None | KeySource::Function(_) => None,
        };
        authorize(&mut headers, endpoint, key.or(own));
        Ok(Request::new(
            Arc::new(RequestHead::new(self.method.clone(), uri, headers)),
            self.body_for(&target.model),
        ))
    }

    fn body_for(&self, model: &str) -> Bytes {
        if let Some(requested) = self.address.model.as_deref().filter(|requested| *requested != model) {
            return renamed(&self.body, requested, model).map_or_else(|| self.body.clone(), Bytes::from);
        }
        let Some(at) = self.model_at.clone().filter(|_| self.model.as_deref() != Some(model)) else {
            return self.body.clone();
        };
        let text = std::str::from_utf8(&self.body).ok();
        let renamed = text.and_then(|text| members::replaced(text, at, model));
        renamed.map_or_else(|| self.body.clone(), Bytes::from)
    }
}

/// A body of Google's with another model: its own, and those of the requests in it.
fn renamed(body: &Bytes, requested: &str, model: &str) -> Option<String> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    let whole = |name: &str| format!("models/{}", name.strip_prefix("models/").unwrap_or(name));
    let (requested, model) = (whole(requested), Value::from(whole(model)));
    let mut changed = false;
    let mut rename = |object: &mut Value| {
        if let Some(named) = object.get_mut("model").filter(|named| **named == requested.as_str()) {
            *named = model.clone();
            changed = true;
        }
    };
    rename(&mut value);
    value.get_mut("requests").and_then(Value::as_array_mut).into_iter().flatten().for_each(rename);
    changed.then(|| value.to_string())
}
