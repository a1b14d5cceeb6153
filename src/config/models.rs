//! `models`: aliases, built-in and configured.

use serde_json::{Value, json};

use super::reader::{self, Problem, Reader};

/// A built-in alias: the relay's model, and equivalents at vendors.
struct BuiltinAlias {
    alias: &'static str,
    target: &'static str,
    /// The vendor's own id, where it differs from the relay's.
    others: &'static [&'static str],
}

const BUILTIN: [BuiltinAlias; 4] = [
    BuiltinAlias {
        alias: "gpt-4.1",
        target: "openai/gpt-4.1",
        others: &["anthropic/claude-sonnet-4-20250514", "google/gemini-2.5-flash", "deepseek/deepseek-chat"],
    },
    BuiltinAlias {
        alias: "claude-sonnet-4",
        target: "anthropic/claude-sonnet-4-20250514",
        others: &["openai/gpt-4.1", "google/gemini-2.5-flash", "deepseek/deepseek-chat"],
    },
    BuiltinAlias {
        alias: "deepseek-v3",
        target: "deepseek/deepseek-v3-0324",
        others: &["openai/gpt-4.1-mini", "google/gemini-2.5-flash", "anthropic/claude-sonnet-4-20250514"],
    },
    BuiltinAlias {
        alias: "gemini-flash",
        target: "google/gemini-2.0-flash-001",
        others: &["openai/gpt-4.1-mini", "deepseek/deepseek-chat", "anthropic/claude-sonnet-4-20250514"],
    },
];

/// What an alias stands for, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasExpansion {
    /// Tried at every endpoint that serves it.
    pub targets: Vec<String>,
    /// Tried at vendors' own endpoints only, after the targets.
    pub across_vendors: Vec<String>,
    /// The targets are built in: a prefix before a slash is a vendor, whatever the names of endpoints.
    pub built_in: bool,
}

/// The aliases of a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aliases(Vec<(String, Vec<String>)>);

impl Aliases {
    pub fn new(own: Vec<(String, Vec<String>)>) -> Self {
        Self(own)
    }

    /// `models`: an alias and its targets.
    pub fn read(r: &mut Reader<'_>) -> Self {
        r.note("models", || json!({ "type": "object", "additionalProperties": reader::some_names() }));
        let given = r.record("models");
        let read = |(name, path, value): (&str, String, &Value)| {
            let what = "a model, or a non-empty array of models";
            let list = reader::strings_of(value, &path, what, r.problems())?;
            if list.len() > reader::MOST_NAMES {
                r.problems().push(Problem { path, message: reader::too_many(list.len()) });
                return None;
            }
            Some((name.to_owned(), list))
        };
        Self::new(given.into_iter().filter_map(read).collect())
    }

    /// The targets of a model: configured, built in, or the model itself.
    pub fn expand(&self, model: &str) -> AliasExpansion {
        if let Some((_, list)) = self.0.iter().find(|(name, _)| name == model) {
            return AliasExpansion { targets: list.clone(), across_vendors: Vec::new(), built_in: false };
        }
        match BUILTIN.iter().find(|b| b.alias == model) {
            Some(b) => AliasExpansion {
                targets: vec![b.target.into()],
                across_vendors: b.others.iter().map(|s| (*s).into()).collect(),
                built_in: true,
            },
            None => {
                AliasExpansion { targets: vec![model.into()], across_vendors: Vec::new(), built_in: false }
            }
        }
    }

    pub fn is_alias(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name) || BUILTIN.iter().any(|b| b.alias == name)
    }

    /// The configured aliases.
    pub fn own(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(n, _)| n.as_str()).chain(BUILTIN.iter().map(|b| b.alias))
    }
}
