//! Opens a file: new or existing, locked, or as a copy.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::Path,
};

use rusqlite::{Connection, OpenFlags, params};

use super::{Result, Store};
use crate::{
    config::queue::QueueConfig,
    queue::{
        error::QueueError,
        schema::{self, SchemaProblem},
        seal::{self, SALT_BYTES, Seal, SealedRole},
    },
};

/// The pages in the write-ahead log before it is written back: 4 MiB.
const CHECKPOINT_PAGES: i64 = 1_000;

/// Whether an encrypted file opens without its key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyRequirement {
    Needed,
    /// Jobs can be counted and moved, but not read.
    MayBeMissing,
}

impl Store {
    /// Opens or creates the file and locks it.
    pub fn open(config: &QueueConfig, now_ms: i64) -> Result<Self> {
        let path = &config.path;
        let lock = lock(path, "each client needs a file of its own")?;
        private(path)
            .map_err(|e| QueueError::file(path, &format!("it cannot be opened or created ({e})")))?;
        Self::take(config, KeyRequirement::Needed, lock, now_ms)
    }

    /// Locks an existing file to change its jobs.
    pub fn tend(config: &QueueConfig, now_ms: i64) -> Result<Self> {
        let lock = lock(
            &config.path,
            "ask the client that has it (client.queue.retry, client.queue.purge), or close it",
        )?;
        Self::take(config, KeyRequirement::MayBeMissing, lock, now_ms)
    }

    /// Opens a copy of the file that `config` names.
    pub fn look(config: &QueueConfig, copy: &Path) -> Result<Self> {
        Self::read(config, copy, KeyRequirement::MayBeMissing, None)
    }

    fn take(config: &QueueConfig, key: KeyRequirement, lock: File, now_ms: i64) -> Result<Self> {
        let store = Self::read(config, &config.path, key, Some(lock))?;
        // A delivery that its owner did not finish may have been answered: it is delivered again, and
        // marked.
        let interrupted = "UPDATE jobs SET state = 0, maybe_duplicate = 1, due_ms = ? WHERE state = 1";
        store.execute(interrupted, [now_ms])?;
        Ok(store)
    }

    fn read(config: &QueueConfig, place: &Path, key: KeyRequirement, lock: Option<File>) -> Result<Self> {
        let path = &config.path;
        let store_error = |error| QueueError::of(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(place, flags).map_err(store_error)?;
        pragmas(&connection).map_err(store_error)?;
        let sound: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(store_error)?;
        if sound != "ok" {
            return Err(QueueError::file(path, &format!("it is damaged ({sound})")));
        }
        let random = seal::random::<SALT_BYTES>()
            .map_err(|_| QueueError::file(path, "the system's random number generator failed"))?;
        schema::migrate(&mut connection, |transaction| {
            let seal = Seal::new(config.key.as_ref(), &random);
            let check = if seal.is_on() { seal.seal(SealedRole::Check, b"bellwether").unwrap_or_default() } else { Vec::new() };
            let mut insert = transaction.prepare("INSERT INTO meta (name, value) VALUES (?, ?)")?;
            insert.execute(params!["salt", random.as_slice()])?;
            insert.execute(params!["check", check])?;
            insert.execute(params!["ended", 0_i64]).map(|_| ())
        })
        .map_err(|store_error| match store_error {
            SchemaProblem::Sqlite(error) => QueueError::of(path, &error),
            SchemaProblem::Foreign => QueueError::file(path, "it is a database of another program"),
            SchemaProblem::Newer { found, known } => QueueError::file(
                path,
                &format!("it was written by a later version of bellwether (file version {found}, this one reads {known}); update bellwether"),
            ),
        })?;
        let meta = |name: &str| {
            connection
                .query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get::<_, Vec<u8>>(0))
        };
        let (salt, check) = (meta("salt").map_err(store_error)?, meta("check").map_err(store_error)?);
        let seal = Seal::new(config.key.as_ref(), &salt);
        let readable = seal.is_on() || check.is_empty();
        match (seal.is_on(), check.is_empty()) {
            (true, true) => {
                return Err(QueueError::file(
                    path,
                    "it was created without an encryptionKey; remove queue.encryptionKey or use another file",
                ));
            }
            (false, false) if key == KeyRequirement::Needed => {
                return Err(QueueError::file(
                    path,
                    "it was created with an encryptionKey; give the same queue.encryptionKey",
                ));
            }
            (true, false) if seal.open(SealedRole::Check, &check).is_err() => {
                return Err(QueueError::file(path, "queue.encryptionKey is not the key it was created with"));
            }
            _ => {}
        }
        let prefix = salt.iter().take(4).fold("q".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        Ok(Self {
            connection,
            path: path.clone(),
            seal,
            prefix,
            readable,
            max_jobs: config.max_jobs,
            max_bytes: config.max_bytes,
            ttl_ms: config.ttl.map(|ttl| ttl.as_millis() as i64),
            lane: Vec::new(),
            #[cfg(test)]
            steps: std::cell::Cell::default(),
            _lock: lock,
        })
    }
}

/// Durability: `FULL` syncs the log at every commit.
fn pragmas(connection: &Connection) -> rusqlite::Result<()> {
    // Only one process has it open, so the log's index needs no shared memory.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // The log shrinks again after a burst.
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")
}

/// Creates the file readable by its owner only: it holds prompts.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// Locks the file until this process ends or this client closes; the system releases it in any case. The
/// error advises `otherwise`.
fn lock(path: &Path, otherwise: &str) -> Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&beside);
    let mut file = open
        .map_err(|e| QueueError::file(path, &format!("its lock file cannot be opened or created ({e})")))?;
    match file.try_lock() {
        Ok(()) => {
            // For users; nothing depends on it.
            let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let _ = file.take(20).read_to_string(&mut owner);
            let who = match owner.trim().parse::<u32>() {
                Ok(id) if id == std::process::id() => "another client of this process uses it".into(),
                Ok(id) => format!("process {id} uses it"),
                Err(_) => "another client uses it".into(),
            };
            Err(QueueError::file(path, &format!("{who}; {otherwise}")))
        }
        Err(TryLockError::Error(e)) => Err(QueueError::file(path, &format!("it cannot be locked ({e})"))),
    }
}
