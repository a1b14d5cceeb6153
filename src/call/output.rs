//! In whose words a call is answered: OpenAI's, as objects, or a caller's own, ready for the wire.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::{
    dialect::{client_dialect::ClientDialect, codec::Dialect, outbound::ClientEncoder},
    state::Target,
};

/// A caller who speaks a vendor's own dialect, through an SDK or over HTTP.
#[derive(Debug)]
pub struct ClientProtocol {
    pub caller: ClientDialect,
    /// The model he asked for.
    pub model: String,
    /// His headers, for endpoints that speak as he does.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// How a stream is passed on.
pub enum OutputEncoding {
    /// Chunks of OpenAI's, as JSON.
    Objects,
    /// The vendor's own events, as they came.
    Raw,
    Encoded(Box<ClientEncoder>),
}

impl ClientProtocol {
    /// A whole answer: the vendor's own text if he speaks that, else what it means in his words.
    pub fn answer(&self, dialect: Dialect, own: String, translated: Option<String>) -> String {
        if self.caller.speaks(dialect) {
            return own;
        }
        let completion = translated.unwrap_or(own);
        match serde_json::from_str(&completion) {
            Ok(completion) => self.caller.write_answer(&completion, &self.model),
            // It was read as an answer already; what cannot be read again is passed on as it is.
            Err(_) => completion,
        }
    }
}

/// What is told before the first event of a stream: who answers.
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

    /// What a chunk is passed on as; `text` is its JSON. Nothing where its event was passed on as it came.
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

    /// An event as it came, where it is passed on so.
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

    /// What comes after the last chunk of a sound stream.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        if let Self::Encoded(encoder) = self {
            encoder.end(&mut out);
        }
        out
    }
}
