//! Reads a request in the client's dialect.

use serde_json::Value;

use super::{
    anthropic,
    client_dialect::ClientDialect,
    google,
    openai::{
        request::{ChatRequest, InvalidRequest},
        write_chat,
    },
};

impl ClientDialect {
    /// Reads a request. Google's paths have the model and whether to stream.
    pub fn read(self, text: &str, model: Option<&str>, stream: bool) -> Result<ChatRequest, InvalidRequest> {
        if self == Self::OpenAi {
            return ChatRequest::parse(text, "", &[]);
        }
        let body: Value = serde_json::from_str(text).map_err(|e| {
            let why: String = e.to_string().chars().take(200).collect();
            InvalidRequest { field: "request", problem: format!("must be a JSON object: {why}") }
        })?;
        let (chat, model, stream) = match self {
            Self::Google => (google::read_chat::read(&body), model, stream),
            _ => {
                let stream = body["stream"] == true;
                (anthropic::read_chat::read(&body), body["model"].as_str(), stream)
            }
        };
        let Some(model) = model.filter(|m| !m.trim().is_empty()) else {
            return Err(InvalidRequest {
                field: "model",
                problem: "is missing; a model's name is required".into(),
            });
        };
        // What only the client's own dialect can express goes unparsed to endpoints of that dialect.
        let openai = chat.as_ref().map(|chat| write_chat::write(chat, model, stream).to_string());
        let canonical = openai.as_deref().unwrap_or(r#"{"messages":[{}]}"#);
        Ok(ChatRequest::parse(canonical, "", &[])?.of_caller(self, text, model, stream, chat))
    }
}
