//! What crosses to JavaScript: plain texts under small numbers.

/// Text with what is needed to make a JavaScript string of it cheaply.
pub struct Text {
    pub text: String,
    /// ASCII is copied; anything else has to be decoded.
    pub ascii: bool,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        let ascii = text.is_ascii();
        Self { text, ascii }
    }
}

/// One thing that JavaScript is told. The numbers are the façade's `lib/native/bridge.js`.
pub enum Item {
    /// A call is answered, or another promise is kept.
    Resolve {
        slot: u32,
        body: Text,
        report: Text,
    },
    /// It failed; the error as JSON.
    Reject {
        slot: u32,
        error: Text,
    },
    /// `first` answers the call's promise.
    Chunk {
        slot: u32,
        chunk: Text,
        first: bool,
    },
    /// The slot's work was dropped before it came to an end.
    Dropped {
        slot: u32,
    },
    Event {
        client: u32,
        kind: u32,
        payload: Text,
    },
    /// One of the user's functions is asked for a string.
    Ask {
        client: u32,
        question: u32,
        function: Text,
        argument: Option<Text>,
    },
}

impl Item {
    pub fn is_event(&self) -> bool {
        matches!(self, Self::Event { .. })
    }

    /// What its texts take.
    pub fn bytes(&self) -> usize {
        self.texts().into_iter().flatten().map(|t| t.text.len()).sum()
    }

    pub fn may_linger(&self) -> bool {
        matches!(self, Self::Chunk { first: false, .. })
    }

    /// Kind, id, and a number that some kinds have.
    pub fn numbers(&self) -> [u32; 3] {
        match self {
            Self::Resolve { slot, .. } => [0, *slot, 0],
            Self::Reject { slot, .. } => [1, *slot, 0],
            Self::Chunk { slot, .. } => [2, *slot, 0],
            Self::Dropped { slot } => [3, *slot, 0],
            Self::Event { client, kind, .. } => [4, *client, *kind],
            Self::Ask { client, question, .. } => [5, *client, *question],
        }
    }

    pub fn texts(&self) -> [Option<&Text>; 2] {
        match self {
            Self::Resolve { body, report, .. } => [Some(body), Some(report)],
            Self::Reject { error, .. } => [Some(error), None],
            Self::Chunk { chunk, .. } => [Some(chunk), None],
            Self::Dropped { .. } => [None, None],
            Self::Event { payload, .. } => [Some(payload), None],
            Self::Ask { function, argument, .. } => [Some(function), argument.as_ref()],
        }
    }
}
