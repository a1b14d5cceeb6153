//! Sends a request over HTTP/1.1 and reads the head of its response.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt::Write;

use super::{
    head::{self, MAX_HEAD, ParsedHead},
    scratch,
};
use crate::net::{
    conn::Conn,
    failure::{FailureKind, NetworkFailure},
    tls,
};

/// The most interim heads (1xx) before the final one.
const MAX_INTERIM: u32 = 16;

/// A response after its head has arrived.
pub struct BegunResponse {
    pub head: ParsedHead,
    /// Bytes of the body that came with the head.
    pub rest: Vec<u8>,
    /// The rest of the request: a peer may respond before it has read all of it.
    pub sending: Option<RequestWriter>,
}

/// Sends `request` and waits for the response head.
pub async fn exchange(conn: &mut Conn, request: Vec<u8>) -> Result<BegunResponse, NetworkFailure> {
    let mut sending = RequestWriter { request, written: 0, flushed: false, broken: None };
    let mut received = Vec::new();
    let mut searched = 0;
    let mut interim = 0;
    let head = poll_fn(|cx| {
        sending.poll(conn, cx);
        loop {
            let read = scratch::with(|scratch| {
                let read = conn.poll_bytes(cx, scratch);
                if let Poll::Ready(Ok(n)) = read {
                    received.extend_from_slice(&scratch[..n]);
                }
                read
            });
            match read {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(sending.failure(Some(error)))),
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(sending.failure(None))),
                Poll::Ready(Ok(_)) => {}
            }
            match next_head(&mut received, &mut searched, &mut interim) {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Err(message) => {
                    return Poll::Ready(Err(NetworkFailure::new(FailureKind::Malformed, message)));
                }
            }
        }
    })
    .await?;
    Ok(BegunResponse { head, rest: received, sending: (!sending.flushed).then_some(sending) })
}

/// The first head that is not an interim one.
fn next_head(
    received: &mut Vec<u8>,
    searched: &mut usize,
    interim: &mut u32,
) -> Result<Option<ParsedHead>, String> {
    while head::is_complete(received, *searched) {
        let Some(head) = head::take_head(received)? else { break };
        match head.status {
            101 => return Err("the response switches to another protocol, which was not requested".into()),
            // Each one copies what follows it: an endless series would keep the thread busy.
            100..200 if *interim == MAX_INTERIM => {
                return Err("too many interim responses (1xx) came before the response".into());
            }
            100..200 => (*interim, *searched) = (*interim + 1, 0),
            _ => return Ok(Some(head)),
        }
    }
    *searched = received.len();
    if received.len() > MAX_HEAD { Err("the response head is larger than 256 KiB".into()) } else { Ok(None) }
}

/// A request that is being written.
pub struct RequestWriter {
    request: Vec<u8>,
    written: usize,
    flushed: bool,
    /// Why writing failed. The peer may have responded before it closed.
    broken: Option<io::Error>,
}

impl RequestWriter {
    /// Whether all of it was written.
    pub fn is_done(&self) -> bool {
        self.flushed
    }

    pub fn poll(&mut self, conn: &mut Conn, cx: &mut Context<'_>) {
        if self.flushed || self.broken.is_some() {
            return;
        }
        if let Poll::Ready(Err(error)) = self.poll_write(conn, cx) {
            self.broken = Some(error);
        }
    }

    fn poll_write(&mut self, conn: &mut Conn, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.request.len() {
            match Pin::new(&mut *conn).poll_write(cx, &self.request[self.written..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => self.written += n,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let flushed = Pin::new(conn).poll_flush(cx);
        self.flushed = matches!(flushed, Poll::Ready(Ok(())));
        flushed
    }

    /// The failure when the connection ended before a response.
    fn failure(&mut self, read: Option<io::Error>) -> NetworkFailure {
        let kind = if self.written == 0 { FailureKind::Unsent } else { FailureKind::Reset };
        match self.broken.take().or(read) {
            // A peer that refuses our certificate does so after the handshake, and has not read the
            // request.
            Some(error) if tls::refused(&error) => NetworkFailure::new(FailureKind::Tls, error.to_string()),
            Some(error) => NetworkFailure::new(kind, error.to_string()),
            None => NetworkFailure::new(kind, "the connection was closed before a response arrived"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<u16>, String> {
        let head = next_head(&mut text.as_bytes().to_vec(), &mut 0, &mut 0)?;
        Ok(head.map(|h| h.status))
    }

    #[test]
    fn interim_heads_are_read_past_but_not_for_ever() {
        let (interim, answer) = ("HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(read(&(interim.repeat(16) + answer)), Ok(Some(200)));
        assert_eq!(read(interim), Ok(None));
        assert!(read(&interim.repeat(17)).is_err());
        assert!(read("HTTP/1.1 101 Switching Protocols\r\n\r\n").is_err());
    }

    #[test]
    fn a_head_without_an_end_is_given_up() {
        assert!(read(&format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(MAX_HEAD))).is_err());
    }
}
