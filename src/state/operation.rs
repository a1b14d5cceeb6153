//! What is asked of a model: chat completions, or other work.

/// Who is asked for chat completions may be well while the same model does other work badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    Chat,
    Other,
}
