//! A chat request, understood: what one dialect is read into and another is written from.

mod data_url;
pub mod fields;

use serde_json::Value;

pub use self::data_url::DataUrl;

/// What every dialect can say, or has to say that it cannot.
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
    /// How many answers, where more than one is asked for.
    pub choices: Option<u64>,
    /// How many likely tokens are to be named beside each one that was chosen.
    pub logprobs: Option<u64>,
    pub effort: Option<Effort>,
    /// Who asks, for the vendor's own records.
    pub user: Option<String>,
    /// The same by OpenAI's newer name, which goes before the older one.
    pub safety_identifier: Option<String>,
    pub service_tier: Option<String>,
    /// Fields that were read and mean nothing elsewhere, by their own names.
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
    /// A document, with its name where it has one.
    File {
        source: AttachmentSource,
        name: Option<String>,
    },
    /// A sound, by its format (`wav`, `mp3`) and in base64.
    Audio {
        format: String,
        data: String,
    },
}

/// Where an attachment is.
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
    /// What Google signs a call with, and wants back.
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
    /// Some JSON object.
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

/// How much a model is to think before it speaks.
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
    /// The caller's fields that it does not carry, which are told.
    pub dropped: Vec<String>,
}

/// Characters of what is said of a request.
const QUOTED: usize = 300;

/// What a dialect cannot say, by the caller's own name for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untranslatable {
    pub field: String,
    pub problem: String,
}

impl Untranslatable {
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        // Both may quote the request, however long its names and values are.
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
    /// The tools that may be called, and whether one has to be.
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
