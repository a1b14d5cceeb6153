//! A request as an SDK sends it, read for the engine.

use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

use crate::{
    dialect::{caller::Caller, openai::request::ChatRequest},
    engine::{error::CallError, voice::Wire},
};

/// What the façade tells beside the body.
#[derive(Deserialize)]
struct Asked {
    dialect: String,
    /// Where the address names it.
    model: Option<String>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    headers: Vec<(String, String)>,
}

/// Headers that are the connection's, the credential's or ours: an endpoint has its own.
const OURS: [HeaderName; 14] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
];
/// The vendors' own names for credentials, and whose account they are for.
const CREDENTIALS: [&str; 5] =
    ["x-api-key", "x-goog-api-key", "api-key", "openai-organization", "openai-project"];

pub fn read(body: &[u8], asked: &str) -> Result<(ChatRequest, Wire), Box<CallError>> {
    let asked: Asked =
        serde_json::from_str(asked).map_err(|_| CallError::internal("an unreadable request"))?;
    let caller =
        Caller::from_word(&asked.dialect).ok_or_else(|| CallError::internal("a dialect nobody speaks"))?;
    let text = std::str::from_utf8(body).map_err(|_| CallError::bad_request("request: must be UTF-8"))?;
    let request = caller
        .read(text.trim_start_matches('\u{feff}'), asked.model.as_deref(), asked.stream)
        .map_err(|invalid| CallError::bad_request(format!("{}: {}", invalid.field, invalid.problem)))?;
    let header = |(name, value): (String, String)| {
        let name = HeaderName::try_from(name).ok()?;
        let theirs = !OURS.contains(&name) && !CREDENTIALS.contains(&name.as_str());
        Some((name, HeaderValue::try_from(value).ok()?)).filter(|_| theirs)
    };
    let headers = asked.headers.into_iter().filter_map(header).collect();
    let model = request.model.clone().unwrap_or_default();
    Ok((request, Wire { caller, model, headers }))
}
