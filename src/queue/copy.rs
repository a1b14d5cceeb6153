//! A consistent copy of a file that its owner may be writing to.
//!
//! SQLite commits to the log first and writes back to the file later; the log restarts, with another header,
//! only after all of it was written back. So a file copied first and a log copied second belong together when
//! the log's header has not changed: whatever is half written in the file is complete in the log. A torn end
//! of the log is not a commit.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{error::QueueError, seal};

/// The length of the log's header, in bytes. Its salts change when the log restarts.
const HEAD: u64 = 32;
/// The log restarts about every thousand pages; twice during one copy is rare.
const TRIES: usize = 20;

/// The copy is removed when this is dropped.
pub struct FileCopy {
    folder: PathBuf,
}

/// Distinguishes two states of the log.
#[derive(PartialEq, Eq)]
enum CopyStamp {
    Log(Vec<u8>),
    /// Its owner closed it, or has not written yet.
    NoLog(Option<SystemTime>),
}

impl FileCopy {
    pub fn of(path: &Path) -> Result<Self, QueueError> {
        let copy_error = |e| QueueError::file(path, &format!("it cannot be copied for reading ({e})"));
        let copy = Self::make().map_err(copy_error)?;
        for _ in 0..TRIES {
            if copy.take(path).map_err(copy_error)? {
                return Ok(copy);
            }
        }
        Err(QueueError::file(path, "its owner writes to it faster than it can be copied; try again"))
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("copy.db")
    }

    /// A new folder that only its owner can read.
    fn make() -> std::io::Result<Self> {
        let random = seal::random::<8>()
            .map_err(|_| std::io::Error::other("the system's random number generator failed"))?;
        let folder = std::env::temp_dir().join(format!("bellwether-{:016x}", u64::from_le_bytes(random)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self { folder })
    }

    /// Copies once. False if the log restarted meanwhile.
    fn take(&self, path: &Path) -> std::io::Result<bool> {
        let before = stamp(path)?;
        copy(path, &self.path())?;
        match copy(&log_of(path), &log_of(&self.path())) {
            // An empty log counts as none.
            Err(e) if e.kind() == ErrorKind::NotFound => drop(File::create(log_of(&self.path()))?),
            copied => copied?,
        }
        Ok(stamp(path)? == before)
    }
}

impl Drop for FileCopy {
    fn drop(&mut self) {
        // Only its owner can read it, and the system clears such folders.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The write-ahead log beside a file.
pub fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Without the original's permissions: every reader of the file must be able to write to the copy.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut from = File::open(from)?;
    std::io::copy(&mut from, &mut File::create(to)?).map(|_| ())
}

fn stamp(path: &Path) -> std::io::Result<CopyStamp> {
    let mut head = Vec::new();
    match File::open(log_of(path)) {
        Ok(log) => {
            log.take(HEAD).read_to_end(&mut head)?;
        }
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    // Without creation times, fewer states can be distinguished.
    Ok(if head.is_empty() {
        CopyStamp::NoLog(fs::metadata(path)?.modified().ok())
    } else {
        CopyStamp::Log(head)
    })
}
