//! `queue`: the durable queue.

use std::{path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretBox};
use serde_json::json;

use super::reader::{Reader, kind};

/// The length of the user's key, in bytes.
pub const KEY_BYTES: usize = 32;
/// 1 TiB.
const MOST_BYTES: u64 = 1 << 40;

#[derive(Debug, PartialEq)]
pub struct QueueConfig {
    pub path: PathBuf,
    pub max_jobs: u64,
    pub max_bytes: u64,
    pub ttl: Option<Duration>,
    pub max_deliveries: u32,
    pub key: Option<QueueKey>,
}

impl QueueConfig {
    /// A queue with all defaults.
    pub fn at(path: PathBuf) -> Self {
        Self { path, max_jobs: 10_000, max_bytes: 1 << 30, ttl: None, max_deliveries: 5, key: None }
    }
}

/// The key that encrypts the file.
#[derive(Debug)]
pub struct QueueKey(SecretBox<[u8; KEY_BYTES]>);

impl QueueKey {
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }
}

impl PartialEq for QueueKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Clone for QueueKey {
    fn clone(&self) -> Self {
        Self::new(*self.expose())
    }
}

impl Clone for QueueConfig {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), key: self.key.clone(), ..*self }
    }
}

/// `queue`; `None` when it is missing or invalid.
pub fn read_queue(r: &mut Reader<'_>) -> Option<QueueConfig> {
    r.object("queue", |r| {
        r.note_required("path");
        let path = r.string("path").map(PathBuf::from);
        if path.is_none() && !r.is_given("path") {
            r.problem("path", "is missing; give the path of a file that only this client uses");
        }
        let key = read_key(r);
        let default = QueueConfig::at(path.clone().unwrap_or_default());
        let config = QueueConfig {
            max_jobs: r.integer("maxJobs", 1, 10_000_000).unwrap_or(default.max_jobs),
            max_bytes: r.integer("maxBytes", 1, MOST_BYTES).unwrap_or(default.max_bytes),
            ttl: r.duration("ttl", Duration::from_millis(1)),
            max_deliveries: r.integer("maxDeliveries", 1, 100).map_or(default.max_deliveries, |n| n as u32),
            key,
            ..default
        };
        path.map(|_| config)
    })
    .flatten()
}

/// Never quoted.
fn read_key(r: &mut Reader<'_>) -> Option<QueueKey> {
    const ACCEPTED: &str = "must be 32 bytes: a Buffer, or 64 hexadecimal digits";
    r.note("encryptionKey", || json!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" }));
    let value = r.raw("encryptionKey")?;
    let key = value.as_str().and_then(unhex);
    if key.is_none() {
        let given = match value.as_str() {
            Some(text) => format!("a string of {} characters", text.chars().count()),
            None => kind(value),
        };
        r.problem("encryptionKey", format!("{ACCEPTED}, got {given}"));
    }
    key.map(QueueKey::new)
}

fn unhex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    if text.len() != KEY_BYTES * 2 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |d: u8| char::from(d).to_digit(16);
        *byte = (digit(digits[0])? * 16 + digit(digits[1])?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::reader;

    fn read(value: Value) -> Result<Option<QueueConfig>, Vec<String>> {
        let mut problems = Vec::new();
        let options = json!({ "queue": value });
        let read = reader::object(&options, "", &mut problems, read_queue).flatten();
        if problems.is_empty() {
            return Ok(read);
        }
        Err(problems.iter().map(|p| format!("{} {}", p.path, p.message)).collect())
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = read(json!({ "path": "q.db" })).unwrap().unwrap();
        assert_eq!(config.max_bytes, 1_073_741_824);
        assert_eq!((config.max_jobs, config.ttl, config.max_deliveries), (10_000, None, 5));
        assert!(config.key.is_none());
    }

    #[test]
    fn a_key_is_hexadecimal_and_is_never_quoted() {
        let key = "0f".repeat(32);
        let config = read(json!({ "path": "q.db", "encryptionKey": key, "ttl": "1h" })).unwrap().unwrap();
        assert_eq!(config.key.as_ref().unwrap().expose(), &[15; 32]);
        assert_eq!(config.ttl, Some(Duration::from_secs(3_600)));
        assert!(!format!("{config:?}").contains("15, 15"), "{config:?}");
        for given in [json!("secret"), json!("é".repeat(32)), json!("0g".repeat(32)), json!(7)] {
            let problems = read(json!({ "path": "q.db", "encryptionKey": given })).unwrap_err();
            assert!(problems[0].starts_with("queue.encryptionKey must be 32 bytes"), "{problems:?}");
            assert!(!problems[0].contains("secret") && !problems[0].contains("0g"), "{problems:?}");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong =
            json!({ "maxJobs": 0, "maxBytes": 0, "ttl": "soon", "maxDeliveries": 1.5, "pth": "q.db" });
        let problems = read(wrong).unwrap_err();
        let names: Vec<_> = problems.iter().map(|p| p.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(
            names,
            [
                "queue.path",
                "queue.maxJobs",
                "queue.maxBytes",
                "queue.ttl",
                "queue.maxDeliveries",
                "queue.pth"
            ]
        );
    }
}
