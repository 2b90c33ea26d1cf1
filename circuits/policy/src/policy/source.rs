//! Lines, columns and excerpts of a source text: where something is wrong, shown so that it cannot be misread.
//!
//! A line ends with a line feed, with or without a carriage return before it; a byte-order mark before the first line counts as
//! nothing. Columns count characters. Under an excerpt the carets stand where a terminal shows the characters: a tab goes to the
//! next multiple of four, a wide character takes two cells, a combining one none. What could move a terminal's cursor or turn
//! its text round (control characters, directional formatting) is shown as `�`.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use crate::catalogue as codes;
use crate::expression::Fault;
use crate::refusal::{Refusal, Spot};

/// Cells of a line that an excerpt shows.
const EXCERPT_CELLS: usize = 110;
/// Cells that a tab goes forward to a multiple of.
const TAB_CELLS: usize = 4;
/// Faults that one answer lists.
const FAULTS_MAX: usize = 40;
const MARK: char = '\u{feff}';

/// Whether a character would do something to the text around it instead of being shown.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_directional(c) || matches!(c, '\u{2028}' | '\u{2029}' | MARK)
}

/// Whether a character embeds, overrides or isolates a direction of writing, so that a text reads otherwise than it is.
pub fn is_directional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text in which unprintable characters but line ends are written as `\u{…}`.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_unprintable(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The source text in a file's bytes.
///
/// # Errors
/// `policy-not-text`, with the place of the first byte that is not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let readable = String::from_utf8_lossy(valid);
        let byte = bytes.get(valid.len()).copied().unwrap_or_default();
        let fault = Fault::new(
            &codes::POLICY_NOT_TEXT,
            format!("byte {}, 0x{byte:02x}, is not UTF-8", valid.len()),
            valid.len()..valid.len() + 1,
        );
        locate(&readable, fault)
    })
}

fn boundary(source: &str, index: usize) -> usize {
    (0..=index.min(source.len()))
        .rev()
        .find(|i| source.is_char_boundary(*i))
        .unwrap_or_default()
}

/// The line (from 1) in which a byte stands, the byte where it starts, and the line without its end.
fn line_of(source: &str, index: usize) -> (usize, usize, &str) {
    let before = source.get(..index).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let start = if start == 0 && source.starts_with(MARK) {
        MARK.len_utf8()
    } else {
        start
    };
    let line = source.get(start..).unwrap_or_default().split('\n').next();
    let line = line.unwrap_or_default();
    let number = before.bytes().filter(|b| *b == b'\n').count() + 1;
    (number, start, line.strip_suffix('\r').unwrap_or(line))
}

/// Lines and columns of some bytes.
pub fn spot(source: &str, span: &Range<usize>) -> Spot {
    let start = boundary(source, span.start);
    let end = boundary(source, span.end.max(start));
    let at = |index: usize| {
        let (line, line_start, text) = line_of(source, index);
        let inside = index.saturating_sub(line_start).min(text.len());
        (line, text.get(..inside).map_or(0, |s| s.chars().count()) + 1)
    };
    let ((line, column), (end_line, end_column)) = (at(start), at(end));
    Spot {
        line,
        column,
        end_line,
        end_column,
    }
}

/// The cells that a character takes at some column of cells, and what is shown there.
fn shown(c: char, cell: usize) -> (String, usize) {
    match c {
        '\t' => {
            let cells = TAB_CELLS - cell % TAB_CELLS;
            (" ".repeat(cells), cells)
        }
        c if is_unprintable(c) => ('\u{fffd}'.to_string(), 1),
        c => (c.to_string(), c.width().unwrap_or_default()),
    }
}

/// A line as it is shown, with the cells from and to which it is marked.
fn excerpt(line: &str, marked: &Range<usize>) -> (String, Range<usize>) {
    let (mut cells, mut from, mut to) = (Vec::new(), None, None);
    let mut width = 0;
    for (i, c) in line.char_indices() {
        if i >= marked.start && from.is_none() {
            from = Some(width);
        }
        if i >= marked.end && to.is_none() {
            to = Some(width);
        }
        let (text, taken) = shown(c, width);
        cells.push((text, width));
        width += taken;
    }
    let from = from.unwrap_or(width);
    let to = to.unwrap_or(width).max(from + 1);
    // Of a long line a window: from a quarter of it before the mark.
    let first = if width <= EXCERPT_CELLS {
        0
    } else {
        from.saturating_sub(EXCERPT_CELLS / 4)
    };
    let last = first + EXCERPT_CELLS;
    let start = cells.iter().map(|(_, at)| *at).find(|at| *at >= first).unwrap_or(width);
    let mut out = String::from(if start > 0 { "…" } else { "" });
    let shift = usize::from(start > 0);
    out.extend(
        cells
            .iter()
            .filter(|(_, at)| (start..last).contains(at))
            .map(|(text, _)| text.as_str()),
    );
    if width > last {
        out.push('…');
    }
    let inside = |cell: usize| cell.clamp(start, last.max(start + 1)) - start + shift;
    (
        out.trim_end().to_owned(),
        inside(from)..inside(to).max(inside(from) + 1),
    )
}

/// The place of some bytes as `line 3, column 5`, with the line and carets below it.
pub fn place(source: &str, span: &Range<usize>) -> String {
    let spot = spot(source, span);
    let start = boundary(source, span.start);
    let (number, line_start, line) = line_of(source, start);
    let inside = |index: usize| index.saturating_sub(line_start).min(line.len());
    let (shown, marks) = excerpt(line, &(inside(start)..inside(boundary(source, span.end.max(start)))));
    let gutter = " ".repeat(number.to_string().len());
    let carets = "^".repeat(marks.end - marks.start);
    let pad = " ".repeat(marks.start);
    let mut text = format!(
        "line {number}, column {}\n    {number} | {shown}\n    {gutter} | {pad}{carets}",
        spot.column
    );
    if spot.end_line > number {
        text += &format!(" … to line {}", spot.end_line);
    }
    text
}

/// The refusal of a fault, with its place in the source. Nothing from the source reaches a terminal as it is.
pub fn locate(source: &str, fault: Fault) -> Refusal {
    let Fault { mut refusal, span, .. } = fault;
    let place = place(source, &span);
    let place = match (&refusal.place, place.split_once('\n')) {
        (Some(inner), Some((line, rest))) => format!("{line} ({})\n{rest}", printable(inner)),
        _ => place,
    };
    refusal.what = printable(&refusal.what);
    refusal.expected = refusal.expected.map(|text| printable(&text));
    refusal.advice = refusal.advice.map(|text| printable(&text));
    refusal.at(place).in_text(spot(source, &span))
}

/// What is wrong with a source, collected as it is read and compiled: one fault does not hide the next.
#[derive(Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Keeps a fault, unless it follows from one that is reported already.
    pub fn add(&mut self, fault: Fault) {
        let table_is_full = |other: &Fault| {
            fault.refusal.code() == codes::POLICY_TOO_LARGE.code && other.refusal.what == fault.refusal.what
        };
        if !fault.follows && !self.list.iter().any(table_is_full) && self.list.len() < FAULTS_MAX {
            self.list.push(fault);
        }
    }

    /// The value, or none and the fault kept.
    pub fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.add(fault)).ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The first fault that was kept.
    pub fn first(self) -> Option<Fault> {
        self.list.into_iter().next()
    }

    /// One refusal that lists them all in the order of the source; none where nothing is wrong.
    pub fn into_refusal(mut self, source: &str) -> Option<Refusal> {
        self.list.sort_by_key(|fault| (fault.span.start, fault.span.end));
        let mut refusals = self.list.into_iter().map(|fault| locate(source, fault));
        let first = refusals.next()?;
        Some(first.and(refusals))
    }
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

    /// The place of the first `x` of a text.
    fn of_x(source: &str) -> String {
        let at = source.find('x').unwrap();
        place(source, &(at..at + 1))
    }

    #[test]
    fn tabs_wide_characters_marks_and_line_ends_are_counted_as_editors_do() {
        assert_eq!(
            of_x("a\r\n\tb\tx\r\n"),
            "line 2, column 4\n    2 |     b   x\n      |         ^"
        );
        assert_eq!(
            of_x("\u{feff}a 銀行 x"),
            "line 1, column 6\n    1 | a 銀行 x\n      |        ^"
        );
        assert_eq!(
            of_x("e\u{301} \u{1b}[2J\u{202e}x"),
            "line 1, column 9\n    1 | e\u{301} \u{fffd}[2J\u{fffd}x\n      |        ^"
        );
        let spanning = place("a = \"\"\"\nb\nc\"\"\"", &(4..14));
        assert_eq!(
            spanning,
            "line 1, column 5\n    1 | a = \"\"\"\n      |     ^^^ … to line 3"
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_mark() {
        let source = format!("{}x{}", "a".repeat(1_000), "b".repeat(1_000));
        let shown = of_x(&source);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "line 1, column 1001");
        assert!(lines[1].starts_with("    1 | …aaa") && lines[1].ends_with("bbb…"));
        assert_eq!(
            lines[1].chars().position(|c| c == 'x'),
            lines[2].chars().position(|c| c == '^')
        );
    }

    #[test]
    fn nothing_reaches_a_terminal_as_it_is() {
        let fault = Fault::new(&codes::POLICY_BAD_VALUE, "`\u{1b}[31m` and `\u{2067}`", 0..1);
        let text = locate("\u{7}", fault).to_string();
        assert!(text.chars().all(|c| c == '\n' || !is_unprintable(c)), "{text:?}");
        assert!(text.contains("\\u{1b}[31m"));
    }

    #[test]
    fn bytes_that_are_no_text_are_placed() {
        let refusal = text(b"a = 1\nb = \"\xff\"").unwrap_err();
        assert_eq!(
            refusal.to_string().lines().take(4).collect::<Vec<_>>(),
            [
                "[policy-not-text] byte 11, 0xff, is not UTF-8",
                "  where     line 2, column 6",
                "    2 | b = \"",
                "      |      ^"
            ]
        );
    }
}
