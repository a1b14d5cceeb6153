use std::time::Duration;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_json(&Value::Object(pairs.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect()))
}

fn read(options: Value) -> Result<ClientConfig, Problems> {
    ClientConfig::read(&options, &environment(&[]))
}

fn problems(options: Value) -> Vec<String> {
    read(options)
        .expect_err("has problems")
        .into_iter()
        .map(|p| format!("{} {}", p.path, p.message))
        .collect()
}

const KEY: &str = "sk-0123456789abcdefghij";

#[test]
fn a_bare_key_finds_its_vendor() {
    for (key, names) in [
        (KEY, vec!["openai"]),
        ("sk-hs-0123456789abcdefghij", vec!["api", "backup1", "backup2"]),
        ("sk-holysheep-0123456789abcdefghij", vec!["api", "backup1", "backup2"]),
    ] {
        let config = read(json!({ "apiKey": key })).expect("valid");
        let found: Vec<&str> = config.endpoints.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(found, names);
    }
    let relay = read(json!({ "apiKey": "sk-hs-0123456789abcdefghij" })).expect("valid");
    assert_eq!(relay.endpoints[2].base_url.as_str(), "https://backup2.holysheep.ai/v1");
    let custom = read(json!({ "apiKey": KEY, "baseURL": "http://127.0.0.1:9" })).expect("valid");
    assert_eq!(custom.endpoints[0].base_url.as_str(), "http://127.0.0.1:9/v1");
    assert_eq!(custom.endpoints[0].name, "127.0.0.1:9");
}

#[test]
fn the_environment_gives_endpoints_in_order() {
    let vars = environment(&[
        ("DEEPSEEK_API_KEY", KEY),
        ("OPENAI_API_KEY", KEY),
        ("OPENAI_BASE_URL", "http://h:1/v1"),
    ]);
    let config = ClientConfig::read(&json!({}), &vars).expect("valid");
    let urls: Vec<&str> = config.endpoints.iter().map(|e| e.base_url.as_str()).collect();
    assert_eq!(urls, ["http://h:1/v1", "https://api.deepseek.com/v1"]);
    let short = environment(&[("OPENAI_API_KEY", "sk-short")]);
    let error = ClientConfig::read(&json!({}), &short).expect_err("too short");
    assert!(error[0].message.contains("OPENAI_API_KEY"), "{error:?}");
    assert!(problems(json!({}))[0].contains("OPENAI_API_KEY"));
}

#[test]
fn endpoints_without_priority_are_tiers_of_their_own() {
    let endpoint = |name: &str, priority: Value| json!({"name": name, "baseURL": "http://h", "apiKey": null, "priority": priority});
    let config = read(json!({"endpoints": [endpoint("a", Value::Null), endpoint("b", json!(1)), endpoint("c", Value::Null)]})).expect("valid");
    let [a, b, c] = [0, 1, 2].map(|i| config.endpoints[i].tier);
    assert!(b < a && a < c);
    let shared =
        read(json!({"endpoints": [endpoint("a", json!(2)), endpoint("b", json!(2))]})).expect("valid");
    assert_eq!(shared.endpoints[0].tier, shared.endpoints[1].tier);
}

#[test]
fn keys_are_inherited_null_sends_none_and_short_ones_are_for_strangers_only() {
    let config = read(json!({"apiKey": "local", "endpoints": [{"name": "a", "baseURL": "http://h"}, {"name": "b", "baseURL": "http://h", "apiKey": null}]})).expect("valid");
    assert!(matches!(config.endpoints[0].keys[..], [key::KeySource::Static(_)]));
    assert!(matches!(config.endpoints[1].keys[..], [key::KeySource::None]));
    let none = read(json!({"apiKey": null, "baseURL": "http://h"})).expect("valid");
    assert!(matches!(none.endpoints[0].keys[..], [key::KeySource::None]));
    assert!(problems(json!({"apiKey": "SECRETLOCAL"}))[0].contains("too short"));
}

#[test]
fn every_problem_is_reported_and_no_key_is_quoted() {
    let found = problems(json!({
        "apiKey": "sk-CANARY", "timeuot": 5, "maxRetries": 1.5, "keyPrefix": "sk-hs-",
        "endpoints": [
            {"name": "a", "baseURL": "http://h", "apiKey": "sk-CANARYCANARYCANARY", "model": "m", "models": ["n"]},
            {"name": "a", "baseURL": "nonsense", "prioritty": 1},
            7
        ],
        "tls": {"ca": "not pem"}, "breaker": {"failureRatio": 2}, "proxy": "socks5://u:CANARY@h",
    }));
    let text = found.join("\n");
    for part in [
        "timeuot is not an option; did you mean 'timeout'?",
        "maxRetries must be a whole number from 0 to 100, got 1.5",
        "endpoints[0].apiKey must start with 'sk-hs-'",
        "endpoints[0].model pins one model",
        "endpoints[1].baseURL must be an http",
        "endpoints[1].prioritty is not an option; did you mean 'priority'?",
        "endpoints[2] must be an object, got 7",
        "tls.ca must be PEM",
        "breaker.failureRatio must be a number from 0.01 to 1, got 2",
        "proxy must be 'env', false",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(!text.contains("CANARY"), "{text}");
}

#[test]
fn two_endpoints_of_one_name_are_refused() {
    let found = problems(
        json!({"apiKey": "k", "endpoints": [{"name": "a", "baseURL": "http://h"}, {"name": "a", "baseURL": "http://i"}]}),
    );
    assert_eq!(found, ["endpoints has two endpoints named 'a'; give each its own name"]);
}

#[test]
fn a_monitor_has_its_options_at_the_top() {
    let vars = environment(&[]);
    let config = ClientConfig::read_monitor(
        &json!({"apiKey": KEY, "failureThreshold": 2, "checkInterval": 50, "timeout": "1s"}),
        &vars,
    )
    .expect("valid");
    assert_eq!(config.health.failure_threshold, 2);
    assert_eq!(config.health.timeout, Duration::from_secs(1));
    assert_eq!(config.health.model.as_deref(), Some("gpt-4o"));
    assert_eq!(config.timeouts, Timeouts::default());
}

#[test]
fn timeouts_as_one_or_by_phase() {
    let one = read(json!({"apiKey": KEY, "timeout": "2s"})).expect("valid").timeouts;
    assert_eq!((one.total, one.headers), (Duration::from_secs(2), None));
    let phases = read(json!({"apiKey": KEY, "timeout": {"firstContent": 100, "connect": "1s"}}))
        .expect("valid")
        .timeouts;
    assert_eq!(phases.first_content, Some(Duration::from_millis(100)));
    assert_eq!(phases.connect, Duration::from_secs(1));
    assert_eq!(phases.total, Duration::from_secs(600));
}
