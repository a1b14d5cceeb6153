//! Parses YAML into a tree, within bounds: aliases are expanded, and the result is counted.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use serde_json::Number;

use super::{
    located::{LocatedContent, LocatedMember, LocatedValue, Position},
    problem::DocumentProblem,
};

/// The most values in a document with its aliases expanded.
pub const MOST_NODES: usize = 100_000;
/// The deepest nesting.
pub const DEEPEST: usize = 32;

pub fn parse(text: &str) -> Result<LocatedValue, DocumentProblem> {
    let mut builder = Builder { text, parser: Parser::new_from_str(text), anchors: HashMap::new(), nodes: 0 };
    builder.document()
}

struct Builder<'t> {
    text: &'t str,
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: HashMap<usize, (usize, LocatedValue)>,
    nodes: usize,
}

impl<'t> Builder<'t> {
    fn document(&mut self) -> Result<LocatedValue, DocumentProblem> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(DocumentProblem::new(
                        place(&span),
                        "must hold one document; a second one begins here",
                    ));
                }
                Event::DocumentStart(_) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, &span, 0)?);
                }
                _ => {}
            }
        }
        Ok(root.unwrap_or(LocatedValue::new(Position { line: 1, column: 1 }, LocatedContent::Null)))
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), DocumentProblem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax(&error)),
            // The parser ends before its last event.
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<LocatedValue, DocumentProblem> {
        let at = place(span);
        if depth > DEEPEST {
            return Err(DocumentProblem::new(
                at,
                format!("is nested too deeply: more than {DEEPEST} levels"),
            ));
        }
        self.count(1, at)?;
        let (node, anchor) = match event {
            Event::Alias(anchor) => {
                let Some((size, node)) = self.anchors.get(&anchor).cloned() else {
                    return Err(DocumentProblem::new(at, "is an alias that contains itself"));
                };
                self.count(size, at)?;
                if depth + height(&node) > DEEPEST {
                    return Err(DocumentProblem::new(
                        at,
                        format!("is nested too deeply: more than {DEEPEST} levels"),
                    ));
                }
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                (LocatedValue::new(at, scalar(&text, style, tag.as_deref(), at)?), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), "seq", at)?;
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    match event {
                        Event::SequenceEnd | Event::StreamEnd => break,
                        event => items.push(self.node(event, &span, depth + 1)?),
                    }
                }
                (LocatedValue::new(at, LocatedContent::List(items)), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), "map", at)?;
                (LocatedValue::new(at, LocatedContent::Map(self.members(depth)?)), anchor)
            }
            _ => (LocatedValue::new(at, LocatedContent::Null), 0),
        };
        if anchor > 0 {
            let size = size(&node);
            // Anchored values count too: nested anchors are stored once for each level.
            self.count(size, at)?;
            self.anchors.insert(anchor, (size, node.clone()));
        }
        Ok(node)
    }

    fn members(&mut self, depth: usize) -> Result<Vec<LocatedMember>, DocumentProblem> {
        let mut entries: Vec<LocatedMember> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut merged: Vec<LocatedMember> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let at = place(&span);
            let name = match event {
                Event::MappingEnd | Event::StreamEnd => break,
                Event::Scalar(text, style, anchor, _) => {
                    if anchor > 0 {
                        return Err(DocumentProblem::new(at, "a name cannot have an anchor"));
                    }
                    let merge = style == ScalarStyle::Plain && text == "<<";
                    if merge {
                        let (event, span) = self.next()?;
                        let value = self.node(event, &span, depth + 1)?;
                        merged.extend(merge_from(value, at)?);
                        continue;
                    }
                    text.into_owned()
                }
                _ => return Err(DocumentProblem::new(at, "a name must be plain text")),
            };
            if let Some(line) = known.insert(name.clone(), at.line) {
                return Err(DocumentProblem::at(at, name, format!("is given twice; first on line {line}")));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            entries.push(LocatedMember { name, place: at, value });
        }
        // The mapping's own members come before merged ones, and earlier merges before later ones.
        for entry in merged {
            if known.insert(entry.name.clone(), entry.place.line).is_none() {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    fn count(&mut self, more: usize, at: Position) -> Result<(), DocumentProblem> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MOST_NODES {
            let message =
                format!("has too many values: more than {MOST_NODES}, counting the values of aliases");
            return Err(DocumentProblem::new(at, message));
        }
        Ok(())
    }

    /// The parser's message, with the most common cause.
    fn syntax(&self, error: &ScanError) -> DocumentProblem {
        let marker = error.marker();
        let at = Position { line: marker.line().max(1), column: marker.col() + 1 };
        let line = self.text.lines().nth(at.line - 1).unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start().len()];
        let info = scanner_message(error.info());
        let message = if indent.contains('\t') {
            "is not YAML: a tab indents this line; use spaces".into()
        } else if line.split_once("${").is_some_and(|(before, _)| before.contains(['[', '{'])) {
            format!("is not YAML: {info}; inside [ ] and {{ }} a reference must be quoted, \"${{NAME}}\"")
        } else {
            format!("is not YAML: {info}")
        };
        DocumentProblem::new(at, message)
    }
}

/// The parser's message, bounded in case it ever quotes more than single characters.
fn scanner_message(info: &str) -> String {
    info.chars().take(100).collect()
}

fn place(span: &Span) -> Position {
    Position { line: span.start.line().max(1), column: span.start.col() + 1 }
}

fn merge_from(value: LocatedValue, at: Position) -> Result<Vec<LocatedMember>, DocumentProblem> {
    match value.content {
        LocatedContent::Map(entries) => Ok(entries),
        LocatedContent::List(items) => {
            let lists: Result<Vec<_>, _> = items.into_iter().map(|item| merge_from(item, at)).collect();
            Ok(lists?.into_iter().flatten().collect())
        }
        _ => Err(DocumentProblem::new(at, "<< merges objects, or an array of them")),
    }
}

fn size(node: &LocatedValue) -> usize {
    1 + match &node.content {
        LocatedContent::List(items) => items.iter().map(size).sum(),
        LocatedContent::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
        _ => 0,
    }
}

fn height(node: &LocatedValue) -> usize {
    let below = match &node.content {
        LocatedContent::List(items) => items.iter().map(height).max(),
        LocatedContent::Map(entries) => entries.iter().map(|entry| height(&entry.value)).max(),
        _ => None,
    };
    below.map_or(0, |below| below + 1)
}

fn refuse_tag(tag: Option<&Tag>, own: &str, at: Position) -> Result<(), DocumentProblem> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == own) => {
            Err(DocumentProblem::new(at, "has a tag (!…), which is not supported; remove it"))
        }
        _ => Ok(()),
    }
}

/// YAML 1.2's core schema.
fn scalar(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    at: Position,
) -> Result<LocatedContent, DocumentProblem> {
    if let Some(tag) = tag {
        let core = tag.is_yaml_core_schema()
            && matches!(tag.suffix.as_str(), "str" | "int" | "float" | "bool" | "null");
        if !core {
            refuse_tag(Some(tag), "str", at)?;
        }
        if tag.suffix == "str" {
            return Ok(LocatedContent::Text(text.into()));
        }
    } else if style != ScalarStyle::Plain {
        return Ok(LocatedContent::Text(text.into()));
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => LocatedContent::Null,
        "true" | "True" | "TRUE" => LocatedContent::Bool(true),
        "false" | "False" | "FALSE" => LocatedContent::Bool(false),
        _ => number(text).map_or_else(|| LocatedContent::Text(text.into()), LocatedContent::Number),
    })
}

/// A number in YAML; values that JSON has no number for stay texts.
pub fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(Number::from);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Rust also parses inf and nan.
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    Number::from_f64(text.parse::<f64>().ok()?)
}
