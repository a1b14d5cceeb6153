//! A copy of a file that its owner may be writing to, as it was at some moment.
//!
//! What the owner commits goes to the log first, and is written back to the file later; the log begins anew, with another
//! head, only after all of it was written back. So a file, and then a log, that are copied while the log's head stays
//! what it is belong together: whatever the file has half of, the log has whole. A torn end of the log is no commit.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{error::QueueError, seal};

/// The log's head: salts that change when it begins anew.
const HEAD: u64 = 32;
/// An owner begins a log anew once in a thousand pages; twice in one copying is bad luck.
const TRIES: usize = 20;

/// Removed when it is dropped.
pub struct FileCopy {
    folder: PathBuf,
}

/// By what two moments are told apart.
#[derive(PartialEq, Eq)]
enum CopyStamp {
    Log(Vec<u8>),
    /// Its owner closed it, or has written nothing yet.
    NoLog(Option<SystemTime>),
}

impl FileCopy {
    pub fn of(path: &Path) -> Result<Self, QueueError> {
        let trouble = |e| QueueError::file(path, &format!("it cannot be copied to be looked at ({e})"));
        let copy = Self::make().map_err(trouble)?;
        for _ in 0..TRIES {
            if copy.take(path).map_err(trouble)? {
                return Ok(copy);
            }
        }
        Err(QueueError::file(path, "its owner writes to it faster than it can be copied; try again"))
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("copy.db")
    }

    /// A folder that its owner alone can read, and that was not there.
    fn make() -> std::io::Result<Self> {
        let random =
            seal::random::<8>().map_err(|_| std::io::Error::other("the system gives no randomness"))?;
        let folder = std::env::temp_dir().join(format!("bellwether-{:016x}", u64::from_le_bytes(random)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self { folder })
    }

    /// False if the log began anew meanwhile.
    fn take(&self, path: &Path) -> std::io::Result<bool> {
        let before = stamp(path)?;
        copy(path, &self.path())?;
        match copy(&log_of(path), &log_of(&self.path())) {
            // An empty log is none.
            Err(e) if e.kind() == ErrorKind::NotFound => drop(File::create(log_of(&self.path()))?),
            copied => copied?,
        }
        Ok(stamp(path)? == before)
    }
}

impl Drop for FileCopy {
    fn drop(&mut self) {
        // Nobody else can read it, and the system clears such folders.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The write-ahead log beside a file.
pub fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Not with its permissions: who may read a file may write to a copy.
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
    // A file system without such times has fewer moments to tell apart.
    Ok(if head.is_empty() {
        CopyStamp::NoLog(fs::metadata(path)?.modified().ok())
    } else {
        CopyStamp::Log(head)
    })
}
