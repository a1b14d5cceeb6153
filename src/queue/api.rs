//! The durable queue's interface: enqueues calls, returns their results, and ends with its client.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
    task::{AbortHandle, JoinHandle},
};

use super::{
    backlog,
    error::QueueError,
    job::{JobDraft, JobOutcome, JobState},
    scheduler,
    shared::{QueueGauge, QueueShared, RetryRound, SchedulerRest},
    store::Store,
    store_thread::{FileStatus, QueueClock, StoreThread},
};
use crate::{base::clock::SystemClock, config::queue::QueueConfig, engine::Engine};

/// The most callers that wait for results at once.
const MAX_AWAITED: usize = 4_096;

type Result<T> = std::result::Result<T, QueueError>;

/// The result of one round of deliveries.
#[derive(Debug, PartialEq, Eq)]
pub struct RetryCounts {
    pub delivered: u64,
    pub failed: u64,
    pub remaining: u64,
}

pub struct Queue {
    shared: Arc<QueueShared>,
    scheduler_task: Mutex<Option<JoinHandle<()>>>,
    /// Watches the backlog for alerts.
    watching: AbortHandle,
}

/// Removes a waiting caller that has gone.
struct ResultWaiter<'a> {
    shared: &'a QueueShared,
    id: &'a str,
}

impl Drop for ResultWaiter<'_> {
    fn drop(&mut self) {
        let mut awaited = self.shared.awaited.lock();
        if let Some(waiting) = awaited.get_mut(self.id) {
            waiting.retain(|sender| !sender.is_closed());
            if waiting.is_empty() {
                awaited.remove(self.id);
            }
        }
    }
}

// === impl Queue ===

impl Queue {
    /// Opens the file on its own thread, and starts to deliver its jobs.
    pub fn start(config: QueueConfig, engine: Arc<Engine>, runtime: &Handle) -> io::Result<Arc<Self>> {
        let gauge = Arc::new(QueueGauge::default());
        let status = gauge.clone();
        let clock = QueueClock::new(&SystemClock);
        let store_thread = StoreThread::start(config.clone(), clock, move |news| match news {
            FileStatus::Opened(waiting) => {
                *status.unusable.lock() = None;
                status.waiting.store(waiting, Ordering::Release);
                status.work_available.notify_one();
            }
            FileStatus::Unusable(error) => *status.unusable.lock() = Some(error.clone()),
            FileStatus::Waiting(waiting) => status.waiting.store(waiting, Ordering::Release),
        })?;
        let shared = Arc::new(QueueShared {
            engine: RwLock::new(engine),
            store_thread,
            config,
            gauge,
            clock,
            awaited: Mutex::default(),
            rounds: Mutex::default(),
            ended: watch::Sender::new(0),
            rest: watch::Sender::new(SchedulerRest::default()),
            passes: AtomicU64::new(0),
            scans: AtomicU64::new(0),
            closing: watch::Sender::new(false),
        });
        let scheduler_task = runtime.spawn(scheduler::run(shared.clone()));
        let watching = runtime.spawn(backlog::watch(Arc::downgrade(&shared))).abort_handle();
        Ok(Arc::new(Self { shared, scheduler_task: Mutex::new(Some(scheduler_task)), watching }))
    }

    /// Delivers jobs under another configuration from now on.
    pub fn follow(&self, engine: Arc<Engine>) {
        *self.shared.engine.write() = engine;
        self.shared.gauge.work_available.notify_one();
    }

    /// Jobs that are not over.
    pub fn size(&self) -> u64 {
        self.shared.gauge.waiting.load(Ordering::Acquire)
    }

    /// Resolves when the file is open.
    pub async fn ready(&self) -> Result<()> {
        self.ask(|_| Ok(())).await
    }

    /// Enqueues a call; resolves with its id when it is on disk.
    pub async fn enqueue(&self, draft: JobDraft) -> Result<String> {
        let now_ms = self.shared.clock.now_ms();
        let (id, new) = self.ask(move |store| store.enqueue(&draft, now_ms)).await?;
        if new {
            self.shared.emit("queued", &id, Value::Null);
            self.shared.gauge.work_available.notify_one();
        }
        Ok(id)
    }

    /// The result of a job, once it is over.
    pub async fn result(&self, id: &str) -> Result<JobOutcome> {
        loop {
            let (sender, ended) = oneshot::channel();
            {
                let mut awaited = self.shared.awaited.lock();
                if awaited.values().map(Vec::len).sum::<usize>() >= MAX_AWAITED {
                    return Err(QueueError::Busy(MAX_AWAITED));
                }
                awaited.entry(id.to_owned()).or_default().push(sender);
            }
            // Registered before the file is read: an end in between is noticed.
            let awaiting = ResultWaiter { shared: &self.shared, id };
            let asked = id.to_owned();
            let (state, kept) = self.ask(move |store| store.result(&asked)).await?;
            if state.is_over() {
                drop(ended);
                drop(awaiting);
                return Ok(JobOutcome { id: id.to_owned(), state, kept, position: 0 });
            }
            let mut closing = self.shared.closing.subscribe();
            tokio::select! {
                biased;
                _ = ended => {}
                _ = closing.wait_for(|closing| *closing) => return Err(QueueError::Closed),
            }
        }
    }

    /// The first job that ended after a place in the order of ends.
    pub async fn next_end(&self, place: i64) -> Result<JobOutcome> {
        let mut ended = self.shared.ended.subscribe();
        loop {
            ended.borrow_and_update();
            if let Some(outcome) = self.ask(move |store| store.ended_after(place)).await? {
                return Ok(outcome);
            }
            ended.changed().await.map_err(|_| QueueError::Closed)?;
        }
    }

    pub async fn list(
        &self,
        state: Option<JobState>,
        limit: u32,
        after: Option<String>,
    ) -> Result<Vec<Value>> {
        self.ask(move |store| store.list(state, limit, after.as_deref())).await
    }

    pub async fn show(&self, id: String) -> Result<Value> {
        self.ask(move |store| store.show(&id)).await
    }

    pub async fn retry(&self, id: String) -> Result<bool> {
        let now_ms = self.shared.clock.now_ms();
        let back = self.ask(move |store| store.retry(&id, now_ms)).await?;
        self.shared.gauge.work_available.notify_one();
        Ok(back)
    }

    /// Deletes jobs that were enqueued or ended at least `older_than_ms` ago.
    pub async fn purge(&self, state: Option<JobState>, older_than_ms: i64) -> Result<usize> {
        let before = self.shared.clock.now_ms().saturating_sub(older_than_ms);
        let purged = self.ask(move |store| store.purge(state, before)).await?;
        // Callers that wait for a purged job are notified.
        let all: Vec<_> = self.shared.awaited.lock().drain().collect();
        drop(all);
        Ok(purged)
    }

    /// Tries every waiting job once, whatever its backoff. Limits and cooldowns still hold.
    pub async fn retry_all(&self) -> Result<RetryCounts> {
        let shared = &self.shared;
        let now_ms = shared.clock.now_ms();
        let last = self.ask(move |store| store.reset_due(now_ms)).await?;
        let round = Arc::new(RetryRound { last, delivered: AtomicU64::new(0), failed: AtomicU64::new(0) });
        shared.rounds.lock().push(round.clone());
        let _ends = RoundGuard { shared, round: &round };
        let mut rest = shared.rest.subscribe();
        let begun = shared.passes.fetch_add(1, Ordering::AcqRel);
        shared.engine().wait_queue.notify_recovered();
        shared.gauge.work_available.notify_one();
        let done =
            |rest: &SchedulerRest| rest.pass > begun && rest.oldest_in_flight.is_none_or(|seq| seq > last);
        let mut closing = shared.closing.subscribe();
        tokio::select! {
            biased;
            rested = rest.wait_for(done) => { rested.map_err(|_| QueueError::Closed)?; }
            _ = closing.wait_for(|closing| *closing) => return Err(QueueError::Closed),
        }
        Ok(RetryCounts {
            delivered: round.delivered.load(Ordering::Acquire),
            failed: round.failed.load(Ordering::Acquire),
            remaining: self.size(),
        })
    }

    async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.shared.store_thread.ask(act).await
    }

    /// Starts no more deliveries; running ones go on.
    pub fn stop(&self) {
        self.watching.abort();
        self.shared.closing.send_replace(true);
        self.shared.gauge.work_available.notify_one();
    }

    /// Ends running deliveries, and releases the file after its last commit.
    pub async fn close(&self) {
        self.stop();
        let scheduler_task = self.scheduler_task.lock().take();
        if let Some(scheduler_task) = scheduler_task {
            scheduler_task.abort();
            let _ = scheduler_task.await;
        }
        self.shared.store_thread.close().await;
    }

    /// Holds commits back, for tests.
    pub fn hold(&self, held: bool) {
        self.shared.store_thread.commit_pause.set(held);
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.stop();
        self.shared.store_thread.commit_pause.set(false);
        if let Some(scheduler_task) = self.scheduler_task.lock().take() {
            scheduler_task.abort();
        }
    }
}

/// Counts for a round until it is dropped.
struct RoundGuard<'a> {
    shared: &'a QueueShared,
    round: &'a Arc<RetryRound>,
}

impl Drop for RoundGuard<'_> {
    fn drop(&mut self) {
        self.shared.rounds.lock().retain(|round| !Arc::ptr_eq(round, self.round));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests;
