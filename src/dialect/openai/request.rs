//! A chat request. Its text is kept as written, except for what a candidate changes.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use serde::Deserialize;

use super::{placeholders, token_limit::TokenLimitField, vendor_fields};
use crate::dialect::{
    chat::{Chat, Untranslatable},
    client_dialect::ClientDialect,
    codec::{Dialect, RenderedRequest, Translations},
    members::{self, JsonMembers, json_string},
    tokens,
};

/// A chat completion request: its text, and the positions of what a candidate changes.
#[derive(Debug)]
pub struct ChatRequest {
    text: Bytes,
    pub model: Option<String>,
    pub stream: bool,
    /// The number of choices: `n`, or one.
    pub choices: usize,
    /// The position of the model's name, if it occurs once.
    model_at: Option<Range<usize>>,
    /// Whether the output limit is given by its old name, and by its new one.
    limits: (bool, bool),
    /// The output limit, by either name.
    pub max_output: Option<u64>,
    /// The caller wants the usage of a stream.
    pub include_usage: bool,
    /// `prompt_cache_key`.
    pub cache_key: Option<String>,
    /// `user`, or its successor `safety_identifier`.
    pub user: Option<String>,
    /// Estimated input tokens, computed on first use.
    tokens: OnceLock<u64>,
    translations: Translations,
    /// The original request of a client with another dialect.
    own: Option<OriginalRequest>,
}

/// A request in its client's own dialect.
#[derive(Debug)]
struct OriginalRequest {
    caller: ClientDialect,
    text: String,
    model: String,
}

/// A problem with a request, found before any network.
#[derive(Debug, PartialEq)]
pub struct InvalidRequest {
    pub field: &'static str,
    pub problem: String,
}

impl ChatRequest {
    /// Reads a request whose longer contents may be passed separately: `placeholder` stands for them, in
    /// order.
    pub fn parse(text: &str, placeholder: &str, contents: &[&str]) -> Result<Self, InvalidRequest> {
        let JsonMembers(fields) = read(text)?;
        let raw = |name: &str| fields.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v.get());
        let model = match raw("model") {
            None | Some("null") => None,
            Some(value) => match serde_json::from_str::<String>(value) {
                Ok(model) if !model.trim().is_empty() => Some(model),
                _ => {
                    return Err(InvalidRequest {
                        field: "model",
                        problem: given("a non-empty string", value),
                    });
                }
            },
        };
        let stream = match raw("stream") {
            None | Some("null" | "false") => false,
            Some("true") => true,
            Some(value) => {
                return Err(InvalidRequest { field: "stream", problem: given("a boolean", value) });
            }
        };
        match raw("messages") {
            Some(value) if value.starts_with('[') && value[1..].trim_start() != "]" => {}
            Some(value) => {
                return Err(InvalidRequest { field: "messages", problem: given("a non-empty array", value) });
            }
            None => {
                return Err(InvalidRequest {
                    field: "messages",
                    problem: "is missing; a non-empty array is required".into(),
                });
            }
        }
        let choices = raw("n").and_then(|n| n.parse().ok()).unwrap_or(1);
        let has = |name: &str| fields.iter().any(|(k, _)| k == name);
        let limits = (has("max_tokens"), has("max_completion_tokens"));
        let mut places = fields.iter().filter(|(k, _)| k == "model").map(|(_, v)| members::place_of(v, text));
        let model_at = places.next().filter(|_| places.next().is_none());
        let filled = placeholders::fill(text, placeholder, contents).ok_or_else(|| InvalidRequest {
            field: "messages",
            problem: "lost a content on the way".into(),
        })?;
        let model_at = model_at.map(|at| filled.place(at.start)..filled.place(at.end));
        let output = |name: &str| raw(name).and_then(|n| n.parse::<f64>().ok()).map(|n| n as u64);
        let max_output = output("max_completion_tokens").or_else(|| output("max_tokens"));
        let include_usage = raw("stream_options").is_some_and(includes_usage);
        Ok(Self {
            text: filled.text.into(),
            model,
            stream,
            choices,
            model_at,
            limits,
            max_output,
            include_usage,
            cache_key: raw("prompt_cache_key").and_then(|key| serde_json::from_str(key).ok()),
            user: raw("user")
                .or_else(|| raw("safety_identifier"))
                .and_then(|user| serde_json::from_str(user).ok()),
            tokens: OnceLock::new(),
            translations: Translations::default(),
            own: None,
        })
    }

    /// The request without other vendors' fields, for an endpoint of this vendor; `None` if it has none.
    pub fn without_residue(&self, vendor: Option<&str>) -> Option<Self> {
        // Requests of clients with another dialect were written here in OpenAI's own form.
        let vendor = vendor.or(self.own.is_some().then_some("openai"));
        match vendor_fields::without(std::str::from_utf8(&self.text).ok()?, vendor) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Self::parse(&text, "", &[]).ok(),
        }
    }

    /// The request with the original of a client with another dialect.
    pub fn of_caller(
        self,
        caller: ClientDialect,
        text: &str,
        model: &str,
        stream: bool,
        understood: Result<Chat, Untranslatable>,
    ) -> Self {
        Self {
            model: Some(model.to_owned()),
            stream,
            include_usage: true,
            translations: Translations::of(understood),
            own: Some(OriginalRequest { caller, text: text.to_owned(), model: model.to_owned() }),
            ..self
        }
    }

    /// The request with only the instructions and the messages since the user's last one; `None` if that is
    /// all there is, or if the client has another dialect.
    pub fn last_turn(&self) -> Option<Self> {
        if self.own.is_some() {
            return None;
        }
        let text = std::str::from_utf8(&self.text).ok()?;
        let members = JsonMembers::read(text).ok()?;
        let messages: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(members.get("messages")?).ok()?;
        #[derive(Deserialize)]
        struct Role {
            role: String,
        }
        let role = |m: &&serde_json::value::RawValue| {
            serde_json::from_str::<Role>(m.get()).map(|r| r.role).unwrap_or_default()
        };
        let last = messages.iter().rposition(|m| role(m) == "user")?;
        let kept: Vec<&str> = messages
            .iter()
            .enumerate()
            .filter(|(at, m)| *at >= last || matches!(role(m).as_str(), "system" | "developer"))
            .map(|(_, m)| m.get())
            .collect();
        if kept.len() == messages.len() {
            return None;
        }
        let kept = format!("[{}]", kept.join(","));
        Self::parse(&members::with(text, members.place("messages", text)?, &kept)?, "", &[]).ok()
    }

    /// Why this dialect cannot express the request.
    pub fn unsupported(&self, dialect: Dialect, model: &str) -> Option<Untranslatable> {
        match (dialect, &self.own) {
            (Dialect::OpenAi, None) => None,
            (Dialect::OpenAi, Some(_)) => self.translations.refused(&self.text),
            _ => self.in_dialect(dialect, model).err(),
        }
    }

    /// The estimated input tokens.
    pub fn input_tokens(&self) -> u64 {
        let text = self.own.as_ref().map_or(&self.text[..], |own| own.text.as_bytes());
        *self.tokens.get_or_init(|| tokens::estimate(text))
    }

    /// The text of the request.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The text of the request without streaming.
    pub fn whole_text(&self) -> String {
        let text = String::from_utf8_lossy(&self.text);
        let Ok(JsonMembers(fields)) = read(&text) else { return text.into_owned() };
        let mut out = String::with_capacity(text.len());
        for (name, value) in fields.iter().filter(|(name, _)| !matches!(&**name, "stream" | "stream_options"))
        {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(&json_string(name));
            out.push(':');
            out.push_str(value.get());
        }
        out.push('}');
        out
    }

    /// The request in another dialect.
    pub fn in_dialect(&self, dialect: Dialect, model: &str) -> Result<Arc<RenderedRequest>, Untranslatable> {
        match self.own.as_ref().filter(|own| own.caller.speaks(dialect)) {
            Some(own) => Ok(Arc::new(own.rendered(model))),
            None => self
                .translations
                .written(&self.text, dialect, model, self.stream)
                .map_err(|error| self.in_own_words(error)),
        }
    }

    /// An error with the client's name of the field.
    fn in_own_words(&self, error: Untranslatable) -> Untranslatable {
        let Some(own) = &self.own else { return error };
        Untranslatable { field: own.caller.name_of(&error.field), ..error }
    }

    /// The request in another dialect, for an endpoint that continues `partial`.
    pub fn continued_in_dialect(
        &self,
        dialect: Dialect,
        model: &str,
        partial: &str,
    ) -> Result<Bytes, Untranslatable> {
        self.translations.continued(&self.text, dialect, model, self.stream, partial)
    }

    /// Whether it asks for one plain text, so that its beginning can be continued.
    pub fn is_plain(&self) -> bool {
        let Ok(text) = std::str::from_utf8(&self.text) else { return false };
        let Ok(JsonMembers(fields)) = read(text) else { return false };
        let raw = |name: &str| fields.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v.get());
        let off = |name: &str| matches!(raw(name), None | Some("null" | "false"));
        let format = raw("response_format").and_then(|f| serde_json::from_str::<serde_json::Value>(f).ok());
        let text_only = format.is_none_or(|f| f.is_null() || f["type"] == "text");
        self.choices == 1 && off("logprobs") && off("audio") && text_only
    }

    /// The body for a candidate that continues `partial`: an interrupted answer, as the last message, marked
    /// with `mark` if the vendor requires that.
    pub fn render_continued(
        &self,
        model: &str,
        limit: TokenLimitField,
        partial: &str,
        mark: Option<&str>,
    ) -> Bytes {
        let body = self.render(model, limit);
        let Ok(JsonMembers(fields)) = std::str::from_utf8(&body).map_or_else(|_| read(""), read) else {
            return body;
        };
        let mark = mark.map(|field| format!(",{}:true", json_string(field))).unwrap_or_default();
        let mut out = String::with_capacity(body.len() + partial.len() + 64);
        // Of duplicate messages the last counts.
        let last = fields.iter().rposition(|(name, _)| name == "messages");
        for (at, (name, value)) in fields.iter().enumerate() {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(&json_string(name));
            out.push(':');
            match value.get().strip_suffix(']').filter(|_| Some(at) == last) {
                Some(messages) => {
                    out.push_str(messages);
                    out.push_str(r#",{"role":"assistant","content":"#);
                    out.push_str(&json_string(partial));
                    out.push_str(&mark);
                    out.push_str("}]");
                }
                _ => out.push_str(value.get()),
            }
        }
        out.push('}');
        out.into()
    }

    /// The body for one candidate: with its model id and its name of the output limit.
    pub fn render(&self, model: &str, limit: TokenLimitField) -> Bytes {
        let limit_name = limit.name(model);
        let renames = match limit_name {
            Some("max_tokens") => self.limits.1,
            Some(_) => self.limits.0,
            None => false,
        };
        match &self.model_at {
            Some(_) if !renames && self.model.as_deref() == Some(model) => self.text.clone(),
            Some(at) if !renames => {
                let mut out = Vec::with_capacity(self.text.len() + model.len());
                out.extend_from_slice(&self.text[..at.start]);
                out.extend_from_slice(json_string(model).as_bytes());
                out.extend_from_slice(&self.text[at.end..]);
                out.into()
            }
            _ => self.rebuild(model, limit_name),
        }
    }

    /// Writes the fields again, for changes beyond the model's name.
    fn rebuild(&self, model: &str, limit_name: Option<&str>) -> Bytes {
        // It has been read once already; an unreadable text is sent unchanged.
        let Ok(text) = std::str::from_utf8(&self.text) else { return self.text.clone() };
        let Ok(JsonMembers(fields)) = read(text) else { return self.text.clone() };
        let mut out = String::with_capacity(text.len() + model.len() + 32);
        let mut field = |name: &str, value: &str| {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(&json_string(name));
            out.push(':');
            out.push_str(value);
        };
        let quoted = json_string(model);
        if !fields.iter().any(|(name, _)| name == "model") {
            field("model", &quoted);
        }
        let both = self.limits == (true, true);
        for (name, value) in &fields {
            match (&**name, limit_name) {
                ("model", _) => field(name, &quoted),
                ("max_tokens" | "max_completion_tokens", Some(wanted)) if !both => {
                    field(wanted, value.get());
                }
                // A caller that gives both limits means each for the models that know it.
                ("max_tokens" | "max_completion_tokens", Some(wanted)) if name != wanted => {}
                _ => field(name, value.get()),
            }
        }
        out.push('}');
        out.into()
    }
}

impl OriginalRequest {
    /// The original, with the model's name replaced if it has one.
    fn rendered(&self, model: &str) -> RenderedRequest {
        let text = if self.caller == ClientDialect::Anthropic && self.model != model {
            self.with_model(model).unwrap_or_else(|| self.text.clone())
        } else {
            self.text.clone()
        };
        RenderedRequest { body: text.into(), dropped: Vec::new() }
    }

    fn with_model(&self, model: &str) -> Option<String> {
        let place = JsonMembers::read(&self.text).ok()?.place("model", &self.text)?;
        members::replaced(&self.text, place, model)
    }
}

fn includes_usage(stream_options: &str) -> bool {
    #[derive(Deserialize)]
    struct Options {
        #[serde(default)]
        include_usage: bool,
    }
    serde_json::from_str::<Options>(stream_options).is_ok_and(|options| options.include_usage)
}

fn read(text: &str) -> Result<JsonMembers<'_>, InvalidRequest> {
    JsonMembers::read(text).map_err(|problem| InvalidRequest { field: "request", problem })
}

fn given(expected: &str, value: &str) -> String {
    let quoted: String = value.chars().take(60).collect();
    format!("must be {expected}, got {quoted}")
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
