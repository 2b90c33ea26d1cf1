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

/// The day of `YYYY-MM-DD` or `YYYY/MM/DD`: with the year first no other day can be meant. `None` for anything else.
pub fn dashed(text: &str) -> Option<Day> {
    let bytes = text.as_bytes();
    let separator = *bytes.get(4)?;
    if bytes.len() != 10 || !matches!(separator, b'-' | b'/') || bytes.get(7) != Some(&separator) {
        return None;
    }
    compact(&format!("{}{}{}", text.get(..4)?, text.get(5..7)?, text.get(8..)?))
}

/// The month, counted from January of the year 0.
pub fn month(of: Day) -> u32 {
    let (year, month, _) = of.to_civil();
    year * 12 + month - 1
}

/// `YYYY-MM` of a month as [`month`] counts it.
pub fn month_name(month: u32) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
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
    fn years_come_first_or_not_at_all() {
        assert_eq!(dashed("2024-02-29"), compact("20240229"));
        assert_eq!(dashed("2024/02/29"), compact("20240229"));
        for bad in [
            "29-02-2024",
            "2024-02/29",
            "2024-2-29",
            "20240229",
            "2024-02-30",
            "2024-02-2é",
        ] {
            assert_eq!(dashed(bad), None, "{bad}");
        }
        let day = compact("20240229").unwrap();
        assert_eq!(month_name(month(day)), "2024-02");
        assert_eq!(month(Day(day.0 + 1)), month(day) + 1);
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
