//! What each option is, for editors and docs/configuration.md. A test holds the list to the readers.

/// By path: `[]` for an item of a list, `*` for a name of the user's.
pub const DESCRIPTIONS: &[(&str, &str)] = &[];
