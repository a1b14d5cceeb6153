use super::*;

fn error(code: &str, kind: &str, message: &str) -> VendorError {
    let word = |w: &str| (!w.is_empty()).then(|| w.to_owned());
    VendorError { code: word(code), kind: word(kind), ..VendorError::from_message(message) }
}

#[test]
fn codes_types_statuses_and_messages() {
    let table = [
        // status, code, type, message, expected
        (429, "rate_limit_exceeded", "tokens", "Rate limit reached", FaultKind::RateLimited),
        (
            429,
            "rate_limit_exceeded",
            "tokens",
            "Request too large for gpt-4o on TPM",
            FaultKind::TooLargeForLimit,
        ),
        (
            429,
            "insufficient_quota",
            "insufficient_quota",
            "You exceeded your current quota",
            FaultKind::Quota,
        ),
        (429, "", "insufficient_quota", "", FaultKind::Quota),
        (429, "credit_balance_exhausted", "", "", FaultKind::Quota),
        (429, "organization_spend_limit_exceeded", "", "", FaultKind::Quota),
        (429, "project_spend_limit_exceeded", "", "", FaultKind::Quota),
        (429, "organization_usage_limit_exceeded", "", "", FaultKind::Quota),
        (429, "enforced_spend_limit_reached", "rate_limit_error", "", FaultKind::Quota),
        (429, "slow_down", "rate_limit_error", "", FaultKind::Overloaded),
        (429, "", "", "Resource has been exhausted (e.g. check quota).", FaultKind::RateLimited),
        (429, "", "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0, model: x", FaultKind::Quota),
        (429, "", "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0.5", FaultKind::RateLimited),
        (429, "context_length_exceeded", "", "maximum context length", FaultKind::RateLimited),
        (402, "", "", "Insufficient Balance", FaultKind::Quota),
        (401, "", "", "", FaultKind::Auth),
        (401, "invalid_api_key", "invalid_request_error", "", FaultKind::Auth),
        (400, "API_KEY_INVALID", "INVALID_ARGUMENT", "API key not valid.", FaultKind::Auth),
        (403, "", "", "no access", FaultKind::Permission),
        (403, "", "", "Your input was flagged by moderation", FaultKind::ContentFilter),
        (404, "model_not_found", "invalid_request_error", "", FaultKind::NotFound),
        (404, "", "", "", FaultKind::NotFound),
        (407, "", "", "", FaultKind::Connect),
        (400, "context_length_exceeded", "invalid_request_error", "", FaultKind::ContextLength),
        (
            400,
            "invalid_request_error",
            "invalid_request_error",
            "This model's maximum context length is 131072 tokens.",
            FaultKind::ContextLength,
        ),
        (
            400,
            "",
            "invalid_request_error",
            "prompt is too long: 213462 tokens > 200000 maximum",
            FaultKind::ContextLength,
        ),
        (400, "string_above_max_length", "", "Invalid 'user': string too long", FaultKind::BadRequest),
        (413, "", "", "", FaultKind::ContextLength),
        (400, "content_policy_violation", "", "", FaultKind::ContentFilter),
        (400, "content_filter", "", "", FaultKind::ContentFilter),
        (400, "unsupported_parameter", "invalid_request_error", "", FaultKind::BadRequest),
        (405, "", "", "", FaultKind::BadRequest),
        (415, "", "", "", FaultKind::BadRequest),
        (422, "", "", "", FaultKind::BadRequest),
        (499, "", "", "", FaultKind::BadRequest),
        (408, "", "", "", FaultKind::RequestTimeout),
        (409, "", "", "", FaultKind::Conflict),
        (425, "", "", "", FaultKind::ServerError),
        (500, "", "server_error", "", FaultKind::ServerError),
        (502, "", "", "<html>Bad Gateway</html>", FaultKind::ServerError),
        (504, "", "timeout_error", "", FaultKind::ServerError),
        (520, "", "", "", FaultKind::ServerError),
        (527, "", "", "", FaultKind::ServerError),
        (503, "", "", "", FaultKind::Overloaded),
        (529, "", "overloaded_error", "", FaultKind::Overloaded),
        (503, "server_is_overloaded", "service_unavailable_error", "", FaultKind::Overloaded),
        (302, "", "", "", FaultKind::ServerError),
        // inside a stream
        (200, "", "overloaded_error", "Overloaded", FaultKind::Overloaded),
        (200, "insufficient_quota", "insufficient_quota", "", FaultKind::Quota),
        (200, "", "invalid_request_error", "bad", FaultKind::BadRequest),
        (200, "", "server_error", "The server had an error", FaultKind::ServerError),
        (200, "", "server_error", "Our rate limit service failed", FaultKind::ServerError),
        (200, "", "", "something", FaultKind::ServerError),
        (200, "", "", "This model's maximum context length is 4096 tokens.", FaultKind::ContextLength),
        (200, "", "", "Rate limit reached for requests", FaultKind::RateLimited),
        // a type that is less specific than the status
        (401, "", "invalid_request_error", "", FaultKind::Auth),
        (402, "", "rate_limit_error", "", FaultKind::Quota),
        (402, "", "", "", FaultKind::Quota),
        (400, "", "tokens", "", FaultKind::BadRequest),
        (400, "", "server_error", "", FaultKind::BadRequest),
        (503, "", "server_error", "", FaultKind::Overloaded),
        // an account, an input, money
        (403, "", "", "Your account was flagged", FaultKind::Permission),
        (403, "", "", "Your input was flagged", FaultKind::ContentFilter),
        (403, "", "", "Refused by moderation", FaultKind::ContentFilter),
        (400, "", "", "Your credit balance is too low to access the API", FaultKind::Quota),
        (400, "", "", "User location is not supported", FaultKind::BadRequest),
        (400, "", "FAILED_PRECONDITION", "User location is not supported", FaultKind::Permission),
        (400, "", "FAILED_PRECONDITION", "Prompt is too long", FaultKind::ContextLength),
    ];
    for (status, code, kind, message, expected) in table {
        let fault = classify(status, None, &error(code, kind, message));
        assert_eq!(fault.kind, expected, "{status} code={code:?} type={kind:?} {message:?}");
    }
}

/// Inside a stream there is no status, so the code or type decides.
#[test]
fn words_decide_without_a_status() {
    let codes = [
        ("string_above_max_length", FaultKind::BadRequest),
        ("invalid_api_key", FaultKind::Auth),
        ("unsupported_country_region_territory", FaultKind::Permission),
        ("model_not_found", FaultKind::NotFound),
        ("rate_limit_exceeded", FaultKind::RateLimited),
        ("insufficient_credits", FaultKind::Quota),
        ("a_word_nobody_knows", FaultKind::ServerError),
    ];
    for (code, expected) in codes {
        assert_eq!(classify(200, None, &error(code, "", "")).kind, expected, "code {code}");
    }
    let types = [
        ("billing_error", FaultKind::Quota),
        ("authentication_error", FaultKind::Auth),
        ("UNAUTHENTICATED", FaultKind::Auth),
        ("permission_error", FaultKind::Permission),
        ("not_found_error", FaultKind::NotFound),
        ("key_model_access_denied", FaultKind::NotFound),
        ("rate_limit_error", FaultKind::RateLimited),
        ("tokens", FaultKind::RateLimited),
        ("UNAVAILABLE", FaultKind::Overloaded),
        ("api_error", FaultKind::ServerError),
        ("timeout_error", FaultKind::ServerError),
        ("conflict_error", FaultKind::Conflict),
        ("request_too_large", FaultKind::ContextLength),
        ("FAILED_PRECONDITION", FaultKind::BadRequest),
        ("invalid_request_error", FaultKind::BadRequest),
    ];
    for (word, expected) in types {
        assert_eq!(classify(200, None, &error("", word, "")).kind, expected, "type {word}");
        // Some vendors put the type into the code.
        assert_eq!(classify(200, None, &error(word, "", "")).kind, expected, "code {word}");
    }
    // A type may be more specific than the status: a gateway's 400 for an overloaded vendor.
    for (word, expected) in
        [("UNAVAILABLE", FaultKind::Overloaded), ("timeout_error", FaultKind::ServerError)]
    {
        assert_eq!(classify(400, None, &error("", word, "")).kind, expected, "{word}");
    }
}

#[test]
fn a_fault_carries_what_was_read() {
    let said = VendorError {
        retry_after: Some(Duration::from_secs(9)),
        ..error("slow_down", "rate_limit_error", "m")
    };
    let header = Some(Duration::from_secs(2));
    let fault = classify(429, header, &said);
    assert_eq!(
        (fault.status, fault.retry_after, fault.code.as_deref()),
        (Some(429), header, Some("slow_down"))
    );
    assert_eq!((fault.message.as_str(), fault.maybe_billed), ("m", false));
    // A header with more than a day is ignored, and the body is read next.
    let day = Duration::from_secs(24 * 3600);
    let moment = Duration::from_secs(1);
    assert_eq!(classify(429, Some(day), &said).retry_after, Some(day));
    assert_eq!(classify(429, Some(day + moment), &said).retry_after, said.retry_after);
    assert_eq!(
        classify(429, Some(day + moment), &error("", "", "try again in 3s")).retry_after,
        Some(moment * 3)
    );
    assert_eq!(classify(429, None, &error("", "tokens", "")).code.as_deref(), Some("tokens"));
    for (status, maybe_billed) in [(408, true), (504, true), (500, false), (429, false)] {
        assert_eq!(classify(status, None, &error("", "", "")).maybe_billed, maybe_billed, "{status}");
    }
}

#[test]
fn a_status_in_the_body_stands_in_for_the_real_one_inside_a_200() {
    let inside = VendorError { status: Some(429), ..VendorError::from_message("limited") };
    assert_eq!(classify(200, None, &inside).kind, FaultKind::RateLimited);
    assert_eq!(classify(503, None, &inside).kind, FaultKind::Overloaded);
    assert_eq!(classify(400, None, &inside).kind, FaultKind::BadRequest);
}

#[test]
fn a_hint_beyond_five_minutes_is_a_quota() {
    let limited = error("rate_limit_exceeded", "", "");
    let minutes = |n: u64| Some(Duration::from_secs(n * 60));
    assert_eq!(classify(429, minutes(5), &limited).kind, FaultKind::RateLimited);
    assert_eq!(classify(429, minutes(6), &limited).kind, FaultKind::Quota);
    let text = error("", "", "Please try again in 7m0s");
    assert_eq!(classify(429, None, &text).kind, FaultKind::Quota);
}

#[test]
fn google_quota_ids_decide() {
    let quota = |id: &str| VendorError {
        quota_id: Some(id.to_owned()),
        kind: Some("RESOURCE_EXHAUSTED".to_owned()),
        ..VendorError::default()
    };
    let kind = |id| classify(429, None, &quota(id)).kind;
    assert_eq!(kind("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), FaultKind::RateLimited);
    assert_eq!(kind("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), FaultKind::Quota);
}

#[test]
fn long_messages_and_codes_are_cut_at_a_character() {
    let long = |text: &str| {
        let fault = classify(500, None, &error(text, "", text));
        (fault.message, fault.code.unwrap_or_default())
    };
    let cut = |text: &str, limit: usize| format!("{}…", &text[..limit]);
    let text = format!("x{}", "ä".repeat(5_000));
    assert_eq!(long(&text), (cut(&text, MESSAGE_LIMIT - 1), cut(&text, CODE_LIMIT - 1)));
    let text = "x".repeat(MESSAGE_LIMIT);
    assert_eq!(long(&text), (text.clone(), cut(&text, CODE_LIMIT)));
}
