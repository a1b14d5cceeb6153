//! Normalizes a document into options: names become those of the options, and the original shape is
//! converted.
//! Positions are kept.

use serde_json::Value;

use super::{
    located::{LocatedContent, LocatedMember, LocatedValue, member_path},
    problem::DocumentProblem,
    yaml,
};
use crate::{
    config::{
        base_url::BaseUrl,
        reader::{expected, kind, nearest},
        schema::{self, ALSO, CHAIN, PRIMARY, accepts_type, alternatives, properties, snake},
        vendors::{default_base_url, vendor_of},
    },
    dialect::codec::Dialect,
};

/// The options of a document; `None` when it is not an object.
pub fn options(root: LocatedValue, faults: &mut Vec<DocumentProblem>) -> Option<LocatedValue> {
    let LocatedContent::Map(mut entries) = root.content else { return None };
    // `$schema` is for editors.
    entries.retain(|entry| entry.name != "$schema");
    let mut sound = true;
    let mut names = GatewayNames::default();
    for entry in &mut entries {
        if entry.name == "gateways" {
            match endpoints(&entry.value, &mut names, faults) {
                Some(list) => entry.value = list,
                None => sound = false,
            }
        }
    }
    for entry in entries.iter_mut().filter(|entry| matches!(entry.name.as_str(), "rules" | "routing_rules")) {
        expand_rules(&mut entry.value, &names);
    }
    let root = LocatedValue { content: LocatedContent::Map(entries), ..root };
    sound.then(|| convert(root, schema::options(), faults))
}

// === gateways ===

/// Names in a document that routing rules may refer to.
#[derive(Default)]
struct GatewayNames {
    primary: Option<String>,
    chain: Vec<String>,
}

/// `gateways` as a list of endpoints, the primary first.
fn endpoints(
    gateways: &LocatedValue,
    names: &mut GatewayNames,
    faults: &mut Vec<DocumentProblem>,
) -> Option<LocatedValue> {
    let Some(entries) = gateways.entries() else {
        let message = wrong("an object with primary and fallback_chain", gateways);
        faults.push(DocumentProblem::at(gateways.place, gateways.path.clone(), message));
        return None;
    };
    for entry in entries.iter().filter(|entry| entry.name != PRIMARY && entry.name != CHAIN) {
        faults.push(unknown(entry, &gateways.path, &[PRIMARY.into(), CHAIN.into()]));
    }
    let Some(primary) = gateways.get(PRIMARY).filter(|primary| !primary.is_null()) else {
        let path = member_path(&gateways.path, PRIMARY);
        faults.push(DocumentProblem::at(gateways.place, path, "is missing; give the endpoint to try first"));
        return None;
    };
    if let Some(priority) = primary.get("priority") {
        faults.push(DocumentProblem::at(
            priority.place,
            priority.path.clone(),
            "is not accepted here: the primary is always tried first",
        ));
        return None;
    }
    let mut list = vec![with_name(primary, Some(PRIMARY))];
    match gateways.get(CHAIN).map(|chain| (chain, &chain.content)) {
        None | Some((_, LocatedContent::Null)) => {}
        Some((_, LocatedContent::List(items))) => {
            list.extend(items.iter().map(|item| inherit(with_name(item, None), primary)));
        }
        Some((chain, _)) => {
            faults.push(DocumentProblem::at(
                chain.place,
                chain.path.clone(),
                wrong("an array of endpoints", chain),
            ));
            return None;
        }
    }
    let name = |node: &LocatedValue| node.get("name").and_then(LocatedValue::text).map(str::to_owned);
    names.primary = list.first().and_then(name);
    // A rule tries its targets in this order.
    let mut chain: Vec<(u64, &LocatedValue)> = (1..).zip(list.iter().skip(1)).collect();
    for (place, node) in &mut chain {
        if let Some(LocatedContent::Number(priority)) = node.get("priority").map(|priority| &priority.content)
        {
            *place = priority.as_u64().unwrap_or(*place);
        }
    }
    chain.sort_by_key(|(place, _)| *place);
    names.chain = chain.into_iter().filter_map(|(_, node)| name(node)).collect();
    for node in &mut list {
        spoken_to_as_a_relay(node);
    }
    list.iter_mut().skip(1).for_each(behind_the_primary);
    Some(gateways.beside(LocatedContent::List(list)))
}

/// Not quoted: a text in the place of endpoints may be a credential.
fn wrong(what: &str, given: &LocatedValue) -> String {
    format!("must be {what}, got {}", kind(&given.to_value()))
}

/// An endpoint without a name takes its model's.
fn with_name(node: &LocatedValue, name: Option<&str>) -> LocatedValue {
    let mut node = node.clone();
    let other = node
        .get("model")
        .and_then(LocatedValue::text)
        .filter(|model| !model.contains('/'))
        .map(str::to_owned);
    if node.get("name").is_none()
        && let Some(name) = name.map(str::to_owned).or(other)
    {
        insert(&mut node, "name", |node| node.beside(LocatedContent::Text(name)));
    }
    node
}

/// Entries of a chain inherit from the primary. A key is not inherited by another vendor's own host, which
/// must not get it.
fn inherit(mut node: LocatedValue, primary: &LocatedValue) -> LocatedValue {
    if node.entries().is_none() {
        return node;
    }
    if node.get("base_url").is_none()
        && let Some(address) = primary.get("base_url")
    {
        insert(&mut node, "base_url", |_| address.clone());
    }
    if node.get("api_key").is_none()
        && let Some(key) = primary.get("api_key")
        && (origin(&node) == origin(primary) || host(&node).is_none_or(|host| vendor_of(&host).is_none()))
    {
        insert(&mut node, "api_key", |_| key.clone());
    }
    node
}

/// Gives a relay, at an address of its own, OpenAI's dialect.
fn spoken_to_as_a_relay(node: &mut LocatedValue) {
    let Some(provider) = node.get("provider").and_then(LocatedValue::text).map(str::to_owned) else { return };
    let own = match node.get("base_url") {
        None => return,
        Some(_) => host(node).is_some_and(|host| vendor_of(&host) == Some(&*provider)),
    };
    if !own && node.get("dialect").is_none() {
        insert(node, "dialect", |node| node.beside(LocatedContent::Text("openai".into())));
    }
}

/// Shifts the priorities of a chain behind the primary.
fn behind_the_primary(node: &mut LocatedValue) {
    let LocatedContent::Map(entries) = &mut node.content else { return };
    let priority =
        entries.iter_mut().find(|entry| entry.name == "priority").map(|entry| &mut entry.value.content);
    if let Some(LocatedContent::Number(number)) = priority
        && let Some(given @ 1..1_000_000) = number.as_u64()
    {
        *number = (given + 1).into();
    }
}

/// The address: given, or the provider's.
fn address(node: &LocatedValue) -> Option<BaseUrl> {
    let provider = node.get("provider").and_then(LocatedValue::text);
    let default = provider.and_then(default_base_url);
    BaseUrl::parse(node.get("base_url").and_then(LocatedValue::text).or(default)?, Dialect::OpenAi).ok()
}

fn host(node: &LocatedValue) -> Option<String> {
    address(node).map(|address| address.host().to_owned())
}

fn origin(node: &LocatedValue) -> Option<String> {
    address(node).map(|address| address.origin().to_owned())
}

fn insert(node: &mut LocatedValue, name: &str, value: impl FnOnce(&LocatedValue) -> LocatedValue) {
    let value = value(node);
    if let LocatedContent::Map(entries) = &mut node.content {
        entries.push(LocatedMember { name: name.into(), place: value.place, value });
    }
}

/// Replaces the chain's name in a rule by the names of its endpoints.
fn expand_rules(rules: &mut LocatedValue, names: &GatewayNames) {
    let LocatedContent::Map(rules) = &mut rules.content else { return };
    for rule in rules {
        let LocatedContent::Map(members) = &mut rule.value.content else { continue };
        for member in members.iter_mut().filter(|member| member.name == "route_to") {
            let goals = match &member.value.content {
                LocatedContent::Text(_) => vec![member.value.clone()],
                LocatedContent::List(items) => items.clone(),
                _ => continue,
            };
            let known = |name: &str| names.chain.iter().chain(&names.primary).any(|known| known == name);
            let expanded = goals.into_iter().flat_map(|goal| match goal.text() {
                Some(CHAIN) if !known(CHAIN) && !names.chain.is_empty() => {
                    names.chain.iter().map(|name| goal.beside(LocatedContent::Text(name.clone()))).collect()
                }
                Some(PRIMARY) if !known(PRIMARY) && names.primary.is_some() => {
                    names.primary.iter().map(|name| goal.beside(LocatedContent::Text(name.clone()))).collect()
                }
                _ => vec![goal],
            });
            member.value.content = LocatedContent::List(expanded.collect());
        }
    }
}

// === names ===

/// Renames a value's members to the options' names. Unknown members are removed and reported.
fn convert(node: LocatedValue, schema: &Value, faults: &mut Vec<DocumentProblem>) -> LocatedValue {
    let node = typed(node, schema);
    let LocatedValue { place, path, content, variable } = node;
    let content = match content {
        LocatedContent::List(items) => {
            let schema = alternatives(schema).iter().find_map(|one| one.get("items"));
            LocatedContent::List(items.into_iter().map(|item| fit_or_keep(item, schema, faults)).collect())
        }
        LocatedContent::Map(entries) => {
            let fixed = alternatives(schema).iter().find_map(properties);
            let own = alternatives(schema).iter().find_map(schema::values);
            LocatedContent::Map(match fixed {
                Some(properties) => rename(entries, &path, properties, faults),
                None => entries
                    .into_iter()
                    .map(|entry| LocatedMember { value: fit_or_keep(entry.value, own, faults), ..entry })
                    .collect(),
            })
        }
        scalar => scalar,
    };
    LocatedValue { place, path, content, variable }
}

fn fit_or_keep(
    node: LocatedValue,
    schema: Option<&Value>,
    faults: &mut Vec<DocumentProblem>,
) -> LocatedValue {
    match schema {
        Some(schema) => convert(node, schema, faults),
        None => node,
    }
}

fn rename(
    entries: Vec<LocatedMember>,
    path: &str,
    properties: &serde_json::Map<String, Value>,
    faults: &mut Vec<DocumentProblem>,
) -> Vec<LocatedMember> {
    let mut renamed: Vec<LocatedMember> = Vec::with_capacity(entries.len());
    for entry in entries {
        let front = (entry.name == "gateways" && path.is_empty()).then_some("endpoints");
        let plain = properties.keys().find(|name| snake(name) == entry.name || front == Some(name));
        let other =
            ALSO.iter().find(|also| also.written == entry.name && properties.contains_key(also.option));
        let Some(name) = plain.map(String::as_str).or(other.map(|also| also.option)) else {
            let mut known: Vec<String> = properties.keys().map(|name| snake(name)).collect();
            known.extend(ALSO.iter().filter(|a| properties.contains_key(a.option)).map(|a| a.written.into()));
            if path.is_empty() {
                known.push("gateways".into());
            }
            faults.push(unknown(&entry, path, &known));
            continue;
        };
        if let Some(before) = renamed.iter().find(|before| before.name == name) {
            let message = format!("duplicates {}; remove one of them", before.value.path);
            faults.push(DocumentProblem::at(entry.place, entry.value.path, message));
            continue;
        }
        let place = entry.place;
        let value = match plain.is_none().then_some(other).flatten().and_then(|also| also.unit) {
            Some(unit) => match in_milliseconds(entry.value, unit) {
                Ok(value) => value,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            },
            None => convert(entry.value, &properties[name], faults),
        };
        renamed.push(LocatedMember { name: name.into(), place, value });
    }
    renamed
}

fn in_milliseconds(node: LocatedValue, (unit, each): (&str, f64)) -> Result<LocatedValue, DocumentProblem> {
    if node.is_null() {
        return Ok(node);
    }
    let node = typed(node, &serde_json::json!({ "type": "number" }));
    let number = match &node.content {
        LocatedContent::Number(number) => {
            number.as_f64().filter(|n| *n >= 0.0).and_then(|n| serde_json::Number::from_f64(n * each))
        }
        _ => None,
    };
    match number {
        Some(number) => Ok(LocatedValue { content: LocatedContent::Number(number), ..node }),
        None => {
            let given = match &node.variable {
                Some(name) => format!("must be a number of {unit}, got the value of ${{{name}}}"),
                None => expected(&format!("a number of {unit}"), &node.to_value()),
            };
            Err(DocumentProblem::at(node.place, node.path, given))
        }
    }
}

/// Converts the text of a variable to the type that the schema requires.
fn typed(mut node: LocatedValue, schema: &Value) -> LocatedValue {
    if node.variable.is_none() {
        return node;
    }
    if let LocatedContent::Text(text) = &node.content {
        let number = || yaml::number(text.trim());
        match text.trim() {
            "true" if accepts_type(schema, "boolean") => node.content = LocatedContent::Bool(true),
            "false" if accepts_type(schema, "boolean") => node.content = LocatedContent::Bool(false),
            _ if accepts_type(schema, "number") || accepts_type(schema, "integer") => {
                if let Some(number) = number() {
                    node.content = LocatedContent::Number(number);
                }
            }
            _ => {}
        }
    }
    node
}

fn unknown(entry: &LocatedMember, path: &str, known: &[String]) -> DocumentProblem {
    let written = snake(&entry.name);
    let message = if written != entry.name && known.contains(&written) {
        format!("is written '{written}' in a document")
    } else {
        let names = || known.iter().map(String::as_str);
        match nearest(&entry.name, names()) {
            Some(name) => format!("is not an option; did you mean '{name}'?"),
            None => format!("is not an option; accepted are {}", names().collect::<Vec<_>>().join(", ")),
        }
    };
    DocumentProblem::at(entry.place, member_path(path, &entry.name), message)
}
