//! A pricing grid over a bank's records: late accounts, and accounts that were found wrong.

use std::fs;

use covenant_api::documents::*;
use covenant_api::sign::Verified;
use covenant_api::types::*;
use covenant_gadgets::field::field_from_u64;
use serde_json::{Value, json};

use crate::commands::Shell;
use crate::world::*;

const GRID: &str = r#"[tiers]
kind = "pricing-grid"
worst_is_unconditional = true

[[tiers.level]]
name = "A"
requires = ["current-ratio"]
margin_bps = 100

[[tiers.level]]
name = "B"
requires = ["some-liquidity"]
margin_bps = 200

[[tiers.level]]
name = "C"
margin_bps = 300
"#;

struct Loan {
    bank: House,
    customer: Enterprise,
    policy: Hex32,
}

impl Loan {
    fn ask(&mut self, as_of: &str, issued: &str) -> Verified<Request> {
        let mut terms = self.bank.terms(self.policy, self.customer.invitation.id());
        terms.as_of = IsoDate::parse(as_of).unwrap();
        let House {
            registry, signer, rng, ..
        } = &mut self.bank;
        registry.ask(signer, &terms, time(issued), rng).unwrap()
    }

    /// A verdict as the bank records it; the proof behind it is no matter here.
    /// `on` is tag and link of the accounts, and of those that they are compared with, if any.
    fn judge(&mut self, request: &Verified<Request>, tier: &str, decided: &str, on: &[(u64, u64)]) {
        let (tag, link) = on[0];
        let (other_tag, other_link) = on.get(1).copied().unwrap_or_default();
        let field = |n: u64| FieldElement(field_from_u64(n));
        let verdict = Verdict {
            request: request.id(),
            policy: request.policy,
            verifying_key: request.verifying_key,
            development_key: true,
            tier: TierName::parse(tier).unwrap(),
            nym: request.nym,
            registry_id: self.customer.registry_id.clone(),
            ends_from: IsoDate::parse("2025-09-12").unwrap(),
            ends_to: request.as_of,
            bases: [Some(StatementBasis::Solo), on.get(1).map(|_| StatementBasis::Solo)],
            assurance_floors: [2, 0],
            attestors: request.attestors.clone(),
            as_of: request.as_of,
            decided: time(decided),
            period_tags: [field(tag), field(other_tag)],
            statement_links: [field(link), field(other_link)],
            further: Vec::new(),
            restated_or_shopped: 0,
            bundle: Hex32([tag as u8; 32]),
        };
        self.bank.registry.record(&self.bank.signer, verdict).unwrap();
    }
}

#[test]
fn late_and_wrong_accounts_change_the_level_by_the_grid_s_clauses() {
    let mut bank = House::new();
    let source = format!("{}{GRID}", POLICY.split_once("[tiers]").unwrap().0);
    let (list, policy) = (bank.policy(POLICY), bank.policy(&source));
    let customer = bank.customer(1);
    let mut loan = Loan { bank, customer, policy };

    // Delivered in time, and found wrong two months later.
    let request = loan.ask("2026-03-31", "2026-03-31T10:00:00Z");
    loan.judge(&request, "A", "2026-04-10T09:00:00Z", &[(1, 1)]);
    let request = loan.ask("2026-03-31", "2026-06-01T10:00:00Z");
    loan.judge(&request, "B", "2026-06-10T09:00:00Z", &[(1, 2)]);
    // The next year's are late: nobody answered the first request.
    loan.ask("2027-03-31", "2027-03-31T10:00:00Z");
    let request = loan.ask("2027-03-31", "2027-05-01T10:00:00Z");
    loan.judge(&request, "A", "2027-05-03T09:00:00Z", &[(2, 3)]);

    let directory = tempfile::tempdir().unwrap();
    let registry = loan.bank.directory.path().display();
    let shell = Shell(directory.path());
    let said = shell.json(&format!("pricing --registry {registry} --until 2027-05-31"));
    let of = |level: &str, margin: i32| json!({ "level": level, "margin_bps": margin });
    let spans: Vec<(&str, &str, u64, Value, Value)> = said["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            let text = |key: &str| s[key].as_str().unwrap();
            (
                text("from"),
                text("to"),
                s["days"].as_u64().unwrap(),
                s["charged"].clone(),
                s["right"].clone(),
            )
        })
        .collect();
    assert_eq!(
        spans,
        [
            ("2026-04-10", "2026-06-09", 61, of("A", 100), of("B", 200)),
            ("2026-06-10", "2027-04-14", 309, of("B", 200), of("B", 200)),
            ("2027-04-15", "2027-05-02", 18, of("C", 300), of("C", 300)),
            ("2027-05-03", "2027-05-31", 29, of("A", 100), of("A", 100)),
        ]
    );
    assert_eq!(said["tests"][0]["correction_bps_days"], 6_100);
    assert_eq!(said["tests"][1]["correction_bps_days"], 0);
    assert_eq!(
        (&said["tests"][0]["due"], &said["tests"][1]["due"]),
        (&json!("2026-04-14"), &json!("2027-04-14")),
        "what was asked for again is due as it was first asked"
    );
    assert_eq!(
        said["clauses"],
        json!({ "not_delivered": "worst", "found_wrong": "recompute" })
    );

    let text = shell.text(&format!("pricing --registry {registry} --until 2027-05-31"));
    for part in [
        "19 days late",
        "+6100",
        "nothing delivered as of 2027-03-31",
        "reference rate + 3.00 %",
        "nothing is charged or paid",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(
        shell.refused(&format!("pricing --registry {registry} --policy {list}"), 2),
        "unknown-reference"
    );
    assert_eq!(
        shell.refused(
            &format!("pricing --registry {registry} --company FR-SIREN:000000009"),
            2
        ),
        "unknown-reference"
    );
}

#[test]
fn accounts_are_corrected_by_a_version_of_what_they_are_compared_with_and_not_by_the_next_year_s() {
    let mut bank = House::new();
    let source = format!("{}{GRID}", POLICY.split_once("[tiers]").unwrap().0);
    let policy = bank.policy(&source);
    let customer = bank.customer(1);
    let company = customer.registry_id.clone();
    let mut loan = Loan { bank, customer, policy };
    let first = loan.ask("2026-03-31", "2026-03-31T10:00:00Z");
    loan.judge(&first, "A", "2026-04-10T09:00:00Z", &[(2, 20), (1, 10)]);
    let next = loan.ask("2027-03-31", "2027-03-31T10:00:00Z");
    // The comparative figures are another version of last year's; the level is this year's all the same.
    loan.judge(&next, "C", "2027-04-03T09:00:00Z", &[(3, 30), (2, 21)]);
    let until = IsoDate::parse("2027-05-31").unwrap().day();
    let pricing = loan.bank.registry.pricing(&policy, &company, until).unwrap();
    assert_eq!(
        [pricing.tests[0].deliveries.len(), pricing.tests[1].deliveries.len()],
        [1, 1]
    );

    // Last year's accounts again, beside another version of the year before.
    let again = loan.ask("2026-03-31", "2027-04-10T10:00:00Z");
    loan.judge(&again, "B", "2027-04-12T09:00:00Z", &[(2, 20), (1, 11)]);
    let pricing = loan.bank.registry.pricing(&policy, &company, until).unwrap();
    let deliveries = &pricing.tests[0].deliveries;
    assert_eq!([deliveries[0].corrects, deliveries[1].corrects], [false, true]);
    assert_eq!(pricing.tests[1].deliveries.len(), 1);
}

#[test]
fn a_table_of_companies_is_counted_and_a_bad_cell_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let shell = Shell(directory.path());
    fs::write(directory.path().join("policy.toml"), POLICY).unwrap();
    let table = "name,current_assets,current_liabilities\nA,120.00,100.00\n\"B, Inc.\",5,100\nC,,100\nD,119.99,100.0000\nE,-1,100\nF,1,0\n";
    fs::write(directory.path().join("table.csv"), table).unwrap();
    let said = shell.json("policy calibrate policy.toml --table table.csv");
    let rule = &said["policies"][0]["rules"][0];
    let counts = ["holds", "fails", "undefined", "not_covered"].map(|key| rule[key].as_u64().unwrap());
    // E's negative current assets are no such figure, and so not given; F has nothing to divide by.
    assert_eq!(counts, [1, 3, 1, 2]);
    assert_eq!(rule["quantiles"][2], json!({ "percent": 50, "value": "1.1999" }));
    let tiers = &said["policies"][0]["tiers"];
    assert_eq!((&tiers[0]["best"], &tiers[1]["best"]), (&json!(1), &json!(1)));
    let policy = &said["policies"][0];
    assert_eq!(
        (&policy["no_tier"], &policy["undecided"], &policy["covered"]),
        (&json!(2), &json!(2), &json!(0))
    );

    fs::write(
        directory.path().join("map.toml"),
        "[columns]\ncurrent_assets = [\"first\", \"second\"]\n",
    )
    .unwrap();
    fs::write(directory.path().join("other.csv"), "first,second\n,7\n8,\n").unwrap();
    let said = shell.json("policy calibrate policy.toml --table other.csv --columns map.toml");
    assert_eq!(said["policies"][0]["companies"], 2);
    fs::write(directory.path().join("bad.csv"), "first,second\n1,\nseven,\n").unwrap();
    let refused = "policy calibrate policy.toml --table bad.csv --columns map.toml";
    assert_eq!(shell.refused(refused, 1), "amount-invalid");
    let text = String::from_utf8(shell.run(refused).stderr).unwrap();
    assert!(text.contains("bad.csv, line 3, column of current_assets"), "{text}");
    assert_eq!(
        shell.refused("policy calibrate policy.toml --table table.csv --columns map.toml", 1),
        "malformed-document"
    );
}
