use super::*;

fn error(code: &str, kind: &str, message: &str) -> VendorError {
    let word = |w: &str| (!w.is_empty()).then(|| w.to_owned());
    VendorError { code: word(code), kind: word(kind), ..VendorError::from_message(message) }
}

#[test]
fn codes_types_statuses_and_messages() {
    let table = [
        // status, code, type, message, expected
        (429, "rate_limit_exceeded", "tokens", "Rate limit reached", Kind::RateLimited),
        (429, "rate_limit_exceeded", "tokens", "Request too large for gpt-4o on TPM", Kind::TooLargeForLimit),
        (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota", Kind::Quota),
        (429, "", "insufficient_quota", "", Kind::Quota),
        (429, "credit_balance_exhausted", "", "", Kind::Quota),
        (429, "organization_spend_limit_exceeded", "", "", Kind::Quota),
        (429, "project_spend_limit_exceeded", "", "", Kind::Quota),
        (429, "organization_usage_limit_exceeded", "", "", Kind::Quota),
        (429, "enforced_spend_limit_reached", "rate_limit_error", "", Kind::Quota),
        (429, "slow_down", "rate_limit_error", "", Kind::Overloaded),
        (429, "", "", "Resource has been exhausted (e.g. check quota).", Kind::RateLimited),
        (429, "", "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0, model: x", Kind::Quota),
        (429, "", "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0.5", Kind::RateLimited),
        (429, "context_length_exceeded", "", "maximum context length", Kind::RateLimited),
        (402, "", "", "Insufficient Balance", Kind::Quota),
        (401, "", "", "", Kind::Auth),
        (401, "invalid_api_key", "invalid_request_error", "", Kind::Auth),
        (400, "API_KEY_INVALID", "INVALID_ARGUMENT", "API key not valid.", Kind::Auth),
        (403, "", "", "no access", Kind::Permission),
        (403, "", "", "Your input was flagged by moderation", Kind::ContentFilter),
        (404, "model_not_found", "invalid_request_error", "", Kind::NotFound),
        (404, "", "", "", Kind::NotFound),
        (400, "context_length_exceeded", "invalid_request_error", "", Kind::ContextLength),
        (
            400,
            "invalid_request_error",
            "invalid_request_error",
            "This model's maximum context length is 131072 tokens.",
            Kind::ContextLength,
        ),
        (
            400,
            "",
            "invalid_request_error",
            "prompt is too long: 213462 tokens > 200000 maximum",
            Kind::ContextLength,
        ),
        (400, "string_above_max_length", "", "Invalid 'user': string too long", Kind::BadRequest),
        (413, "", "", "", Kind::ContextLength),
        (400, "content_policy_violation", "", "", Kind::ContentFilter),
        (400, "content_filter", "", "", Kind::ContentFilter),
        (400, "unsupported_parameter", "invalid_request_error", "", Kind::BadRequest),
        (405, "", "", "", Kind::BadRequest),
        (415, "", "", "", Kind::BadRequest),
        (422, "", "", "", Kind::BadRequest),
        (499, "", "", "", Kind::BadRequest),
        (408, "", "", "", Kind::RequestTimeout),
        (409, "", "", "", Kind::Conflict),
        (425, "", "", "", Kind::ServerError),
        (500, "", "server_error", "", Kind::ServerError),
        (502, "", "", "<html>Bad Gateway</html>", Kind::ServerError),
        (504, "", "timeout_error", "", Kind::ServerError),
        (520, "", "", "", Kind::ServerError),
        (527, "", "", "", Kind::ServerError),
        (503, "", "", "", Kind::Overloaded),
        (529, "", "overloaded_error", "", Kind::Overloaded),
        (503, "server_is_overloaded", "service_unavailable_error", "", Kind::Overloaded),
        (302, "", "", "", Kind::ServerError),
        // inside a stream
        (200, "", "overloaded_error", "Overloaded", Kind::Overloaded),
        (200, "insufficient_quota", "insufficient_quota", "", Kind::Quota),
        (200, "", "invalid_request_error", "bad", Kind::BadRequest),
        (200, "", "server_error", "The server had an error", Kind::ServerError),
        (200, "", "", "something", Kind::ServerError),
    ];
    for (status, code, kind, message, expected) in table {
        let fault = classify(status, None, &error(code, kind, message));
        assert_eq!(fault.kind, expected, "{status} code={code:?} type={kind:?} {message:?}");
    }
}

#[test]
fn a_status_in_the_body_stands_in_for_the_real_one_inside_a_200() {
    let inside = VendorError { status: Some(429), ..VendorError::from_message("limited") };
    assert_eq!(classify(200, None, &inside).kind, Kind::RateLimited);
    assert_eq!(classify(503, None, &inside).kind, Kind::Overloaded);
}

#[test]
fn a_hint_beyond_five_minutes_is_a_quota() {
    let limited = error("rate_limit_exceeded", "", "");
    let minutes = |n: u64| Some(Duration::from_secs(n * 60));
    assert_eq!(classify(429, minutes(5), &limited).kind, Kind::RateLimited);
    assert_eq!(classify(429, minutes(6), &limited).kind, Kind::Quota);
    let text = error("", "", "Please try again in 7m0s");
    assert_eq!(classify(429, None, &text).kind, Kind::Quota);
}

#[test]
fn google_quota_ids_decide() {
    let quota = |id: &str| VendorError {
        quota_id: Some(id.to_owned()),
        kind: Some("RESOURCE_EXHAUSTED".to_owned()),
        ..VendorError::default()
    };
    let kind = |id| classify(429, None, &quota(id)).kind;
    assert_eq!(kind("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), Kind::RateLimited);
    assert_eq!(kind("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), Kind::Quota);
}

#[test]
fn long_messages_are_cut_at_a_character() {
    let fault = classify(500, None, &VendorError::from_message("ä".repeat(5_000)));
    assert!(fault.message.len() <= MESSAGE_LIMIT + '…'.len_utf8());
}
