//! Encodes the answer for the caller: OpenAI objects, or bytes of the caller's own protocol.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::{
    dialect::{client_answer::ClientEncoder, client_dialect::ClientDialect, codec::Dialect},
    state::Target,
};

/// The protocol of a caller that sent its request through an SDK or over HTTP.
#[derive(Debug)]
pub struct ClientProtocol {
    pub caller: ClientDialect,
    /// The requested model.
    pub model: String,
    /// The caller's headers, for endpoints of the same dialect.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// How a stream is passed on.
pub enum OutputEncoding {
    /// OpenAI's chunks, as JSON.
    Objects,
    /// The vendor's own events, unchanged.
    Raw,
    Encoded(Box<ClientEncoder>),
}

impl ClientProtocol {
    /// A whole answer: unchanged from an endpoint of the caller's dialect, else translated.
    pub fn answer(&self, dialect: Dialect, own: String, translated: Option<String>) -> String {
        if self.caller.speaks(dialect) {
            return own;
        }
        let completion = translated.unwrap_or(own);
        match serde_json::from_str(&completion) {
            Ok(completion) => self.caller.write_answer(&completion, &self.model),
            // It has been parsed once already. What cannot be parsed again is passed on unchanged.
            Err(_) => completion,
        }
    }
}

/// The first item of a stream: which endpoint answers.
pub fn stream_preamble(
    target: &Target,
    request_id: &str,
    vendor_request_id: Option<&str>,
    attempts: usize,
) -> Value {
    json!({
        "requestId": request_id, "endpoint": &*target.endpoint.name, "model": &*target.model,
        "vendorRequestId": vendor_request_id, "attempts": attempts,
    })
}

impl OutputEncoding {
    pub fn of(client_protocol: Option<&ClientProtocol>, dialect: Dialect) -> Self {
        match client_protocol {
            None => Self::Objects,
            Some(client_protocol) if client_protocol.caller.speaks(dialect) => Self::Raw,
            Some(client_protocol) => {
                Self::Encoded(Box::new(client_protocol.caller.encoder(&client_protocol.model)))
            }
        }
    }

    /// The encoding of a chunk; `text` is its JSON. Empty when its event was passed on unchanged.
    pub fn chunk(&mut self, chunk: &Value, text: String) -> String {
        match self {
            Self::Objects => text,
            Self::Raw => String::new(),
            Self::Encoded(encoder) => {
                let mut out = String::new();
                encoder.chunk(chunk, &mut out);
                out
            }
        }
    }

    /// An event, for callers that get the vendor's events unchanged.
    pub fn event(&self, name: Option<&str>, data: &str) -> Option<String> {
        let Self::Raw = self else { return None };
        let mut out = String::with_capacity(data.len() + 32);
        if let Some(name) = name {
            out.push_str("event: ");
            out.push_str(name);
            out.push('\n');
        }
        for line in data.split('\n') {
            out.push_str("data: ");
            out.push_str(line);
            out.push('\n');
        }
        out.push('\n');
        Some(out)
    }

    /// What follows the last chunk of a complete stream.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        if let Self::Encoded(encoder) = self {
            encoder.end(&mut out);
        }
        out
    }
}
