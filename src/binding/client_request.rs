//! Parses a request in a vendor's protocol, as SDKs send it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use serde::Deserialize;

use crate::{
    base::latin1,
    call::{
        error::CallError,
        output::ClientProtocol,
        passthrough::request::{PassthroughRequest, RequestPath},
        request::CallRequest,
    },
    dialect::client_dialect::ClientDialect,
};

/// What the façade passes beside the body.
#[derive(Deserialize)]
struct RequestHeader {
    dialect: String,
    /// The model, if the path names it.
    model: Option<String>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Set for passthrough requests: the path before and after the model, or all of it.
    path: Option<(String, String)>,
    #[serde(default)]
    method: String,
}

/// Headers of the connection or the credential, which endpoints have themselves; and conditional headers, for
/// another endpoint may answer than before.
const CONNECTION_HEADERS: [HeaderName; 18] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::ACCEPT_ENCODING,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];
/// Vendors' headers for credentials and accounts, and obsolete headers of the connection.
const CREDENTIAL_HEADERS: [&str; 8] = [
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "openai-organization",
    "openai-project",
    "keep-alive",
    "proxy-connection",
    "http2-settings",
];

pub fn read(body: Vec<u8>, header: &str) -> Result<(CallRequest, ClientProtocol), Box<CallError>> {
    let header: RequestHeader =
        serde_json::from_str(header).map_err(|_| CallError::internal("an unreadable request"))?;
    let caller = ClientDialect::from_word(&header.dialect)
        .ok_or_else(|| CallError::internal("an unknown client dialect"))?;
    let is_passthrough = header.path.is_some();
    let forwarded = |(name, value): (String, String)| {
        let name = HeaderName::try_from(name).ok()?;
        let is_forwarded =
            !CONNECTION_HEADERS.contains(&name) && !CREDENTIAL_HEADERS.contains(&name.as_str());
        // Chats have their own content type and accept header.
        let kept = is_forwarded && (is_passthrough || name != header::CONTENT_TYPE && name != header::ACCEPT);
        // JavaScript's header values are bytes, one for each character.
        Some((name, HeaderValue::from_bytes(&latin1::bytes(&value)).ok()?)).filter(|_| kept)
    };
    let headers = header.headers.into_iter().filter_map(forwarded).collect();
    if let Some((before, after)) = header.path {
        let method = Method::from_bytes(header.method.as_bytes())
            .map_err(|_| CallError::bad_request("request: the method is not a valid HTTP method"))?;
        let address = RequestPath { before, model: header.model, after };
        let request = PassthroughRequest::new(caller, method, address, Bytes::from(body));
        let model = request.model().unwrap_or_default().to_owned();
        return Ok((request.into(), ClientProtocol { caller, model, headers }));
    }
    let text =
        std::str::from_utf8(&body).map_err(|_| CallError::bad_request("request: the body must be UTF-8"))?;
    let request = caller
        .read(text.trim_start_matches('\u{feff}'), header.model.as_deref(), header.stream)
        .map_err(|invalid| CallError::bad_request(format!("{}: {}", invalid.field, invalid.problem)))?;
    let model = request.model.clone().unwrap_or_default();
    Ok((request.into(), ClientProtocol { caller, model, headers }))
}
