//! Reports as text, with or without colours.

use anstyle::{AnsiColor, Style as Ansi};
use comfy_table::{CellAlignment, ContentArrangement, Table as Grid};
use covenant_policy::refusal::Refusal;

use super::{Block, Table};

/// Whether escape sequences may appear.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub colours: bool,
}

const HEADING: Ansi = Ansi::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));
const WARNING: Ansi = Ansi::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
const GOOD: Ansi = Ansi::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Ansi = Ansi::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const QUIET: Ansi = Ansi::new().dimmed();

impl Style {
    fn paint(self, ansi: Ansi, text: &str) -> String {
        if self.colours {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }
}

/// All blocks, one after the other, with an empty line before each heading but the first.
pub(super) fn text(blocks: &[Block], style: Style) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(text) => {
                if !out.is_empty() {
                    out.push('\n');
                }
                out.push_str(&style.paint(HEADING, text));
            }
            Block::Line(text) => out.push_str(text),
            Block::Warning(text) => out.push_str(&style.paint(WARNING, &format!("! {text}"))),
            Block::Good(text) => out.push_str(&style.paint(GOOD, &format!("✓ {text}"))),
            Block::Verbatim(text) => out.push_str(text.trim_end_matches('\n')),
            Block::Fields(fields) => out.push_str(&fields_text(fields, style)),
            Block::Table(table) => out.push_str(&table_text(table)),
        }
        out.push('\n');
    }
    out
}

fn fields_text(fields: &[(String, String)], style: Style) -> String {
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = fields.iter().map(|(name, value)| {
        let padding = " ".repeat(width - name.chars().count());
        let name = style.paint(QUIET, name);
        format!(
            "  {name}{padding}  {}",
            value.replace('\n', &format!("\n{}", " ".repeat(width + 4)))
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn table_text(table: &Table) -> String {
    let mut grid = Grid::new();
    // Only a rule under the headings: what is not there needs not be read.
    grid.load_preset("     ──            ")
        .set_content_arrangement(ContentArrangement::Dynamic);
    grid.set_header(&table.headings);
    grid.add_rows(&table.rows);
    for (index, numeric) in table.numeric.iter().enumerate() {
        if let Some(column) = grid.column_mut(index) {
            let last = index + 1 == table.numeric.len();
            column.set_padding((u16::from(index > 0), u16::from(!last)));
            if *numeric {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let lines = grid
        .lines()
        .map(|line| format!("  {}", line.trim()).trim_end().to_owned())
        .collect::<Vec<_>>();
    lines.join("\n")
}

/// A refusal: the code, what, where, expected, advice.
pub(super) fn refusal(refusal: &Refusal, style: Style) -> String {
    let mut out = format!(
        "{} {}\n",
        style.paint(BAD, &format!("refused [{}]", refusal.code())),
        refusal.what
    );
    let mut add = |name: &str, text: &str| {
        let name = style.paint(QUIET, &format!("{name:<9}"));
        out.push_str(&format!("  {name} {text}\n"));
    };
    if let Some(place) = &refusal.place {
        add("where", place);
    }
    if let Some(expected) = &refusal.expected {
        add("expected", expected);
    }
    add("advice", &refusal.advice_text());
    for other in refusal.others() {
        out.push('\n');
        out.push_str(&self::refusal(other, style));
    }
    out
}
