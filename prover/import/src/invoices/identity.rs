//! One spelling of numbers and identifiers, so that the same document is recognised however it was typed.

use unicode_normalization::UnicodeNormalization as _;

use super::PartyId;

/// The spelling by which numbers and identifiers are compared: Unicode NFKC (full-width digits and ligatures become plain ones), upper
/// case, without white space, control characters and soft hyphens; every dash is a hyphen. Punctuation and leading zeros stay, because
/// `1-12` is not `11-2` and `007` is not `7`.
pub fn canonical(text: &str) -> String {
    // Nothing of ASCII changes under NFKC, and almost every number is ASCII.
    if text.is_ascii() {
        let seen = text.bytes().filter(u8::is_ascii_graphic);
        return seen.map(|b| char::from(b.to_ascii_uppercase())).collect();
    }
    let unseen = |c: &char| {
        !c.is_whitespace()
            && !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    let dash = |c: char| {
        if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') {
            '-'
        } else {
            c
        }
    };
    text.nfkc()
        .filter(unseen)
        .map(dash)
        .flat_map(char::to_uppercase)
        .nfkc()
        .collect()
}

/// Whether an identifier is the one that a user names as `SCHEME:ID` or `ID`.
pub fn matches(id: &PartyId, named: &str) -> bool {
    let named = canonical(named);
    let scheme = id.scheme.as_deref().unwrap_or_default();
    named == id.id || named.strip_prefix(scheme).and_then(|rest| rest.strip_prefix(':')) == Some(id.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoices::IdSort;

    #[test]
    fn one_spelling() {
        for same in [
            "INV-2012/7",
            " inv-2012/7 ",
            "ｉｎｖ‐２０１２／７",
            "Inv – 2012 / 7",
            "inv\u{ad}-2012/7\u{200b}",
        ] {
            assert_eq!(canonical(same), "INV-2012/7", "{same:?}");
        }
        assert_eq!(canonical("straße"), "STRASSE");
        assert_eq!(canonical(" \t\u{a0}\u{3000}"), "");
        for (a, b) in [
            ("1-12", "11-2"),
            ("007", "7"),
            ("A1", "A-1"),
            ("061828591|0|1", "061828591|01"),
        ] {
            assert_ne!(canonical(a), canonical(b));
        }
        let twice = |t: &str| canonical(&canonical(t)) == canonical(t);
        assert!(["ﬁ ﬆ", "ǆ", "İı", "ΐ", "µ", "½ ℡"].into_iter().all(twice));
    }

    #[test]
    fn an_identifier_is_named_with_or_without_its_scheme() {
        let id = PartyId::new(IdSort::Endpoint, Some("0088"), "7300 0100 00001").unwrap();
        assert!(matches(&id, "0088:7300010000001") && matches(&id, "7300010000001"));
        assert!(
            !matches(&id, "0192:7300010000001") && !matches(&id, "7300010000002") && !matches(&id, "00887300010000001")
        );
        let plain = PartyId::new(IdSort::Tax, None, "gb1232434").unwrap();
        assert!(matches(&plain, "GB1232434") && !matches(&plain, "0088:GB1232434"));
        assert_eq!(PartyId::new(IdSort::Tax, Some(" "), " "), None);
    }
}
