//! Problems with a document, and their positions.

use serde::Serialize;

use super::located::Position;

/// One problem with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocatedProblem {
    /// The document's name as given; empty for problems outside of a document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// From 1; missing when the problem has no position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The path in the document: `gateways.fallback_chain[1].max_latency_ms`; empty for the whole document.
    pub path: String,
    pub message: String,
}

/// A problem without the document's name.
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
