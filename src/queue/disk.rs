//! For tests: a VFS of SQLite that counts syncs and can be made to fail.

#![expect(unsafe_code, reason = "a VFS is a table of C functions")]

use std::{
    ffi::{c_int, c_void},
    ptr,
    sync::{
        Once, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rusqlite::ffi;

/// Only files with this name are counted, for tests run side by side.
const COUNTED: &str = "counted-by-disk";

static SYNCS: AtomicU64 = AtomicU64::new(0);
static FULL: AtomicBool = AtomicBool::new(false);
static ORIGINAL: OnceLock<OriginalVfs> = OnceLock::new();
static INSTALLED: Once = Once::new();

type OpenFile = unsafe extern "C" fn(
    *mut ffi::sqlite3_vfs,
    ffi::sqlite3_filename,
    *mut ffi::sqlite3_file,
    c_int,
    *mut c_int,
) -> c_int;

struct OriginalVfs {
    vfs: usize,
    open: OpenFile,
}

/// A file's table of methods: SQLite uses the first part, followed by the table of the default VFS.
#[repr(C)]
struct Methods {
    counting: ffi::sqlite3_io_methods,
    original: ffi::sqlite3_io_methods,
}

/// Makes the counting VFS the default, for files whose name contains `COUNTED`.
pub fn install() {
    INSTALLED.call_once(|| {
        // SAFETY: SQLite's default VFS lives as long as the process; the copy is leaked, as the registry demands.
        unsafe {
            let vfs = ffi::sqlite3_vfs_find(ptr::null());
            let open = (*vfs).xOpen.expect("every VFS opens files");
            let _ = ORIGINAL.set(OriginalVfs { vfs: vfs.expose_provenance(), open });
            let mut copy = *vfs;
            copy.zName = c"counting".as_ptr();
            copy.xOpen = Some(open_counted);
            let copy = Box::leak(Box::new(copy));
            assert_eq!(ffi::sqlite3_vfs_register(copy, 1), ffi::SQLITE_OK);
        }
    });
}

/// The number of syncs so far.
pub fn syncs() -> u64 {
    SYNCS.load(Ordering::SeqCst)
}

pub fn set_full(full: bool) {
    FULL.store(full, Ordering::SeqCst);
}

/// A counted path in `folder`.
pub fn counted(folder: &std::path::Path) -> std::path::PathBuf {
    folder.join(COUNTED)
}

unsafe extern "C" fn open_counted(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let Some(original) = ORIGINAL.get() else { return ffi::SQLITE_ERROR };
    // SAFETY: passed on as SQLite gave it, to the VFS it was made for.
    unsafe {
        let code = (original.open)(ptr::with_exposed_provenance_mut(original.vfs), name, file, flags, out);
        let counted = !name.is_null() && std::ffi::CStr::from_ptr(name).to_string_lossy().contains(COUNTED);
        if code == ffi::SQLITE_OK && counted {
            let original = *(*file).pMethods;
            let counting = ffi::sqlite3_io_methods { xSync: Some(sync), xWrite: Some(write), ..original };
            // Leaked: a test opens only a few files.
            (*file).pMethods = (&raw const *Box::leak(Box::new(Methods { counting, original }))).cast();
        }
        code
    }
}

/// # Safety
/// The file must have been opened by `open_counted`.
unsafe fn original(file: *mut ffi::sqlite3_file) -> ffi::sqlite3_io_methods {
    // SAFETY: its table is the first part of `Methods`.
    unsafe { (*(*file).pMethods.cast::<Methods>()).original }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    SYNCS.fetch_add(1, Ordering::SeqCst);
    // SAFETY: passed on as SQLite gave it, for a file of ours.
    unsafe { original(file).xSync.map_or(ffi::SQLITE_IOERR, |sync| sync(file, flags)) }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    if FULL.load(Ordering::SeqCst) {
        return ffi::SQLITE_FULL;
    }
    // SAFETY: passed on as SQLite gave it, for a file of ours.
    unsafe { original(file).xWrite.map_or(ffi::SQLITE_IOERR, |write| write(file, from, length, at)) }
}
