//! Connections opened ahead of need, one per origin, until the pool asks for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use parking_lot::Mutex;
use tokio::{task::AbortHandle, time};

use super::connector::Conn;

/// How long a spare waits; servers close idle connections at about this age.
const KEEP: Duration = Duration::from_secs(30);
/// An HTTP/2 server gives a client that says nothing less time.
const KEEP_H2: Duration = Duration::from_secs(5);

#[derive(Default)]
pub struct Spares(Mutex<HashMap<String, Spare>>);

struct Spare {
    conn: Conn,
    _expiry: Expiry,
}

/// Ends the wait with what it waits for.
struct Expiry(AbortHandle);

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Spares {
    pub fn has(&self, target: &Uri) -> bool {
        self.0.lock().get_mut(&key(target)).is_some_and(|spare| spare.conn.is_quiet())
    }

    /// Keeps a connection for a while. Must be called on the runtime, which ends the wait.
    pub fn put(self: &Arc<Self>, target: &Uri, conn: Conn) {
        let key = key(target);
        let weak = Arc::downgrade(self);
        let keep = if conn.is_h2() { KEEP_H2 } else { KEEP };
        let expiring = key.clone();
        let expiry = tokio::spawn(async move {
            time::sleep(keep).await;
            if let Some(spares) = weak.upgrade() {
                spares.0.lock().remove(&expiring);
            }
        })
        .abort_handle();
        self.0.lock().insert(key, Spare { conn, _expiry: Expiry(expiry) });
    }

    pub fn take(&self, target: &Uri) -> Option<Conn> {
        let mut spare = self.0.lock().remove(&key(target))?;
        spare.conn.is_quiet().then_some(spare.conn)
    }

    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

fn key(target: &Uri) -> String {
    format!("{}://{}", target.scheme_str().unwrap_or("http"), target.authority().map_or("", |a| a.as_str()))
}
