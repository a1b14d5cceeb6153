//! The thread that owns the file. Waiting tasks share one commit, and are answered when it is on disk.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::{error::QueueError, store::Store};
use crate::{
    base::{
        clock::{WallClock, now},
        timestamp::epoch_ms,
    },
    config::queue::QueueConfig,
};

/// The most waiting tasks; more are refused.
const MAX_WAITING: usize = 4_096;
/// The most tasks in one commit.
const MAX_BATCH: usize = 256;
/// A file that could not be opened is tried again with the next task, but not within this time.
const REOPEN_AFTER: Duration = Duration::from_millis(500);

/// The wall clock at the start, advanced by the monotonic one: setting the clock does not expire jobs.
#[derive(Clone, Copy)]
pub struct QueueClock {
    began: Instant,
    wall_ms: i64,
}

impl QueueClock {
    pub fn new(wall: &dyn WallClock) -> Self {
        Self { began: now(), wall_ms: epoch_ms(wall.now()) as i64 }
    }

    pub fn now_ms(&self) -> i64 {
        self.wall_ms.saturating_add(now().saturating_duration_since(self.began).as_millis() as i64)
    }
}

/// Holds commits back, to show in tests that only their own callers wait for them.
#[derive(Default)]
pub struct CommitPause {
    held: Mutex<bool>,
    changed: Condvar,
}

impl CommitPause {
    pub fn set(&self, held: bool) {
        *self.held.lock() = held;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut held = self.held.lock();
        while *held {
            self.changed.wait(&mut held);
        }
    }
}

/// Changes of the file that the queue must know.
pub enum FileStatus<'a> {
    /// It can be used; the number of waiting jobs.
    Opened(u64),
    Unusable(&'a QueueError),
    Waiting(u64),
}

trait StoreTask: Send {
    fn act(&mut self, store: &mut Store);
    /// Answers the caller; `outcome` is that of the commit.
    fn done(self: Box<Self>, outcome: Result<(), QueueError>);
}

struct PendingTask<T, F> {
    act: Option<F>,
    result: Option<Result<T, QueueError>>,
    reply: oneshot::Sender<Result<T, QueueError>>,
}

impl<T: Send, F> StoreTask for PendingTask<T, F>
where
    F: FnOnce(&mut Store) -> Result<T, QueueError> + Send,
{
    fn act(&mut self, store: &mut Store) {
        self.result = self.act.take().map(|act| store.within(act));
    }

    fn done(self: Box<Self>, outcome: Result<(), QueueError>) {
        let Self { result, reply, .. } = *self;
        // The caller may be gone.
        let _ = reply.send(outcome.and_then(|()| result.unwrap_or(Err(QueueError::Closed))));
    }
}

enum StoreCommand {
    Act(Box<dyn StoreTask>),
    Close(oneshot::Sender<()>),
}

/// The handle of the thread. The thread ends after its last commit when all handles are dropped.
#[derive(Clone)]
pub struct StoreThread {
    commands: SyncSender<StoreCommand>,
    pub commit_pause: Arc<CommitPause>,
}

impl StoreThread {
    /// `news` is called on the thread, before the callers are answered.
    pub fn start(
        config: QueueConfig,
        clock: QueueClock,
        on_status: impl Fn(FileStatus<'_>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, received) = mpsc::sync_channel(MAX_WAITING);
        let commit_pause = Arc::new(CommitPause::default());
        let holding = commit_pause.clone();
        let file = StoreOpener { config, clock, on_status: Box::new(on_status) };
        thread::Builder::new()
            .name("bellwether-queue".into())
            .spawn(move || run(&file, &received, &holding))?;
        Ok(Self { commands, commit_pause })
    }

    /// Runs a task on the file; resolves when its commit is on disk.
    pub async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Store) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let (reply, answer) = oneshot::channel();
        let asked = Box::new(PendingTask { act: Some(act), result: None, reply });
        self.commands.try_send(StoreCommand::Act(asked)).map_err(|e| match e {
            TrySendError::Full(_) => QueueError::Busy(MAX_WAITING),
            TrySendError::Disconnected(_) => QueueError::Closed,
        })?;
        answer.await.unwrap_or(Err(QueueError::Closed))
    }

    /// Ends the thread after the tasks before; resolves when the file is released.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        let mut command = StoreCommand::Close(reply);
        // The waiting tasks are bounded and being served: there is room soon.
        while let Err(TrySendError::Full(refused)) = self.commands.try_send(command) {
            command = refused;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let _ = closed.await;
    }
}

struct StoreOpener {
    config: QueueConfig,
    clock: QueueClock,
    on_status: Box<dyn Fn(FileStatus<'_>) + Send>,
}

impl StoreOpener {
    fn open(&self) -> Result<Store, QueueError> {
        let opened = Store::open(&self.config, self.clock.now_ms()).and_then(|store| {
            let waiting = store.waiting()?;
            Ok((store, waiting))
        });
        (self.on_status)(match &opened {
            Ok((_, waiting)) => FileStatus::Opened(*waiting),
            Err(error) => FileStatus::Unusable(error),
        });
        opened.map(|(store, _)| store)
    }
}

fn run(file: &StoreOpener, received: &Receiver<StoreCommand>, commit_pause: &CommitPause) {
    let mut store = file.open();
    let mut tried = now();
    let mut closing = None;
    while closing.is_none() {
        let Ok(first) = received.recv() else { break };
        let mut batch = Vec::new();
        for command in std::iter::once(first).chain(received.try_iter()) {
            match command {
                StoreCommand::Act(operation) => batch.push(operation),
                StoreCommand::Close(reply) => {
                    closing = Some(reply);
                    break;
                }
            }
            if batch.len() == MAX_BATCH {
                break;
            }
        }
        if store.is_err() && !batch.is_empty() && now().saturating_duration_since(tried) >= REOPEN_AFTER {
            store = file.open();
            tried = now();
        }
        match &mut store {
            Ok(store) => serve(store, batch, commit_pause, &file.on_status),
            Err(error) => batch.into_iter().for_each(|operation| operation.done(Err(error.clone()))),
        }
    }
    if let Ok(store) = store {
        store.close();
    }
    if let Some(reply) = closing {
        let _ = reply.send(());
    }
}

/// One commit for all of them, which takes as long as for one.
fn serve(
    store: &mut Store,
    mut batch: Vec<Box<dyn StoreTask>>,
    commit_pause: &CommitPause,
    on_status: &dyn Fn(FileStatus<'_>),
) {
    if batch.is_empty() {
        return;
    }
    let before = store.changes();
    let outcome = store.begin().and_then(|()| {
        for operation in &mut batch {
            operation.act(store);
            if !store.is_in_transaction() {
                let why = "SQLite aborted a commit, as it does when the disk is full or fails";
                return Err(QueueError::file(store.path(), why));
            }
        }
        commit_pause.pass();
        store.commit()
    });
    if outcome.is_err() {
        store.roll_back();
    }
    if outcome.is_ok()
        && store.changes() != before
        && let Ok(waiting) = store.waiting()
    {
        on_status(FileStatus::Waiting(waiting));
    }
    batch.into_iter().for_each(|operation| operation.done(outcome.clone()));
}
