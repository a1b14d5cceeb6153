//! Reads response bodies, decoded, within the call's timeouts.

use super::faults::undecodable;
use crate::{
    base::clock::now,
    call::context::Call,
    net::{body::Body, decode::ContentDecoder},
    policy::fault::{Fault, FaultKind},
};
use std::time::{Duration, Instant};
use tokio::time;

/// The largest body of a successful response, in bytes. A larger one is malformed.
pub const MAX_ANSWER: usize = 64 << 20;
/// The most that one piece of a compressed stream may decode to, in bytes.
pub const MAX_PIECE: usize = 8 << 20;
/// The most that is read of an error's body, in bytes; `ERROR_PATIENCE` is how long it is read for.
pub const MAX_ERROR: usize = 64 << 10;
const ERROR_PATIENCE: Duration = Duration::from_secs(5);
/// Reads a body to its end. Fails with a timeout, a broken connection, or more than `MAX_ANSWER` bytes.
pub async fn read_whole(
    call: &Call,
    began: Instant,
    body: &mut Body,
    decoder: &mut ContentDecoder,
) -> Result<Vec<u8>, Fault> {
    let first = call.timeouts.first_content.map(|limit| began + limit);
    let (mut bytes, mut encoded) = (Vec::new(), Vec::new());
    loop {
        let between = call.timeouts.content.map(|limit| now() + limit);
        let (limit, kind) = match (first, between) {
            (Some(first), Some(between)) if between < first => (Some(between), FaultKind::ContentTimeout),
            (Some(first), _) => (Some(first), FaultKind::FirstContentTimeout),
            (None, between) => (between, FaultKind::ContentTimeout),
        };
        let out = if decoder.is_identity() { &mut bytes } else { &mut encoded };
        let more = match limit {
            None => body.data(out).await,
            Some(at) => time::timeout_at(time::Instant::from_std(at), body.data(out))
                .await
                .map_err(|_| Fault::new(kind, "the answer did not arrive in time").maybe_billed())?,
        };
        if !more.map_err(|why| Fault::new(FaultKind::Truncated, why).maybe_billed())? {
            break;
        }
        if !decoder.is_identity() {
            bytes.extend(decoder.push(&encoded).map_err(undecodable)?);
            encoded.clear();
        }
        if bytes.len() > MAX_ANSWER {
            return Err(Fault::new(FaultKind::Malformed, "the answer is larger than 64 MiB").maybe_billed());
        }
    }
    bytes.extend(decoder.finish().map_err(undecodable)?);
    Ok(bytes)
}

/// Reads an error's body up to `MAX_ERROR` bytes. A body that breaks off is still useful as far as it goes.
pub async fn error_text(mut body: Body, mut decoder: ContentDecoder) -> Vec<u8> {
    let (mut bytes, mut encoded) = (Vec::new(), Vec::new());
    let read = async {
        while let Ok(true) = body.data(&mut encoded).await {
            match decoder.push(&encoded) {
                Ok(decoded) => bytes.extend(decoded),
                Err(_) => break,
            }
            encoded.clear();
            if bytes.len() > MAX_ERROR {
                break;
            }
        }
    };
    let _ = time::timeout(ERROR_PATIENCE, read).await;
    bytes.extend(decoder.finish().unwrap_or_default());
    bytes
}
