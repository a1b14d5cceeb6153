//! What a request asks of a model.

/// Chat completions and other operations of a model have separate state: one may fail while the other
/// works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    Chat,
    Other,
}
