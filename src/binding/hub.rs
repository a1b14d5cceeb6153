//! One queue for each JavaScript environment: results, chunks and events wait in it, and one weak function
//! wakes JavaScript to take them all.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use napi::{
    Env, Status,
    bindgen_prelude::{Array, Function, Uint32Array},
    sys,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use parking_lot::Mutex;
use tokio::{sync::Notify, task::AbortHandle, time};

use super::{
    item::{Item, ItemSink, ItemText},
    reply::SlotReply,
    runtime::Runtime,
    stream_window::StreamWindow,
    submissions::Submissions,
};
use crate::call::error::CallError;

/// The most events that wait for a busy event loop; beyond it the newest are dropped and counted.
const MAX_EVENTS: usize = 4_096;

/// With this many waiting answers JavaScript is woken at once, without waiting for others that are ready: it
/// processes them meanwhile on its own core.
const EAGER: usize = 8;

/// The most batches that wait to be freed, and the size of each.
const MAX_SPENT: usize = 8;
const MAX_SPENT_BYTES: usize = 1 << 20;

/// How long a chunk may wait for others after a recent wake: tokens come every ten milliseconds at best, and
/// a wake costs as much as parsing two of them.
const LINGER: Duration = Duration::from_millis(1);

/// The numbers of an item.
const HEAD: usize = 3;

type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 1>;

pub struct HubInner {
    queue: Mutex<ItemQueue>,
    /// Batches that JavaScript has taken, to be freed on the thread that allocated them: freeing them on the
    /// other thread would contend for the allocator's locks.
    to_free: Mutex<Vec<Vec<Item>>>,
    submissions: Submissions<HubInner>,
    arrived: Notify,
    pub placeholder: String,
    waking: AtomicU8,
    wake: Wake,
    due: Notify,
    /// An item waits that must not linger.
    urgent: Notify,
    dropped_events: AtomicU64,
    pub runtime: Arc<Runtime>,
}

/// JavaScript has taken everything.
const QUIET: u8 = 0;
/// JavaScript is to be woken after everything that is ready now.
const DUE: u8 = 1;
/// JavaScript has been woken and will drain.
const WOKEN: u8 = 2;

#[derive(Default)]
struct ItemQueue {
    items: VecDeque<Item>,
    events: usize,
}

#[napi]
pub struct Hub {
    pub(super) inner: Arc<HubInner>,
    heads: Uint32Array,
    tasks: [AbortHandle; 2],
}

impl ItemSink for HubInner {
    /// Queues an item for JavaScript and wakes it. Further chunks of a stream may linger for a moment, so
    /// that one wake serves many streams.
    fn push(&self, item: Item) {
        let lingers = item.may_linger();
        let waiting = {
            let mut queue = self.queue.lock();
            if item.is_event() {
                if queue.events >= MAX_EVENTS {
                    self.dropped_events.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                queue.events += 1;
            }
            queue.items.push_back(item);
            queue.items.len()
        };
        if self.step(QUIET, DUE) {
            self.due.notify_one();
        }
        if !lingers {
            if waiting >= EAGER {
                self.wake_if_due();
            }
            self.urgent.notify_one();
        }
    }

    fn ended(&self, slot: u32) {
        self.submissions.ended(slot);
    }
}

impl HubInner {
    fn step(&self, from: u8, to: u8) -> bool {
        self.waking.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn wake_if_due(&self) {
        if self.step(DUE, WOKEN) {
            // Full: JavaScript has been woken already. Closing: the environment is going away.
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    pub fn dropped_events(&self) -> u64 {
        self.dropped_events.load(Ordering::Relaxed)
    }

    /// Takes up to `max` items; once the queue is empty, the next push wakes JavaScript again.
    fn take(&self, max: usize) -> Vec<Item> {
        let mut queue = self.queue.lock();
        let count = queue.items.len().min(max);
        let taken: Vec<Item> = queue.items.drain(..count).collect();
        queue.events -= taken.iter().filter(|i| i.is_event()).count();
        if queue.items.is_empty() {
            self.waking.store(QUIET, Ordering::Release);
        }
        taken
    }

    fn give_back(&self, items: Vec<Item>) {
        // They are freed with the next flush, which may be long in coming: keep little.
        if items.iter().map(Item::bytes).sum::<usize>() > MAX_SPENT_BYTES {
            return;
        }
        let mut to_free = self.to_free.lock();
        if to_free.len() < MAX_SPENT {
            to_free.push(items);
        }
    }

    /// Starts work for a slot on the runtime. One wake of the runtime serves everything submitted before it
    /// runs.
    pub fn submit(&self, client: u32, slot: u32, begin: impl FnOnce(&Arc<Self>) + Send + 'static) {
        if self.submissions.submit(client, slot, Box::new(begin)) {
            self.arrived.notify_one();
        }
    }

    /// Runs `work` for a slot. Whatever happens to it, the slot gets exactly one end.
    pub fn run<F>(
        self: &Arc<Self>,
        client: u32,
        slot: u32,
        window: Option<Arc<StreamWindow>>,
        work: impl FnOnce(SlotReply) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let reply = SlotReply::new(self.clone(), slot);
        self.submissions
            .run(client, slot, window, || self.runtime.handle().spawn(work(reply)).abort_handle());
    }

    fn abort(&self, slot: u32) {
        if self.submissions.abort(slot) {
            self.push(Item::Dropped { slot });
        }
    }

    /// Aborts all work of a client but `except`.
    pub fn abort_all(&self, client: u32, except: Option<u32>) {
        for slot in self.submissions.abort_all(client, except) {
            self.push(Item::Dropped { slot });
        }
    }

    /// Aborts everything: the environment is going away.
    fn abandon(&self) {
        self.submissions.abandon();
        let mut queue = self.queue.lock();
        queue.items.clear();
        queue.events = 0;
    }
}

#[napi]
impl Hub {
    /// `wake` is called when there are items; `heads` has three numbers for each item of a batch.
    #[napi(constructor, catch_unwind)]
    pub fn new(wake: Function<'_, (), ()>, heads: Uint32Array) -> napi::Result<Self> {
        let wake: Wake = wake
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<1>()
            .build()?;
        let runtime = Runtime::shared().map_err(|e| napi::Error::from_reason(e.to_string()))?;
        let inner = Arc::new(HubInner {
            queue: Mutex::default(),
            to_free: Mutex::default(),
            submissions: Submissions::default(),
            arrived: Notify::new(),
            placeholder: placeholder(),
            waking: AtomicU8::new(QUIET),
            wake,
            due: Notify::new(),
            urgent: Notify::new(),
            dropped_events: AtomicU64::new(0),
            runtime: runtime.clone(),
        });
        // Tasks of their own: `flush` runs after everything that is ready, so that one wake serves many.
        let tasks =
            [runtime.handle().spawn(flush(inner.clone())), runtime.handle().spawn(begin(inner.clone()))];
        Ok(Self { inner, heads, tasks: tasks.map(|task| task.abort_handle()) })
    }

    /// What replaces, in a request's JSON, the contents that travel beside it.
    #[napi(getter, catch_unwind)]
    pub fn placeholder(&self) -> &str {
        &self.inner.placeholder
    }

    /// Takes as many items as fit the heads. Returns an array with two texts for each item; the numbers are
    /// in the heads: `[kind, id, number]`.
    #[napi(catch_unwind)]
    pub fn drain<'env>(&mut self, env: &'env Env) -> napi::Result<Array<'env>> {
        // SAFETY: the array was made for this hub alone, and JavaScript does not run during this call.
        let heads = unsafe { self.heads.as_mut() };
        let items = self.inner.take(heads.len() / HEAD);
        for (head, item) in heads.chunks_exact_mut(HEAD).zip(&items) {
            head.copy_from_slice(&item.numbers());
        }
        // Created in full length: the length is the number of items.
        let texts = env.create_array((items.len() * 2) as u32)?;
        let written = write(env, &texts, &items);
        self.inner.give_back(items);
        written.map(|()| texts)
    }

    /// Aborts a slot's work; its end is still reported.
    #[napi(catch_unwind)]
    pub fn abort(&self, slot: u32) {
        self.inner.abort(slot);
    }

    /// Credits chunks that a stream's reader has read.
    #[napi(catch_unwind)]
    pub fn credit(&self, slot: u32, chunks: u32) {
        self.inner.submissions.credit(slot, chunks);
    }

    /// Panics on the runtime, to show that a panic becomes an error and nothing else.
    #[napi(catch_unwind)]
    pub fn panic_for_test(&self, slot: u32) {
        self.inner.run(u32::MAX, slot, None, |reply| async move {
            let held = reply;
            if held.slot() == slot {
                // On purpose, and only when a test calls it: dropping `held` answers the slot.
                panic!("panic_for_test was called");
            }
        });
    }
}

/// An unpredictable text: the standard library's hashers are keyed with the system's randomness.
fn placeholder() -> String {
    let random = || RandomState::new().hash_one(0);
    format!("bw.{:016x}{:016x}", random(), random())
}

/// Wakes JavaScript once for everything that is ready. Ended by the hub's drop.
async fn flush(hub: Arc<HubInner>) {
    let mut last = time::Instant::now();
    loop {
        hub.due.notified().await;
        // Freed outside the lock, which JavaScript needs.
        let to_free = std::mem::take(&mut *hub.to_free.lock());
        drop(to_free);
        // Chunks soon after the last wake wait for others, unless an urgent item comes.
        let rested = last + LINGER;
        if time::Instant::now() < rested {
            tokio::select! {
                biased;
                () = hub.urgent.notified() => {}
                () = time::sleep_until(rested) => {}
            }
        }
        last = time::Instant::now();
        hub.wake_if_due();
    }
}

/// Starts submitted work. Ended by the hub's drop.
async fn begin(hub: Arc<HubInner>) {
    loop {
        hub.arrived.notified().await;
        for submission in hub.submissions.take() {
            if !hub.submissions.begin(&submission) {
                continue;
            }
            // A panic must not affect the others.
            if catch_unwind(AssertUnwindSafe(|| (submission.begin)(&hub))).is_err() {
                refuse(&hub, submission.slot, &CallError::defect());
            }
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.inner.abandon();
    }
}

/// Writes texts directly into a JavaScript array: the only crossing on the way back, on the JavaScript
/// thread.
fn write(env: &Env, texts: &Array<'_>, items: &[Item]) -> napi::Result<()> {
    use napi::bindgen_prelude::JsValue;
    let (env, array) = (env.raw(), texts.raw());
    for (item, at) in items.iter().zip((0..).step_by(2)) {
        for (text, at) in item.texts().into_iter().zip(at..) {
            if let Some(text) = text {
                let value = string(env, text)?;
                // SAFETY: `env` is the environment of this synchronous call, `array` and `value` live in it.
                check(unsafe { sys::napi_set_element(env, array, at, value) })?;
            }
        }
    }
    Ok(())
}

fn string(env: sys::napi_env, text: &ItemText) -> napi::Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    let (start, length) = (text.text.as_ptr().cast(), text.text.len() as isize);
    // SAFETY: `start` points at `length` valid bytes for the length of the call; Latin-1 and UTF-8 agree on
    // ASCII, and a `String` is UTF-8.
    check(unsafe {
        if text.ascii {
            sys::napi_create_string_latin1(env, start, length, &mut value)
        } else {
            sys::napi_create_string_utf8(env, start, length, &mut value)
        }
    })?;
    Ok(value)
}

fn check(status: sys::napi_status) -> napi::Result<()> {
    match Status::from(status) {
        Status::Ok => Ok(()),
        other => Err(napi::Error::new(other, "a value could not be handed to JavaScript")),
    }
}

/// Rejects a call before it begins.
pub fn refuse(hub: &Arc<HubInner>, slot: u32, error: &CallError) {
    hub.ended(slot);
    hub.push(Item::Reject { slot, error: error.to_json().into() });
}
