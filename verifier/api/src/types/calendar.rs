//! Days and instants, always UTC.

use std::fmt;

use covenant_policy::statement::Day;
use serde::de;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const INSTANT: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const SECONDS_PER_DAY: u64 = 86_400;

/// A day: in JSON "2026-11-23", in CBOR the number of days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsoDate(Day);

impl IsoDate {
    /// This day; `None` where the circuit has no number for it.
    pub fn new(day: Day) -> Option<Self> {
        (day <= Day::MAX).then_some(Self(day))
    }

    /// The day's number.
    pub fn day(self) -> Day {
        self.0
    }

    /// Reads `YYYY-MM-DD`, from 1970-01-01 on.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let day = text.parse::<Day>().ok().and_then(Self::new);
        day.ok_or_else(|| "expected a date as YYYY-MM-DD, from 1970-01-01 on".into())
    }
}

impl fmt::Display for IsoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for IsoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

super::two_forms! {
    IsoDate, IsoDateVisitor, "a date (in JSON YYYY-MM-DD, in CBOR days since 1970)",
    parse: IsoDate::parse,
    compact: |v, s| s.serialize_u32(v.0.0),
    visit: {
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<IsoDate, E> {
            let day = u32::try_from(value).ok().and_then(|day| IsoDate::new(Day(day)));
            day.ok_or_else(|| E::custom("a day beyond the calendar"))
        }
    }
}

/// An instant to the second: in JSON "2026-11-23T14:28:17Z", in CBOR seconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(u64);

impl UtcTime {
    /// The last instant of the year 9999, so that every instant has a four-digit year.
    const MAX: u64 = 253_402_300_799;

    /// This many seconds after 1970-01-01T00:00:00Z, without leap seconds; `None` beyond the year 9999.
    pub fn from_unix_seconds(seconds: u64) -> Option<Self> {
        (seconds <= Self::MAX).then_some(Self(seconds))
    }

    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
    pub fn unix_seconds(self) -> u64 {
        self.0
    }

    /// The day on which this instant lies, in UTC.
    pub fn day(self) -> Day {
        // Fewer than 2^22 days lie before the year 10000; those beyond the circuit's 20 bits count as its last.
        u32::try_from(self.0 / SECONDS_PER_DAY).map_or(Day::MAX, |day| Day(day.min(Day::MAX.0)))
    }

    /// This many days later, at most the end of the year 9999.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self((self.0 + u64::from(days) * SECONDS_PER_DAY).min(Self::MAX))
    }

    /// Reads `YYYY-MM-DDThh:mm:ssZ`.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected an instant as YYYY-MM-DDThh:mm:ssZ (UTC, whole seconds)".to_owned();
        let instant = PrimitiveDateTime::parse(text, INSTANT)
            .map_err(|_| wrong())?
            .assume_utc();
        let seconds = u64::try_from(instant.unix_timestamp()).map_err(|_| wrong())?;
        let parsed = Self::from_unix_seconds(seconds).ok_or_else(wrong)?;
        if parsed.to_string() == text {
            Ok(parsed)
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = i64::try_from(self.0)
            .ok()
            .and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
        match instant.and_then(|instant| instant.format(INSTANT).ok()) {
            Some(text) => f.write_str(&text),
            None => write!(f, "second {}", self.0),
        }
    }
}

impl fmt::Debug for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

super::two_forms! {
    UtcTime, UtcTimeVisitor, "an instant (in JSON YYYY-MM-DDThh:mm:ssZ, in CBOR seconds since 1970)",
    parse: UtcTime::parse,
    compact: |v, s| s.serialize_u64(v.0),
    visit: {
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<UtcTime, E> {
            UtcTime::from_unix_seconds(value).ok_or_else(|| E::custom("an instant beyond the year 9999"))
        }
    }
}
