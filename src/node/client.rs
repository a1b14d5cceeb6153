//! The client handle: what the façade calls, turned into engine calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use napi_derive::napi;
use parking_lot::Mutex;
use serde_json::json;

use super::{
    carrier::JsCarrier,
    config::{self, Loaded},
    forwarder,
    functions::Functions,
    gate::Gate,
    hub::{Hub, HubInner, refuse},
    item::Item,
    queue,
    reply::SlotSink,
    shared::Shared,
    wire,
};
use crate::{
    config::{ClientConfig, Problem, imprint::Imprint, reader::shorten},
    dialect::openai::{parcel::Parcel, request::ChatRequest},
    engine::{
        Engine,
        call::{Call, Reply as Answer},
        client::Active,
        error::CallError,
        ledger_file::LedgerFile,
        options::CallOptions,
        plan,
        report::epoch_ms,
        status,
        stream::NoStream,
    },
    event::{EventKind, EventSink},
    health::{
        history::{CheckStatus, Filter},
        monitor::Monitor,
        probe::Probe,
    },
    money::calendar,
    net::carrier::Carrier,
    queue::Queue,
};

struct Events {
    hub: Arc<HubInner>,
    client: u32,
    /// One bit per event kind that has listeners.
    wanted: AtomicU32,
}

impl EventSink for Events {
    fn wants(&self, kind: EventKind) -> bool {
        self.wanted.load(Ordering::Relaxed) & (1 << kind as u32) != 0
    }

    fn emit(&self, kind: EventKind, json: String) {
        self.hub.push(Item::Event { client: self.client, kind: kind as u32, payload: json.into() });
    }
}

#[napi]
pub struct NativeClient {
    pub(super) id: u32,
    pub(super) hub: Arc<HubInner>,
    pub(super) shared: Arc<Shared>,
    pub(super) queue: Option<Arc<Queue>>,
    events: Arc<Events>,
    functions: Arc<Functions>,
    /// Where costs are kept. Gone once the client is closed.
    ledger: Arc<Mutex<Option<LedgerFile>>>,
}

#[napi]
impl NativeClient {
    /// `options` is `{options, environment}` as JSON. Throws a JSON array of problems as its message.
    #[napi(factory, catch_unwind)]
    pub fn create(
        hub: &Hub,
        client: u32,
        options: String,
        monitor: bool,
        document: Option<&[u8]>,
    ) -> napi::Result<Self> {
        let Loaded { config, imprint } =
            config::read(&options, document, monitor).map_err(napi::Error::from_reason)?;
        Self::start(hub.inner.clone(), client, config, imprint)
    }

    /// Goes on under another configuration, given as to `create`: calls from now on see it, those under way finish on
    /// the one they began with. Resolves with `{problems}`, and nothing has changed, or with `{changes}`.
    #[napi(catch_unwind)]
    pub fn reload(&self, slot: u32, options: String, document: Option<&[u8]>) {
        let document = document.map(<[u8]>::to_vec);
        let (shared, functions, runtime) =
            (self.shared.clone(), self.functions.clone(), self.hub.runtime.clone());
        let queue = self.queue.clone();
        self.hub.run(self.id, slot, None, |reply| async move {
            // Reading takes its time, and the runtime has calls to serve.
            let work = move || {
                let _entered = runtime.handle().enter();
                reload(&shared, queue.as_deref(), &functions, &options, document.as_deref())
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(body) => reply.resolve(body, String::new()),
                Err(_) => reply.reject(&CallError::defect()),
            }
        });
    }

    /// Whether calls are under way under a configuration from before a reload.
    #[napi(catch_unwind)]
    pub fn lingers(&self) -> bool {
        self.shared.lingers()
    }

    /// Starts a call; its end, and the chunks before it, come through the hub.
    #[napi(catch_unwind)]
    pub fn submit(&self, slot: u32, request: &[u8], options: Option<String>) {
        let Some(parcel) = Parcel::read(request) else {
            return refuse(&self.hub, slot, &CallError::internal("a request's parcel is malformed"));
        };
        // Counted in now: a close that follows in the same turn waits for it.
        let Some(active) = self.shared.enter() else { return refuse(&self.hub, slot, &CallError::closed()) };
        let (client, queue) = (self.id, self.queue.clone());
        self.hub.submit(client, slot, move |hub| start(hub, active, client, slot, &parcel, options, queue));
    }

    /// Starts a call by somebody who speaks a vendor's dialect: `asked` says which, what its address named, and
    /// his headers. The first chunk of a stream says who answers, the others are for the wire.
    #[napi(catch_unwind)]
    pub fn submit_wire(&self, slot: u32, body: &[u8], asked: String, options: Option<String>) {
        let Some(active) = self.shared.enter() else { return refuse(&self.hub, slot, &CallError::closed()) };
        let (client, body) = (self.id, body.to_vec());
        self.hub.submit(client, slot, move |hub| {
            let read = || -> Result<_, Box<CallError>> {
                let (question, wire) = wire::read(body, &asked)?;
                Ok((question, call_options(options.as_deref(), &active)?, wire))
            };
            match read() {
                Ok((question, options, wire)) => {
                    run(hub, client, slot, Call::new(active, question, options, Some(wire)), None);
                }
                Err(error) => refuse(hub, slot, &error),
            }
        });
    }

    /// Which events have listeners, one bit each.
    #[napi(catch_unwind)]
    pub fn set_wanted_events(&self, mask: u32) {
        self.events.wanted.store(mask, Ordering::Relaxed);
    }

    #[napi(catch_unwind)]
    pub fn answer(&self, question: u32, answer: Option<String>) {
        self.functions.answer(question, answer);
    }

    #[napi(catch_unwind)]
    pub fn warmup(&self, slot: u32) {
        let Some(active) = self.shared.enter() else { return refuse(&self.hub, slot, &CallError::closed()) };
        self.hub.run(self.id, slot, None, |reply| async move {
            active.engine().warmup().await;
            reply.resolve("null".into(), String::new());
        });
    }

    /// Takes no more calls, waits for those under way as long as `drain_ms` allows, then ends them.
    #[napi(catch_unwind)]
    pub fn close(&self, slot: u32, drain_ms: f64) {
        let drain = crate::duration::from_millis(drain_ms).unwrap_or_default();
        self.shared.refuse_new();
        let (hub, id, shared) = (self.hub.clone(), self.id, self.shared.clone());
        let (ledger, queue) = (self.ledger.clone(), self.queue.clone());
        self.hub.run(self.id, slot, None, |reply| async move {
            shared.monitor().stop();
            if let Some(queue) = &queue {
                queue.stop();
            }
            let _ = tokio::time::timeout(drain, shared.idle()).await;
            forwarder::last_words(&shared).await;
            shared.close();
            hub.abort_all(id, Some(slot));
            if let Some(queue) = &queue {
                queue.close().await;
            }
            shared.idle().await;
            let kept = ledger.lock().take();
            if let Some(file) = kept {
                // Files may make one wait.
                let _ = tokio::task::spawn_blocking(move || file.flush()).await;
            }
            reply.resolve("null".into(), String::new());
        });
    }

    /// `None` for an endpoint that does not exist.
    #[napi(catch_unwind)]
    pub fn isolate(&self, endpoint: String, isolated: bool) -> bool {
        let Some(endpoint) = self.shared.monitor().endpoint(Some(&endpoint)) else { return false };
        if isolated {
            endpoint.isolated.fetch_add(1, Ordering::AcqRel);
        } else {
            // Each disposable is used once, which the façade sees to; an endpoint that was gone for a while knows of none.
            let less = |n: u32| n.checked_sub(1);
            let _ = endpoint.isolated.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        }
        // Who waits for it waits no longer, or need not.
        self.shared.engine().room.ring_all();
        true
    }

    #[napi(catch_unwind)]
    pub fn endpoint_status(&self) -> String {
        status::endpoints(&self.shared.engine()).to_string()
    }

    #[napi(catch_unwind)]
    pub fn summary(&self) -> String {
        status::summary(&self.shared.engine()).to_string()
    }

    /// The models that aliases and endpoints name.
    #[napi(catch_unwind)]
    pub fn models(&self) -> Vec<String> {
        plan::named_models(&self.shared.engine()).into_iter().map(str::to_owned).collect()
    }

    /// What was spent between two days since 1970, both included; the last one without.
    #[napi(catch_unwind)]
    pub fn costs(&self, from: Option<u32>, to: Option<u32>) -> String {
        let engine = self.shared.engine();
        let today = calendar::day(epoch_ms(engine.wall()));
        engine.books.report(from.unwrap_or(0), to.unwrap_or(today)).to_string()
    }

    /// Every budget, with what is left of it.
    #[napi(catch_unwind)]
    pub fn budgets(&self) -> String {
        let engine = self.shared.engine();
        engine.books.budgets(epoch_ms(engine.wall())).to_string()
    }

    /// The models for a task, in order.
    #[napi(catch_unwind)]
    pub fn suited_models(&self, task: Option<String>, priority: Option<String>) -> Vec<String> {
        plan::suited(&self.shared.engine(), task.as_deref(), priority.as_deref())
    }

    #[napi(catch_unwind)]
    pub fn health_report(&self) -> String {
        status::health_report(&self.shared.engine()).to_string()
    }

    #[napi(catch_unwind)]
    pub fn optimal_model(&self) -> Option<String> {
        status::optimal_model(&self.shared.engine())
    }

    /// Resolves after the first round.
    #[napi(catch_unwind)]
    pub fn start_monitoring(&self, slot: u32) {
        if self.shared.engine().is_closed() {
            return refuse(&self.hub, slot, &CallError::closed());
        }
        let monitor = self.shared.monitor();
        self.hub.run(self.id, slot, None, |reply| async move {
            // Stopped before the first round was over: there is nothing left to wait for.
            monitor.start().await;
            reply.resolve("null".into(), String::new());
        });
    }

    #[napi(catch_unwind)]
    pub fn stop_monitoring(&self) {
        self.shared.monitor().stop();
    }

    /// Checks one endpoint now; the result as JSON.
    #[napi(catch_unwind)]
    pub fn check(&self, slot: u32, endpoint: Option<String>, service: bool) {
        let Some(endpoint) = self.shared.monitor().endpoint(endpoint.as_deref()) else {
            return refuse(&self.hub, slot, &self.nobody(&endpoint.unwrap_or_default()));
        };
        let Some(active) = self.shared.enter() else {
            return refuse(&self.hub, slot, &CallError::closed());
        };
        let monitor = self.shared.monitor();
        self.hub.run(self.id, slot, None, |reply| async move {
            let _active = active;
            let probe = if service { Probe::Service } else { Probe::Endpoint };
            let result = monitor.check(&endpoint, probe).await;
            let body = serde_json::to_string(&result).unwrap_or_else(|_| "null".into());
            reply.resolve(body, String::new());
        });
    }

    /// Asks `GET /models` whether the key is any good, without counting it as a check.
    #[napi(catch_unwind)]
    pub fn validate_api_key(&self, slot: u32, endpoint: Option<String>) {
        let Some(endpoint) = self.shared.monitor().endpoint(endpoint.as_deref()) else {
            return refuse(&self.hub, slot, &self.nobody(&endpoint.unwrap_or_default()));
        };
        let monitor = self.shared.monitor();
        let Some(active) = self.shared.enter() else { return refuse(&self.hub, slot, &CallError::closed()) };
        self.hub.run(self.id, slot, None, |reply| async move {
            let _active = active;
            let found = monitor.validate(&endpoint).await;
            let valid = found.status == CheckStatus::Up;
            let message = match (found.status, found.status_code) {
                (CheckStatus::Up, _) => "the key is valid".into(),
                (_, Some(401)) => "the key is invalid or has expired".into(),
                (_, Some(403)) => "the key has no permission".into(),
                (_, code) => format!(
                    "the key could not be checked: {}",
                    found
                        .message
                        .unwrap_or_else(|| code.map_or("no answer".into(), |c| format!("status {c}")))
                ),
            };
            let body = json!({
                "endpoint": endpoint.config.name, "valid": valid,
                "statusCode": found.status_code, "message": message,
            });
            reply.resolve(body.to_string(), String::new());
        });
    }

    #[napi(catch_unwind)]
    pub fn health_history(
        &self,
        endpoint: Option<String>,
        since_ms: Option<f64>,
        limit: Option<u32>,
    ) -> String {
        self.shared.monitor().select(&filter(endpoint, since_ms, limit))
    }

    #[napi(catch_unwind)]
    pub fn availability(&self, endpoint: Option<String>, since_ms: Option<f64>, limit: Option<u32>) -> f64 {
        self.shared.monitor().availability(&filter(endpoint, since_ms, limit))
    }
}

impl NativeClient {
    /// A client under a configuration that was read.
    pub(super) fn start(
        hub: Arc<HubInner>,
        client: u32,
        config: ClientConfig,
        imprint: Imprint,
    ) -> napi::Result<Self> {
        let events = Arc::new(Events { hub: hub.clone(), client, wanted: AtomicU32::new(0) });
        let functions = Arc::new(Functions::new(hub.clone(), client));
        let starts = config.health_starts;
        let carrier = carrier(&config, &functions);
        let engine = Engine::new(config, events.clone(), functions.clone(), carrier).map_err(|e| {
            let problem = Problem { path: "tls.ca".into(), message: e.to_string() };
            napi::Error::from_reason(config::write(&[problem]))
        })?;
        let ledger = match &engine.config.ledger {
            None => None,
            Some(path) => Some(
                LedgerFile::open(path, &engine.books, events.clone(), hub.runtime.handle()).map_err(|e| {
                    let problem =
                        Problem { path: "costs.path".into(), message: format!("'{}': {e}", path.display()) };
                    napi::Error::from_reason(config::write(&[problem]))
                })?,
            ),
        };
        let ledger = Arc::new(Mutex::new(ledger));
        let queue = queue::start(&engine, &hub)?;
        let monitor = Monitor::new(engine.clone());
        if starts {
            let monitor = monitor.clone();
            hub.runtime.handle().spawn(async move { monitor.start().await });
        }
        let shared = Arc::new(Shared::new(engine, monitor, imprint));
        Ok(Self { id: client, hub, shared, events, functions, ledger, queue })
    }

    /// No endpoint has this name.
    fn nobody(&self, given: &str) -> CallError {
        let engine = self.shared.engine();
        let names: Vec<&str> = engine.endpoints.iter().map(|e| e.config.name.as_str()).collect();
        let message = format!("must be one of {}, got '{}'", names.join(", "), shorten(given));
        CallError::problem("endpoint", message)
    }
}

/// The user's function that makes the exchanges, if one does.
fn carrier(config: &ClientConfig, functions: &Arc<Functions>) -> Option<Arc<dyn Carrier>> {
    let function = config.transport?;
    Some(Arc::new(JsCarrier::new(functions.clone(), function)))
}

/// Reads a configuration and puts it in the place of the one that is; says as JSON what became of it.
fn reload(
    shared: &Arc<Shared>,
    queue: Option<&Queue>,
    functions: &Arc<Functions>,
    options: &str,
    document: Option<&[u8]>,
) -> String {
    let problems = |list: String| format!("{{\"problems\":{list}}}");
    let Loaded { config, imprint } = match config::read(options, document, false) {
        Ok(loaded) => loaded,
        Err(list) => return problems(list),
    };
    // Files are opened with the client, and closed with it.
    let own = shared.engine();
    let mut fixed = Vec::new();
    for (path, stays) in
        [("queue", config.queue == own.config.queue), ("costs", config.ledger == own.config.ledger)]
    {
        if !stays {
            let message = "cannot be changed by a reload: make another client".to_owned();
            fixed.push(Problem { path: path.into(), message });
        }
    }
    if !fixed.is_empty() {
        return problems(config::write(&fixed));
    }
    let carrier = carrier(&config, functions);
    match shared.replace(config, imprint, carrier) {
        Ok(changes) => {
            if let Some(queue) = queue {
                queue.follow(shared.engine());
            }
            json!({ "changes": changes }).to_string()
        }
        Err(e) => problems(config::write(&[Problem { path: "tls.ca".into(), message: e.to_string() }])),
    }
}

/// Runs a call, or says what is wrong with it.
fn start(
    hub: &Arc<HubInner>,
    active: Active,
    client: u32,
    slot: u32,
    parcel: &Parcel,
    options: Option<String>,
    queue: Option<Arc<Queue>>,
) {
    let request = match ChatRequest::parse(parcel.json(), &hub.placeholder, &parcel.contents()) {
        Ok(request) => request,
        Err(invalid) => {
            let error = CallError::bad_request(format!("{}: {}", invalid.field, invalid.problem));
            return refuse(hub, slot, &error);
        }
    };
    match call_options(options.as_deref(), &active) {
        Ok(read) => {
            let keeps = queue.map(|queue| (queue, options));
            run(hub, client, slot, Call::new(active, request, read, None), keeps);
        }
        Err(error) => refuse(hub, slot, &error),
    }
}

fn call_options(options: Option<&str>, active: &Active) -> Result<CallOptions, Box<CallError>> {
    let parse = |o| CallOptions::parse(o, &active.engine().config);
    options
        .map_or_else(|| Ok(CallOptions::default()), parse)
        .map_err(|problems| Box::new(CallError::problems(problems)))
}

/// With `keeps`, a call that nobody could answer is queued.
fn run(hub: &Arc<HubInner>, client: u32, slot: u32, mut call: Call, keeps: Option<queue::Keeps>) {
    if call.question.is_whole_chat() {
        return hub.run(client, slot, None, |reply| async move {
            // On the heap when it begins, not before: a task is copied on its way to the runtime.
            match Box::pin(call.run(&mut NoStream)).await {
                Ok(Answer { body, report, .. }) => reply.resolve(body, report),
                Err(error) => queue::keep(keeps, &call, error, reply).await,
            }
        });
    }
    let gate = Arc::new(Gate::default());
    let mut sink = SlotSink { hub: hub.clone(), slot, gate: gate.clone(), first: true };
    hub.run(client, slot, Some(gate), |reply| async move {
        match Box::pin(call.run(&mut sink)).await {
            Ok(Answer { body, report, .. }) => reply.resolve(body, report),
            Err(error) => queue::keep(keeps, &call, error, reply).await,
        }
    });
}

impl Drop for NativeClient {
    fn drop(&mut self) {
        self.shared.monitor().stop();
        let _entered = self.hub.runtime.handle().enter();
        self.shared.close();
        self.shared.forget();
        self.hub.abort_all(self.id, None);
        if let Some(file) = self.ledger.lock().take() {
            file.flush();
        }
    }
}

fn filter(endpoint: Option<String>, since_ms: Option<f64>, limit: Option<u32>) -> Filter {
    Filter {
        endpoint,
        since: since_ms.and_then(|ms| {
            let since = Duration::try_from_secs_f64(ms / 1e3).ok()?;
            std::time::SystemTime::UNIX_EPOCH.checked_add(since)
        }),
        limit: limit.map(|n| n as usize),
    }
}
