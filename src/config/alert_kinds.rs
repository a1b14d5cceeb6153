//! Lists of kinds of alerts, in receivers and silences.

use super::reader::{self, Reader};
use crate::alert::KINDS;

pub fn read(r: &mut Reader<'_>, name: &'static str) -> Option<Vec<String>> {
    r.note(name, || reader::some_of(&KINDS));
    let names = r.strings(name)?;
    for given in names.iter().filter(|given| !KINDS.contains(&given.as_str())) {
        let meant = reader::nearest(given, KINDS).map(|n| format!("; did you mean '{n}'?"));
        let message = format!(
            "must hold {}, got '{}'{}",
            KINDS.join(", "),
            reader::shorten(given),
            meant.unwrap_or_default()
        );
        r.problem(name, message);
    }
    Some(names)
}
