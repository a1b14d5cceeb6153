//! Days and months of UTC, as numbers. Civil dates after Howard Hinnant's `civil_from_days` and `days_from_civil`.

pub const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;

/// The period of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Hour,
    Day,
    Month,
}

/// Days since 1970.
pub fn day(ms: u64) -> u32 {
    (ms / DAY_MS) as u32
}

/// Year and month of a day since 1970; January is 1.
pub fn month(day: u32) -> (u32, u32) {
    let z = day + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + u32::from(month <= 2), month)
}

/// The first day of a month.
fn first_of(year: u32, month: u32) -> u32 {
    let y = year - u32::from(month <= 2);
    let (era, yoe) = (y / 400, y % 400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// `2026-11-21`
pub fn date(day: u32) -> String {
    let (year, month) = month(day);
    format!("{year:04}-{month:02}-{:02}", day - first_of(year, month) + 1)
}

impl Period {
    /// The number of the period that contains a moment.
    pub fn window(self, ms: u64) -> u64 {
        match self {
            Self::Hour => ms / HOUR_MS,
            Self::Day => ms / DAY_MS,
            Self::Month => {
                let (year, month) = month(day(ms));
                u64::from(year * 12 + month - 1)
            }
        }
    }

    /// When a period begins, in milliseconds since 1970.
    pub fn begins(self, window: u64) -> u64 {
        match self {
            Self::Hour => window * HOUR_MS,
            Self::Day => window * DAY_MS,
            Self::Month => u64::from(first_of((window / 12) as u32, (window % 12) as u32 + 1)) * DAY_MS,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates() {
        for (day, text) in
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (19_675, "2023-11-14"), (47_540, "2100-02-28")]
        {
            assert_eq!(date(day), text);
        }
    }

    proptest! {
        #[test]
        fn a_period_begins_where_the_last_one_ended(ms in 0u64..4_102_444_800_000) {
            for period in [Period::Hour, Period::Day, Period::Month] {
                let window = period.window(ms);
                prop_assert!(period.begins(window) <= ms && ms < period.begins(window + 1));
                prop_assert_eq!(period.window(period.begins(window + 1) - 1), window);
                prop_assert_eq!(period.window(period.begins(window + 1)), window + 1);
            }
            let (year, month) = month(day(ms));
            prop_assert!((1970..2100).contains(&year) && (1..=12).contains(&month));
        }
    }
}
