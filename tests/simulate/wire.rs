//! HTTP/1.1 as a simulated vendor speaks it.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time,
};

/// The client is gone.
pub struct Gone;

pub fn head(status: u16, retry_after: Option<Duration>, more: &str, limits: String) -> String {
    let retry_after =
        retry_after.map(|h| format!("retry-after-ms: {}\r\n", h.as_millis())).unwrap_or_default();
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{retry_after}{limits}{more}\r\n")
}

pub async fn write(io: &mut DuplexStream, text: &str) -> Result<(), Gone> {
    io.write_all(text.as_bytes()).await.map_err(|_| Gone)
}

pub async fn chunk(io: &mut DuplexStream, text: &str) -> Result<(), Gone> {
    write(io, &format!("{:x}\r\n{text}\r\n", text.len())).await
}

/// Waits, unless the client goes first.
pub async fn wait(io: &mut DuplexStream, length: Duration) -> Result<(), Gone> {
    let mut byte = [0];
    tokio::select! {
        biased;
        () = time::sleep(length) => Ok(()),
        _ = io.read(&mut byte) => Err(Gone),
    }
}

pub struct Received {
    pub path: String,
    pub key: String,
    pub body: Vec<u8>,
}

/// The next request; `None` when the client is gone.
pub async fn read_request(io: &mut DuplexStream, buffer: &mut Vec<u8>) -> Option<Received> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length:"))?;
            let length: usize = length.trim().parse().ok()?;
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                let key = head.lines().find_map(|l| l.strip_prefix("authorization: "));
                return Some(Received {
                    path: head.split(' ').nth(1)?.to_owned(),
                    key: key.unwrap_or_default().to_owned(),
                    body,
                });
            }
        }
        let mut piece = [0; 4096];
        match io.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => buffer.extend_from_slice(&piece[..n]),
        }
    }
}
