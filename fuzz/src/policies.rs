//! The policy language: source, expressions, canonical bytes.

use covenant_policy::{analysis, canonical as bytes_of, compile, expression as language, format, render};

/// Longest source that is studied: what a study takes grows faster than the source.
const STUDIED_BYTES: usize = 4096;

/// A policy's source: compiled, encoded, decoded and rendered.
pub fn policy(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes);
    match compile(&source) {
        Ok(compiled) => {
            assert_eq!(compiled.program.validate(), Ok(()));
            assert_eq!(
                bytes_of::encode(&compiled.program, &compiled.texts, &compiled.further),
                compiled.canonical_bytes
            );
            let decoded = bytes_of::decode(&compiled.canonical_bytes);
            assert_eq!(
                decoded.as_ref().map(|(p, t, f)| (p, t, f)),
                Ok((&compiled.program, &compiled.texts, &compiled.further))
            );
            let rendered = render::render(&compiled.canonical_bytes);
            assert_eq!(
                rendered,
                Ok(render::render_decoded(
                    &compiled.program,
                    &compiled.texts,
                    &compiled.further
                ))
            );
        }
        Err(refusal) => assert!(!refusal.what.is_empty() && !refusal.advice_text().is_empty()),
    }
}

/// What an author is told of a source, the same each time; and its layout, which keeps what the source means.
pub fn lint(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes.get(..STUDIED_BYTES).unwrap_or(bytes));
    let lint = analysis::lint(&source);
    let said = |w: &covenant_policy::compiler::Warning| (w.entry.code, w.text.clone(), w.spot);
    let again = analysis::lint(&source);
    assert!(lint.warnings.iter().map(said).eq(again.warnings.iter().map(said)));
    match (&lint.result, &again.result) {
        (Ok(compiled), Ok(other)) => assert_eq!(compiled.canonical_bytes, other.canonical_bytes),
        (Err(refusal), Err(other)) => {
            assert_eq!(refusal, other);
            assert!(!refusal.what.is_empty() && !refusal.advice_text().is_empty());
        }
        _ => panic!("two studies of one source differ"),
    }
    if let Ok(formatted) = format::format(&source) {
        assert_eq!(format::format(&formatted).as_ref(), Ok(&formatted));
        if let Ok(compiled) = &lint.result {
            let same = compile(&formatted).map(|c| c.canonical_bytes);
            assert_eq!(same.as_ref(), Ok(&compiled.canonical_bytes));
        }
    }
}

/// Bytes that claim to be a policy: what is accepted is the one encoding of what it says.
pub fn canonical(bytes: &[u8]) {
    if let Ok((program, texts, further)) = bytes_of::decode(bytes) {
        assert_eq!(bytes_of::encode(&program, &texts, &further), bytes);
        assert!(render::render(bytes).is_ok());
    }
}

/// A rule or a bare expression; a fault lies inside the text.
pub fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let faults = [language::parse(&text).err(), language::parse_expression(&text).err()];
    for fault in faults.into_iter().flatten() {
        assert!(
            fault.span.end <= text.len() && text.get(fault.span.clone()).is_some(),
            "{:?}",
            fault.span
        );
        assert!(!fault.refusal.what.is_empty());
    }
}
