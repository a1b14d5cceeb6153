//! Simulated vendors: HTTP/1.1 over pipes in memory, misbehaving by a timetable. They know the truth that the
//! engine can only infer, and write it down.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bellwether::{
    base::clock::now,
    net::{
        conn::Conn,
        connector::{Dial, DialFuture},
        dial_error::DialError,
    },
};
use http::Uri;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{io::DuplexStream, time};

use crate::{
    log::{Hit, Log},
    wire::{Gone, Received, chunk, head, read_request, wait, write},
};

/// What a vendor does for a while.
#[derive(Clone, Debug, PartialEq)]
pub enum Behaviour {
    Healthy,
    /// One request in so many fails with a 500.
    Transient(u32),
    ServerError,
    Overloaded(Option<Duration>),
    Throttled(Option<Duration>),
    /// A real limit, said in headers: so many requests at once, and all of them again in ten seconds.
    Limited(u32),
    Quota,
    BadKey,
    NoModel,
    Conflict,
    NoName,
    Refused,
    /// Connections are not answered.
    Blackhole,
    /// Requests are not answered.
    Hang,
    /// The connection breaks after the request.
    Reset,
    /// It closes idle connections at once.
    ClosesIdle,
    /// The answer breaks off in the middle.
    Cut,
    /// The answer stops in the middle.
    Stall,
    ErrorEvent,
    Malformed,
    /// The first content takes this long.
    Slow(Duration),
}

pub struct Vendor {
    pub name: String,
    /// What it does from when on, in order; before the first it is healthy.
    pub timetable: Vec<(Instant, Behaviour)>,
    /// From the request to the first content, and between two chunks.
    pub latency: Duration,
    pub pace: Duration,
    pub dial: Duration,
    /// The model that its troubles concern, but for those of the network; `None`: all.
    pub sick: Option<&'static str>,
    pub log: Arc<Log>,
    rng: Mutex<fastrand::Rng>,
    /// What is left of a real limit, and when that was.
    left: Mutex<Option<(f64, Instant)>>,
    open: Mutex<usize>,
}

/// The network between a client and its vendors.
pub struct Net(pub HashMap<String, Arc<Vendor>>);

impl Dial for Net {
    fn dial(&self, target: Uri) -> DialFuture {
        let host = target.host().unwrap_or_default().to_owned();
        let vendor = self.0.get(&host).cloned();
        Box::pin(async move {
            let Some(vendor) = vendor else { return Err(DialError::Dns("no such name".into())) };
            match vendor.behaviour() {
                Behaviour::NoName => return Err(DialError::Dns("no such name".into())),
                Behaviour::Blackhole => std::future::pending().await,
                _ => {}
            }
            time::sleep(vendor.dial).await;
            if vendor.behaviour() == Behaviour::Refused {
                return Err(DialError::Connect("connection refused".into()));
            }
            let (ours, theirs) = tokio::io::duplex(64 << 10);
            tokio::spawn(vendor.serve(theirs));
            Ok(Conn::new(Box::new(TokioIo::new(ours)), false, false))
        })
    }
}

impl Vendor {
    pub fn new(
        name: &str,
        latency: Duration,
        pace: Duration,
        dial: Duration,
        log: Arc<Log>,
        seed: u64,
    ) -> Self {
        Self {
            name: name.into(),
            timetable: Vec::new(),
            latency,
            pace,
            dial,
            sick: None,
            log,
            rng: Mutex::new(fastrand::Rng::with_seed(seed)),
            left: Mutex::default(),
            open: Mutex::default(),
        }
    }

    pub fn behaviour(&self) -> Behaviour {
        let now = now();
        let current = self.timetable.iter().rev().find(|(from, _)| *from <= now);
        current.map_or(Behaviour::Healthy, |(_, b)| b.clone())
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        *self.open.lock()
    }

    async fn serve(self: Arc<Self>, mut io: DuplexStream) {
        *self.open.lock() += 1;
        let mut buffer = Vec::new();
        while let Some(request) = read_request(&mut io, &mut buffer).await {
            if self.answer(&mut io, request).await.is_err() || self.behaviour() == Behaviour::ClosesIdle {
                break;
            }
        }
        *self.open.lock() -= 1;
    }

    async fn answer(&self, io: &mut DuplexStream, received: Received) -> Result<(), Gone> {
        let request: Value = serde_json::from_slice(&received.body).unwrap_or(Value::Null);
        let stream = request["stream"] == true;
        let text = request["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
        let at = now();
        let number = self.log.hit(Hit {
            vendor: self.name.clone(),
            // Further endpoints of an origin are told apart by the path.
            endpoint: match received.path.strip_prefix('/').and_then(|p| p.split_once('/')) {
                Some((name, _)) if name != "v1" => name.to_owned(),
                _ => self.name.clone(),
            },
            model: request["model"].as_str().unwrap_or_default().to_owned(),
            key: received.key,
            call: text.clone(),
            at,
            sent: at,
            ended: None,
            status: None,
            retry_after: None,
            output: String::new(),
        });
        let well = self.sick.is_some_and(|model| request["model"] != model);
        let behaviour = if well { Behaviour::Healthy } else { self.behaviour() };
        let result = self.misbehave(io, &behaviour, stream, &text, number).await;
        self.log.ended(number);
        result
    }

    async fn misbehave(
        &self,
        io: &mut DuplexStream,
        behaviour: &Behaviour,
        stream: bool,
        text: &str,
        number: usize,
    ) -> Result<(), Gone> {
        use Behaviour::*;
        let error =
            |code: &str, kind: &str| json!({ "error": { "message": "", "code": code, "type": kind } });
        let quick = self.latency.min(Duration::from_millis(20));
        match behaviour {
            Hang => return wait(io, Duration::from_secs(100_000)).await,
            Reset => {
                wait(io, quick).await?;
                return Err(Gone);
            }
            Slow(latency) => {
                wait(io, *latency).await?;
                return self.complete(io, behaviour, stream, number).await;
            }
            _ => {}
        }
        let fails = matches!(behaviour, Transient(n) if self.rng.lock().u32(0..*n) == 0);
        let refusal = match behaviour {
            _ if fails => Some((500, None, error("", "server_error"))),
            ServerError => Some((500, None, error("", "server_error"))),
            Overloaded(hint) => Some((503, *hint, error("", "overloaded_error"))),
            Throttled(hint) => Some((429, *hint, error("rate_limit_exceeded", "requests"))),
            Limited(most) => {
                let hint = self.limited(*most);
                hint.map(|hint| (429, Some(hint), error("rate_limit_exceeded", "requests")))
            }
            Quota => Some((429, None, error("insufficient_quota", "insufficient_quota"))),
            BadKey => Some((401, None, error("invalid_api_key", "invalid_request_error"))),
            NoModel => Some((404, None, error("model_not_found", "invalid_request_error"))),
            Conflict => Some((409, None, error("", "conflict_error"))),
            _ => None,
        };
        if let Some((status, retry_after, body)) = refusal {
            wait(io, quick).await?;
            return self.send_whole(io, number, status, retry_after, &body.to_string()).await;
        }
        // A caller's mistake is one at every vendor that is well.
        if text.starts_with("bad") {
            wait(io, quick).await?;
            let body = error("invalid_value", "invalid_request_error").to_string();
            return self.send_whole(io, number, 400, None, &body).await;
        }
        wait(io, self.latency).await?;
        self.complete(io, behaviour, stream, number).await
    }

    async fn complete(
        &self,
        io: &mut DuplexStream,
        behaviour: &Behaviour,
        stream: bool,
        number: usize,
    ) -> Result<(), Gone> {
        let words: Vec<String> = (0..8).map(|i| format!("{}{number}.{i} ", self.name)).collect();
        self.log.output(number, words.concat());
        let usage = json!({ "prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17 });
        if !stream {
            let message = json!({ "role": "assistant", "content": words.concat() });
            let choice = json!([{ "index": 0, "message": message, "finish_reason": "stop" }]);
            let body = json!({ "id": "x", "object": "chat.completion", "choices": choice, "usage": usage })
                .to_string();
            let part = match behaviour {
                Behaviour::Malformed => {
                    return self.send_whole(io, number, 200, None, &body[..body.len() / 2]).await;
                }
                Behaviour::Cut | Behaviour::Stall | Behaviour::ErrorEvent => &body[..body.len() / 2],
                _ => return self.send_whole(io, number, 200, None, &body).await,
            };
            let head = head(
                200,
                None,
                &format!("content-length: {}\r\n", body.len()),
                self.observed_limits(behaviour),
            );
            self.log.status(number, 200, None);
            write(io, &format!("{head}{part}")).await?;
            if *behaviour == Behaviour::Stall {
                wait(io, Duration::from_secs(100_000)).await?;
            }
            return Err(Gone);
        }
        self.log.status(number, 200, None);
        let head = head(
            200,
            None,
            "transfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n",
            self.observed_limits(behaviour),
        );
        write(io, &head).await?;
        let event = |delta: Value, finish: Value| {
            let choice = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
            format!(
                "data: {}\n\n",
                json!({ "id": "x", "object": "chat.completion.chunk", "choices": choice })
            )
        };
        chunk(io, &event(json!({ "role": "assistant" }), Value::Null)).await?;
        let breaks_at = match behaviour {
            Behaviour::Cut | Behaviour::Stall | Behaviour::ErrorEvent | Behaviour::Malformed => {
                self.rng.lock().usize(0..words.len())
            }
            _ => usize::MAX,
        };
        for (i, word) in words.iter().enumerate() {
            if i == breaks_at {
                match behaviour {
                    Behaviour::Stall => return wait(io, Duration::from_secs(100_000)).await,
                    Behaviour::ErrorEvent => {
                        let error = json!({ "error": { "message": "", "type": "server_error" } });
                        chunk(io, &format!("data: {error}\n\n")).await?;
                    }
                    Behaviour::Malformed => chunk(io, "data: {x\n\ndata: {x\n\ndata: {x\n\n").await?,
                    _ => {}
                }
                return Err(Gone);
            }
            chunk(io, &event(json!({ "content": word }), Value::Null)).await?;
            wait(io, self.pace).await?;
        }
        chunk(io, &event(json!({}), json!("stop"))).await?;
        // What it counted may follow, without a choice.
        if number.is_multiple_of(2) {
            let counted =
                json!({ "id": "x", "object": "chat.completion.chunk", "choices": [], "usage": usage });
            chunk(io, &format!("data: {counted}\n\n")).await?;
        }
        write(io, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n").await
    }

    async fn send_whole(
        &self,
        io: &mut DuplexStream,
        number: usize,
        status: u16,
        retry_after: Option<Duration>,
        body: &str,
    ) -> Result<(), Gone> {
        self.log.status(number, status, retry_after);
        let length = format!("content-length: {}\r\n", body.len());
        let head = head(status, retry_after, &length, self.observed_limits(&self.behaviour()));
        write(io, &format!("{head}{body}")).await
    }

    /// When a real limit is reached, how long until it is not.
    fn limited(&self, most: u32) -> Option<Duration> {
        let left = self.left(most);
        *self.left.lock() = Some((if left >= 1.0 { left - 1.0 } else { left }, now()));
        (left < 1.0).then(|| Duration::from_secs_f64((1.0 - left) * 10.0 / f64::from(most)))
    }

    fn left(&self, most: u32) -> f64 {
        let most = f64::from(most);
        self.left
            .lock()
            .map_or(most, |(left, at)| (left + (now() - at).as_secs_f64() * most / 10.0).min(most))
    }

    fn observed_limits(&self, behaviour: &Behaviour) -> String {
        let Behaviour::Limited(most) = behaviour else { return String::new() };
        let left = self.left(*most);
        let reset = (f64::from(*most) - left) * 10.0 / f64::from(*most);
        format!(
            "x-ratelimit-limit-requests: {most}\r\nx-ratelimit-remaining-requests: {}\r\nx-ratelimit-reset-requests: {reset:.3}s\r\n",
            left.floor()
        )
    }
}
