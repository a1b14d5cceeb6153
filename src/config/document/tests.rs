use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::alert::notify::Receiver;

const CANARY: &str = "sk-CANARY0123456789abcdef";

fn read_as(file: &str, text: &str) -> Result<ClientConfig, Vec<LocatedProblem>> {
    let variables = [("KEY", CANARY), ("NUMBER", "3"), ("SWITCH", "false"), ("WORD", "CANARY-word")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let source = DocumentSource { file, bytes: text.as_bytes(), variables: &variables };
    crate::config::document::read(&source, &json!({}), &Environment::default()).map(|(config, _)| config)
}

fn read(text: &str) -> ClientConfig {
    read_as("c.yaml", text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

fn refused(text: &str) -> Vec<String> {
    let problems = read_as("c.yaml", text).expect_err(text);
    problems
        .into_iter()
        .map(|p| format!("{}:{} {} {}", p.line.unwrap_or(0), p.column.unwrap_or(0), p.path, p.message))
        .collect()
}

const ONE: &str = "endpoints: [{name: a, base_url: 'http://h', api_key: null}]\n";

#[test]
fn the_example_loads() {
    let text = include_bytes!("../../../examples/bellwether.yaml");
    let variables = [("HOLYSHEEP_API_KEY".to_owned(), "sk-hs-0123456789abcdef".to_owned())].into();
    let source = DocumentSource { file: "bellwether.yaml", bytes: text, variables: &variables };
    let (config, _) =
        crate::config::document::read(&source, &json!({}), &Environment::default()).expect("valid");
    let names: Vec<&str> = config.endpoints.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["primary", "GPT-4.1 Premium", "Gemini 2.5 Flash", "DeepSeek V3.2"]);
    assert!(config.endpoints.is_sorted_by_key(|e| e.tier));
    assert!(config.endpoints.iter().all(|e| e.dialect == crate::dialect::codec::Dialect::OpenAi));
    let latencies: Vec<_> = config.endpoints.iter().map(|e| e.max_latency.map(|d| d.as_millis())).collect();
    assert_eq!(latencies, [None, Some(3_000), Some(2_000), Some(5_000)]);
    let limits: Vec<_> = config.endpoints.iter().map(|e| e.cost_limit).collect();
    assert_eq!(limits, [None, Some(0.5), Some(0.1), Some(0.05)]);
    let health = &config.endpoints[0].health;
    assert_eq!(health.interval.map(|d| d.as_secs()), Some(10));
    assert_eq!(health.url.as_deref(), Some("https://api.anthropic.com/health"));
    assert!(config.health_starts);
    let [service, batch, chat] = &config.rules[..] else { panic!("{:?}", config.rules) };
    assert_eq!((service.1.route_to.len(), service.1.max_retries), (3, Some(3)));
    assert!(batch.1.by_cost);
    assert_eq!(chat.1.latency_sla.map(|d| d.as_millis()), Some(1_500));
    let alerts = config.alerts.expect("given");
    let [Receiver::Slack(url)] = &alerts.forward.receivers[..] else { panic!("{alerts:?}") };
    assert_eq!(url.expose().len(), 49);
    assert_eq!(alerts.forward.policy.on.map(|on| on.len()), Some(3));
}

#[test]
fn a_chain_counts_from_behind_its_primary() {
    let config = read(
        "gateways:\n  primary: {model: p, base_url: 'http://h', api_key: k}\n  fallback_chain:\n  - {model: b, priority: 2}\n  - {model: a, priority: 1}\n  - {name: c, model: x}\nrules: {r: {route_to: [fallback_chain, primary]}}\n",
    );
    let mut endpoints: Vec<_> = config.endpoints.iter().collect();
    endpoints.sort_by_key(|e| e.tier);
    let names: Vec<&str> = endpoints.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["primary", "a", "b", "c"]);
    let goals = format!("{:?}", config.rules[0].1.route_to);
    assert_eq!(goals, "[Endpoint(\"a\"), Endpoint(\"b\"), Endpoint(\"c\"), Endpoint(\"primary\")]");
}

#[test]
fn a_primarys_key_is_not_given_to_another_vendor() {
    let problems = refused(
        "gateways:\n  primary: {provider: anthropic, api_key: '${KEY}'}\n  fallback_chain:\n  - {name: b, provider: openai}\n",
    );
    assert_eq!(
        problems,
        [
            "4:5 gateways.fallback_chain[0].api_key is missing; give one, or set OPENAI_API_KEY; null sends none"
        ]
    );
}

#[test]
fn variables_are_read_as_what_is_wanted_there() {
    let config = read(&format!(
        "{ONE}max_retries: ${{NUMBER}}\nbreaker: ${{SWITCH}}\nfallback_response: ${{NUMBER}}\n"
    ));
    assert_eq!(config.max_retries, 3);
    assert!(config.breaker.is_none());
    assert_eq!(config.fallback, Some(crate::config::call_policy::Fallback::Text("3".into())));
}

#[test]
fn what_variables_say_is_never_quoted() {
    let text = "endpoints:\n- {name: '${WORD}', base_url: '${WORD}', api_key: '${KEY}', dialect: '${WORD}'}\n- {name: '${WORD}', base_url: 'http://h', api_key: '${KEY}', max_latency: '${WORD}', max_latency_ms: '${WORD}'}\nmax_retries: ${KEY}\nalerts: {slack: '${KEY}', on: ['${WORD}']}\nrules: {a: {route_to: '${WORD}'}}\n";
    let said = refused(text).join("\n");
    assert!(!said.contains("CANARY"), "{said}");
    assert!(
        said.contains("max_retries must be a whole number from 0 to 100, got the value of ${KEY}"),
        "{said}"
    );
}

#[test]
fn aliases_merge_and_their_bombs_do_not() {
    let config = read(
        "endpoints:\n- &a {name: a, base_url: 'http://h', api_key: null, weight: 2}\n- {<<: *a, name: b}\n- {name: c, weight: 3, <<: [{weight: 1, model: m}, *a]}\n",
    );
    let seen: Vec<_> =
        config.endpoints.iter().map(|e| (e.name.as_str(), e.weight, e.models.named())).collect();
    assert_eq!(seen, [("a", Some(2.0), None), ("b", Some(2.0), None), ("c", Some(3.0), Some("m"))]);
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..12 {
        let refs = vec![format!("*a{}", i - 1); 9].join(",");
        bomb.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
    }
    assert!(refused(&bomb)[0].contains("has too many values: more than 100000"));
    assert!(refused("a: &a [*a]\n")[0].contains("is an alias that contains itself"));
}

#[test]
fn json_is_json() {
    assert!(
        read_as("c.json", r#"{"endpoints":[{"name":"a","base_url":"http://h","api_key":null}]}"#).is_ok()
    );
    for (text, says) in [
        ("{\"a\": 1,}", "is not JSON"),
        ("{/* no */}", "is not JSON"),
        ("{'a': 1}", "is not JSON"),
        ("{\"max_retries\": 1, \"max_retries\": 2}", "is given twice; first on line 1"),
        ("[1]", "must be an object of options, got an array of 1"),
        ("", "is empty"),
    ] {
        let problems = read_as("c.json", text).expect_err(text);
        assert!(problems[0].message.contains(says), "{text}: {problems:?}");
    }
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    assert!(read_as("c.json", &deep).expect_err("deep")[0].message.contains("nested too deeply"));
}

/// A value that a schema accepts; with `all`, with every member.
fn made(schema: &Value, name: &str, rng: &mut fastrand::Rng, all: bool) -> Value {
    let alternatives = schema::alternatives(schema);
    // Prefer objects: they have the most members.
    let objects: Vec<_> = alternatives.iter().filter(|one| one["type"] == "object").collect();
    let one = match objects.first() {
        Some(object) if all => object,
        _ => &alternatives[rng.usize(..alternatives.len())],
    };
    match name {
        "apiKey" => return json!("sk-0123456789$abcdefghij"),
        "baseURL" | "url" | "slack" | "statusPage" => return json!("http://127.0.0.1:9/v1"),
        "routingKey" => return json!("0123456789abcdef0123456789abcdef"),
        "from" => return json!("22:00"),
        "until" => return json!("06:00"),
        "name" => return json!(format!("n{}", rng.u32(..))),
        "routeTo" => return json!("gpt-4.1"),
        "keyPrefix" => return json!("sk-"),
        "ramp" => return json!([0.25, 0.5]),
        "onExceeded" => return json!("warn"),
        "encryptionKey" => return json!("ab".repeat(32)),
        _ => {}
    }
    if let Some(words) = one["enum"].as_array() {
        return words[rng.usize(..words.len())].clone();
    }
    if let Some(value) = one.get("const") {
        return value.clone();
    }
    let kind = one["type"].as_str().unwrap_or("duration");
    match kind {
        "object" => {
            let mut members = Map::new();
            for (name, member) in schema::properties(one).into_iter().flatten() {
                // PEM cannot be generated, and a model is pinned or listed. A downgrade names a rule, and
                // shares are one or several.
                let apart = matches!(name.as_str(), "ca" | "transport" | "downgradeTo")
                    || (name == "share" && all)
                    || (name == "model" && members.contains_key("models"))
                    || (name == "models" && members.contains_key("model"));
                let needed = one["required"].as_array().is_some_and(|r| r.iter().any(|n| n == name))
                    || matches!(name.as_str(), "endpoints" | "apiKey" | "baseURL");
                if !apart && (all || needed || rng.bool()) {
                    members.insert(name.clone(), made(member, name, rng, all));
                }
            }
            if let Some(member) = schema::values(one) {
                for name in ["x-camelCase", "a.b", "#1", "yes"] {
                    // Header names have a form of their own.
                    if member["type"] != "string" || name.starts_with('x') {
                        members.insert(name.into(), made(member, "", rng, all));
                    }
                }
            }
            Value::Object(members)
        }
        "array" => (0..1 + rng.usize(..2)).map(|_| made(&one["items"], "", rng, all)).collect(),
        "boolean" => json!(rng.bool()),
        "null" => Value::Null,
        "integer" => json!(one["minimum"].as_i64().unwrap_or(0) + 1),
        "number" => json!(one["minimum"].as_f64().unwrap_or(0.0) + rng.f64() / 2.0),
        "string" if one["pattern"] != "\\S" => json!("http://127.0.0.1:9/v1"),
        "string" => {
            let words = [
                "yes",
                "null",
                "1e3",
                "0x1F",
                "a: b",
                "# no",
                "über 你好",
                "it's \"so\"",
                "$x ${Y}",
                "- a",
                " b\n c",
                "\u{1}\t",
            ];
            json!(words[rng.usize(..words.len())])
        }
        _ if rng.bool() => json!(100 + rng.u32(..100_000)),
        _ => json!("5s"),
    }
}

/// Options as a document writes them.
fn written(value: &Value, schema: Option<&Value>, indent: usize) -> String {
    let text = |s: &str| json!(s.replace('$', "$$")).to_string();
    let within = |find: fn(&Value) -> Option<&Value>| {
        schema.and_then(|s| schema::alternatives(s).iter().find_map(find))
    };
    let pad = "  ".repeat(indent);
    match value {
        Value::String(s) => text(s),
        Value::Array(items) => {
            let item = within(|one| one.get("items"));
            let lines = items.iter().map(|i| format!("\n{pad}- {}", written(i, item, indent + 1)));
            lines.collect()
        }
        Value::Object(members) if !members.is_empty() => {
            let properties = schema.and_then(|s| schema::alternatives(s).iter().find_map(schema::properties));
            let values = within(schema::values);
            let lines = members.iter().map(|(name, member)| {
                let (key, below) = match properties {
                    Some(properties) => (schema::snake(name), properties.get(name)),
                    None => (text(name).replace("$$", "$"), values),
                };
                format!("\n{pad}{key}: {}", written(member, below, indent + 1))
            });
            lines.collect()
        }
        other => other.to_string(),
    }
}

fn round_trip(seed: u64, all: bool) -> bool {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut options = made(schema::options(), "", &mut rng, all);
    // At most one endpoint may be a canary.
    for endpoint in options["endpoints"].as_array_mut().into_iter().flatten().skip(1) {
        endpoint.as_object_mut().map(|endpoint| endpoint.remove("canary"));
    }
    let text = written(&options, Some(schema::options()), 0);
    let direct = ClientConfig::read(&options, &Environment::default());
    let through = read_as("c.yaml", &text);
    match (direct, through) {
        (Ok(direct), Ok(through)) => {
            assert_eq!(format!("{direct:?}"), format!("{through:?}"), "{text}");
            true
        }
        (Err(direct), Err(through)) => {
            assert_eq!(direct.len(), through.len(), "{text}\n{direct:#?}\n{through:#?}");
            false
        }
        (direct, through) => panic!("{text}\n{:#?}\n{:#?}", direct.err(), through.err()),
    }
}

#[test]
fn every_option_has_its_key() {
    for seed in 0..20 {
        assert!(round_trip(seed, true), "not valid, so that little was shown: {seed}");
    }
}

proptest! {
    #[test]
    fn options_written_as_a_document_are_the_same_options(seed: u64) {
        round_trip(seed, false);
    }
}

#[test]
fn a_queue_is_read_whatever_is_wrong_with_the_rest() {
    let read = |text: &str| {
        let variables = [("KEY".to_owned(), CANARY.to_owned())].into();
        let source = DocumentSource { file: "c.yaml", bytes: text.as_bytes(), variables: &variables };
        read_queue(&source).map_err(|problems| {
            problems
                .iter()
                .map(|p| format!("{}:{} {}", p.line.unwrap_or(0), p.path, p.message))
                .collect::<Vec<_>>()
        })
    };
    let rest = "gateways: 7\nendpoints: [{name: a, api_key: '${NOT_SET}'}]\n";
    let queue = read(&format!("{rest}queue: {{path: q.db, max_bytes: 5, ttl: 1d}}\n"))
        .expect("valid")
        .expect("given");
    assert_eq!((queue.path.to_str(), queue.max_bytes), (Some("q.db"), 5));
    assert!(read(rest).expect("valid").is_none());
    let wrong =
        read("queue:\n  path: '${NOT_SET}'\n  max_jobs: 0\n  encryption_key: '${KEY}'\n").expect_err("wrong");
    let starts = [
        "2:queue.path the environment variable NOT_SET is not set",
        "4:queue.encryption_key must be 32 bytes",
        "3:queue.max_jobs must be a whole number",
    ];
    assert_eq!(wrong.len(), starts.len(), "{wrong:?}");
    for start in starts {
        assert!(wrong.iter().any(|said| said.starts_with(start)), "{start}: {wrong:?}");
    }
    assert!(!wrong.concat().contains("CANARY"));
}
