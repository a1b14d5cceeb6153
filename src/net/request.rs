//! A request in the form that both protocols take.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use http_body_util::Full;

/// The `user-agent` of every request.
pub const USER_AGENT: &str = concat!("bellwether/", env!("CARGO_PKG_VERSION"));

/// The part that all requests of one kind to one address share, prepared once.
pub struct RequestHead {
    pub method: Method,
    pub uri: Uri,
    headers: HeaderMap,
    /// The head as HTTP/1.1 writes it, without the blank line. It holds the credential.
    lines: Vec<u8>,
}

pub struct Request {
    pub head: Arc<RequestHead>,
    /// Headers of this request only.
    pub extra: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
}

impl RequestHead {
    pub fn new(method: Method, uri: Uri, headers: HeaderMap) -> Self {
        let lines = lines(&method, &uri, &headers, false);
        Self { method, uri, headers, lines }
    }

    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl Request {
    pub fn new(head: Arc<RequestHead>, body: Bytes) -> Self {
        Self { head, extra: Vec::new(), body }
    }

    /// Head and body for HTTP/1.1. A proxy without a tunnel needs the absolute address.
    pub fn to_h1(&self, proxied: bool) -> Vec<u8> {
        let anew;
        let replaced = self.extra.iter().any(|(name, _)| self.head.headers.contains_key(name));
        let lines = if proxied || replaced {
            let mut headers = self.head.headers.clone();
            for (name, _) in &self.extra {
                headers.remove(name);
            }
            anew = lines(&self.head.method, &self.head.uri, &headers, proxied);
            &anew
        } else {
            &self.head.lines
        };
        let extra: usize = self.extra.iter().map(|(n, v)| n.as_str().len() + v.len() + 4).sum();
        let mut out = Vec::with_capacity(lines.len() + extra + 40 + self.body.len());
        out.extend_from_slice(lines);
        for (name, value) in &self.extra {
            line(&mut out, name, value);
        }
        // A body must be announced by the head, or it would be read as another request.
        if self.head.method != Method::GET || !self.body.is_empty() {
            out.extend_from_slice(b"content-length: ");
            decimal(&mut out, self.body.len());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }

    pub fn to_h2(&self) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.uri.clone();
        *request.version_mut() = http::Version::HTTP_2;
        *request.headers_mut() = self.head.headers.clone();
        request.headers_mut().remove(header::HOST);
        for (name, value) in &self.extra {
            request.headers_mut().insert(name, value.clone());
        }
        request
    }
}

fn lines(method: &Method, uri: &Uri, headers: &HeaderMap, absolute: bool) -> Vec<u8> {
    let authority = uri.authority().map_or("", |a| a.as_str());
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(method.as_str().as_bytes());
    out.push(b' ');
    if absolute {
        out.extend_from_slice(uri.scheme_str().unwrap_or("http").as_bytes());
        out.extend_from_slice(b"://");
        out.extend_from_slice(authority.as_bytes());
    }
    // A query without a path lacks its slash.
    if !path.starts_with('/') {
        out.push(b'/');
    }
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if !headers.contains_key(header::HOST) {
        out.extend_from_slice(b"host: ");
        out.extend_from_slice(authority.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    for (name, value) in headers {
        line(&mut out, name, value);
    }
    out
}

fn line(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn decimal(out: &mut Vec<u8>, number: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, body: &'static str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer k"));
        let uri = "http://h.example:81/v1/x?q=1".parse().expect("uri");
        Request::new(Arc::new(RequestHead::new(method, uri, headers)), Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn lines_end_as_they_should() {
        let mut post = request(Method::POST, "0123456789ab");
        post.extra.push((HeaderName::from_static("idempotency-key"), HeaderValue::from_static("i")));
        assert_eq!(
            String::from_utf8(post.to_h1(false)).expect("ascii"),
            "POST /v1/x?q=1 HTTP/1.1\r\nhost: h.example:81\r\nauthorization: Bearer k\r\n\
             idempotency-key: i\r\ncontent-length: 12\r\n\r\n0123456789ab"
        );
        assert_eq!(
            String::from_utf8(request(Method::GET, "").to_h1(true)).expect("ascii"),
            "GET http://h.example:81/v1/x?q=1 HTTP/1.1\r\nhost: h.example:81\r\nauthorization: Bearer k\r\n\r\n"
        );
        let head =
            Arc::new(RequestHead::new(Method::GET, "http://h?q".parse().expect("uri"), HeaderMap::new()));
        assert!(
            Request::new(head, Bytes::new()).to_h1(false).starts_with(b"GET /?q HTTP/1.1\r\nhost: h\r\n")
        );
        let mut own = request(Method::POST, "");
        own.extra.push((header::AUTHORIZATION, HeaderValue::from_static("other")));
        let lines = String::from_utf8(own.to_h1(false)).expect("ascii");
        assert_eq!(lines.matches("authorization").count(), 1, "{lines}");
        assert!(lines.contains("authorization: other\r\n"));
        assert!(
            String::from_utf8(request(Method::GET, "GET /").to_h1(false))
                .expect("ascii")
                .contains("content-length: 5\r\n")
        );
        assert!(
            String::from_utf8(request(Method::POST, "").to_h1(false))
                .expect("ascii")
                .contains("content-length: 0\r\n")
        );
    }
}
