//! What is wrong with a document, and where.

use serde::Serialize;

use super::located::Position;

/// One mistake in a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocatedProblem {
    /// The document's name, as it was given; empty for what is in no document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// From 1; absent where no place is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// As written there: `gateways.fallback_chain[1].max_latency_ms`; empty for the document as a whole.
    pub path: String,
    pub message: String,
}

/// A mistake on its way to becoming one with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentProblem {
    pub place: Position,
    pub path: String,
    pub message: String,
}

impl DocumentProblem {
    pub fn new(place: Position, message: impl Into<String>) -> Self {
        Self::at(place, String::new(), message)
    }

    pub fn at(place: Position, path: String, message: impl Into<String>) -> Self {
        Self { place, path, message: message.into() }
    }

    pub fn in_file(self, file: &str) -> LocatedProblem {
        LocatedProblem {
            file: file.into(),
            line: Some(self.place.line),
            column: Some(self.place.column),
            path: self.path,
            message: self.message,
        }
    }
}
