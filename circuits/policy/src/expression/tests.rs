use super::*;

fn number(text: &str) -> Option<String> {
    parse_decimal(text).map(|v| v.to_string())
}

#[test]
fn decimals_are_exact() {
    assert_eq!(number("1.2").as_deref(), Some("6/5"));
    assert_eq!(number("-0.717").as_deref(), Some("-717/1000"));
    assert_eq!(number("1_000_000").as_deref(), Some("1000000"));
    for wrong in [
        "", ".", "1.", ".5", "1__0", "_1", "1_", "1e3", "inf", "nan", "+1", "0x10", "1.2.3", "--1",
    ] {
        assert_eq!(number(wrong), None, "{wrong}");
    }
    assert_eq!(number(&"9".repeat(DIGITS_MAX + 1)), None);
}

#[test]
fn comparisons_read_with_precedence_and_spans() {
    let text = "a + b * -2 / prior.c >= 50_000.5 EUR";
    let Ok(Condition::Compare(left, Comparator::AtLeast, right)) = parse(text) else {
        panic!("{:?}", parse(text))
    };
    assert_eq!(&text[left.span.clone()], "a + b * -2 / prior.c");
    assert_eq!(&text[right.span.clone()], "50_000.5 EUR");
    let ExpressionKind::Binary(Operator::Add, _, product) = left.kind else {
        panic!("not a sum")
    };
    let ExpressionKind::Binary(Operator::Divide, _, divisor) = product.kind else {
        panic!("not a quotient")
    };
    assert_eq!(divisor.kind, ExpressionKind::Figure(Period::Prior, "c".into()));
    assert_eq!(&text[divisor.span], "prior.c");
    assert!(matches!(parse("a between 1 and 2"), Ok(Condition::Between(..))));
    assert!(matches!(
        parse("current_assets-inventory>0"),
        Ok(Condition::Compare(..))
    ));
}

#[test]
fn combinations_read_names_with_hyphens() {
    let Ok(Condition::Combination(Combination::Or(parts))) =
        parse("rule-a or not rule-b and at least 2 of (x, y-1, 90-days)")
    else {
        panic!("not a combination")
    };
    assert_eq!(parts.len(), 2);
    let Combination::And(both) = &parts[1] else {
        panic!("not a conjunction")
    };
    assert!(matches!(&both[1], Combination::AtLeast(2, names, _) if names.len() == 3));
}

#[test]
fn what_cannot_be_read_is_refused_where_it_stands() {
    for (text, at) in [
        ("", 0),
        ("a >=", 4),
        ("a >= 1.", 6),
        ("a >= 1e5", 5),
        ("a >= 0x1F", 5),
        ("a >= b >= c", 7),
        ("a >= b and c >= d", 7),
        ("a ^ 2 >= 1", 2),
        ("(a + b >= 1", 7),
        ("a >= b)", 6),
        ("a b >= 1", 2),
        ("prior revenue >= 1", 6),
        ("a between 1 or 2", 12),
        ("a or", 4),
        ("a and or b", 6),
        ("at least 3 of (a, b)", 0),
        ("at least 1.5 of (a, b)", 9),
        ("at least 0 of (a, b)", 0),
        ("a + b", 2),
        ("a >= €5", 5),
    ] {
        let Err(fault) = parse(text) else {
            panic!("{text} was read")
        };
        assert_eq!(
            (fault.refusal.code(), fault.span.start),
            ("policy-expression", at),
            "{text}: {}",
            fault.refusal
        );
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for text in [
        format!("{}a{} >= 1", "(".repeat(5000 / 8), ")".repeat(5000 / 8)),
        format!("{}a >= 1", "-".repeat(100)),
        format!("{}a", "not ".repeat(100)),
        format!("{}a{}", "(".repeat(100), ")".repeat(100)),
        format!("a >= {}", "1 + ".repeat(1000)),
    ] {
        assert_eq!(parse(&text).map_err(|f| f.refusal.code()), Err("policy-expression"));
    }
    let long: String = std::iter::repeat_n("a + ", 400).collect::<String>() + "a >= 1";
    assert!(matches!(parse(&long), Ok(Condition::Compare(..))));
}
