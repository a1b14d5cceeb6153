//! Histories that were wrong once, or must never be, by name.

pub const ALL: [(&str, fn() -> Result<String, String>); 0] = [];
