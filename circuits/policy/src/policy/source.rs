//! Lines, columns and excerpts of a source text.

use std::ops::Range;

use crate::expression::Fault;
use crate::refusal::Refusal;

/// Characters of a line that an excerpt shows.
const EXCERPT_CHARS: usize = 160;

/// The place of some bytes as `line 3, column 5`, with the line and carets below it.
pub fn place(source: &str, span: &Range<usize>) -> String {
    let mut start = span.start.min(source.len());
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let before = source.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line_number = before.matches('\n').count() + 1;
    let line = source
        .get(line_start..)
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default();
    let column = source.get(line_start..start).map_or(0, |s| s.chars().count());
    let in_line = span.end.min(line_start + line.len());
    let marked = (start..in_line).filter(|i| source.is_char_boundary(*i)).count().max(1);
    let shown: String = line
        .chars()
        .take(EXCERPT_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let gutter = " ".repeat(line_number.to_string().len());
    let carets = "^".repeat(marked.min(EXCERPT_CHARS));
    let pad = " ".repeat(column.min(EXCERPT_CHARS));
    format!(
        "line {line_number}, column {}\n    {line_number} | {shown}\n    {gutter} | {pad}{carets}",
        column + 1
    )
}

/// The refusal of a fault, with its place in the source.
pub fn locate(source: &str, fault: Fault) -> Refusal {
    let place = match &fault.refusal.place {
        Some(inner) => format!("{inner}, {}", place(source, &fault.span)),
        None => place(source, &fault.span),
    };
    fault.refusal.at(place)
}

/// The bytes of the source where a part of a string value stands: exact where the string was written without escapes, the
/// whole string otherwise.
pub fn within(source: &str, string: &Range<usize>, value: &str, part: &Range<usize>) -> Range<usize> {
    let raw = source.get(string.clone()).unwrap_or_default();
    match raw.find(value) {
        Some(offset) if !value.is_empty() && raw.len() - value.len() <= 7 => {
            string.start + offset + part.start..string.start + offset + part.end
        }
        _ => string.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_what_is_meant() {
        let source = "a = 1\nb = \"x é y\"\n";
        let at = source.find('y').unwrap();
        assert_eq!(
            place(source, &(at..at + 1)),
            "line 2, column 10\n    2 | b = \"x é y\"\n      |          ^"
        );
        assert_eq!(place(source, &(999..1000)).lines().next(), Some("line 3, column 1"));
        assert_eq!(place("", &(0..0)), "line 1, column 1\n    1 | \n      | ^");
        assert_eq!(within(source, &(10..18), "x é y", &(0..1)), 11..12);
        assert_eq!(within("\"a\\u0041\"", &(0..9), "aA", &(0..1)), 0..9);
    }
}
