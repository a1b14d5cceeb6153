//! Reads a configuration document, YAML or JSON: text and environment in, a configuration or all problems
//! with their positions out.

mod json;
mod located;
mod normalize;
mod problem;
pub mod summary;
mod variables;
mod yaml;

use serde_json::Value;

use self::{
    located::{LocatedContent, LocatedValue, Position},
    problem::DocumentProblem,
};
pub use self::{problem::LocatedProblem, variables::Variables};
use super::{
    client::ClientConfig,
    environment::Environment,
    queue::{self, QueueConfig},
    reader::{self, Problem, kind, shorten},
    schema,
};

/// The largest document, in bytes.
pub const LARGEST: usize = 1 << 20;
/// The longest path in a message: it may contain names of any length.
const LONGEST_PATH: usize = 300;
/// Shorter values of variables may be ordinary words of a message.
const SHORTEST_SECRET: usize = 8;

/// A document and its name.
pub struct DocumentSource<'a> {
    /// The name for messages; its ending distinguishes JSON from YAML.
    pub file: &'a str,
    pub bytes: &'a [u8],
    pub variables: &'a Variables,
}

/// The configuration of a document. Members of `overrides` replace the document's.
pub fn read(
    source: &DocumentSource<'_>,
    overrides: &Value,
    environment: &Environment,
) -> Result<(ClientConfig, Value), Vec<LocatedProblem>> {
    let root = parse(source).map_err(|fault| vec![fault.in_file(source.file)])?;
    let mut faults = Vec::new();
    let filled = fill(root, source.variables, &mut faults);
    let found = match normalize::options(filled, &mut faults) {
        Some(options) => options_of(&options, overrides, environment, &faults, source),
        None => Err(Vec::new()),
    };
    match found {
        Ok(config) if faults.is_empty() => Ok(config),
        found => {
            let mut located: Vec<LocatedProblem> =
                faults.into_iter().map(|fault| fault.in_file(source.file)).collect();
            located.extend(found.err().unwrap_or_default());
            located.sort_by_key(|l| (l.line.is_none(), l.line, l.column));
            // A value that is read twice, such as a key for client and endpoints, has one problem.
            located.dedup();
            located.iter_mut().for_each(|l| clip(&mut l.path, LONGEST_PATH));
            Err(located)
        }
    }
}

/// The queue of a document, whatever is wrong with the rest: reading the file needs no vendor's key.
pub fn read_queue(source: &DocumentSource<'_>) -> Result<Option<QueueConfig>, Vec<LocatedProblem>> {
    let mut root = parse(source).map_err(|fault| vec![fault.in_file(source.file)])?;
    if let LocatedContent::Map(entries) = &mut root.content {
        entries.retain(|entry| entry.name == "queue");
    }
    let (mut faults, mut problems) = (Vec::new(), Vec::new());
    let filled = fill(root, source.variables, &mut faults);
    let options = normalize::options(filled, &mut faults);
    let read = options.as_ref().and_then(|options| {
        reader::object(&options.to_value(), "", &mut problems, queue::read_queue).flatten()
    });
    let found = options.map(|options| located(&options, problems, &faults, source));
    let wrong: Vec<LocatedProblem> = faults
        .iter()
        .map(|fault| fault.clone().in_file(source.file))
        .chain(found.into_iter().flatten())
        .collect();
    if wrong.is_empty() { Ok(read) } else { Err(wrong) }
}

fn parse(source: &DocumentSource<'_>) -> Result<LocatedValue, DocumentProblem> {
    let first = Position { line: 1, column: 1 };
    if source.bytes.len() > LARGEST {
        return Err(DocumentProblem::new(first, too_large(source.bytes.len() as u64)));
    }
    let text = decode(source.bytes)?;
    let mut root =
        if source.file.to_lowercase().ends_with(".json") { json::parse(text) } else { yaml::parse(text) }?;
    match root.content {
        LocatedContent::Map(_) => {}
        LocatedContent::Null => {
            return Err(DocumentProblem::new(first, "is empty; it must contain a client's options"));
        }
        _ => {
            let given = kind(&root.to_value());
            return Err(DocumentProblem::new(
                root.place,
                format!("must be an object of options, got {given}"),
            ));
        }
    }
    root.name_all(String::new());
    Ok(root)
}

pub fn too_large(bytes: u64) -> String {
    format!("is too large: {bytes} bytes, at most {LARGEST} are read")
}

fn decode(bytes: &[u8]) -> Result<&str, DocumentProblem> {
    let first = Position { line: 1, column: 1 };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(DocumentProblem::new(first, "must be UTF-8, but is UTF-16; save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let at = |before: &[u8]| {
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = String::from_utf8_lossy(before.rsplit(|b| *b == b'\n').next().unwrap_or_default())
            .chars()
            .count()
            + 1;
        Position { line, column }
    };
    if let Some(zero) = bytes.iter().position(|b| *b == 0) {
        return Err(DocumentProblem::new(
            at(&bytes[..zero]),
            "must be UTF-8 text, but contains a zero byte here; save it as UTF-8",
        ));
    }
    std::str::from_utf8(bytes).map_err(|e| {
        DocumentProblem::new(at(&bytes[..e.valid_up_to()]), "is not valid UTF-8 here; save it as UTF-8")
    })
}

fn fill(mut root: LocatedValue, variables: &Variables, faults: &mut Vec<DocumentProblem>) -> LocatedValue {
    variables::fill(&mut root, variables, faults);
    root
}

fn options_of(
    options: &LocatedValue,
    overrides: &Value,
    environment: &Environment,
    faults: &[DocumentProblem],
    source: &DocumentSource<'_>,
) -> Result<(ClientConfig, Value), Vec<LocatedProblem>> {
    let mut value = options.to_value();
    let overridden = overrides.as_object();
    if let (Some(members), Some(overridden)) = (value.as_object_mut(), overridden) {
        members.extend(overridden.clone());
    }
    let problems = match ClientConfig::read(&value, environment) {
        Ok(config) => return Ok((config, value)),
        Err(problems) => problems,
    };
    let (of_document, of_others): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| {
        let top = problem.path.split(['.', '[']).next().unwrap_or_default();
        !overridden.is_some_and(|members| members.contains_key(top))
    });
    let of_others = of_others.into_iter().map(|Problem { path, message }| LocatedProblem {
        file: String::new(),
        line: None,
        column: None,
        path,
        message,
    });
    Err(located(options, of_document, faults, source).into_iter().chain(of_others).collect())
}

/// Maps problems with the options to the document.
fn located(
    options: &LocatedValue,
    problems: Vec<Problem>,
    faults: &[DocumentProblem],
    source: &DocumentSource<'_>,
) -> Vec<LocatedProblem> {
    let mut secrets = Vec::new();
    secrets_in(options, &mut secrets);
    // Messages may quote only a part of a text that contains the value.
    secrets.extend(
        source
            .variables
            .iter()
            .filter(|(_, v)| v.len() >= SHORTEST_SECRET)
            .map(|(n, v)| (v.clone(), n.clone())),
    );
    let located = problems.into_iter().map(|problem| locate(options, problem, &secrets, source.file));
    // A problem found before a value became an option replaces those found after.
    located.filter(|located| !faults.iter().any(|fault| fault.path == located.path)).collect()
}

/// Maps a problem with the options to its position in the document.
fn locate(
    options: &LocatedValue,
    problem: Problem,
    secrets: &[(String, String)],
    file: &str,
) -> LocatedProblem {
    let (node, rest) = options.find(&problem.path);
    let rest = rest.trim_start_matches('.');
    let path = match (rest.is_empty(), node.path.is_empty()) {
        (true, _) => node.path.clone(),
        (false, true) => as_written(rest),
        (false, false) => format!("{}.{}", node.path, as_written(rest)),
    };
    let mut message = match &node.variable {
        Some(name) => match problem.message.split_once(", got ") {
            Some((before, _)) => format!("{before}, got the value of ${{{name}}}"),
            None => problem.message,
        },
        None => problem.message,
    };
    for (secret, name) in secrets {
        let place = format!("the value of ${{{name}}}");
        for text in [secret.clone(), shorten(secret)] {
            message = message.replace(&format!("'{text}'"), &place);
            if text.len() >= SHORTEST_SECRET {
                message = message.replace(&text, &place);
            }
        }
    }
    LocatedProblem {
        file: file.into(),
        line: Some(node.place.line),
        column: Some(node.place.column),
        path,
        message: as_written(&message),
    }
}

/// Values that came from variables, with the variables' names.
fn secrets_in(node: &LocatedValue, secrets: &mut Vec<(String, String)>) {
    match &node.content {
        LocatedContent::List(items) => items.iter().for_each(|item| secrets_in(item, secrets)),
        LocatedContent::Map(entries) => entries.iter().for_each(|entry| secrets_in(&entry.value, secrets)),
        LocatedContent::Text(text) if !text.is_empty() => {
            secrets.extend(node.variable.as_ref().map(|name| (text.clone(), name.clone())));
        }
        _ => {}
    }
}

/// Replaces the names of options by those of documents, except in quotes.
fn as_written(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for (i, part) in text.split('\'').enumerate() {
        if i > 0 {
            written.push('\'');
        }
        if i % 2 == 1 {
            written.push_str(part);
            continue;
        }
        for word in part.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            if schema::renamed().contains(name) {
                written.push_str(&schema::snake(name));
                written.push_str(&word[name.len()..]);
            } else {
                written.push_str(word);
            }
        }
    }
    written
}

fn clip(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
        text.push('…');
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
