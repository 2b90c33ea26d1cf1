//! Days as ISO 8601 dates: exact civil-calendar arithmetic on whole numbers, without a clock.
//!
//! The algorithms are the shifted-year ones (a year begins on 1 March, so that the leap day is its last) over the
//! proleptic Gregorian calendar; see Richards, "Mapping time", and ISO 8601-1:2019 §5.2.2.

use std::fmt;
use std::str::FromStr;

use super::{DAYS_IN_400_YEARS, Day, Period};
use crate::catalogue::{DATE_INVALID, PERIOD_INVALID};
use crate::refusal::Refusal;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: u32 = 719_468;

impl Day {
    /// The day of a civil date, from 1970-01-01 to [`Day::MAX`].
    ///
    /// # Errors
    /// `date-invalid` where there is no such date, or it cannot be represented.
    pub fn from_civil(year: u32, month: u32, day: u32) -> Result<Self, Refusal> {
        let wrong = |what: String| Err(Refusal::new(&DATE_INVALID, what));
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month)
        {
            return wrong(format!(
                "there is no date {year:04}-{month:02}-{day:02} after 1970-01-01"
            ));
        }
        let shifted = if month <= 2 { year - 1 } else { year };
        let (era, year_of_era) = (shifted / 400, shifted % 400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        match (era * DAYS_IN_400_YEARS + day_of_era).checked_sub(EPOCH) {
            Some(n) if n <= Self::MAX.0 => Ok(Self(n)),
            _ => wrong(format!("{year:04}-{month:02}-{day:02} lies after {}", Self::MAX)),
        }
    }

    /// Year, month and day of month.
    pub fn to_civil(self) -> (u32, u32, u32) {
        let days = u64::from(self.0) + u64::from(EPOCH);
        let era = days / u64::from(DAYS_IN_400_YEARS);
        let day_of_era = days % u64::from(DAYS_IN_400_YEARS);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        (year as u32, month as u32, day as u32)
    }

    /// The day `days` later; `None` beyond [`Day::MAX`].
    pub fn plus(self, days: u32) -> Option<Self> {
        self.0.checked_add(days).filter(|n| *n <= Self::MAX.0).map(Self)
    }
}

/// Days in a month of the Gregorian calendar.
fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.to_civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = Refusal;

    /// Reads an ISO 8601 calendar date in extended form, `YYYY-MM-DD`, and nothing else.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split('-').collect();
        let number = |part: &str, digits: usize| {
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u32>().ok())
                .flatten()
        };
        if let [year, month, day] = parts.as_slice()
            && let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
        {
            return Self::from_civil(year, month, day);
        }
        Err(Refusal::new(&DATE_INVALID, format!("`{}` is not a date", text.escape_debug())).expected("YYYY-MM-DD"))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

impl Period {
    /// A period whose days are in range and in order.
    ///
    /// # Errors
    /// `period-invalid`.
    pub fn new(start: Day, end: Day) -> Result<Self, Refusal> {
        let period = Self { start, end };
        period.validate()?;
        Ok(period)
    }

    /// Checks order and range.
    ///
    /// # Errors
    /// `period-invalid`.
    pub fn validate(self) -> Result<(), Refusal> {
        if self.end > Day::MAX {
            return Err(Refusal::new(
                &PERIOD_INVALID,
                format!("day {} lies after {}", self.end.0, Day::MAX),
            ));
        }
        if self.end < self.start {
            return Err(Refusal::new(
                &PERIOD_INVALID,
                format!("the period ends {} before it starts {}", self.end, self.start),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("1970-12-31", 364),
            ("1972-02-29", 789),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2024-12-31", 20_088),
            ("2026-11-23", 20_780),
            ("2100-03-01", 47_541),
        ] {
            assert_eq!(text.parse::<Day>(), Ok(Day(day)), "{text}");
            assert_eq!(Day(day).to_string(), text);
        }
        for wrong in [
            "2023-02-29",
            "2100-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-04-31",
            "1969-12-31",
            "9999-01-01",
        ] {
            assert_eq!(
                wrong.parse::<Day>().map_err(|r| r.code()),
                Err("date-invalid"),
                "{wrong}"
            );
        }
        for wrong in [
            "",
            "2024-1-01",
            "24-01-01",
            "2024/01/01",
            "2024-01-01T00:00",
            "+024-01-01",
            "2024-01-0١",
        ] {
            assert_eq!(
                wrong.parse::<Day>().map_err(|r| r.code()),
                Err("date-invalid"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for n in 0..=Day::MAX.0 {
            assert_eq!(Day(n).to_civil(), (year, month, day));
            assert_eq!(Day::from_civil(year, month, day), Ok(Day(n)));
            day += 1;
            if day > days_in_month(year, month) {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
    }

    #[test]
    fn fiscal_month_is_exact_at_month_ends_and_five_days_around() {
        let mut months = 0;
        for year in 1970..=2200 {
            for month in 1..=12 {
                months += 1;
                let end = Day::from_civil(year, month, days_in_month(year, month)).unwrap();
                for moved in end.0.saturating_sub(5)..=end.0 + 5 {
                    let period = Period {
                        start: Day(0),
                        end: Day(moved),
                    };
                    assert_eq!(period.fiscal_month(), months, "{year}-{month:02}, day {moved}");
                }
            }
        }
    }

    #[test]
    fn years_have_length_class_twelve() {
        for year in 1970..2200 {
            let period = Period {
                start: Day::from_civil(year, 1, 1).unwrap(),
                end: Day::from_civil(year, 12, 31).unwrap(),
            };
            assert_eq!(period.length_class(), Some(12));
        }
        let backwards = Period {
            start: Day(5),
            end: Day(4),
        };
        assert_eq!(backwards.days(), None);
        assert_eq!(backwards.validate().map_err(|r| r.code()), Err("period-invalid"));
        assert_eq!(
            Period::new(Day(0), Day(1 << 20)).map_err(|r| r.code()),
            Err("period-invalid")
        );
    }
}
