//! A response body of either protocol.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use http_body::Body as _;
use hyper::body::Incoming;

use super::{failure::root_message, h1::body::H1Body, pool::H2Lease, transport::TransportBody};

pub enum Body {
    H1(H1Body),
    /// Its bytes are read elsewhere.
    Empty,
    H2 {
        incoming: Incoming,
        /// Holds the stream of the shared connection until the body has been read.
        _lease: H2Lease,
    },
    Carried(TransportBody),
}

impl Body {
    /// Appends the next bytes to `out`; false at the end.
    pub fn poll_data(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Result<bool, String>> {
        let incoming = match self {
            Self::H1(body) => return body.poll_data(cx, out),
            Self::Carried(body) => return body.poll_data(cx, out),
            Self::Empty => return Poll::Ready(Ok(false)),
            Self::H2 { incoming, .. } => incoming,
        };
        loop {
            match Pin::new(&mut *incoming).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(false)),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(root_message(&error))),
                // Trailers are ignored.
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        out.extend_from_slice(&data);
                        return Poll::Ready(Ok(true));
                    }
                }
            }
        }
    }

    pub async fn data(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        poll_fn(|cx| self.poll_data(cx, out)).await
    }

    /// Whether the end has been read.
    pub fn is_end(&self) -> bool {
        match self {
            Self::H1(body) => body.is_end(),
            Self::Carried(body) => body.is_end(),
            Self::Empty => true,
            Self::H2 { incoming, .. } => incoming.is_end_stream(),
        }
    }
}
