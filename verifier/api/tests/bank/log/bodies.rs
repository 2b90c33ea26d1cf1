//! A record has one spelling: no byte of a body can be changed without the body being refused or saying something else.

use covenant_api::log::Record;

use super::story::*;

#[test]
fn no_changed_byte_gives_the_same_record() {
    for record in &story().records {
        let body = record.to_bytes().unwrap();
        assert_eq!(&Record::from_bytes(&body).unwrap(), record);
        for place in 0..body.len() {
            for mask in [0x01, 0x20, 0x80] {
                let mut changed = body.clone();
                changed[place] ^= mask;
                if let Ok(other) = Record::from_bytes(&changed) {
                    assert_ne!(&other, record, "{}: byte {place}", record.kind());
                }
            }
        }
        for length in [0, 1, body.len() / 2, body.len() - 1] {
            assert_eq!(Record::from_bytes(&body[..length]).unwrap_err().code(), "not-canonical");
        }
    }
}

#[test]
fn other_spellings_are_refused() {
    let code = |text: &str| Record::from_bytes(text.as_bytes()).map(|_| ()).unwrap_err().code();
    for record in &story().records {
        let body = String::from_utf8(record.to_bytes().unwrap()).unwrap();
        let kind = record.kind();
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        let spellings = [
            format!("{body}\n"),
            format!(" {body}"),
            serde_json::to_string_pretty(record).unwrap(),
            body.replacen("{\"record\"", "{\"extra\":1,\"record\"", 1),
            body.replacen("\"type\"", "\"extra\":1,\"type\"", 1),
            body.replacen("{\"record\"", "{\"record\":\"policy\",\"record\"", 1),
            body.replacen("\"version\":1", "\"version\":1.0", 1),
            body.replacen("\"record\"", "\"\\u0072ecord\"", 1),
            // serde_json's own order of keys is the alphabet's.
            serde_json::to_string(&value).unwrap(),
            body.replacen(&format!("\"{kind}\""), "\"something-else\"", 1),
        ];
        // An enrolment travels without an envelope, so that two of these change nothing in it.
        let changed: Vec<String> = spellings.into_iter().filter(|spelling| *spelling != body).collect();
        assert!(
            changed.len() >= if kind == "enrolment" { 8 } else { 10 },
            "{kind}: {}",
            changed.len()
        );
        for spelling in changed {
            assert_eq!(code(&spelling), "not-canonical", "{kind}: {spelling}");
        }
    }
    assert_eq!(code(""), "not-canonical");
    assert_eq!(code(&"[".repeat(100_000)), "not-canonical");
}

#[test]
fn a_document_of_another_type_does_not_pass_for_one() {
    let story = story();
    let body = String::from_utf8(story.honest(GRANT_ENTRY).to_bytes().unwrap()).unwrap();
    let renamed = body.replacen("\"type\":\"attestor-grant\"", "\"type\":\"attestor-revocation\"", 1);
    let record = Record::from_bytes(renamed.as_bytes()).unwrap();
    assert_eq!(story.before(GRANT_ENTRY).refused(&record), "wrong-document-type");
    let newer = body.replacen("\"version\":1", "\"version\":2", 1);
    let record = Record::from_bytes(newer.as_bytes()).unwrap();
    assert_eq!(story.before(GRANT_ENTRY).refused(&record), "unsupported-version");
}
