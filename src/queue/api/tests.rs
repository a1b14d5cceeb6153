//! When the queue reads its file, on a clock that the tests move, with a vendor behind `net/transport.rs`.

use crate::alert::notify::AlertFunction;
use std::{
    fs,
    path::PathBuf,
    sync::atomic::AtomicUsize,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tokio::{task::yield_now, time};

use super::*;
use crate::{
    base::{
        clock::{WallClock, now},
        event::{EventKind, EventSink},
        timestamp::epoch_ms,
    },
    config::{ClientConfig, environment::Environment, key::ApiKey},
    engine::ports::{EngineDeps, UserCallbacks},
    net::{
        connector::TcpDial,
        failure::NetworkFailure as NetFailure,
        request::Request,
        transport::{BodySource, Transport, TransportFuture, TransportResponse},
    },
    queue::job::{JobFailure, JobSettlement},
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Answers every request at once, and counts.
#[derive(Default)]
struct Vendor {
    asked: AtomicUsize,
}

struct Body(Option<Vec<u8>>);

impl BodySource for Body {
    fn next(&mut self) -> TransportFuture<std::result::Result<Option<Vec<u8>>, String>> {
        let next = self.0.take();
        Box::pin(async move { Ok(next) })
    }
}

struct Line(Arc<Vendor>);

impl Transport for Line {
    fn send(&self, _: Request) -> TransportFuture<std::result::Result<TransportResponse, NetFailure>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let body = json!({
            "id": "x", "object": "chat.completion", "model": "m",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": "x" }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2 }
        });
        let source = Box::new(Body(Some(body.to_string().into_bytes())));
        let fields = http::HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )]);
        Box::pin(async move { Ok(TransportResponse { status: 200, fields, source }) })
    }
}

struct Nobody;

impl EventSink for Nobody {
    fn wants(&self, _: EventKind) -> bool {
        false
    }
    fn emit(&self, _: EventKind, _: String) {}
}

impl AlertFunction for Nobody {
    fn forward(&self, _: u32, _: String) -> crate::base::future::BoxFuture<bool> {
        Box::pin(async { false })
    }
}

impl UserCallbacks for Nobody {
    fn key(&self, _: u32) -> TransportFuture<std::result::Result<ApiKey, String>> {
        Box::pin(async { Err("there is none".into()) })
    }
    fn fallback(&self, _: u32, _: String) -> TransportFuture<Option<String>> {
        Box::pin(async { None })
    }
}

/// The wall clock of a machine that was started at twenty to one, in 1970.
struct Hands(Instant);

impl WallClock for Hands {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(40 * 60) + now().saturating_duration_since(self.0)
    }
}

struct Rig {
    queue: Arc<Queue>,
    engine: Arc<Engine>,
    vendor: Arc<Vendor>,
    folder: PathBuf,
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Rig {
    async fn new(more: Value) -> Self {
        Self::with(more, |_| {}).await
    }

    /// On a file that has jobs already.
    async fn with(more: Value, prepare: impl FnOnce(&mut Store)) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("bellwether-idle-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let mut options = json!({
            "endpoints": [{ "name": "A", "baseURL": "https://a.example/v1", "apiKey": "k" }],
            "prices": { "m": { "input": 1_000_000, "output": 0 } }
        });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let config = ClientConfig::read(&options, &Environment::default()).unwrap();
        let vendor = Arc::new(Vendor::default());
        let world = EngineDeps {
            dial: Arc::new(TcpDial::new(&config.tls, None).ok().unwrap()),
            proxy: None,
            wall: Arc::new(Hands(now())),
            rng: fastrand::Rng::with_seed(1),
            transport: Some(Arc::new(Line(vendor.clone()))),
        };
        let engine = Engine::in_world(config, Arc::new(Nobody), Arc::new(Nobody), world);
        let file = QueueConfig::at(folder.join("q.db"));
        let mut store = Store::open(&file, 0).unwrap();
        prepare(&mut store);
        store.close();
        let queue = Queue::start(file, engine.clone(), &Handle::current()).unwrap();
        queue.ready().await.unwrap();
        let rig = Self { queue, engine, vendor, folder };
        rig.settle().await;
        rig
    }

    async fn put(&self) -> String {
        self.queue.enqueue(draft()).await.unwrap()
    }

    /// Lets every task run that can run now. A woken task reads the file before this does, and the file
    /// serves in order.
    async fn settle(&self) {
        for _ in 0..8 {
            for _ in 0..32 {
                yield_now().await;
            }
            self.queue.ready().await.unwrap();
        }
    }

    fn scans(&self) -> u64 {
        self.queue.shared.scans.load(Ordering::Relaxed)
    }

    fn asked(&self) -> usize {
        self.vendor.asked.load(Ordering::SeqCst)
    }

    /// Lets time pass, a second at a time, while endpoints change.
    async fn pass(&self, time: Duration) {
        let end = now() + time;
        while now() < end {
            time::advance(Duration::from_secs(1)).await;
            self.engine.wait_queue.notify_all();
            self.settle().await;
        }
    }

    async fn close(self) {
        self.queue.close().await;
    }
}

fn draft() -> JobDraft {
    JobDraft {
        payload: r#"{"request":{"model":"m","messages":[{"role":"user","content":"hi"}]},"options":null}"#
            .into(),
        priority: 0,
        idempotency_key: None,
        maybe_duplicate: false,
        lane: "m".into(),
    }
}

/// Runs a test on a clock that only the test moves.
fn simulated(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        // Tokio does not know of the file's thread: while that works, the paused clock would jump to the next
        // timer. It does not while a blocking task runs.
        let (free, freed) = std::sync::mpsc::channel::<()>();
        let blocking = tokio::task::spawn_blocking(move || freed.recv().is_err());
        test.await;
        drop(free);
        assert!(blocking.await.unwrap());
    });
}

#[test]
fn an_empty_queue_sleeps_and_a_job_wakes_it() {
    simulated(async {
        let rig = Rig::new(json!({})).await;
        let before = rig.scans();
        assert!(before > 0, "it has looked at what it found");
        rig.pass(HOUR / 6).await;
        assert_eq!(rig.scans(), before);
        let id = rig.put().await;
        rig.queue.result(&id).await.unwrap();
        assert!(rig.scans() > before);
        assert_eq!(rig.asked(), 1);
        rig.settle().await;
        let before = rig.scans();
        rig.pass(HOUR / 6).await;
        assert_eq!(rig.scans(), before, "what is over wakes nobody");
        rig.close().await;
    });
}

/// A job after a failed delivery, waiting for the next.
fn put_off(store: &mut Store, wait: Duration) {
    let now_ms = epoch_ms(SystemTime::now()) as i64;
    let failure =
        JobFailure { at: String::new(), reason: "serverError".into(), status: Some(500), counted: true };
    let again = JobSettlement::Again {
        after_ms: wait.as_millis() as i64,
        failure,
        counted: true,
        maybe_duplicate: false,
    };
    let (id, _) = store.enqueue(&draft(), now_ms).unwrap();
    let seq = store.seq(&id).unwrap();
    assert!(store.claim(seq).unwrap());
    store.settle(seq, again, now_ms).unwrap();
}

#[test]
fn a_queue_in_which_nothing_is_due_sleeps_until_something_is() {
    simulated(async {
        let rig = Rig::with(json!({}), |store| put_off(store, HOUR / 6)).await;
        assert_eq!(rig.queue.size(), 1);
        let before = rig.scans();
        rig.pass(HOUR / 6 - Duration::from_secs(2)).await;
        assert_eq!((rig.scans(), rig.asked()), (before, 0), "whatever changes at the endpoints");
        rig.pass(Duration::from_secs(4)).await;
        assert_eq!((rig.queue.size(), rig.asked()), (0, 1));
        rig.close().await;
    });
}

#[test]
fn a_job_that_is_due_hears_of_every_change() {
    simulated(async {
        let rig = Rig::new(json!({ "budgets": [{ "limit": 1, "per": "hour" }] })).await;
        for _ in 0..2 {
            rig.put().await;
        }
        rig.settle().await;
        let before = rig.scans();
        rig.pass(Duration::from_secs(10)).await;
        assert!(rig.scans() >= before + 10, "the counter counts, and `pass` changes something each second");
        rig.close().await;
    });
}

#[test]
fn what_a_budget_refuses_waits_until_its_period_turns() {
    simulated(async {
        let rig =
            Rig::new(json!({ "budgets": [{ "limit": 1, "per": "hour", "onExceeded": "reject" }] })).await;
        // Two dollars: it was enqueued before the limit was reached.
        let first = rig.put().await;
        rig.queue.result(&first).await.unwrap();
        let second = rig.put().await;
        rig.pass(HOUR / 3 - Duration::from_secs(2)).await;
        let job = rig.queue.show(second.clone()).await.unwrap();
        assert_eq!((&job["state"], &job["deliveries"]), (&json!("queued"), &json!(0)));
        assert_eq!(job["failures"], json!([]), "it was not even tried");
        assert_eq!(rig.asked(), 1);
        rig.pass(Duration::from_secs(4)).await;
        assert_eq!(rig.queue.result(&second).await.unwrap().state, JobState::Delivered);
        assert_eq!(rig.asked(), 2);
        rig.close().await;
    });
}
