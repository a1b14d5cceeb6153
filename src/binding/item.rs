//! What crosses to JavaScript: texts with a few numbers.

/// A text with what is needed to create a JavaScript string quickly.
pub struct ItemText {
    pub text: String,
    /// ASCII is copied; everything else is decoded.
    pub ascii: bool,
}

impl From<String> for ItemText {
    fn from(text: String) -> Self {
        let ascii = text.is_ascii();
        Self { text, ascii }
    }
}

/// One item for JavaScript. The numbers are those of `lib/native/bridge.js`.
pub enum Item {
    /// Resolves a promise.
    Resolve {
        slot: u32,
        body: ItemText,
        report: ItemText,
    },
    /// Rejects a promise; the error as JSON.
    Reject {
        slot: u32,
        error: ItemText,
    },
    /// `first` resolves the call's promise.
    Chunk {
        slot: u32,
        chunk: ItemText,
        first: bool,
    },
    /// The slot's work was dropped before its end.
    Dropped {
        slot: u32,
    },
    Event {
        client: u32,
        kind: u32,
        payload: ItemText,
    },
    /// Calls one of the user's functions, which returns a string.
    Ask {
        client: u32,
        question: u32,
        function: ItemText,
        argument: Option<ItemText>,
    },
}

/// Takes items for JavaScript.
pub trait ItemSink: Send + Sync {
    fn push(&self, item: Item);
    /// The work of this slot has ended: JavaScript may use the slot again.
    fn ended(&self, slot: u32);
}

impl Item {
    pub fn is_event(&self) -> bool {
        matches!(self, Self::Event { .. })
    }

    /// The bytes of its texts.
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

    pub fn texts(&self) -> [Option<&ItemText>; 2] {
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
