//! The header fields of a response, of either protocol.

use http::HeaderMap;

pub enum HeaderFields {
    /// HTTP/1.1: the bytes of the head, and the positions of names and values.
    Lines {
        bytes: Vec<u8>,
        places: Vec<FieldPosition>,
    },
    Map(HeaderMap),
}

/// The position of one field: start and end of its name and its value.
#[derive(Clone, Copy)]
pub struct FieldPosition {
    pub name: (u32, u32),
    pub value: (u32, u32),
}

impl HeaderFields {
    /// Calls `take` with the name and value of every field.
    pub fn each<'a>(&'a self, mut take: impl FnMut(&'a [u8], &'a [u8])) {
        match self {
            Self::Map(map) => map.iter().for_each(|(n, v)| take(n.as_str().as_bytes(), v.as_bytes())),
            Self::Lines { bytes, places } => {
                places.iter().for_each(|p| take(part(bytes, p.name), part(bytes, p.value).trim_ascii_end()))
            }
        }
    }

    /// The values of all fields with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let (map, lines) = match self {
            Self::Map(map) => (Some(map.get_all(name).iter().map(|v| v.as_bytes())), None),
            Self::Lines { bytes, places } => {
                let matching =
                    places.iter().filter(move |p| part(bytes, p.name).eq_ignore_ascii_case(name.as_bytes()));
                (None, Some(matching.map(move |p| part(bytes, p.value).trim_ascii_end())))
            }
        };
        map.into_iter().flatten().chain(lines.into_iter().flatten())
    }
}

fn part(bytes: &[u8], (start, end): (u32, u32)) -> &[u8] {
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

/// A value as text; `None` if it is not visible ASCII.
pub fn text(bytes: &[u8]) -> Option<&str> {
    let visible = bytes.iter().all(|b| matches!(b, b' '..=b'~' | b'\t'));
    visible.then(|| std::str::from_utf8(bytes).ok()).flatten()
}
