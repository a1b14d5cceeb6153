//! Classifies a vendor's error: by code first, then type, then status, by message last.

use std::time::Duration;

use super::fault::{Fault, FaultKind};
use crate::base::{retry_after, vendor_error::VendorError};

/// A throttle with a longer Retry-After is a quota: no call waits that long.
const QUOTA_HINT: Duration = Duration::from_secs(300);
/// A longer Retry-After is not plausible and is ignored.
const ABSURD_HINT: Duration = Duration::from_secs(24 * 3600);
const MESSAGE_LIMIT: usize = 2_000;
/// Codes are short words; relays may put anything there. In bytes.
const CODE_LIMIT: usize = 200;

/// Classifies a response without success, or an error inside a stream, whose `status` is 200.
pub fn classify(status: u16, header_hint: Option<Duration>, error: &VendorError) -> Fault {
    // An implausible value is ignored, and the next source is read.
    let retry_after = [header_hint, error.retry_after, retry_after::from_message(&error.message)]
        .into_iter()
        .flatten()
        .find(|retry_after| *retry_after <= ABSURD_HINT);
    // Inside a 200 only the body's own status counts.
    let effective = if status < 400 { error.status.unwrap_or(0) } else { status };
    let kind = by_code(effective, error)
        .or_else(|| by_type(effective, error.kind.as_deref(), error))
        // Some vendors put the type into the code.
        .or_else(|| by_type(effective, error.code.as_deref(), error))
        .unwrap_or_else(|| by_status(effective, error));
    let kind = if kind == FaultKind::RateLimited && retry_after.is_some_and(|h| h > QUOTA_HINT) {
        FaultKind::Quota
    } else {
        kind
    };
    Fault {
        status: Some(status),
        retry_after,
        code: error.code.as_deref().or(error.kind.as_deref()).map(|code| shortened(code, CODE_LIMIT)),
        maybe_billed: matches!(effective, 408 | 504),
        ..Fault::new(kind, shortened(error.message.trim(), MESSAGE_LIMIT))
    }
}

/// A text of at most `limit` bytes, with a mark when it is truncated.
fn shortened(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        text.to_owned()
    } else {
        format!("{}…", &text[..text.floor_char_boundary(limit)])
    }
}

fn by_code(status: u16, error: &VendorError) -> Option<FaultKind> {
    let code = error.code.as_deref()?.to_ascii_lowercase();
    let kind = match code.as_str() {
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "organization_usage_limit_exceeded"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "quota_exhausted" => FaultKind::Quota,
        "context_length_exceeded" => FaultKind::ContextLength,
        "string_above_max_length" => FaultKind::BadRequest,
        "content_policy_violation" | "content_filter" | "invalid_prompt" | "responsibleaipolicyviolation" => {
            FaultKind::ContentFilter
        }
        "invalid_api_key" | "api_key_invalid" | "account_deactivated" => FaultKind::Auth,
        // A problem with one workspace's encryption key does not concern other endpoints.
        "organization_on_hold"
        | "cmek_key_disabled"
        | "cmek_key_network_blocked"
        | "unsupported_country_region_territory"
        | "permissiondenied"
        | "insufficient_permissions"
        | "insufficient_scope" => FaultKind::Permission,
        "model_not_found" | "deploymentnotfound" | "model_not_available" => FaultKind::NotFound,
        "server_is_overloaded"
        | "slow_down"
        | "model_capacity_exhausted"
        | "nocapacity"
        | "insufficient_system_resource"
        | "overloaded_error" => FaultKind::Overloaded,
        "rate_limit_exceeded" | "ramp_limit_exceeded" => throttled(error),
        _ if code.contains("spend_limit") => FaultKind::Quota,
        // Money, credits or quota; other insufficiencies are handled above.
        _ if code.starts_with("insufficient_") => FaultKind::Quota,
        _ => return None,
    };
    // These words never reclassify a 429.
    (status != 429 || !matches!(kind, FaultKind::ContextLength | FaultKind::BadRequest)).then_some(kind)
}

fn by_type(status: u16, word: Option<&str>, error: &VendorError) -> Option<FaultKind> {
    let word = word?.to_ascii_lowercase();
    Some(match word.as_str() {
        "insufficient_quota" | "billing_error" | "budget_exceeded" => FaultKind::Quota,
        "overloaded_error" | "service_unavailable_error" => FaultKind::Overloaded,
        "authentication_error" | "unauthenticated" => FaultKind::Auth,
        "permission_error" | "permission_denied" => permission(error),
        "not_found_error" | "not_found" => FaultKind::NotFound,
        // A key without access to this model may have access to others.
        _ if word.ends_with("_model_access_denied") => FaultKind::NotFound,
        "rate_limit_error" | "resource_exhausted" if status != 402 => throttled(error),
        "requests" | "tokens" if status == 0 => throttled(error),
        "unavailable" => FaultKind::Overloaded,
        "api_error" | "server_error" | "internal" if status == 0 => FaultKind::ServerError,
        "timeout_error" | "deadline_exceeded" => FaultKind::ServerError,
        "conflict_error" | "aborted" => FaultKind::Conflict,
        "request_too_large" => FaultKind::ContextLength,
        "failed_precondition" => precondition(error),
        "invalid_request_error" | "invalid_argument" if status == 0 => caller(error),
        _ => return None,
    })
}

fn by_status(status: u16, error: &VendorError) -> FaultKind {
    match status {
        0 => by_words(error),
        401 => FaultKind::Auth,
        402 => FaultKind::Quota,
        403 => permission(error),
        404 => FaultKind::NotFound,
        // Only a proxy sends 407: the endpoint was not reached.
        407 => FaultKind::Connect,
        408 => FaultKind::RequestTimeout,
        409 => FaultKind::Conflict,
        413 => FaultKind::ContextLength,
        425 => FaultKind::ServerError,
        429 => throttled(error),
        503 | 529 => FaultKind::Overloaded,
        400..=499 => caller(error),
        // A redirect or another odd status means a wrong address or a proxy's page: this route does not
        // work now.
        _ => FaultKind::ServerError,
    }
}

/// Classifies an event without code, type and status by its message.
fn by_words(error: &VendorError) -> FaultKind {
    match caller(error) {
        FaultKind::BadRequest if error.message.to_ascii_lowercase().contains("rate limit") => {
            throttled(error)
        }
        FaultKind::BadRequest => FaultKind::ServerError,
        told => told,
    }
}

/// Distinguishes the three kinds of throttles.
fn throttled(error: &VendorError) -> FaultKind {
    let message = error.message.to_ascii_lowercase();
    let quota_id = error.quota_id.as_deref().unwrap_or_default();
    if quota_id.contains("PerDay") || quota_id.contains("Daily") {
        FaultKind::Quota
    } else if quota_id.contains("PerMinute") {
        FaultKind::RateLimited
    } else if message.contains("request too large") || message.contains("required for long context") {
        FaultKind::TooLargeForLimit
    } else if limit_is_zero(&message) || spent(&message) {
        FaultKind::Quota
    } else {
        FaultKind::RateLimited
    }
}

/// "limit: 0" means no quota at all; "limit: 0.5" and "limit: 05" do not.
fn limit_is_zero(message: &str) -> bool {
    message.match_indices("limit: 0").any(|(at, found)| {
        let rest = &message[at + found.len()..];
        let fraction = rest.strip_prefix('.').unwrap_or(rest);
        !fraction.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn permission(error: &VendorError) -> FaultKind {
    let message = error.message.to_ascii_lowercase();
    // A flagged account differs from a flagged input.
    if message.contains("moderation") || message.contains("flagged") && !message.contains("account") {
        FaultKind::ContentFilter
    } else {
        FaultKind::Permission
    }
}

/// Whether the message of an error without code means that money or credit is missing.
fn spent(message: &str) -> bool {
    const SPENT: [&str; 7] = [
        "spend limit",
        "spending limit",
        "api usage limits",
        "credit balance is too low",
        "credits are depleted",
        "have a free quota tier",
        "insufficient balance",
    ];
    SPENT.iter().any(|words| message.contains(words))
}

/// Google uses this status for regions, billing, and requests that came too early.
fn precondition(error: &VendorError) -> FaultKind {
    let message = error.message.to_ascii_lowercase();
    if ["location", "country", "region", "billing"].iter().any(|word| message.contains(word)) {
        FaultKind::Permission
    } else {
        caller(error)
    }
}

/// Classifies the caller's mistakes by the words of vendors that give no code.
fn caller(error: &VendorError) -> FaultKind {
    const TOO_LONG: [&str; 7] = [
        "maximum context length",
        "longer than the model's context length",
        "exceeds the context window",
        "prompt is too long",
        "exceed context limit",
        "exceeds the maximum number of tokens allowed",
        "context_length_exceeded",
    ];
    const BAD_KEY: [&str; 4] =
        ["api key not valid", "api key expired", "incorrect api key", "api_key_invalid"];
    const FILTERED: [&str; 3] =
        ["content filtering policy", "content management policy", "content exists risk"];
    let message = error.message.to_ascii_lowercase();
    if TOO_LONG.iter().any(|words| message.contains(words)) {
        FaultKind::ContextLength
    } else if BAD_KEY.iter().any(|words| message.contains(words)) {
        FaultKind::Auth
    } else if spent(&message) {
        FaultKind::Quota
    } else if FILTERED.iter().any(|words| message.contains(words)) {
        FaultKind::ContentFilter
    } else {
        FaultKind::BadRequest
    }
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
