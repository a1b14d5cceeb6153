//! An HTTP/1.1 body. At its end the connection returns to the pool.

use std::task::{Context, Poll};

use super::{
    exchange::{BegunResponse, RequestWriter},
    framing::Framing,
    scratch,
};
use crate::net::pool::H1Lease;

pub struct H1Body {
    lease: Option<H1Lease>,
    rest: Vec<u8>,
    framing: Framing,
    keep_alive: bool,
    sending: Option<RequestWriter>,
}

impl H1Body {
    pub fn new(lease: H1Lease, begun: BegunResponse) -> Self {
        let BegunResponse { head, rest, sending } = begun;
        let mut body =
            Self { lease: Some(lease), rest, framing: head.framing, keep_alive: head.keep_alive, sending };
        if body.framing.is_done() {
            let clean = body.rest.is_empty();
            body.finish(clean);
        }
        body
    }

    pub fn is_end(&self) -> bool {
        self.framing.is_done()
    }

    /// Appends the next bytes of the payload to `out`; false at the end.
    pub fn poll_data(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Result<bool, String>> {
        let before = out.len();
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            let taken = self.framing.decode(&rest, out);
            self.decoded(taken.map(|taken| taken == rest.len()))?;
        }
        while out.len() == before {
            if self.framing.is_done() {
                return Poll::Ready(Ok(false));
            }
            let (Some(lease), framing) = (&mut self.lease, &mut self.framing) else {
                return Poll::Ready(Err("the response was abandoned".into()));
            };
            if let Some(sending) = &mut self.sending {
                sending.poll(lease.conn(), cx);
                if sending.is_done() {
                    self.sending = None;
                }
            }
            let read = scratch::with(|scratch| {
                lease.conn().poll_bytes(cx, scratch).map(|read| match read {
                    Ok(0) => framing.close().map(|()| false).map_err(str::to_owned),
                    Ok(n) => {
                        framing.decode(&scratch[..n], out).map(|taken| taken == n).map_err(str::to_owned)
                    }
                    Err(error) => Err(error.to_string()),
                })
            });
            match read {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(clean) => self.decoded(clean)?,
            }
        }
        Poll::Ready(Ok(true))
    }

    /// Handles the result of decoding; true when nothing follows the response.
    fn decoded<E: Into<String>>(&mut self, clean: Result<bool, E>) -> Result<(), String> {
        match clean {
            Ok(clean) => {
                if self.framing.is_done() {
                    self.finish(clean);
                }
                Ok(())
            }
            Err(why) => {
                self.lease = None;
                Err(why.into())
            }
        }
    }

    fn finish(&mut self, clean: bool) {
        if let Some(lease) = self.lease.take()
            && self.keep_alive
            && clean
            // A request that is only half sent blocks the next one.
            && self.sending.is_none()
        {
            lease.free();
        }
    }
}
