use super::*;

const HEAD: &str = "type = \"covenant-account-mapping\"\nversion = 1\nchart = \"fr-pcg\"\n";

fn user(body: &str) -> Result<Mapping, Refusal> {
    Mapping::from_toml(&format!("{HEAD}{body}"), "m.toml")
}

fn name(mapping: &Mapping, account: &str, balance: i128) -> Option<&'static str> {
    mapping.rule(account).map(|r| r.position(balance).name)
}

#[test]
fn every_chart_is_valid_and_explains_what_it_does_not_cover() {
    for (chart, _, _) in CHARTS {
        let mapping = Mapping::chart(chart).unwrap();
        for index in 0..ENTERPRISE_FINANCIALS.figures.len() {
            let explained = mapping
                .uncovered
                .iter()
                .any(|u| u.figure == index && u.while_position.is_none());
            assert_ne!(
                explained,
                crate::position::is_fed(index),
                "{chart}, figure {index}: either fed or explained"
            );
        }
    }
    assert_eq!(Mapping::chart("de-skr03").unwrap_err().code(), "mapping-unknown-name");
}

#[test]
fn the_longest_prefix_wins_and_the_side_decides() {
    let m = Mapping::chart("fr-pcg").unwrap();
    assert_eq!(name(&m, "411000", 1), Some("trade-receivables"));
    assert_eq!(name(&m, "411000", -1), Some("customer-credit-balances"));
    assert_eq!(name(&m, "164111", -1), Some("borrowings-long"));
    assert_eq!(name(&m, "168840", -1), Some("borrowings-short"));
    assert_eq!(name(&m, "281530", -1), Some("tangible-assets"));
    assert_eq!(name(&m, "580000", 1), None);
    assert!(m.rule("411").unwrap().two_sided() && !m.rule("701").unwrap().two_sided());
    let m = Mapping::chart("se-bas").unwrap();
    assert_eq!(name(&m, "1510", 1), Some("trade-receivables"));
    assert_eq!(name(&m, "8910", 1), Some("income-tax"));
    assert_eq!(name(&m, "8999", 1), Some("result-transfer"));
    assert!(m.rule("2611").unwrap().net.is_some());
    assert_eq!(m.rule("2611").unwrap().net, m.rule("2650").unwrap().net);
}

#[test]
fn an_override_wins_over_any_chart_rule() {
    let m = user("[[account]]\naccounts = [\"4\"]\nposition = \"other-payables\"\n").unwrap();
    assert_eq!(name(&m, "411000", 1), Some("other-payables"));
    assert!(m.rule("411000").unwrap().overridden);
    assert_eq!(name(&m, "512000", 1), Some("cash"));
    let alone = "type = \"covenant-account-mapping\"\nversion = 1\nchart = \"none\"\n";
    assert_eq!(Mapping::from_toml(alone, "m").unwrap().rule("512"), None);
}

#[test]
fn mistakes_are_shown_with_their_line() {
    for (body, code, place) in [
        (
            "[[account]]\naccounts = [\"1\"]\npositon = \"cash\"\n",
            "mapping-invalid",
            "m.toml:6",
        ),
        ("colour = 1\n", "mapping-invalid", "m.toml:4"),
        ("[[account]\n", "mapping-invalid", "m.toml:4"),
        (
            "[[account]]\naccounts = [\"1\"]\nposition = \"gold\"\n",
            "mapping-unknown-name",
            "m.toml:6",
        ),
        (
            "[[not_covered]]\nfigure = \"gold\"\nreason = \"x\"\n",
            "mapping-unknown-name",
            "m.toml:5",
        ),
        ("[[account]]\naccounts = [\"1\"]\n", "mapping-invalid", "m.toml:5"),
        (
            "[[account]]\naccounts = [\"1\"]\ndebit = \"cash\"\n",
            "mapping-invalid",
            "m.toml:5",
        ),
        (
            "[[account]]\naccounts = [\"1\"]\ndebit = \"cash\"\ncredit = \"revenue\"\n",
            "mapping-invalid",
            "m.toml:6",
        ),
        (
            "[[account]]\naccounts = [\"1 2\"]\nposition = \"cash\"\n",
            "mapping-invalid",
            "m.toml:5",
        ),
        (
            "[[account]]\naccounts = [\"1\",\n\"1\"]\nposition = \"cash\"\n",
            "mapping-ambiguous",
            "m.toml:6",
        ),
        (
            "[[reclassify]]\nfrom = \"cash\"\nto = \"provisions\"\namount = \"1\"\nreason = \"x\"\n",
            "reclassification-invalid",
            "m.toml:5",
        ),
        (
            "[[reclassify]]\nfrom = \"borrowings-long\"\nto = \"borrowings-short\"\namount = \"-1\"\nreason = \"x\"\n",
            "reclassification-invalid",
            "m.toml:7",
        ),
    ] {
        let refusal = user(body).unwrap_err();
        assert_eq!(
            (refusal.code(), refusal.place.as_deref()),
            (code, Some(place)),
            "{body}"
        );
    }
    let wrong = Mapping::from_toml(&HEAD.replace("fr-pcg", "atlantis"), "m.toml").unwrap_err();
    assert_eq!(
        (wrong.code(), wrong.place.as_deref()),
        ("mapping-unknown-name", Some("m.toml:3"))
    );
    assert_eq!(
        Mapping::from_toml(&HEAD.replace("= 1", "= 2"), "m.toml")
            .unwrap_err()
            .code(),
        "mapping-invalid"
    );
}
