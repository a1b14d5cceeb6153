//! Decides how many connections to open.

/// The most HTTP/2 connections to one origin; beyond it, calls wait for a stream.
pub const MAX_H2_CONNECTIONS: usize = 32;

pub struct DialDemand {
    /// Calls that wait for a connection.
    pub waiting: usize,
    /// Connections being opened that these calls may count on.
    pub dialing: usize,
    /// Set when connections are shared: the streams of the newest one, if there is one.
    pub streams: Option<Option<usize>>,
    /// Shared connections, open or being opened.
    pub connections: usize,
}

impl DialDemand {
    /// Whether to open one more.
    pub fn may_dial(&self) -> bool {
        match self.streams {
            None => self.dialing < self.waiting,
            Some(streams) => {
                let wanted = self.waiting.div_ceil(streams.unwrap_or(usize::MAX));
                self.dialing < wanted && self.connections < MAX_H2_CONNECTIONS
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_each_or_one_for_many() {
        for (waiting, dialing, streams, connections, expected) in [
            (0, 0, None, 0, false),
            (1, 0, None, 0, true),
            (1, 1, None, 0, false),
            (3, 2, None, 0, true),
            // Shared: the number of streams is still unknown, so one is opened.
            (50, 0, Some(None), 0, true),
            (50, 1, Some(None), 1, false),
            (16, 1, Some(Some(8)), 2, true),
            (16, 2, Some(Some(8)), 3, false),
            (0, 0, Some(Some(8)), 1, false),
            (500, 0, Some(Some(1)), 31, true),
            (500, 0, Some(Some(1)), 32, false),
        ] {
            let demand = DialDemand { waiting, dialing, streams, connections };
            assert_eq!(demand.may_dial(), expected, "{waiting} {dialing} {streams:?} {connections}");
        }
    }
}
