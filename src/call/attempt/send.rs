//! Sends an attempt's request and reads the head of the response.

use super::{
    body::{MAX_ANSWER, MAX_ERROR, MAX_PIECE, error_text},
    faults::{not_sent, untranslatable, unusable},
    response::{FailedExchange, Response, ResponseHead},
    response_headers::passed_on,
    timeouts::limits,
};

use bytes::Bytes;
use http::header;
use tokio::time;

use super::response_headers::ResponseHeaders;
use crate::{
    base::clock::now,
    call::{context::Call, request::CallRequest, types::AttemptContext},
    config::key::{ApiKey, KeySource},
    dialect::{chat::Untranslatable, codec::Dialect, error_body, openai::request::ChatRequest},
    net::{decode::ContentDecoder, request::Request},
    policy::{
        classify::classify,
        fault::{Fault, FaultKind},
    },
    state::Target,
};

/// OpenAI's code, with status 400, for a `previous_response_id` that is stored elsewhere.
const STORED_ELSEWHERE: &str = "previous_response_not_found";

/// Sends the request and reads the response head; of an error also the body.
pub async fn send(call: &Call, attempt: &mut AttemptContext) -> Result<Response, FailedExchange> {
    let target = &attempt.admission.target.clone();
    let fresh = |fault| FailedExchange { fault, reused: false };
    let key = key(call, target).await.map_err(fresh)?;
    let request = build(call, target, key.as_ref(), attempt).map_err(fresh)?;
    attempt.key = key;
    let (limits, headers_kind) = limits(call, attempt);
    let (number, admission) = (attempt.number, &mut attempt.admission);
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
    let (headers, body) = (ResponseHeaders::read(&exchange.fields), exchange.body);
    let wall = || call.engine.wall();
    let head = ResponseHead {
        status: exchange.status,
        reused: exchange.reused,
        connect_took: exchange.connect_took,
        vendor_request_id: headers.request_id().map(|id| request_id(id, target)),
        retry_after: headers.retry_after(wall),
        passed_on: match call.request {
            CallRequest::Chat(_) => Vec::new(),
            CallRequest::Passthrough(_) => passed_on(&exchange.fields),
        },
    };
    // A throttle with Retry-After teaches nothing else: the other limits are at their worst while it lasts.
    if (head.status != 429 || head.retry_after.is_none())
        && let Some(observed_limits) = headers.observed_limits(wall)
    {
        target.limiter.lock().observe(observed_limits, now());
    }
    let success = (200..300).contains(&head.status);
    let limit = match (success, call.request.stream()) {
        (true, false) => MAX_ANSWER,
        (true, true) => MAX_PIECE,
        (false, _) => MAX_ERROR,
    };
    let decoder = ContentDecoder::new(headers.content_encoding(), limit).map_err(|_| FailedExchange {
        fault: Fault::new(FaultKind::Malformed, "the response has a content-encoding that was not requested"),
        reused: head.reused,
    })?;
    if success {
        return Ok(Response { head, body, decoder });
    }
    let body = error_text(body, decoder).await;
    // Redact before anything truncates: half a key would not be recognised.
    let mut body = String::from_utf8_lossy(&body).into_owned();
    target.redact(&mut body);
    let mut fault =
        classify(head.status, head.retry_after, &target.redacted(error_body::read(body.as_bytes())));
    // Not every vendor has every operation: another candidate may have it.
    let missing = fault.kind == FaultKind::NotFound
        || matches!(head.status, 405 | 501)
        || fault.code.as_deref() == Some(STORED_ELSEWHERE);
    if missing && call.request.chat().is_none() {
        fault.kind = FaultKind::OperationUnsupported;
    }
    fault.retry_forbidden = headers.forbids_retry();
    fault.vendor_request_id = head.vendor_request_id;
    Err(FailedExchange { fault, reused: head.reused })
}

async fn key(call: &Call, target: &Target) -> Result<Option<ApiKey>, Fault> {
    match &target.credential.source {
        KeySource::None => Ok(None),
        // The prepared head has the key already.
        KeySource::Static(_) => Ok(None),
        KeySource::Function(number) => {
            let answer = time::timeout(call.timeouts.connect, call.engine.functions.key(*number)).await;
            let key = answer
                .unwrap_or_else(|_| Err("the apiKey function did not return in time".into()))
                .map_err(unusable)?;
            if !target.credential.accept_given(&key, now()) {
                return Err(unusable("the apiKey function returned the refused key again".into()));
            }
            Ok(Some(key))
        }
    }
}

fn build(
    call: &Call,
    target: &Target,
    key: Option<&ApiKey>,
    attempt: &AttemptContext,
) -> Result<Request, Fault> {
    let endpoint = &target.endpoint.config;
    let mut request = match &call.request {
        CallRequest::Chat(chat) => {
            let last_turn =
                (attempt.is_failover && call.sends_last_turn_only()).then(|| chat.last_turn()).flatten();
            let chat = last_turn.as_ref().unwrap_or(chat);
            let body = completion(call, chat, target, attempt.continues).map_err(|e| untranslatable(&e))?;
            Request::new(target.heads.head(endpoint, chat.stream, key), body)
        }
        CallRequest::Passthrough(other) => other.request(target, key)?,
    };
    if let Some(client_protocol) = call
        .client_protocol
        .as_ref()
        .filter(|client_protocol| client_protocol.caller.speaks(endpoint.dialect))
    {
        let own = |name| endpoint.headers.iter().any(|(own, _)| own == name);
        request.extra.extend(client_protocol.headers.iter().filter(|(name, _)| !own(name)).cloned());
    }
    if let Some(id) = &call.options.idempotency_key {
        request.extra.push((header::HeaderName::from_static("idempotency-key"), id.clone()));
    }
    if let Some(authorization) = call.engine.http.proxy_authorization(&request.head.uri) {
        request.extra.push((header::PROXY_AUTHORIZATION, authorization));
    }
    Ok(request)
}

/// The body of a chat request, as the endpoint expects it.
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

/// Redacts the vendor's request id and truncates it to 200 characters.
fn request_id(id: &str, target: &Target) -> String {
    let mut id = id.to_owned();
    target.redact(&mut id);
    id.chars().take(200).collect()
}
