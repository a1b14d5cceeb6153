//! A request out, and the head of its answer in.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt::Write;

use super::{
    head::{self, Head, MAX_HEAD},
    scratch,
};
use crate::net::{
    conn::Conn,
    failure::{Failure, FailureKind},
};

/// An answer has begun.
pub struct Begun {
    pub head: Head,
    /// What came with the head and belongs to the body.
    pub rest: Vec<u8>,
    /// What of the request is still to be sent: a peer may answer before it has read all.
    pub sending: Option<Sending>,
}

/// Sends `request` and waits for the head of its answer.
pub async fn exchange(conn: &mut Conn, request: Vec<u8>) -> Result<Begun, Failure> {
    let mut sending = Sending { request, written: 0, flushed: false, broken: None };
    let mut received = Vec::new();
    let mut searched = 0;
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
            match next_head(&mut received, &mut searched) {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Err(message) => return Poll::Ready(Err(Failure::new(FailureKind::Malformed, message))),
            }
        }
    })
    .await?;
    Ok(Begun { head, rest: received, sending: (!sending.flushed).then_some(sending) })
}

/// The first head that is no interim one.
fn next_head(received: &mut Vec<u8>, searched: &mut usize) -> Result<Option<Head>, String> {
    while head::is_complete(received, *searched) {
        let Some(head) = head::take(received)? else { break };
        match head.status {
            101 => return Err("the answer switches to another protocol unasked".into()),
            100..200 => *searched = 0,
            _ => return Ok(Some(head)),
        }
    }
    *searched = received.len();
    if received.len() > MAX_HEAD { Err("the answer's head is larger than 256 KiB".into()) } else { Ok(None) }
}

/// The request on its way out.
pub struct Sending {
    request: Vec<u8>,
    written: usize,
    flushed: bool,
    /// Why nothing more can be written. The peer may have said something before it hung up.
    broken: Option<io::Error>,
}

impl Sending {
    /// Whether the peer can have all of it.
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

    /// The connection ended before an answer had begun.
    fn failure(&mut self, read: Option<io::Error>) -> Failure {
        let kind = if self.written == 0 { FailureKind::Unsent } else { FailureKind::Reset };
        match self.broken.take().or(read) {
            Some(error) => Failure::new(kind, error.to_string()),
            None => Failure::new(kind, "the connection was closed before an answer"),
        }
    }
}
