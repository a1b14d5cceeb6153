//! `incidents`: when an incident closes, and how many are kept.

use std::time::Duration;

use super::reader::Reader;
use crate::observe::incident::IncidentConfig;

const MOST_KEPT: u64 = 10_000;

pub fn read(r: &mut Reader<'_>) -> IncidentConfig {
    let defaults = IncidentConfig::default();
    let given = r.object("incidents", |r| IncidentConfig {
        quiet: r.duration("quiet", Duration::from_millis(1)).unwrap_or(defaults.quiet),
        keep: r.integer("keep", 0, MOST_KEPT).map_or(defaults.keep, |keep| keep as usize),
    });
    given.unwrap_or(defaults)
}
