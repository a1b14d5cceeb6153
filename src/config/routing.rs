//! `routing` and `rules`: models by task, and named routes.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    endpoint::{EndpointConfig, ServedModels},
    models::Aliases,
    reader::{self, Problem, Problems, Reader, expected, nearest, shorten},
};

/// A routing rule, which a call names as its `route`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoutingRule {
    /// Endpoints and models, in order; all of the client's if empty.
    pub route_to: Vec<RouteTarget>,
    /// All other candidates follow.
    pub fallback: bool,
    /// Other candidates get only the last turn of the conversation.
    pub sends_last_turn_only: bool,
    pub max_retries: Option<u32>,
    /// The cheapest candidate comes first.
    pub by_cost: bool,
    /// The limit on the time to first content, while another candidate is available.
    pub latency_sla: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTarget {
    Endpoint(String),
    /// A model or an alias.
    Model(String),
}

/// Models by task and priority, each list in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoutingTable(Vec<(String, ByPriority)>);

/// The lists of one task; missing ones are built in.
#[derive(Clone, Debug, Default, PartialEq)]
struct ByPriority([Option<Vec<String>>; 3]);

const PRIORITIES: [&str; 3] = ["fast", "normal", "high"];
const NORMAL: usize = 1;
const GENERAL: &str = "general";

type PriorityLists = [&'static [&'static str]; 3];
const BUILTIN: [(&str, PriorityLists); 4] = [
    (
        "simple_qa",
        [
            &["deepseek-chat", "gemini-2.5-flash", "gpt-4.1-mini"],
            &["deepseek-chat", "gpt-4.1-mini", "claude-3-5-sonnet"],
            &["gpt-4.1-mini", "claude-3-5-sonnet", "gpt-4.1"],
        ],
    ),
    (
        "code_generation",
        [
            &["gpt-4.1-mini", "deepseek-chat"],
            &["gpt-4.1-mini", "claude-sonnet-4", "gpt-4.1"],
            &["gpt-4.1", "claude-sonnet-4"],
        ],
    ),
    (
        "complex_reasoning",
        [&["claude-3-5-sonnet", "gpt-4.1"], &["gpt-4.1", "claude-sonnet-4"], &["gpt-4.1", "claude-sonnet-4"]],
    ),
    (
        GENERAL,
        [
            &["deepseek-chat", "gemini-2.5-flash", "gpt-4.1-mini"],
            &["gpt-4.1-mini", "claude-3-5-sonnet", "gpt-4.1"],
            &["gpt-4.1", "claude-sonnet-4"],
        ],
    ),
];

impl RoutingTable {
    pub fn read(r: &mut Reader<'_>) -> Self {
        let mut table = Vec::new();
        let by_priority = |r: &mut Reader<'_>| ByPriority(PRIORITIES.map(|priority| r.names(priority)));
        r.note(
            "routing",
            || json!({ "type": "object", "additionalProperties": reader::describe(by_priority) }),
        );
        for (task, path, value) in r.record("routing") {
            let lists = reader::object(value, &path, r.problems(), by_priority);
            table.push((task.to_owned(), lists.unwrap_or_default()));
        }
        Self(table)
    }

    /// The models for a task. An unknown task counts as general; an unknown priority gets general's normal
    /// list.
    pub fn models(&self, task: Option<&str>, priority: Option<&str>) -> Vec<String> {
        let Some(level) = PRIORITIES.iter().position(|p| *p == priority.unwrap_or("normal")) else {
            return self.list(GENERAL, NORMAL).unwrap_or_default();
        };
        let own = task.and_then(|task| self.list(task, level));
        own.or_else(|| self.list(GENERAL, level)).unwrap_or_default()
    }

    fn list(&self, task: &str, level: usize) -> Option<Vec<String>> {
        let own = self.0.iter().find(|(name, _)| name == task).map(|(_, lists)| &lists.0);
        if let Some(list) = own.and_then(|lists| lists[level].clone()) {
            return Some(list);
        }
        let builtin = BUILTIN.iter().find(|(name, _)| *name == task).map(|(_, lists)| lists[level]);
        let builtin = builtin.map(|list| list.iter().map(|model| (*model).to_owned()).collect());
        // A task of the user without a list for this priority uses another priority's.
        builtin.or_else(|| {
            own.and_then(|lists| lists[NORMAL].clone().or_else(|| lists.iter().flatten().next().cloned()))
        })
    }
}

/// `rules`. Whether a name in `routeTo` is an endpoint depends on the endpoints; when those are invalid,
/// every name is accepted.
pub fn read_rules(
    r: &mut Reader<'_>,
    endpoints: Option<&[EndpointConfig]>,
    aliases: &Aliases,
) -> Vec<(String, RoutingRule)> {
    r.note("rules", || {
        let rule = reader::describe(|r| read_rule(r, None, aliases));
        json!({ "type": "object", "additionalProperties": rule })
    });
    let mut rules = Vec::new();
    for (name, path, value) in r.record("rules") {
        let rule = reader::object(value, &path, r.problems(), |r| read_rule(r, endpoints, aliases));
        rules.push((name.to_owned(), rule.unwrap_or_default()));
    }
    rules
}

fn read_rule(r: &mut Reader<'_>, endpoints: Option<&[EndpointConfig]>, aliases: &Aliases) -> RoutingRule {
    let names = r.names("routeTo").unwrap_or_default();
    let path = r.path_of("routeTo");
    let route_to: Vec<RouteTarget> =
        names.iter().filter_map(|name| goal(name, &path, endpoints, aliases, r.problems())).collect();
    // A rule that names endpoints may exclude others on purpose; one that names models wants an answer.
    let only_models = route_to.iter().all(|goal| matches!(goal, RouteTarget::Model(_)));
    RoutingRule {
        fallback: r.boolean("fallback").unwrap_or(only_models),
        route_to,
        sends_last_turn_only: r.boolean("preserveContext") == Some(false),
        max_retries: r.integer("maxRetries", 0, 100).map(|n| n as u32),
        by_cost: r.one_of("priority", &[("cost_optimization", ())]).is_some(),
        latency_sla: r.duration("latencySla", Duration::from_millis(1)),
    }
}

fn goal(
    name: &str,
    path: &str,
    endpoints: Option<&[EndpointConfig]>,
    aliases: &Aliases,
    problems: &mut Problems,
) -> Option<RouteTarget> {
    let endpoints = endpoints?;
    if endpoints.iter().any(|e| e.name == name) {
        return Some(RouteTarget::Endpoint(name.to_owned()));
    }
    let id = name.split_once('/').map_or(name, |(_, id)| id);
    let serves = |e: &EndpointConfig| match &e.models {
        ServedModels::Any => true,
        ServedModels::Pinned(model) => model == name || model == id,
        ServedModels::Listed(list) => list.iter().any(|(n, i)| n == name || n == id || i == name || i == id),
    };
    if aliases.is_alias(name) || endpoints.iter().any(serves) {
        return Some(RouteTarget::Model(name.to_owned()));
    }
    let known = endpoints.iter().map(|e| e.name.as_str()).chain(aliases.names());
    let meant = nearest(name, known).map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
    let message =
        format!("must name endpoints, or models that one of them serves, got '{}'{meant}", shorten(name));
    problems.push(Problem { path: path.to_owned(), message });
    None
}

/// A call's `route`: the name of a rule.
pub fn read_route(r: &mut Reader<'_>, rules: &[(String, RoutingRule)]) -> Option<RoutingRule> {
    let value = r.raw("route")?;
    let found = value.as_str().and_then(|given| rules.iter().find(|(name, _)| name == given));
    if found.is_none() {
        let names: Vec<&str> = rules.iter().map(|(name, _)| name.as_str()).collect();
        let message = match (value, names.is_empty()) {
            (Value::String(_), true) => {
                "names a rule, but the client has no rules; add it to the option rules".to_owned()
            }
            (Value::String(given), false) => {
                let meant = nearest(given, names.iter().copied()).map(|n| format!("; did you mean '{n}'?"));
                format!(
                    "must be one of the client's rules, {}, got '{}'{}",
                    names.join(", "),
                    shorten(given),
                    meant.unwrap_or_default()
                )
            }
            _ => expected("the name of a rule", value),
        };
        r.problem("route", message);
    }
    found.map(|(_, rule)| rule.clone())
}
