//! The one thread of the engine: a current-thread runtime, shared by all clients, started with the first of
//! them and ended with the last.

use std::{
    io,
    sync::{Arc, Weak},
    thread,
};

use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::oneshot};

pub struct Runtime {
    handle: Handle,
    stop: Mutex<Option<oneshot::Sender<()>>>,
}

static SHARED: Mutex<Weak<Runtime>> = Mutex::new(Weak::new());

impl Runtime {
    pub fn shared() -> io::Result<Arc<Self>> {
        let mut shared = SHARED.lock();
        if let Some(runtime) = shared.upgrade() {
            return Ok(runtime);
        }
        let runtime = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&runtime);
        Ok(runtime)
    }

    fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // Name resolution is the only blocking work.
            .max_blocking_threads(4)
            .thread_name("bellwether-dns")
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new().name("bellwether".into()).spawn(move || {
            // Ends on request, or when the sender is dropped.
            let _ = runtime.block_on(stopped);
            // A hanging name resolution must not block the end of a worker.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, stop: Mutex::new(Some(stop)) })
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.lock().take() {
            let _ = stop.send(());
        }
    }
}
