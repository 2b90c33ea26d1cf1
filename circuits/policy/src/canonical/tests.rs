use proptest::prelude::*;

use super::*;
use crate::compiler::{Compiled, compile};
use crate::testing::{HEAD, PRIOR, source};

fn samples() -> Vec<Compiled> {
    let keys = HEAD.replace(
        "attestors = \"registry\"",
        &format!(
            "scope = \"nordic-banks\"\nattestors = [{{ key = \"{}\", name = \"Example Audit\" }}, \"{}\"]",
            "0a".repeat(32),
            "Fb".repeat(32)
        ),
    );
    let rest = source(
        PRIOR,
        &[
            ("a", "cash * prior.revenue >= prior.cash * revenue"),
            ("b", "net_income > 0"),
            ("c", "a or b"),
        ],
    );
    let listed = format!("{keys}{}", rest.strip_prefix(HEAD).unwrap_or_default());
    [
        crate::testing::WORKING_CAPITAL,
        crate::testing::SCORECARD,
        crate::testing::GRID,
        crate::testing::SCREEN,
        crate::testing::GROWTH,
        &listed,
    ]
    .into_iter()
    .map(|text| compile(text).unwrap_or_else(|r| panic!("{r}")))
    .collect()
}

#[test]
fn what_is_encoded_is_decoded() {
    for compiled in samples() {
        let decoded = decode(&compiled.canonical_bytes).unwrap();
        let expected = (
            compiled.program.clone(),
            compiled.texts.clone(),
            compiled.further.clone(),
        );
        assert_eq!(decoded, expected);
        let again = compile_again(&compiled);
        assert_eq!(again, compiled.canonical_bytes, "the same policy gives the same bytes");
    }
    let listed = samples().pop().unwrap();
    assert_eq!(listed.program.attestors, [[0x0a; 32], [0xfb; 32]]);
    assert_eq!(listed.texts.attestor_names, ["Example Audit", ""]);
    assert_eq!(listed.texts.scope, Scope::Consortium("nordic-banks".into()));
}

fn compile_again(compiled: &Compiled) -> Vec<u8> {
    encode(&compiled.program, &compiled.texts, &compiled.further)
}

#[test]
fn nothing_may_be_missing_or_follow() {
    for compiled in samples() {
        let bytes = &compiled.canonical_bytes;
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "{end} of {} bytes decode", bytes.len());
        }
        assert_eq!(
            decode(&[bytes.as_slice(), &[0]].concat()).map_err(|r| r.code()),
            Err("policy-bytes-invalid")
        );
    }
}

#[test]
fn every_changed_byte_is_refused_or_means_something_else() {
    for compiled in samples() {
        let mut bytes = compiled.canonical_bytes.clone();
        for i in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                bytes[i] ^= flip;
                if let Ok((program, texts, further)) = decode(&bytes) {
                    assert_ne!(
                        (&program, &texts, &further),
                        (&compiled.program, &compiled.texts, &compiled.further),
                        "byte {i} carries nothing"
                    );
                    assert_eq!(encode(&program, &texts, &further), bytes);
                }
                bytes[i] ^= flip;
            }
        }
    }
}

#[test]
fn words_that_do_not_fit_the_rows_are_refused() {
    let scorecard = &samples()[1];
    let changed = |change: fn(&mut Texts)| {
        let mut texts = scorecard.texts.clone();
        change(&mut texts);
        decode(&encode(&scorecard.program, &texts, &scorecard.further))
            .map(|_| ())
            .map_err(|r| r.what)
    };
    let with_guard = scorecard.texts.rules.iter().position(|r| !r.guards.is_empty()).unwrap();
    assert_eq!(with_guard, 15);
    let refusals = [
        changed(|t| t.rules[15].together = Some(0)),
        changed(|t| t.rules[15].guards = vec![]),
        changed(|t| t.rules[15].tests = vec![23]),
        changed(|t| t.rules[15].tests = vec![200]),
        changed(|t| t.rules[15].tests = vec![]),
        changed(|t| t.rules[1].name = t.rules[0].name.clone()),
        changed(|t| t.required_weight = 7),
        changed(|t| t.margins_bps = vec![1]),
        changed(|t| t.worst = Some(("x".into(), 1))),
        changed(|t| t.attestor_names = vec!["x".into()]),
        changed(|t| t.title = "\u{1b}[2J".into()),
    ];
    for (i, refusal) in refusals.iter().enumerate() {
        assert!(refusal.is_err(), "change {i} is accepted");
    }
    assert_eq!(changed(|_| ()), Ok(()));
}

proptest! {
    #[test]
    fn noise_never_decodes(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend(&noise);
        prop_assert!(decode(&noise).is_err());
        prop_assert!(decode(&bytes).is_err());
    }
}
