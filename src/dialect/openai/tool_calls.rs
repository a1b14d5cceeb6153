//! Assembles tool calls from the pieces of a stream, for dialects that send them whole.

use serde_json::{Value, json};

/// The most calls of one answer, above what vendors send.
const MOST: usize = 256;

#[derive(Default)]
pub struct ToolCallAssembler(Vec<PartialToolCall>);

#[derive(Default)]
struct PartialToolCall {
    index: Option<u64>,
    id: Value,
    name: Value,
    arguments: String,
    extra: Value,
}

impl ToolCallAssembler {
    /// Adds a piece to its call. A piece without an index is a call of its own.
    pub fn add(&mut self, piece: &Value) {
        let index = piece["index"].as_u64();
        let known = self.0.iter().position(|call| index.is_some() && call.index == index);
        let at = known.unwrap_or(self.0.len());
        if at >= MOST {
            return;
        }
        if known.is_none() {
            self.0.push(PartialToolCall { index, ..PartialToolCall::default() });
        }
        let call = &mut self.0[at];
        let function = &piece["function"];
        call.arguments.push_str(function["arguments"].as_str().unwrap_or_default());
        for (there, new) in [
            (&mut call.id, &piece["id"]),
            (&mut call.name, &function["name"]),
            (&mut call.extra, &piece["extra_content"]),
        ] {
            if !new.is_null() {
                *there = new.clone();
            }
        }
    }

    /// Takes the assembled calls, in the form of whole answers.
    pub fn take(&mut self) -> impl Iterator<Item = Value> + use<> {
        std::mem::take(&mut self.0).into_iter().map(|call| {
            json!({
                "id": call.id, "type": "function", "function": { "name": call.name, "arguments": call.arguments },
                "extra_content": call.extra,
            })
        })
    }
}
