//! Policies of three statements on one vault: the accounts, those of the year before, and a series of months out of the same ledger.

mod common;

use common::World;
use serde_json::Value;

/// A policy whose best tier takes the series too; `accounts` is asked of the accounts, `series` of the series.
fn policy(accounts: &str, series: &str) -> String {
    let statement = "source = \"self\"\n";
    format!(
        "type = \"policy\"\nversion = 1\nname = \"three\"\ntitle = \"Three statements\"\nschema = \"enterprise-financials/v1\"\n\
         currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 300\n[statement]\n{statement}[second]\nrelation = \"prior\"\n{statement}\
         [third]\nrelation = \"companion\"\nschema = \"monthly-series/v1\"\n{statement}\
         [[rule]]\nname = \"series\"\nrequire = \"{series}\"\n[[rule]]\nname = \"accounts\"\nrequire = \"{accounts}\"\n\
         [[rule]]\nname = \"grows\"\nrequire = \"revenue >= 0.5 * prior.revenue\"\n[tiers]\nkind = \"decision-list\"\n\
         [[tiers.tier]]\nname = \"A\"\nrequires = [\"grows\", \"accounts\", \"series\"]\n\
         [[tiers.tier]]\nname = \"B\"\nrequires = [\"grows\", \"accounts\"]\n"
    )
}

/// Two years of accounts and the second one's months.
fn vault() -> World {
    let world = World::with_vault();
    for (year, views) in [("2024", &["year"][..]), ("2025", &["year", "months"])] {
        let (books, id) = world.sample(&["--profile", "healthy", "--year", year]);
        for view in views {
            let sheet = format!("sheet-{year}-{view}.txt");
            let mut import = vec![
                "import",
                &books,
                "--registry-id",
                &id,
                "--currency",
                "EUR",
                "--sheet",
                &sheet,
            ];
            import.extend((*view == "months").then_some("--series"));
            world.ok(&import);
        }
    }
    world
}

fn checked(world: &World, policy: &str) -> (Value, String) {
    std::fs::write(world.path("three.toml"), policy).expect("written");
    let check = ["check", "--policy", "three.toml", "--as-of", "2026-03-31"];
    let ran = world.run(&[&check[..], &["--json"]].concat());
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    (answer["policies"][0].clone(), world.run(&check).stdout)
}

#[test]
fn the_next_tier_names_what_the_linked_proof_lacks() {
    let world = vault();
    let (found, text) = checked(&world, &policy("revenue > 0", "companion.invoiced_1 >= 1_000_000_000"));
    assert_eq!(found["best"], "B", "{found}");
    let next = &found["next"];
    assert_eq!((&next["tier"], &next["proof"]), (&"A".into(), &2.into()), "{next}");
    assert_eq!(next["missing"][0]["rule"], "series");
    assert!(text.contains("What A would take in the linked proof"), "{text}");
    assert!(
        found["tells"]
            .as_str()
            .is_some_and(|tells| tells.contains("something new")),
        "{found}"
    );
}

/// Where the accounts alone fall short, an action must reach the tier in both proofs.
#[test]
fn an_action_counts_where_both_proofs_hold() {
    let world = vault();
    let (found, text) = checked(&world, &policy("cash >= 50_000_000", "companion.invoiced_1 >= 0"));
    assert_eq!(found["best"], Value::Null, "{found}");
    assert_eq!(
        (&found["next"]["tier"], &found["next"]["proof"]),
        (&"B".into(), &1.into())
    );
    assert!(text.contains("may conclude that no tier is reached"), "{text}");
    // Silence tells that cash or growth is missing under both tiers, whatever the series is: something, and nothing of cash alone.
    let told = world.ok(&["disclosed", "--policy", "three.toml"]);
    assert_eq!(told["one_more"]["informative"], true, "{told}");
    assert_eq!(told["one_more"]["figures"], Value::Array(Vec::new()), "{told}");
}
