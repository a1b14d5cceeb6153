//! The queue of calls without a ready endpoint: by priority, then first come, first served. Each waiting call
//! sets its own timer, from the number of calls ahead of it; a ticket that is dropped notifies the next call.

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

/// The most calls that wait at one client; more are refused.
pub const MAX_WAITING: usize = 4_096;

/// The order of waiting calls: higher priorities first, then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitOrder {
    priority: Reverse<i32>,
    turn: u64,
}

/// Identifies what calls wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetId(usize);

impl TargetId {
    /// Identifies a target by an allocation that lives as long as any call waits for it.
    pub fn of<T>(allocation: &Arc<T>) -> Self {
        Self(Arc::as_ptr(allocation).addr())
    }
}

#[derive(Default)]
pub struct WaitQueue {
    waiting: Mutex<BTreeMap<WaitOrder, Waiter>>,
    /// The number of waiting calls, readable without the lock.
    count: AtomicUsize,
    turns: AtomicU64,
    listener: CapacityListener,
}

/// Notified of freed capacity that no waiting call needs. The durable queue listens.
#[derive(Default)]
struct CapacityListener {
    watches: AtomicBool,
    recovered: AtomicBool,
    notify: Notify,
}

struct Waiter {
    targets: Vec<TargetId>,
    notify: Arc<Notify>,
}

/// A position in the queue, given up when dropped.
pub struct WaitTicket {
    wait_queue: Arc<WaitQueue>,
    order: WaitOrder,
    pub notify: Arc<Notify>,
}

/// The queue has `MAX_WAITING` calls.
#[derive(Debug)]
pub struct WaitQueueFull;

impl WaitQueue {
    /// The order of a call that arrives now.
    pub fn next_order(&self, priority: i32) -> WaitOrder {
        WaitOrder { priority: Reverse(priority), turn: self.turns.fetch_add(1, Ordering::Relaxed) }
    }

    pub fn join(
        self: &Arc<Self>,
        order: WaitOrder,
        targets: impl Iterator<Item = TargetId>,
    ) -> Result<WaitTicket, WaitQueueFull> {
        let notify = Arc::new(Notify::new());
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MAX_WAITING {
            return Err(WaitQueueFull);
        }
        let targets = targets.collect();
        waiting.insert(order, Waiter { targets, notify: notify.clone() });
        self.count.store(waiting.len(), Ordering::Release);
        Ok(WaitTicket { wait_queue: self.clone(), order, notify })
    }

    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many calls wait for this target before a call of this order.
    pub fn ahead(&self, order: WaitOrder, target: TargetId) -> u32 {
        if self.is_empty() {
            return 0;
        }
        let waiting = self.waiting.lock();
        waiting.range(..order).filter(|(_, w)| w.targets.contains(&target)).count() as u32
    }

    /// The first call that waits for this target.
    pub fn first(&self, target: TargetId) -> Option<WaitOrder> {
        self.waiting.lock().iter().find(|(_, w)| w.targets.contains(&target)).map(|(order, _)| *order)
    }

    /// Resolves after the first change since `watch` that may make an endpoint ready. Only the queue's
    /// scheduler may await this.
    pub async fn change(&self) {
        self.listener.notify.notified().await;
    }

    /// Notifies the listener of a change that no waiting call needs.
    pub fn notify_listener(&self) {
        // Usually there is no listener; keep that case cheap.
        if self.listener.watches.load(Ordering::Acquire)
            && self.listener.watches.swap(false, Ordering::AcqRel)
        {
            self.listener.notify.notify_one();
        }
    }

    /// Notes that an endpoint has answered.
    pub fn notify_recovered(&self) {
        self.listener.recovered.store(true, Ordering::Release);
        self.notify_listener();
    }

    /// Whether an endpoint has answered since the last call of this.
    pub fn has_recovered(&self) -> bool {
        self.listener.recovered.swap(false, Ordering::AcqRel)
    }

    /// Keeps the next change for `change`.
    pub fn watch(&self) {
        self.listener.watches.store(true, Ordering::Release);
    }

    /// Notifies the first call that waits for this target.
    pub fn notify_next(&self, target: TargetId) {
        self.notify_listener();
        if !self.is_empty() {
            notify_next(&self.waiting.lock(), target);
        }
    }

    /// Notifies every waiting call: the change may concern any of them.
    pub fn notify_all(&self) {
        self.notify_listener();
        self.waiting.lock().values().for_each(|w| w.notify.notify_one());
    }
}

impl WaitTicket {
    /// Sets the targets that the call waits for. The next calls for the targets that it gives up are
    /// notified.
    pub fn wait_for(&self, targets: impl Iterator<Item = TargetId>) {
        let targets: Vec<TargetId> = targets.collect();
        let mut waiting = self.wait_queue.waiting.lock();
        let Some(waiter) = waiting.get_mut(&self.order) else { return };
        if waiter.targets == targets {
            return;
        }
        let before = std::mem::replace(&mut waiter.targets, targets.clone());
        before.into_iter().filter(|t| !targets.contains(t)).for_each(|target| notify_next(&waiting, target));
    }
}

impl Drop for WaitTicket {
    fn drop(&mut self) {
        let mut waiting = self.wait_queue.waiting.lock();
        let Some(waiter) = waiting.remove(&self.order) else { return };
        self.wait_queue.count.store(waiting.len(), Ordering::Release);
        waiter.targets.into_iter().for_each(|target| notify_next(&waiting, target));
    }
}

fn notify_next(waiting: &BTreeMap<WaitOrder, Waiter>, target: TargetId) {
    if let Some(first) = waiting.values().find(|w| w.targets.contains(&target)) {
        first.notify.notify_one();
    }
}
