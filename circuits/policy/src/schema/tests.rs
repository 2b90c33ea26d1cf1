use std::collections::BTreeSet;

use super::*;

#[test]
fn names_aliases_and_signs_are_consistent() {
    for s in SCHEMAS {
        let mut seen = BTreeSet::new();
        for (j, f) in s.figures.iter().enumerate() {
            assert_eq!(s.index_of(f.name), Some(j));
            assert_eq!(f.sign == Sign::Signed, j >= SIGNED_FROM, "{}", f.name);
            for name in f.aliases.iter().chain([&f.name]) {
                assert!(seen.insert(*name), "{name} twice");
                assert!(
                    name.chars()
                        .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
                );
            }
            assert!(f.definition.ends_with('.'), "{}", f.name);
        }
        assert!(s.name.starts_with(&format!("{}/v", s.family)));
        assert_eq!(s.index_of("nothing"), None);
        assert_eq!(Schema::named(s.name), Ok(*s));
    }
    assert_eq!(ENTERPRISE_FINANCIALS.figures[31].unit, Unit::Count);
    assert_eq!(Schema::named("x/v1").map_err(|r| r.code()), Err("schema-unknown"));
}

#[test]
fn identities_say_what_their_text_says() {
    let s = &ENTERPRISE_FINANCIALS;
    for identity in s.identities {
        let (left, right) = identity.text.split_once(" = ").unwrap();
        let mut expected: Vec<(usize, i8)> = vec![(s.index_of(left).unwrap(), 1)];
        expected.extend(right.split(" + ").map(|n| (s.index_of(n).unwrap(), -1)));
        assert_eq!(identity.terms, expected.as_slice());
    }
}

#[test]
fn series_are_twelve_figures_of_one_sign_and_unit() {
    let s = &MONTHLY_SERIES;
    for series in s.series {
        for month in 1..=MONTHS {
            let figure = &s.figures[series.first + month - 1];
            assert_eq!(figure.name, format!("{}_{month}", series.name));
            assert_eq!(figure.label, format!("{} of month {month}", series.label));
            let first = &s.figures[series.first];
            assert_eq!((figure.sign, figure.unit), (first.sign, first.unit));
            let aliases: Vec<String> = series.aliases.iter().map(|a| format!("{a}_{month}")).collect();
            assert_eq!(figure.aliases, aliases.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

#[test]
fn packed_identities_cannot_make_up_for_each_other() {
    let packed = ENTERPRISE_FINANCIALS.identity_coefficients();
    let eval = |x: &[i64; FIGURES]| packed.iter().zip(x).map(|(c, x)| c * x).sum::<BigInt>();
    let mut x = [0i64; FIGURES];
    (x[0], x[1], x[5], x[6], x[7], x[8], x[20], x[26]) = (700, 300, 1000, 400, 100, 500, 499, 1);
    assert_eq!(eval(&x), BigInt::ZERO);
    for j in ENTERPRISE_FINANCIALS.always.iter().chain([&ROUNDING_FIGURE]) {
        for d in [1, -1, i64::MAX - 2000] {
            let mut y = x;
            y[*j] += d;
            assert_ne!(eval(&y), BigInt::ZERO, "figure {j} moved by {d}");
        }
    }
    // The greatest value of one identity stays below half a shift.
    assert!(BigInt::from(4) * BigInt::from(i64::MAX) < BigInt::from(1) << (IDENTITY_SHIFT as usize - 2));
}

/// The circuit bounds coefficient × figure at the rounding figure's place: with another coefficient than 1 or −1 the bound would
/// be on something else than the figure.
#[test]
fn the_rounding_figure_stands_in_the_first_identity_alone() {
    for s in SCHEMAS {
        let coefficient = &s.identity_coefficients()[ROUNDING_FIGURE];
        match s.rounding_figure() {
            Some(_) => assert_eq!(coefficient.magnitude(), &1u8.into(), "{}", s.name),
            None => assert_eq!(coefficient, &BigInt::ZERO, "{}", s.name),
        }
        for identity in s.identities {
            assert!(identity.terms.len() <= 4, "{}", identity.name);
        }
    }
    let bound = (1 << ROUNDING_BITS) - 1;
    assert_eq!(ENTERPRISE_FINANCIALS.range(ROUNDING_FIGURE), (-bound, bound));
    assert_eq!(MONTHLY_SERIES.range(ROUNDING_FIGURE), (-i64::MAX, i64::MAX));
}

#[test]
fn canonical_texts_are_pinned() {
    let text = ENTERPRISE_FINANCIALS.canonical_text();
    assert!(
        text.starts_with(
            "schema enterprise-financials/v1\nrounding-bits 20\nfigure 0 current_assets non-negative money "
        )
    );
    assert_eq!(text.lines().count(), 2 + FIGURES + 3);
    assert!(text.contains("figure 31 headcount signed count "));
    let text = MONTHLY_SERIES.canonical_text();
    assert!(text.starts_with("schema monthly-series/v1\nfigure 0 invoiced_1 non-negative money "));
    assert_eq!(text.lines().count(), 1 + FIGURES);
    assert!(text.contains("figure 31 cash_flow_12 signed money "));
}
