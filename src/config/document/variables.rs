//! `${NAME}` and `${NAME:-default}` in a document's texts; `$$` is a dollar sign.

use std::collections::HashMap;

use super::{
    located::{LocatedContent, LocatedValue},
    problem::DocumentProblem,
};

pub type Variables = HashMap<String, String>;

/// Replaces the variables of a tree. A text with a variable keeps its name, so that no message quotes it.
pub fn fill(node: &mut LocatedValue, variables: &Variables, faults: &mut Vec<DocumentProblem>) {
    match &mut node.content {
        LocatedContent::List(items) => items.iter_mut().for_each(|item| fill(item, variables, faults)),
        LocatedContent::Map(entries) => {
            entries.iter_mut().for_each(|entry| fill(&mut entry.value, variables, faults));
        }
        LocatedContent::Text(text) if text.contains('$') => match filled(text, variables) {
            Ok((filled, variable)) => {
                *text = filled;
                node.variable = variable;
            }
            Err(message) => faults.push(DocumentProblem::at(node.place, node.path.clone(), message)),
        },
        _ => {}
    }
}

/// A text with its variables replaced, and the name of the first.
fn filled(text: &str, variables: &Variables) -> Result<(String, Option<String>), String> {
    let mut done = String::with_capacity(text.len());
    let mut first = None;
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            done.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (inside, after) =
                after.split_once('}').ok_or("contains '${' without '}'; write $$ for a dollar sign")?;
            let (name, otherwise) = match inside.split_once(":-") {
                Some((name, otherwise)) => (name, Some(otherwise)),
                None => (inside, None),
            };
            if !is_name(name) {
                return Err(
                    "contains an invalid reference; write ${NAME} or ${NAME:-default}, or $$ for a dollar sign"
                        .into(),
                );
            }
            // As in a shell, an empty variable has the default too.
            let value = match (variables.get(name), otherwise) {
                (Some(value), None) => value,
                (Some(value), Some(_)) if !value.is_empty() => value,
                (_, Some(otherwise)) => otherwise,
                (None, None) => {
                    return Err(format!(
                        "the environment variable {name} is not set; set it, or write ${{{name}:-default}}"
                    ));
                }
            };
            done.push_str(value);
            first.get_or_insert_with(|| name.to_owned());
            rest = after;
        } else {
            done.push('$');
        }
    }
    done.push_str(rest);
    Ok((done, first))
}

fn is_name(name: &str) -> bool {
    name.len() <= 200
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_defaults_and_dollars() {
        let variables: Variables =
            [("A", "1"), ("EMPTY", ""), ("D", "${A}")].map(|(k, v)| (k.into(), v.into())).into();
        for (text, expected) in [
            ("${A}", Ok("1")),
            ("x${A}y${A}", Ok("x1y1")),
            ("${NO:-2}", Ok("2")),
            ("${NO:-}", Ok("")),
            ("${EMPTY:-2}", Ok("2")),
            ("${EMPTY}", Ok("")),
            ("$${A}", Ok("${A}")),
            ("$$$${A}", Ok("$${A}")),
            ("costs $5", Ok("costs $5")),
            ("5$", Ok("5$")),
            // A variable's value is not expanded again.
            ("${D}", Ok("${A}")),
            ("${NO}", Err("NO is not set")),
            ("${A", Err("without '}'")),
            ("${}", Err("an invalid reference")),
            ("${A B}", Err("an invalid reference")),
        ] {
            match (filled(text, &variables), expected) {
                (Ok((given, _)), Ok(expected)) => assert_eq!(given, expected, "{text}"),
                (Err(message), Err(part)) => assert!(message.contains(part), "{text}: {message}"),
                (given, _) => panic!("{text}: {given:?}"),
            }
        }
    }
}
