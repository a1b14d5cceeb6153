//! Rehearsed outages, with figures.

pub const ALL: [(&str, fn() -> Result<String, String>); 0] = [];
