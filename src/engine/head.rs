//! The head of a request to one endpoint: address, credential and headers, made once and copied per attempt.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{self, HeaderName},
};
use http_body_util::Full;

use crate::config::{
    EndpointConfig,
    key::{ApiKey, KeySource},
};

pub const USER_AGENT: &str = concat!("bellwether/", env!("CARGO_PKG_VERSION"));

pub struct Heads {
    uri: Uri,
    whole: HeaderMap,
    stream: HeaderMap,
}

impl Heads {
    pub fn new(endpoint: &EndpointConfig, source: &KeySource) -> Self {
        let json = HeaderValue::from_static("application/json");
        let mut common = HeaderMap::with_capacity(8);
        common.insert(header::CONTENT_TYPE, json.clone());
        common.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if let Some(host) = host(endpoint) {
            common.insert(header::HOST, host);
        }
        let key = match source {
            KeySource::Static(key) => Some(key),
            KeySource::None | KeySource::Function(_) => None,
        };
        authorize(&mut common, endpoint, key);
        let mut whole = common.clone();
        whole.entry(header::ACCEPT).or_insert(json);
        whole.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip, br"));
        // A compressed stream arrives in lumps: it is not asked for.
        let mut stream = common;
        stream.entry(header::ACCEPT).or_insert(HeaderValue::from_static("text/event-stream"));
        Self { uri: endpoint.base_url.uri("/chat/completions"), whole, stream }
    }

    /// A request with this head. `key` is one that a function gave for this attempt.
    pub fn request(
        &self,
        endpoint: &EndpointConfig,
        stream: bool,
        key: Option<&ApiKey>,
        body: Bytes,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = if stream { self.stream.clone() } else { self.whole.clone() };
        if key.is_some() {
            authorize(request.headers_mut(), endpoint, key);
        }
        request
    }
}

/// Puts in the credential and the endpoint's own headers, which win.
pub fn authorize(headers: &mut HeaderMap, endpoint: &EndpointConfig, key: Option<&ApiKey>) {
    if let Some(key) = key {
        let (name, value) = if endpoint.vendor.as_deref() == Some("azure") {
            (HeaderName::from_static("api-key"), key.expose().to_owned())
        } else {
            (header::AUTHORIZATION, format!("Bearer {}", key.expose()))
        };
        // A key is printable ASCII by construction.
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    for (name, value) in &endpoint.headers {
        headers.insert(name, value.clone());
    }
}

/// HTTP/1.1's host, where it is certain that HTTP/2 is not spoken; saves making it anew each time.
fn host(endpoint: &EndpointConfig) -> Option<HeaderValue> {
    let authority = endpoint.base_url.origin().strip_prefix("http://")?;
    HeaderValue::try_from(authority).ok()
}
