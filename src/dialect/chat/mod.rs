//! A parsed chat request: every dialect is read into it and written from it.

mod data_url;
pub mod fields;

use serde_json::Value;

pub use self::data_url::DataUrl;

/// A chat request with everything that a dialect expresses, or reports as unsupported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chat {
    pub messages: Vec<ChatMessage>,
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub format: ResponseFormat,
    pub stop: Vec<String>,
    pub max_output: Option<u64>,
    pub sampling: Sampling,
    /// The number of answers, if more than one.
    pub choices: Option<u64>,
    /// The number of likely tokens to return for each position.
    pub logprobs: Option<u64>,
    pub effort: Option<Effort>,
    /// The end user, for the vendor's own records.
    pub user: Option<String>,
    /// OpenAI's newer name of `user`, which takes precedence.
    pub safety_identifier: Option<String>,
    pub service_tier: Option<String>,
    /// Fields without meaning in other dialects, by their own names.
    pub others: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ChatMessage {
    System(Vec<String>),
    User(Vec<ContentPart>),
    Assistant { texts: Vec<String>, calls: Vec<ToolCall> },
    Tool(ToolResult),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ContentPart {
    Text(String),
    Image(AttachmentSource),
    /// A document, with its name if it has one.
    File {
        source: AttachmentSource,
        name: Option<String>,
    },
    /// Audio in a format (`wav`, `mp3`), in base64.
    Audio {
        format: String,
        data: String,
    },
}

/// The source of an attachment.
#[derive(Clone, Debug, PartialEq)]
pub enum AttachmentSource {
    Url(String),
    Data(DataUrl),
}

#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// An object.
    pub arguments: Value,
    /// Google's signature of a call, which it requires back.
    pub signature: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    pub call_id: String,
    pub parts: Vec<ContentPart>,
    pub is_error: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// A JSON schema.
    pub parameters: Option<Value>,
    pub strict: Option<bool>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ToolChoice {
    None,
    Auto,
    Required,
    Named(String),
    /// One of these, if any; with `required`, one of these.
    Among {
        names: Vec<String>,
        required: bool,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum ResponseFormat {
    #[default]
    Text,
    /// Any JSON object.
    Json,
    Schema {
        name: String,
        schema: Value,
        strict: Option<bool>,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<u64>,
    pub frequency_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub seed: Option<i64>,
}

/// How much a model should reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

/// A request in another dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct TranslatedRequest {
    pub body: Value,
    /// The caller's fields that it lacks; they are reported.
    pub dropped: Vec<String>,
}

/// The most characters quoted from a request.
const QUOTED: usize = 300;

/// What a dialect cannot express, by the caller's name of the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untranslatable {
    pub field: String,
    pub problem: String,
}

impl Untranslatable {
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        // Both may quote the request, whose names and values have any length.
        let shortened = |text: String| match text.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        Self { field: shortened(field.into()), problem: shortened(problem.into()) }
    }
}

impl Effort {
    const WORDS: [(&'static str, Self); 7] = [
        ("none", Self::None),
        ("minimal", Self::Minimal),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("xhigh", Self::XHigh),
        ("max", Self::Max),
    ];

    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, effort)| *effort)
    }

    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, effort)| *effort == self).map_or("medium", |(word, _)| word)
    }
}

impl Chat {
    /// The tools that may be called, and whether one must be.
    pub fn callable(&self) -> (Vec<&Tool>, Option<&ToolChoice>) {
        match &self.tool_choice {
            Some(ToolChoice::Among { names, .. }) => {
                (self.tools.iter().filter(|t| names.contains(&t.name)).collect(), self.tool_choice.as_ref())
            }
            choice => (self.tools.iter().collect(), choice.as_ref()),
        }
    }
}

impl AttachmentSource {
    pub fn url(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::Data(data) => data.text(),
        }
    }
}
