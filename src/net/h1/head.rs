//! A response head: status, fields, and the framing they announce.

use std::mem::MaybeUninit;

use super::framing::Framing;
use crate::net::fields::{FieldPosition, HeaderFields};

/// The largest head, in bytes.
pub const MAX_HEAD: usize = 256 << 10;
const MAX_FIELDS: usize = 256;

pub struct ParsedHead {
    pub status: u16,
    pub fields: HeaderFields,
    pub framing: Framing,
    /// Whether the connection can be reused after the body.
    pub keep_alive: bool,
}

/// Whether `bytes` contains the end of a head; the first `searched` bytes contain none.
pub fn is_complete(bytes: &[u8], searched: usize) -> bool {
    // The end is "\n\r\n", or "\n\n" from servers that deviate.
    let from = searched.saturating_sub(2);
    memchr::memchr_iter(b'\n', &bytes[from..]).any(|at| {
        let before = &bytes[..from + at];
        before.ends_with(b"\n") || before.ends_with(b"\n\r")
    })
}

/// Takes one head from the front of `received`; `None` while it is incomplete.
pub fn take_head(received: &mut Vec<u8>) -> Result<Option<ParsedHead>, String> {
    let mut room = [MaybeUninit::uninit(); MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let length = match config.parse_response_with_uninit_headers(&mut response, received, &mut room) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("the response is not valid HTTP: {error}")),
    };
    let status = response.code.unwrap_or_default();
    let http_1_1 = response.version == Some(1);
    let start = received.as_ptr() as usize;
    let position = |part: &[u8]| {
        let at = (part.as_ptr() as usize).saturating_sub(start);
        (at as u32, (at + part.len()) as u32)
    };
    let fields = response.headers.iter();
    let places = fields
        .map(|h| FieldPosition { name: position(h.name.as_bytes()), value: position(h.value) })
        .collect();
    let rest = received.split_off(length);
    let fields = HeaderFields::Lines { bytes: std::mem::replace(received, rest), places };
    let framing = Framing::of(status, &fields)?;
    let connection_has = |word: &[u8]| {
        fields
            .all("connection")
            .flat_map(|v| v.split(|b| *b == b','))
            .any(|v| v.trim_ascii().eq_ignore_ascii_case(word))
    };
    let keep_alive = framing != Framing::Close
        && if http_1_1 { !connection_has(b"close") } else { connection_has(b"keep-alive") };
    Ok(Some(ParsedHead { status, fields, framing, keep_alive }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> ParsedHead {
        let mut bytes = format!("{text}rest").into_bytes();
        let head = take_head(&mut bytes).expect("sound").expect("complete");
        assert_eq!(bytes, b"rest");
        head
    }

    #[test]
    fn fields_and_reuse() {
        let h = head("HTTP/1.1 200 OK\r\nX-Request-ID:  a b \r\ncontent-length: 3\r\n\r\n");
        assert_eq!((h.status, h.keep_alive, h.framing), (200, true, Framing::Length(3)));
        assert_eq!(h.fields.all("x-request-id").collect::<Vec<_>>(), [b"a b"]);
        assert_eq!(h.fields.all("x-request").next(), None);
        for (text, reuse) in [
            ("HTTP/1.1 200\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nconnection: x, close\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\n\r\n", false),
            ("HTTP/1.1 204 No Content\r\n\r\n", true),
            ("HTTP/1.1 200 OK\ncontent-length: 0\n\n", true),
        ] {
            assert_eq!(head(text).keep_alive, reuse, "{text:?}");
        }
    }

    #[test]
    fn an_unfinished_head_is_waited_for_and_a_wrong_one_refused() {
        let text = b"HTTP/1.1 200 OK\r\na: b\r\n\r\n";
        for end in 0..text.len() {
            assert!(take_head(&mut text[..end].to_vec()).expect("sound so far").is_none(), "{end}");
            assert!(!is_complete(&text[..end], 0), "{end}");
            assert!(is_complete(text, end), "{end}");
        }
        for bad in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        ] {
            assert!(take_head(&mut bad.as_bytes().to_vec()).is_err(), "{bad:?}");
        }
    }
}
