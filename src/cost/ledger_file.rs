//! The ledger on disk: written to a new file that replaces the old one, at most once a second, on a
//! blocking thread.
//! One client owns it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::{task::AbortHandle, time};

use super::accountant::{CostAccountant, SharedLedger};
use crate::base::{
    event::{self, EventKind, EventSink},
    timestamp::epoch_ms,
};

const EVERY: Duration = Duration::from_secs(1);
/// A larger file is not a ledger of ours, in bytes.
const LARGEST: u64 = 1 << 30;
/// Large ledgers are written less often: the pause is this many times as long as the write took.
const REST: u32 = 10;

pub struct LedgerFile {
    kept: Arc<LedgerWriter>,
    writer: AbortHandle,
}

/// Shared with the writer task: the lock is released after the last write.
struct LedgerWriter {
    path: PathBuf,
    account: Arc<SharedLedger>,
    /// Held while writing: two writes at once would mix.
    writing: Mutex<()>,
    /// The lock, held as long as this lives.
    _lock: File,
    events: Arc<dyn EventSink>,
}

impl LedgerFile {
    /// Reads the file and keeps it current from now on. The error names the problem with the file.
    pub fn open(
        path: &Path,
        accountant: &CostAccountant,
        events: Arc<dyn EventSink>,
        runtime: &tokio::runtime::Handle,
    ) -> Result<Self, String> {
        let cannot = |what: &str, e: io::Error| format!("{what}: {e}");
        // Follow links, so that the same file reached by another path has the same lock.
        let real = std::fs::canonicalize(path);
        let path = real.as_deref().unwrap_or(path);
        // Reading a pipe would block, and a device has no end.
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err("is not a file".into());
        }
        let beside = beside(path, "lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&beside)
            .map_err(|e| cannot("its lock file cannot be created", e))?;
        lock.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => "another client uses this ledger".to_owned(),
            TryLockError::Error(e) => cannot("it cannot be locked", e),
        })?;
        match std::fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(cannot("cannot be read", e)),
            Ok(found) if found.len() > LARGEST => return Err("is too large for a ledger".into()),
            Ok(_) => {
                let text = std::fs::read_to_string(path).map_err(|e| cannot("cannot be read", e))?;
                let now = epoch_ms(SystemTime::now());
                accountant.restore(&text, now).map_err(|e| format!("is not a ledger: {e}"))?;
            }
        }
        // Find out now that it cannot be written, not after money was spent.
        let account = accountant.account.clone();
        write(path, &account.text()).map_err(|e| cannot("cannot be written", e))?;
        let kept = Arc::new(LedgerWriter {
            path: path.to_owned(),
            account,
            writing: Mutex::default(),
            _lock: lock,
            events,
        });
        let writer = runtime.spawn(keep(kept.clone())).abort_handle();
        Ok(Self { kept, writer })
    }

    /// Writes the rest, before the client closes.
    pub fn flush(&self) {
        if let Err(e) = self.kept.write() {
            self.kept.report(&e.to_string());
        }
    }
}

impl LedgerWriter {
    /// Writes the ledger if it has changed. A failed write is tried again later.
    fn write(&self) -> io::Result<()> {
        let _writing = self.writing.lock();
        if !self.account.take_changed() {
            return Ok(());
        }
        write(&self.path, &self.account.text()).inspect_err(|_| self.account.set_changed())
    }

    fn report(&self, why: &str) {
        event::emit(
            &*self.events,
            EventKind::Config,
            || serde_json::json!({ "message": format!("the ledger of costs could not be written: {why}") }),
        );
    }
}

impl Drop for LedgerFile {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

/// Ends when the file is dropped.
async fn keep(kept: Arc<LedgerWriter>) {
    let mut reported = false;
    let mut took = Duration::ZERO;
    loop {
        time::sleep(EVERY.max(took * REST)).await;
        let writer = kept.clone();
        let began = time::Instant::now();
        let written = tokio::task::spawn_blocking(move || writer.write()).await;
        took = began.elapsed();
        let why = match written {
            Ok(Ok(())) => None,
            Ok(Err(e)) => Some(e.to_string()),
            Err(_) => Some("its writer failed".into()),
        };
        // The write is tried again after a second; the failure is emitted once.
        if let Some(why) = why.as_ref().filter(|_| !reported) {
            kept.report(why);
        }
        reported = why.is_some();
    }
}

/// Writes a new file and renames it: a reader gets the old ledger or the new one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = beside(path, "new");
    let mut file = File::create(&new)?;
    // Keep the permissions of the old file.
    if let Ok(old) = std::fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}
