//! A document as a tree in which everything knows its place.

use serde_json::{Map, Number, Value};

/// Lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub place: Place,
    /// As written in the document: `gateways.fallback_chain[1].max_latency_ms`.
    pub path: String,
    pub content: Content,
    /// The variable whose value is in it: what it says is not for messages.
    pub variable: Option<String>,
}

#[derive(Clone, Debug)]
pub enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub place: Place,
    pub value: Node,
}

impl Node {
    pub fn new(place: Place, content: Content) -> Self {
        Self { place, path: String::new(), content, variable: None }
    }

    /// Something that stands where `self` does.
    pub fn beside(&self, content: Content) -> Self {
        Self { place: self.place, path: self.path.clone(), content, variable: self.variable.clone() }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// Gives everything in the tree its path, from this one's on.
    pub fn name_all(&mut self, path: String) {
        match &mut self.content {
            Content::List(items) => {
                items.iter_mut().enumerate().for_each(|(i, item)| item.name_all(format!("{path}[{i}]")));
            }
            Content::Map(entries) => {
                entries.iter_mut().for_each(|entry| entry.value.name_all(below(&path, &entry.name)));
            }
            _ => {}
        }
        self.path = path;
    }

    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(b) => Value::Bool(*b),
            Content::Number(n) => Value::Number(n.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Self::to_value).collect(),
            Content::Map(entries) => {
                let members = entries.iter().map(|entry| (entry.name.clone(), entry.value.to_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    /// What a path of the options leads to, as far as there is something, and what of the path is left.
    pub fn find<'n, 'p>(&'n self, path: &'p str) -> (&'n Node, &'p str) {
        match &self.content {
            Content::Map(entries) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                // Names are the user's: they may have anything in them, and one may begin with another.
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
            Content::List(items) => {
                let index = path.strip_prefix('[').and_then(|p| p.split_once(']'));
                let item = index.and_then(|(i, rest)| Some((items.get(i.parse::<usize>().ok()?)?, rest)));
                item.map_or((self, path), |(item, rest)| item.find(rest))
            }
            _ => (self, path),
        }
    }
}

/// The path of a member.
pub fn below(path: &str, name: &str) -> String {
    match (path, name) {
        ("", "") => "''".into(),
        ("", name) => name.into(),
        (path, "") => format!("{path}.''"),
        (path, name) => format!("{path}.{name}"),
    }
}
