//! `headers` of an endpoint, which may carry credentials.

use http::{HeaderName, HeaderValue};
use serde_json::json;

use crate::config::reader::{self, Reader};

/// Headers that determine the framing or the connection.
const FRAMING: [HeaderName; 6] = [
    http::header::CONTENT_LENGTH,
    http::header::TRANSFER_ENCODING,
    http::header::CONNECTION,
    http::header::TE,
    http::header::TRAILER,
    http::header::UPGRADE,
];

pub fn read_headers(r: &mut Reader<'_>) -> Option<Vec<(HeaderName, HeaderValue)>> {
    r.note("headers", || json!({ "type": "object", "additionalProperties": { "type": "string" } }));
    let mut headers = Vec::new();
    let mut sound = true;
    for (name, path, value) in r.record("headers") {
        let parsed =
            HeaderName::try_from(name).ok().zip(value.as_str().and_then(|v| HeaderValue::try_from(v).ok()));
        match parsed {
            Some((name, _)) if FRAMING.contains(&name) => {
                sound = false;
                r.problems().push(reader::Problem {
                    path,
                    message: "is set by the connection and cannot be configured".into(),
                });
            }
            Some((name, mut value)) => {
                // Gateways accept credentials in headers of their own.
                value.set_sensitive(true);
                headers.push((name, value));
            }
            None => {
                sound = false;
                // Not quoted: it may be a credential.
                let given =
                    if value.is_string() { String::new() } else { format!(", got {}", reader::kind(value)) };
                let message =
                    format!("must be a header with a string value without control characters{given}");
                r.problems().push(reader::Problem { path, message });
            }
        }
    }
    sound.then_some(headers)
}
