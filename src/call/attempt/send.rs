//! One exchange with one candidate: the request out, the head in, and a whole answer read.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header;
use serde_json::json;
use tokio::time;

use super::response_headers::Said;
use crate::{
    base::{
        clock::now,
        event::{self, EventKind},
        timestamp::iso8601,
    },
    call::{hedge::Trial, passthrough::response, request::Question, run::Call},
    config::{
        key::{ApiKey, KeySource},
        timeouts::Timeouts,
    },
    dialect::{
        chat::Untranslatable,
        codec::Dialect,
        error_body,
        openai::{answer::NoAnswer, request::ChatRequest},
        usage::Usage,
    },
    engine::Engine,
    net::{
        body::Body,
        client::{Failed, Limits},
        decode::Decoder,
        failure::FailureKind,
        request::Request,
    },
    policy::{
        classify::classify,
        fault::{Fault, Kind},
    },
    state::{Target, admission::Admission},
};

/// The largest answer that is read: beyond it something is wrong.
pub const MAX_ANSWER: usize = 64 << 20;
/// What one piece of a compressed stream may come to.
const MAX_PIECE: usize = 8 << 20;
/// How much of an error's body is read, and for how long.
const MAX_ERROR: usize = 64 << 10;
const ERROR_PATIENCE: Duration = Duration::from_secs(5);
/// OpenAI's word, with status 400, for a response that is gone on with where it is not stored.
const STORED_ELSEWHERE: &str = "previous_response_not_found";

/// An answer whose head says success.
pub struct Answer {
    pub head: Head,
    pub body: Body,
    pub decoder: Decoder,
}

pub struct Head {
    pub status: u16,
    pub reused: bool,
    pub connect_took: Option<Duration>,
    pub vendor_request_id: Option<String>,
    /// When the vendor wants us back. Not the headers themselves: a stream has no use for them while it lasts.
    pub hint: Option<Duration>,
    /// What of it a caller hears who is answered in the vendor's own words.
    pub passed_on: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answered {
    pub body: String,
    pub usage: Option<Usage>,
    pub first_content: Option<Instant>,
    pub connect_took: Option<Duration>,
    pub skipped_events: u32,
}

/// An exchange that came to no sound head.
pub struct NotSent {
    pub fault: Fault,
    pub reused: bool,
}

/// Sends the request and reads the head; an error's body is read too.
pub async fn send(call: &Call, trial: &mut Trial) -> Result<Answer, NotSent> {
    let target = &trial.admission.target.clone();
    let fresh = |fault| NotSent { fault, reused: false };
    let key = key(call, target).await.map_err(fresh)?;
    let request = build(call, target, key.as_ref(), trial).map_err(fresh)?;
    trial.key = key;
    let (limits, headers_kind) = limits(call, trial);
    let (number, admission) = (trial.number, &mut trial.admission);
    let sending = || {
        admission.sent = true;
        call.sending(number);
    };
    let exchange = call
        .engine
        .http
        .send(request, limits, sending)
        .await
        .map_err(|failed| not_sent(failed, headers_kind))?;
    let (said, body) = (Said::read(&exchange.fields), exchange.body);
    let wall = || call.engine.wall();
    let head = Head {
        status: exchange.status,
        reused: exchange.reused,
        connect_took: exchange.connect_took,
        vendor_request_id: said.request_id().map(|id| request_id(id, target)),
        hint: said.hint(wall),
        passed_on: match call.question {
            Question::Chat(_) => Vec::new(),
            Question::Other(_) => response::passed_on(&exchange.fields),
        },
    };
    // A throttle that says when to come back has said enough: what its limits read meanwhile is their worst.
    if (head.status != 429 || head.hint.is_none())
        && let Some(lesson) = said.lesson(wall)
    {
        target.limiter.lock().learn(lesson, now());
    }
    let success = (200..300).contains(&head.status);
    let limit = match (success, call.question.stream()) {
        (true, false) => MAX_ANSWER,
        (true, true) => MAX_PIECE,
        (false, _) => MAX_ERROR,
    };
    let decoder = Decoder::new(said.content_encoding(), limit).map_err(|_| NotSent {
        fault: Fault::new(Kind::Malformed, "the answer's content-encoding is none that was asked for"),
        reused: head.reused,
    })?;
    if success {
        return Ok(Answer { head, body, decoder });
    }
    let body = error_text(body, decoder).await;
    // Before anything cuts it: half a key is recognised by nobody.
    let mut body = String::from_utf8_lossy(&body).into_owned();
    target.redact(&mut body);
    let mut fault = classify(head.status, head.hint, &target.redacted(error_body::read(body.as_bytes())));
    // Some have not got what others have: elsewhere it may be.
    let missing = fault.kind == Kind::NotFound
        || matches!(head.status, 405 | 501)
        || fault.code.as_deref() == Some(STORED_ELSEWHERE);
    if missing && call.question.chat().is_none() {
        fault.kind = Kind::Absent;
    }
    fault.same_forbidden = said.forbids_retry();
    fault.vendor_request_id = head.vendor_request_id;
    Err(NotSent { fault, reused: head.reused })
}

/// Reads a whole answer that was not streamed.
pub async fn receive(call: &Call, admission: &Admission, answer: Answer) -> Result<Answered, Fault> {
    let Answer { head, mut body, mut decoder } = answer;
    let mut bytes = read_whole(call, admission.began, &mut body, &mut decoder).await?;
    // JavaScript's parser takes no byte order mark.
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    let body = String::from_utf8(bytes)
        .map_err(|_| Fault::new(Kind::Malformed, "the answer is not UTF-8").maybe_billed())?;
    let dialect = admission.target.endpoint.config.dialect;
    match dialect.read_answer(&body, || call.unsaid(&admission.target)) {
        Ok(sound) => Ok(Answered {
            body: match &call.wire {
                None => sound.body.unwrap_or(body),
                Some(wire) => wire.answer(dialect, body, sound.body),
            },
            usage: sound.usage,
            first_content: None,
            connect_took: head.connect_took,
            skipped_events: 0,
        }),
        Err(no_answer) => Err(no_answer_fault(no_answer, &head, &admission.target)),
    }
}

/// A body to its end, decoded.
pub async fn read_whole(
    call: &Call,
    began: Instant,
    body: &mut Body,
    decoder: &mut Decoder,
) -> Result<Vec<u8>, Fault> {
    let first = call.timeouts.first_content.map(|limit| began + limit);
    let (mut bytes, mut encoded) = (Vec::new(), Vec::new());
    loop {
        let between = call.timeouts.content.map(|limit| now() + limit);
        let (limit, kind) = match (first, between) {
            (Some(first), Some(between)) if between < first => (Some(between), Kind::ContentTimeout),
            (Some(first), _) => (Some(first), Kind::FirstContentTimeout),
            (None, between) => (between, Kind::ContentTimeout),
        };
        let out = if decoder.is_identity() { &mut bytes } else { &mut encoded };
        let more = match limit {
            None => body.data(out).await,
            Some(at) => time::timeout_at(time::Instant::from_std(at), body.data(out))
                .await
                .map_err(|_| Fault::new(kind, "the answer did not arrive in time").maybe_billed())?,
        };
        if !more.map_err(|why| Fault::new(Kind::Truncated, why).maybe_billed())? {
            break;
        }
        if !decoder.is_identity() {
            bytes.extend(decoder.push(&encoded).map_err(undecodable)?);
            encoded.clear();
        }
        if bytes.len() > MAX_ANSWER {
            return Err(Fault::new(Kind::Malformed, "the answer is larger than 64 MiB").maybe_billed());
        }
    }
    bytes.extend(decoder.finish().map_err(undecodable)?);
    Ok(bytes)
}

fn no_answer_fault(no_answer: NoAnswer, head: &Head, target: &Target) -> Fault {
    let status = Some(head.status);
    match no_answer {
        NoAnswer::Malformed(why) => Fault { status, ..Fault::new(Kind::Malformed, why).maybe_billed() },
        NoAnswer::Error(error) => classify(head.status, head.hint, &target.redacted(error)),
        NoAnswer::GaveUp => gave_up(head.status),
    }
}

/// DeepSeek ran out of resources in the middle of an answer.
pub fn gave_up(status: u16) -> Fault {
    let fault = Fault::new(Kind::Overloaded, "insufficient_system_resource").maybe_billed();
    Fault { status: Some(status), ..fault }
}

pub fn undecodable(error: std::io::Error) -> Fault {
    Fault::new(Kind::Malformed, format!("the compressed answer could not be read: {error}")).maybe_billed()
}

/// How long the head may take, and which phase it is that passes then: content cannot come before it.
fn limits(call: &Call, trial: &Trial) -> (Limits, Kind) {
    let t = &call.timeouts;
    let stream = call.question.stream();
    let headers = t.headers.or(stream.then_some(Timeouts::HEADERS));
    let (first, first_kind) = first_content_limit(call, trial.latency_limit);
    let first = first.or(stream.then_some(Timeouts::FIRST_CONTENT));
    let own = call.options.timeouts.map(|t| t.connect);
    let connect = own.filter(|c| *c != call.engine.config.timeouts.connect);
    let fresh = trial.fresh;
    match (headers, first) {
        (headers, Some(first)) if headers.is_none_or(|h| first < h) => {
            (Limits { connect, headers: Some(first), fresh }, first_kind)
        }
        (headers, _) => (Limits { connect, headers, fresh }, Kind::HeadersTimeout),
    }
}

/// How long the first content may take, and what it is called when that passes.
pub fn first_content_limit(call: &Call, latency_limit: Option<Duration>) -> (Option<Duration>, Kind) {
    let own = call.timeouts.first_content;
    match latency_limit {
        Some(limit) if limit < own.unwrap_or(Timeouts::FIRST_CONTENT) => (Some(limit), Kind::LatencyLimit),
        _ => (own, Kind::FirstContentTimeout),
    }
}

async fn key(call: &Call, target: &Target) -> Result<Option<ApiKey>, Fault> {
    match &target.credential.source {
        KeySource::None => Ok(None),
        // In the prepared head already.
        KeySource::Static(_) => Ok(None),
        KeySource::Function(number) => {
            let asked = time::timeout(call.timeouts.connect, call.engine.functions.key(*number)).await;
            let key = asked
                .unwrap_or_else(|_| Err("the apiKey function did not answer in time".into()))
                .map_err(unusable)?;
            if !target.credential.take(&key, now()) {
                return Err(unusable("the apiKey function gave the refused key again".into()));
            }
            Ok(Some(key))
        }
    }
}

/// There is no key to send; asking for it again at once would give none either.
fn unusable(message: String) -> Fault {
    Fault { same_forbidden: true, ..Fault::new(Kind::Auth, message) }
}

fn build(call: &Call, target: &Target, key: Option<&ApiKey>, trial: &Trial) -> Result<Request, Fault> {
    let endpoint = &target.endpoint.config;
    let mut request = match &call.question {
        Question::Chat(chat) => {
            let last_turn = (trial.moved && call.forgets_context()).then(|| chat.last_turn()).flatten();
            let chat = last_turn.as_ref().unwrap_or(chat);
            let body = completion(call, chat, target, trial.continues).map_err(|e| untranslatable(&e))?;
            Request::new(target.heads.head(endpoint, chat.stream, key), body)
        }
        Question::Other(other) => other.request(target, key)?,
    };
    if let Some(wire) = call.wire.as_ref().filter(|wire| wire.caller.speaks(endpoint.dialect)) {
        let own = |name| endpoint.headers.iter().any(|(own, _)| own == name);
        request.extra.extend(wire.headers.iter().filter(|(name, _)| !own(name)).cloned());
    }
    if let Some(id) = &call.options.idempotency_key {
        request.extra.push((header::HeaderName::from_static("idempotency-key"), id.clone()));
    }
    if let Some(authorization) = call.engine.http.proxy_authorization(&request.head.uri) {
        request.extra.push((header::PROXY_AUTHORIZATION, authorization));
    }
    Ok(request)
}

/// The body of a request for a chat completion, as the endpoint wants it.
fn completion(
    call: &Call,
    request: &ChatRequest,
    target: &Target,
    continues: bool,
) -> Result<Bytes, Untranslatable> {
    let endpoint = &target.endpoint.config;
    let (model, limit) = (&*target.model, endpoint.token_limit_field());
    let own = match endpoint.dialect {
        Dialect::OpenAi => request.without_residue(endpoint.vendor.as_deref()),
        _ => None,
    };
    let request = own.as_ref().unwrap_or(request);
    Ok(match (endpoint.dialect, call.prefill(continues)) {
        (Dialect::OpenAi, None) => request.render(model, limit),
        (Dialect::OpenAi, Some(text)) => {
            request.render_continued(model, limit, text, endpoint.prefill_field())
        }
        (dialect, None) => request.in_dialect(dialect, model)?.body.clone(),
        (dialect, Some(text)) => request.continued_in_dialect(dialect, model, text)?,
    })
}

/// What the endpoint's dialect has no words for is the caller's to change.
pub fn untranslatable(error: &Untranslatable) -> Fault {
    Fault::new(Kind::BadRequest, format!("{}: {}", error.field, error.problem))
}

fn not_sent(failed: Failed, headers_kind: Kind) -> NotSent {
    let Failed { failure, reused } = failed;
    let (kind, billed) = match failure.kind {
        FailureKind::Dns => (Kind::Dns, false),
        FailureKind::Connect => (Kind::Connect, false),
        FailureKind::Tls => (Kind::Tls, false),
        FailureKind::ConnectTimeout => (Kind::ConnectTimeout, false),
        FailureKind::HeadersTimeout => (headers_kind, true),
        FailureKind::Unsent => (Kind::Unsent, false),
        FailureKind::Reset => (Kind::Reset, true),
        FailureKind::Stale => (Kind::Stale, true),
        FailureKind::Malformed => (Kind::Malformed, true),
    };
    let fault = Fault::new(kind, failure.message);
    NotSent { fault: if billed { fault.maybe_billed() } else { fault }, reused }
}

/// Reads an error's body as far as it is worth it; a body that breaks off still says something.
async fn error_text(mut body: Body, mut decoder: Decoder) -> Vec<u8> {
    let (mut bytes, mut encoded) = (Vec::new(), Vec::new());
    let read = async {
        while let Ok(true) = body.data(&mut encoded).await {
            match decoder.push(&encoded) {
                Ok(decoded) => bytes.extend(decoded),
                Err(_) => break,
            }
            encoded.clear();
            if bytes.len() > MAX_ERROR {
                break;
            }
        }
    };
    let _ = time::timeout(ERROR_PATIENCE, read).await;
    bytes.extend(decoder.finish().unwrap_or_default());
    bytes
}

/// What the vendor says of its limits, the endpoint's budget follows.
fn request_id(id: &str, target: &Target) -> String {
    let mut id = id.to_owned();
    target.redact(&mut id);
    id.chars().take(200).collect()
}

/// Events that only some faults bring: a throttle, a refused credential.
pub fn tell_special(engine: &Engine, target: &Target, fault: &Fault) {
    let name = &target.endpoint.config.name;
    match fault.kind {
        Kind::RateLimited | Kind::TooLargeForLimit | Kind::Quota => {
            event::emit(&*engine.events, EventKind::RateLimit, || {
                json!({
                    "endpoint": name, "model": &*target.model, "reason": fault.kind.reason(),
                    "retryAfterMs": fault.hint.map(crate::base::duration::millis),
                    "at": iso8601(engine.wall()),
                })
            });
        }
        Kind::Auth | Kind::Permission => {
            event::emit(&*engine.events, EventKind::AuthError, || {
                auth_error(target, fault.status.unwrap_or(401), &fault.message)
            });
        }
        _ => {}
    }
}

/// The `authError` payload, for calls and checks alike.
pub fn auth_error(target: &Target, status: u16, message: &str) -> serde_json::Value {
    let hint = target.credential.hint();
    let (fallback, action) = if status == 403 {
        ("the key lacks permission", "Check what this key may do, and the account's region and plan.")
    } else {
        ("the key was refused", "Check the API key; reissue it if it was revoked or has expired.")
    };
    json!({
        "message": if message.is_empty() { fallback } else { message },
        "action": action,
        "endpoint": target.endpoint.config.name,
        "statusCode": if status == 403 { 403 } else { 401 },
        "keyHint": hint,
    })
}
