//! One layout for a policy's source: comments, order and values stay, white space becomes the same for everybody.
//!
//! One empty line before a table's header, at most one elsewhere; one key a line; lists on one line where they fit, else one item a
//! line; one space before a comment that follows something. Keys with dots and inline tables with comments are left as they are.
//! Formatting what is formatted changes nothing, and never what a policy means: the values of the result are compared with those of
//! the source before it is returned.

use toml::de::{DeTable, DeValue};
use toml_edit::{Array, Decor, DocumentMut, Item, KeyMut, RawString, Table, Value};

use crate::catalogue as codes;
use crate::expression::Fault;
use crate::policy::SOURCE_BYTES_MAX;
use crate::policy::source::locate;
use crate::refusal::Refusal;

/// Characters of a line beyond which a list is broken.
const LINE_CHARS: usize = 110;
const INDENT: &str = "    ";

/// Formats a source.
///
/// # Errors
/// `policy-syntax` where it is no TOML, `policy-too-long` where it is too long for a policy.
pub fn format(source: &str) -> Result<String, Refusal> {
    if source.len() > SOURCE_BYTES_MAX {
        let fault = Fault::new(&codes::POLICY_TOO_LONG, format!("{} bytes", source.len()), 0..0);
        return Err(locate(
            source,
            fault.expected(format!("at most {SOURCE_BYTES_MAX} bytes")),
        ));
    }
    let (_, errors) = DeTable::parse_recoverable(source);
    if let Some(error) = errors.first() {
        let fault = Fault::new(
            &codes::POLICY_SYNTAX,
            error.message().trim(),
            error.span().unwrap_or(0..0),
        );
        return Err(locate(source, fault));
    }
    let plain = source.strip_prefix('\u{feff}').unwrap_or(source).replace("\r\n", "\n");
    let unreadable = |what: String| Refusal::new(&codes::POLICY_SYNTAX, what);
    let mut document: DocumentMut = plain
        .parse()
        .map_err(|error: toml_edit::TomlError| unreadable(error.message().to_owned()))?;
    let mut layout = Layout { anything: false };
    let trailing = text(document.trailing()).to_owned();
    layout.table(document.as_table_mut());
    document.set_trailing(comments(&trailing, false));
    let out = format!("{}\n", document.to_string().trim());
    if values(&out) == values(&plain) {
        Ok(out)
    } else {
        Err(unreadable(
            "the source cannot be formatted without changing it".to_owned(),
        ))
    }
}

fn text(raw: &RawString) -> &str {
    raw.as_str().unwrap_or_default()
}

fn prefix(decor: &Decor) -> String {
    decor.prefix().map(text).unwrap_or_default().to_owned()
}

fn suffix(decor: &Decor) -> String {
    decor.suffix().map(text).unwrap_or_default().to_owned()
}

/// The comments in the white space before something, one a line; empty lines at most one at a time, and one first where it stands apart
/// from what is above.
fn comments(raw: &str, apart: bool) -> String {
    let mut lines: Vec<&str> = raw.split('\n').map(str::trim).collect();
    // What follows the last line end is the indentation of what comes next.
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.dedup_by(|line, above| line.is_empty() && above.is_empty());
    if apart && lines.first().is_none_or(|line| !line.is_empty()) {
        lines.insert(0, "");
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A comment behind something on its line.
fn behind(raw: &str) -> String {
    let comment = raw.trim();
    if comment.is_empty() {
        String::new()
    } else {
        format!(" {comment}")
    }
}

struct Layout {
    /// Whether something stands above.
    anything: bool,
}

impl Layout {
    fn table(&mut self, table: &mut Table) {
        for (key, item) in table.iter_mut() {
            if let Item::Value(value) = item {
                self.line(key, value);
            }
        }
        for (mut key, item) in table.iter_mut() {
            match item {
                Item::Table(inner) if !inner.is_dotted() => {
                    key.leaf_decor_mut().clear();
                    key.dotted_decor_mut().clear();
                    if !inner.is_implicit() {
                        self.header(inner.decor_mut());
                    }
                    self.table(inner);
                }
                Item::ArrayOfTables(tables) => {
                    key.leaf_decor_mut().clear();
                    key.dotted_decor_mut().clear();
                    for inner in tables.iter_mut() {
                        self.header(inner.decor_mut());
                        self.table(inner);
                    }
                }
                _ => {}
            }
        }
    }

    /// The comments above something, without empty lines where nothing is above them.
    fn above(&self, raw: &str, apart: bool) -> String {
        let above = comments(raw, apart && self.anything);
        if self.anything {
            above
        } else {
            above.trim_start_matches('\n').to_owned()
        }
    }

    fn header(&mut self, decor: &mut Decor) {
        let above = self.above(&prefix(decor), true);
        let after = behind(&suffix(decor));
        decor.set_prefix(above);
        decor.set_suffix(after);
        self.anything = true;
    }

    fn line(&mut self, mut key: KeyMut<'_>, value: &mut Value) {
        let above = self.above(&prefix(key.leaf_decor()), false);
        key.leaf_decor_mut().set_prefix(above);
        key.leaf_decor_mut().set_suffix(" ");
        let after = behind(&suffix(value.decor()));
        let taken = key.display_repr().chars().count() + 3 + after.chars().count();
        lay_out(value, taken);
        value.decor_mut().set_prefix(" ");
        value.decor_mut().set_suffix(after);
        self.anything = true;
    }
}

/// Lays out a value whose line has so many other characters.
fn lay_out(value: &mut Value, taken: usize) {
    match value {
        Value::Array(array) => lay_out_list(array, taken),
        Value::InlineTable(table) if !table.to_string().contains(['#', '\n']) => table.fmt(),
        _ => {}
    }
}

fn lay_out_list(array: &mut Array, taken: usize) {
    // The white space and comments before each item and before the end.
    let mut gaps: Vec<String> = Vec::new();
    let mut carried = String::new();
    for item in array.iter() {
        gaps.push(std::mem::take(&mut carried) + &prefix(item.decor()));
        carried = suffix(item.decor());
    }
    gaps.push(carried + text(array.trailing()));
    for item in array.iter_mut() {
        lay_out(item, INDENT.len() + 1);
        item.decor_mut().clear();
    }
    let width: usize = array
        .iter()
        .map(|item| item.to_string().trim().chars().count() + 2)
        .sum();
    let lines = array.iter().any(|item| item.to_string().contains('\n'));
    if !lines && gaps.iter().all(|gap| !gap.contains('#')) && taken + width <= LINE_CHARS {
        for (i, item) in array.iter_mut().enumerate() {
            item.decor_mut().set_prefix(if i == 0 { "" } else { " " });
            item.decor_mut().set_suffix("");
        }
        array.set_trailing("");
        array.set_trailing_comma(false);
        return;
    }
    for (item, gap) in array.iter_mut().zip(&gaps) {
        item.decor_mut().set_prefix(in_list(gap) + INDENT);
        item.decor_mut().set_suffix("");
    }
    let last = gaps.last().map(|gap| in_list(gap)).unwrap_or_default();
    array.set_trailing_comma(!array.is_empty());
    array.set_trailing(last);
}

/// The comments between two items of a list: the first stands behind the item before it where it did, the others have lines of their own.
fn in_list(gap: &str) -> String {
    let mut out = String::new();
    for (i, line) in gap.split('\n').map(str::trim).enumerate() {
        if line.is_empty() {
            continue;
        }
        if i == 0 {
            out.push(' ');
        } else {
            out.push('\n');
            out += INDENT;
        }
        out += line;
    }
    out.push('\n');
    out
}

/// The values of a source, without their places.
fn values(source: &str) -> Option<String> {
    let (table, errors) = DeTable::parse_recoverable(source);
    let mut out = String::new();
    write_table(table.get_ref(), &mut out);
    errors.is_empty().then_some(out)
}

fn write_table(table: &DeTable<'_>, out: &mut String) {
    out.push('{');
    for (key, value) in table.iter() {
        *out += &format!("{:?}=", key.get_ref());
        write_value(value.get_ref(), out);
    }
    out.push('}');
}

fn write_value(value: &DeValue<'_>, out: &mut String) {
    match value {
        DeValue::Table(table) => write_table(table, out),
        DeValue::Array(array) => {
            out.push('[');
            for item in array.iter() {
                write_value(item.get_ref(), out);
            }
            out.push(']');
        }
        DeValue::String(text) => *out += &format!("{text:?},"),
        DeValue::Integer(number) => *out += &format!("{}r{},", number.as_str(), number.radix()),
        DeValue::Float(number) => *out += &format!("{},", number.as_str()),
        DeValue::Boolean(b) => *out += &format!("{b},"),
        DeValue::Datetime(time) => *out += &format!("{time},"),
    }
}

#[cfg(test)]
mod tests;
