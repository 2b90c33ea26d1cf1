//! Small files of both countries, and what each change to them does.

use super::*;
use crate::books::Books;
use crate::figures::{Options, to_statement};
use crate::mapping::Mapping;
use crate::position::figure as f;
use crate::series::to_series;

mod documents;
mod norwegian;
mod portuguese;

/// The code and the place of a refusal.
fn refused(result: Result<Books, Refusal>) -> (&'static str, String) {
    let refusal = result.unwrap_err();
    assert!(!refusal.what.is_empty());
    (refusal.code(), refusal.place.unwrap_or_default())
}

/// The text with one piece replaced, which must be there once.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replacen(from, to, 1)
}

/// The line on which a piece first stands.
fn line_of(text: &str, piece: &str) -> usize {
    let at = text.find(piece).unwrap();
    text[..at].matches('\n').count() + 1
}
