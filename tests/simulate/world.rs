//! Runs a scenario: the engine as it is, over a simulated network, on simulated clocks.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bellwether::alert::notify::AlertFunction;
use bellwether::base::future::BoxFuture;
use bellwether::{
    base::{
        clock::{WallClock, now},
        event::EventSink,
    },
    call::{context::Call, options::CallOptions, sink::StreamSink},
    config::{ClientConfig, environment::Environment, key::ApiKey},
    dialect::openai::request::ChatRequest,
    engine::{
        Engine,
        ports::{EngineDeps, UserCallbacks},
    },
    state::{Endpoint, Gate, Target},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time;

use crate::{
    log::{Ended, Log, Outcome, SetWall},
    scenario::{CallPlan, Jump, Scenario},
    vendor::{Net, Vendor},
    watch,
};

/// Everything that a check may look at afterwards.
pub struct Ran {
    pub log: Arc<Log>,
    pub wall: Arc<SetWall>,
    pub engine: Arc<Engine>,
    pub vendors: Vec<Arc<Vendor>>,
    /// Until when each endpoint was cooling at the moment the last trouble was over.
    pub cooldowns_at_heal: HashMap<String, Option<Instant>>,
    pub healed: Instant,
    /// Probes that were running when the last call had ended. Their permits expire, so they are not visible later.
    pub probes_left: usize,
    /// Tasks that were left over.
    pub tasks_left: usize,
}

struct Keys;

impl AlertFunction for Keys {
    fn forward(&self, _: u32, _: String) -> BoxFuture<bool> {
        Box::pin(async { false })
    }
}

impl UserCallbacks for Keys {
    fn key(&self, _: u32) -> Pin<Box<dyn Future<Output = Result<ApiKey, String>> + Send>> {
        Box::pin(async {
            time::sleep(Duration::from_millis(3)).await;
            ApiKey::new("key-from-a-function")
        })
    }

    fn fallback(&self, _: u32, _: String) -> Pin<Box<dyn Future<Output = Option<String>> + Send>> {
        Box::pin(async { Some("canned".into()) })
    }
}

/// A reader that takes its time.
struct Reader {
    chunks: Arc<Mutex<Vec<Value>>>,
    every: Duration,
    pause: Option<Pin<Box<time::Sleep>>>,
}

impl StreamSink for Reader {
    fn chunk(&mut self, json: String) {
        self.chunks.lock().push(serde_json::from_str(&json).expect("chunks are JSON"));
        if !self.every.is_zero() {
            self.pause = Some(Box::pin(time::sleep(self.every)));
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(pause) = &mut self.pause else { return Poll::Ready(()) };
        if pause.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.pause = None;
        Poll::Ready(())
    }
}

/// An engine over these vendors.
pub fn engine(
    options: &Value,
    vendors: &[Arc<Vendor>],
    log: &Arc<Log>,
    wall: Arc<dyn WallClock>,
    seed: u64,
) -> Arc<Engine> {
    let config = ClientConfig::read(options, &Environment::default());
    let config = config.unwrap_or_else(|problems| panic!("options: {problems:?}"));
    let net = Net(vendors.iter().map(|v| (v.name.clone(), v.clone())).collect());
    let world = EngineDeps {
        dial: Arc::new(net),
        proxy: None,
        wall,
        rng: fastrand::Rng::with_seed(seed),
        transport: None,
    };
    let events: Arc<dyn EventSink> = log.clone();
    Engine::in_world(config, events, Arc::new(Keys), world)
}

pub fn run(scenario: &Scenario, trace: bool) -> Ran {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(simulate(scenario, trace))
}

async fn simulate(scenario: &Scenario, trace: bool) -> Ran {
    let log = Arc::new(Log::new(trace));
    let start = log.start;
    let wall = Arc::new(SetWall::new(start));
    let vendors: Vec<Arc<Vendor>> = scenario
        .vendors
        .iter()
        .enumerate()
        .map(|(i, plan)| {
            let seed = scenario.seed.wrapping_mul(31).wrapping_add(i as u64);
            let mut vendor = Vendor::new(&plan.name, plan.latency, plan.pace, plan.dial, log.clone(), seed);
            vendor.sick = plan.sick;
            vendor.timetable = plan.timetable.iter().map(|(at, b)| (start + *at, b.clone())).collect();
            Arc::new(vendor)
        })
        .collect();
    let engine = engine(&scenario.options, &vendors, &log, wall.clone(), scenario.seed);
    let mut tasks = tokio::task::JoinSet::new();
    for jump in &scenario.jumps {
        let log = log.clone();
        match *jump {
            Jump::Wall { at, by } => {
                let wall = wall.clone();
                tasks.spawn(async move {
                    time::sleep_until((start + at).into()).await;
                    *wall.offset.lock() += by;
                    log.line(|| format!("the wall clock is set by {by} s"));
                });
            }
            Jump::Suspend { at, by } => {
                tasks.spawn(async move {
                    time::sleep_until((start + at).into()).await;
                    time::advance(by).await;
                    log.jumped();
                });
            }
        }
    }
    let healed = start + scenario.healed;
    let heal = {
        let engine = engine.clone();
        tokio::spawn(async move {
            time::sleep_until(healed.into()).await;
            let cooling = |e: &Arc<Endpoint>| engine.targets.chat(e).iter().filter_map(cooldown_until).max();
            engine.endpoints.iter().map(|e| (e.config.name.clone(), cooling(e))).collect()
        })
    };
    let watcher = tokio::spawn(watch::watch(engine.clone(), log.clone()));
    for plan in &scenario.calls {
        tasks.spawn(call(engine.clone(), log.clone(), start, plan.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no task panics");
    }
    let cooldowns_at_heal = heal.await.expect("no task panics");
    watcher.abort();
    let targets: Vec<_> = engine.endpoints.iter().flat_map(|e| engine.targets.chat(e)).collect();
    let probes_left = targets.iter().flat_map(gates).filter(|gate| probing(gate)).count();
    engine.close();
    // What ends in the background has a bound of its own.
    time::sleep(Duration::from_secs(200)).await;
    let tasks_left = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    Ran { log, wall, engine, vendors, cooldowns_at_heal, healed, probes_left, tasks_left }
}

fn gates(target: &Arc<Target>) -> [&Mutex<Gate>; 4] {
    [&target.credential.gate, &target.endpoint.origin.gate, &target.model_gate, &target.gate]
}

/// Whether a request is out that shows whether what is behind this gate is well.
fn probing(gate: &Mutex<Gate>) -> bool {
    let gate = gate.lock();
    gate.cooldown.probing() || gate.breaker.as_ref().is_some_and(|b| b.probing(now()))
}

/// When its cooldowns and open breakers are over. What a probe keeps closed opens when the probe ends.
fn cooldown_until(target: &Arc<Target>) -> Option<Instant> {
    let until = |gate: &Mutex<Gate>| {
        let breaker =
            if probing(gate) { None } else { gate.lock().breaker.as_ref().and_then(|b| b.ready_at(now())) };
        gate.lock().cooldown.until(now()).max(breaker)
    };
    gates(target).into_iter().filter_map(until).max()
}

pub async fn call(engine: Arc<Engine>, log: Arc<Log>, start: Instant, plan: CallPlan) {
    time::sleep_until((start + plan.at).into()).await;
    let body = json!({
        "model": plan.model, "stream": plan.stream, "messages": [{ "role": "user", "content": plan.name }],
    });
    let request = ChatRequest::parse(&body.to_string(), "", &[]).expect("a request");
    let mut options = plan.options;
    options["tags"] = json!({ "call": plan.name });
    options["timeout"] = json!(plan.timeout.as_millis() as u64);
    let options = CallOptions::parse(&options.to_string(), &engine.config).expect("options");
    let active = engine.begin_call().expect("the engine is open");
    let mut call = Call::new(active, request, options, None);
    let chunks = Arc::new(Mutex::new(Vec::new()));
    let mut reader = Reader { chunks: chunks.clone(), every: plan.reads_every, pause: None };
    let began = call.started;
    let aborted = async {
        match plan.abort_after {
            Some(after) => time::sleep(after).await,
            None => std::future::pending().await,
        }
    };
    let outcome = tokio::select! {
        biased;
        ended = call.run(&mut reader) => match ended {
            Ok(reply) => Outcome::Answered {
                body: serde_json::from_str(&reply.body).expect("a completion"),
                report: serde_json::from_str(&reply.report).expect("a report"),
            },
            Err(error) => Outcome::Failed(serde_json::from_str(&error.to_json()).expect("an error")),
        },
        () = aborted => Outcome::Aborted,
    };
    drop(call);
    let chunks = std::mem::take(&mut *chunks.lock());
    log.call_ended(Ended { call: plan.name, deadline: began + plan.timeout, at: now(), outcome, chunks });
}
