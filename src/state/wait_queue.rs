//! Where calls wait when nobody is ready for them: by priority, then first come, first served. Everyone watches
//! the clock for what it waits for, counting those before it; a place that is left rings for the next.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Calls that wait at one client; more are turned away.
pub const MAX_WAITING: usize = 4_096;

/// A call's place in the order: higher priorities first, then by when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitOrder {
    priority: Reverse<i32>,
    turn: u64,
}

/// Identifies what calls wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetId(usize);

impl TargetId {
    /// Identifies a target by an allocation that lives as long as anything waits for it.
    pub fn of<T>(allocation: &Arc<T>) -> Self {
        Self(Arc::as_ptr(allocation).addr())
    }
}

#[derive(Default)]
pub struct WaitQueue {
    waiting: Mutex<BTreeMap<WaitOrder, Waiter>>,
    /// How many, for those who need not look closer.
    count: AtomicUsize,
    turns: AtomicU64,
    watcher: CapacityListener,
}

/// Somebody who does not stand in line, and wants to hear of every change while there is none for him to wait for.
#[derive(Default)]
struct CapacityListener {
    watches: AtomicBool,
    recovered: AtomicBool,
    notify: Notify,
}

struct Waiter {
    wants: Vec<TargetId>,
    notify: Arc<Notify>,
}

/// A place in the room, given up when dropped.
pub struct WaitTicket {
    wait_queue: Arc<WaitQueue>,
    rank: WaitOrder,
    pub notify: Arc<Notify>,
}

/// As many wait as may.
#[derive(Debug)]
pub struct WaitQueueFull;

impl WaitQueue {
    /// The rank of a call that comes now.
    pub fn rank(&self, priority: i32) -> WaitOrder {
        WaitOrder { priority: Reverse(priority), turn: self.turns.fetch_add(1, Ordering::Relaxed) }
    }

    pub fn enter(
        self: &Arc<Self>,
        rank: WaitOrder,
        wants: impl Iterator<Item = TargetId>,
    ) -> Result<WaitTicket, WaitQueueFull> {
        let notify = Arc::new(Notify::new());
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MAX_WAITING {
            return Err(WaitQueueFull);
        }
        let wants = wants.collect();
        waiting.insert(rank, Waiter { wants, notify: notify.clone() });
        self.count.store(waiting.len(), Ordering::Release);
        Ok(WaitTicket { wait_queue: self.clone(), rank, notify })
    }

    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many wait for this target before a call of this rank.
    pub fn ahead(&self, rank: WaitOrder, target: TargetId) -> u32 {
        if self.is_empty() {
            return 0;
        }
        let waiting = self.waiting.lock();
        waiting.range(..rank).filter(|(_, w)| w.wants.contains(&target)).count() as u32
    }

    /// Who is first in line for this target.
    pub fn first(&self, target: TargetId) -> Option<WaitOrder> {
        self.waiting.lock().iter().find(|(_, w)| w.wants.contains(&target)).map(|(rank, _)| *rank)
    }

    /// Resolves when something has changed since `watch` that may make an endpoint ready. One may watch.
    pub async fn change(&self) {
        self.watcher.notify.notified().await;
    }

    /// Tells the watcher of a change that concerns nobody in line.
    pub fn notify_listener(&self) {
        // Nearly always nobody watches, and that is cheap to see.
        if self.watcher.watches.load(Ordering::Acquire) && self.watcher.watches.swap(false, Ordering::AcqRel)
        {
            self.watcher.notify.notify_one();
        }
    }

    /// Somebody answered.
    pub fn notify_recovered(&self) {
        self.watcher.recovered.store(true, Ordering::Release);
        self.notify_listener();
    }

    /// Whether anybody has answered since this was last asked.
    pub fn has_recovered(&self) -> bool {
        self.watcher.recovered.swap(false, Ordering::AcqRel)
    }

    /// From here on the next change is kept for `change`.
    pub fn watch(&self) {
        self.watcher.watches.store(true, Ordering::Release);
    }

    /// Something changed at a target: the first who waits for it looks.
    pub fn ring(&self, target: TargetId) {
        self.notify_listener();
        if !self.is_empty() {
            ring(&self.waiting.lock(), target);
        }
    }

    /// Something changed that may concern anyone.
    pub fn notify_all(&self) {
        self.notify_listener();
        self.waiting.lock().values().for_each(|w| w.notify.notify_one());
    }
}

impl WaitTicket {
    /// What it waits for from now on. Whoever comes next for what it gives up hears of it.
    pub fn want(&self, wants: impl Iterator<Item = TargetId>) {
        let wants: Vec<TargetId> = wants.collect();
        let mut waiting = self.wait_queue.waiting.lock();
        let Some(waiter) = waiting.get_mut(&self.rank) else { return };
        if waiter.wants == wants {
            return;
        }
        let before = std::mem::replace(&mut waiter.wants, wants.clone());
        before.into_iter().filter(|t| !wants.contains(t)).for_each(|target| ring(&waiting, target));
    }
}

impl Drop for WaitTicket {
    fn drop(&mut self) {
        let mut waiting = self.wait_queue.waiting.lock();
        let Some(waiter) = waiting.remove(&self.rank) else { return };
        self.wait_queue.count.store(waiting.len(), Ordering::Release);
        waiter.wants.into_iter().for_each(|target| ring(&waiting, target));
    }
}

fn ring(waiting: &BTreeMap<WaitOrder, Waiter>, target: TargetId) {
    if let Some(first) = waiting.values().find(|w| w.wants.contains(&target)) {
        first.notify.notify_one();
    }
}
