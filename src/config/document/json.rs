//! Parses JSON into a tree. Strictly JSON, as other tools accept it.

use std::collections::HashMap;

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{ObjectPropName, Value},
    common::Ranged,
};

use super::{
    located::{LocatedContent, LocatedMember, LocatedValue, Position},
    problem::DocumentProblem,
    yaml::{DEEPEST, MOST_NODES, number},
};

pub fn parse(text: &str) -> Result<LocatedValue, DocumentProblem> {
    let lines = LineIndex::of(text);
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &strict).map_err(|error| {
        let at = lines.place(error.range().start);
        DocumentProblem::new(at, format!("is not JSON: {}", lower(&error.kind().to_string())))
    })?;
    let mut left = MOST_NODES;
    match parsed.value {
        Some(value) => node(value, &lines, 0, &mut left),
        None => Ok(LocatedValue::new(Position { line: 1, column: 1 }, LocatedContent::Null)),
    }
}

fn node(
    value: Value<'_>,
    lines: &LineIndex<'_>,
    depth: usize,
    left: &mut usize,
) -> Result<LocatedValue, DocumentProblem> {
    let at = lines.place(value.range().start);
    if depth > DEEPEST {
        return Err(DocumentProblem::new(at, format!("is nested too deeply: more than {DEEPEST} levels")));
    }
    *left = left
        .checked_sub(1)
        .ok_or_else(|| DocumentProblem::new(at, format!("has too many values: more than {MOST_NODES}")))?;
    let content = match value {
        Value::NullKeyword(_) => LocatedContent::Null,
        Value::BooleanLit(literal) => LocatedContent::Bool(literal.value),
        Value::StringLit(literal) => LocatedContent::Text(literal.value.into_owned()),
        Value::NumberLit(literal) => {
            let read = number(literal.value);
            LocatedContent::Number(
                read.ok_or_else(|| DocumentProblem::new(at, "is not JSON: a number that is too large"))?,
            )
        }
        Value::Array(array) => {
            let items = array.elements.into_iter().map(|item| node(item, lines, depth + 1, left));
            LocatedContent::List(items.collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let mut known: HashMap<String, usize> = HashMap::new();
            let mut entries = Vec::with_capacity(object.properties.len());
            for property in object.properties {
                let place = lines.place(property.range.start);
                let name = match property.name {
                    ObjectPropName::String(literal) => literal.value.into_owned(),
                    ObjectPropName::Word(word) => word.value.to_owned(),
                };
                if let Some(line) = known.insert(name.clone(), place.line) {
                    return Err(DocumentProblem::at(
                        place,
                        name,
                        format!("is given twice; first on line {line}"),
                    ));
                }
                entries.push(LocatedMember {
                    name,
                    place,
                    value: node(property.value, lines, depth + 1, left)?,
                });
            }
            LocatedContent::Map(entries)
        }
    };
    Ok(LocatedValue::new(at, content))
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// The offsets at which lines begin.
struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn place(&self, at: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..at).map_or(0, |before| before.chars().count());
        Position { line: line.max(1), column: column + 1 }
    }
}
