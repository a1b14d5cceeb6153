//! Converts Google's schemas into JSON Schema.

use serde_json::{Map, Value, json};

/// Converts Google's schemas, which have types in capitals, counts as texts, and `nullable`.
pub fn json_schema(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut out = Map::new();
    let mut nullable = false;
    for (name, value) in members {
        let keyword = camel_name(name);
        let value = match (keyword.as_str(), value) {
            ("nullable", _) => {
                nullable = value == true;
                continue;
            }
            // The order of properties has no meaning elsewhere.
            ("propertyOrdering", _) => continue,
            ("type", Value::String(kind)) => kind.to_ascii_lowercase().into(),
            ("items" | "additionalProperties", _) => json_schema(value),
            ("anyOf", Value::Array(items)) => items.iter().map(json_schema).collect(),
            ("properties" | "defs", Value::Object(named)) => {
                named.iter().map(|(name, schema)| (name.clone(), json_schema(schema))).collect()
            }
            (
                "maxItems" | "minItems" | "maxLength" | "minLength" | "maxProperties" | "minProperties",
                Value::String(count),
            ) => count.parse::<u64>().map_or_else(|_| value.clone(), Value::from),
            (
                "maxItems" | "minItems" | "maxLength" | "minLength" | "maxProperties" | "minProperties"
                | "anyOf",
                _,
            ) => value.clone(),
            _ => {
                out.insert(name.clone(), value.clone());
                continue;
            }
        };
        out.insert(keyword, value);
    }
    if nullable {
        allow_null(&mut out);
    }
    out.into()
}

fn allow_null(schema: &mut Map<String, Value>) {
    if let Some(kind) = schema.get_mut("type").filter(|kind| kind.is_string()) {
        *kind = json!([kind, "null"]);
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    if let Some(Value::Array(kinds)) = schema.get_mut("anyOf") {
        kinds.push(json!({ "type": "null" }));
    }
}

pub fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}
