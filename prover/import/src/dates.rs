//! Dates as the formats write them (YYYYMMDD), and whole months around them.

use covenant_policy::statement::Day;

/// The day of eight digits `YYYYMMDD`; `None` where they are not a date from 1970 on.
pub fn compact(text: &str) -> Option<Day> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Day::from_civil(
        text[..4].parse().ok()?,
        text[4..6].parse().ok()?,
        text[6..].parse().ok()?,
    )
    .ok()
}

/// Eight digits, `YYYYMMDD`.
pub fn digits(day: Day) -> String {
    day.to_string().replace('-', "")
}

/// The first day of the month.
pub fn month_start(of: Day) -> Day {
    let (year, month, _) = of.to_civil();
    Day::from_civil(year, month, 1).unwrap_or(of)
}

/// The last day of the month.
pub fn month_end(of: Day) -> Day {
    let (year, month, _) = of.to_civil();
    (28..=31)
        .rev()
        .find_map(|d| Day::from_civil(year, month, d).ok())
        .unwrap_or(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!(compact("19700101"), Some(Day(0)));
        assert_eq!(
            compact("20220831").map(|d| d.to_string()).as_deref(),
            Some("2022-08-31")
        );
        assert_eq!(compact("20240229").map(digits).as_deref(), Some("20240229"));
        for bad in [
            "20230229",
            "2022083",
            "202208311",
            "2022-8-1",
            "20221301",
            "20220800",
            "19691231",
            "99991231",
            "",
        ] {
            assert_eq!(compact(bad), None, "{bad}");
        }
    }

    #[test]
    fn months_have_their_own_lengths() {
        let d = compact("20240210").unwrap();
        assert_eq!(
            (digits(month_start(d)), digits(month_end(d))),
            ("20240201".to_owned(), "20240229".to_owned())
        );
        let d = compact("20211231").unwrap();
        assert_eq!(
            (digits(month_start(d)), digits(month_end(d))),
            ("20211201".to_owned(), "20211231".to_owned())
        );
    }
}
