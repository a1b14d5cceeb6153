//! A document as a tree of values with their positions.

use serde_json::{Map, Number, Value};

/// Lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug)]
pub struct LocatedValue {
    pub place: Position,
    /// The path in the document: `gateways.fallback_chain[1].max_latency_ms`.
    pub path: String,
    pub content: LocatedContent,
    /// The variable whose value it contains: messages do not quote it.
    pub variable: Option<String>,
}

#[derive(Clone, Debug)]
pub enum LocatedContent {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<LocatedValue>),
    Map(Vec<LocatedMember>),
}

#[derive(Clone, Debug)]
pub struct LocatedMember {
    pub name: String,
    pub place: Position,
    pub value: LocatedValue,
}

impl LocatedValue {
    pub fn new(place: Position, content: LocatedContent) -> Self {
        Self { place, path: String::new(), content, variable: None }
    }

    /// A value at the same position.
    pub fn beside(&self, content: LocatedContent) -> Self {
        Self { place: self.place, path: self.path.clone(), content, variable: self.variable.clone() }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.content {
            LocatedContent::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn entries(&self) -> Option<&[LocatedMember]> {
        match &self.content {
            LocatedContent::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn get(&self, name: &str) -> Option<&LocatedValue> {
        self.entries()?.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.content, LocatedContent::Null)
    }

    /// Sets the path of every value in the tree.
    pub fn name_all(&mut self, path: String) {
        match &mut self.content {
            LocatedContent::List(items) => {
                items.iter_mut().enumerate().for_each(|(i, item)| item.name_all(format!("{path}[{i}]")));
            }
            LocatedContent::Map(entries) => {
                entries.iter_mut().for_each(|entry| entry.value.name_all(member_path(&path, &entry.name)));
            }
            _ => {}
        }
        self.path = path;
    }

    pub fn to_value(&self) -> Value {
        match &self.content {
            LocatedContent::Null => Value::Null,
            LocatedContent::Bool(b) => Value::Bool(*b),
            LocatedContent::Number(n) => Value::Number(n.clone()),
            LocatedContent::Text(text) => Value::String(text.clone()),
            LocatedContent::List(items) => items.iter().map(Self::to_value).collect(),
            LocatedContent::Map(entries) => {
                let members = entries.iter().map(|entry| (entry.name.clone(), entry.value.to_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    /// Follows a path of the options as far as it exists; returns the value and the rest of the path.
    pub fn find<'n, 'p>(&'n self, path: &'p str) -> (&'n LocatedValue, &'p str) {
        match &self.content {
            LocatedContent::Map(entries) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                // Names come from the user: they may contain dots, and one may be a prefix of another.
                let led = entries.iter().filter_map(|entry| {
                    let rest = path.strip_prefix(entry.name.as_str())?;
                    (rest.is_empty() || rest.starts_with(['.', '['])).then_some((
                        entry.name.len(),
                        &entry.value,
                        rest,
                    ))
                });
                match led.max_by_key(|(length, ..)| *length) {
                    Some((_, value, rest)) => value.find(rest),
                    None => (self, path),
                }
            }
            LocatedContent::List(items) => {
                let index = path.strip_prefix('[').and_then(|p| p.split_once(']'));
                let item = index.and_then(|(i, rest)| Some((items.get(i.parse::<usize>().ok()?)?, rest)));
                item.map_or((self, path), |(item, rest)| item.find(rest))
            }
            _ => (self, path),
        }
    }
}

/// The path of a member.
pub fn member_path(path: &str, name: &str) -> String {
    match (path, name) {
        ("", "") => "''".into(),
        ("", name) => name.into(),
        (path, "") => format!("{path}.''"),
        (path, name) => format!("{path}.{name}"),
    }
}
