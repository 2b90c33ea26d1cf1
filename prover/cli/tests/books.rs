//! From sample books to statements, restatements and checks.

mod common;

use common::{PHRASE, World, repository};
use serde_json::Value;

fn import(world: &World, file: &str, id: &str, more: &[&str]) -> Value {
    world.ok(&[&["import", file, "--registry-id", id, "--currency", "EUR"], more].concat())
}

#[test]
fn the_same_books_give_the_same_statement_after_a_restore() {
    let first = World::with_vault();
    let (books, id) = first.sample(&["--seed", "7"]);
    let statement = import(&first, &books, &id, &[])["hash"].clone();

    let second = World::with_vault();
    let (books, _) = second.sample(&["--seed", "7"]);
    assert_eq!(import(&second, &books, &id, &[])["hash"], statement);

    // Another phrase hides the same figures under another hash.
    let third = World::new();
    third.ok(&["init"]);
    let (books, _) = third.sample(&["--seed", "7"]);
    assert_ne!(import(&third, &books, &id, &[])["hash"], statement);
    assert!(PHRASE.ends_with("art"));
}

#[test]
fn figures_are_listed_and_printed() {
    let world = World::with_vault();
    let listed = world.ok(&["figures"]);
    assert_eq!(listed["statements"], serde_json::json!([]));
    let (books, id) = world.sample(&[]);
    let imported = import(&world, &books, &id, &[]);
    let name = imported["statement"].as_str().unwrap();
    assert!(name.starts_with("stm_"), "{name}");
    let one = world.ok(&["figures", &name[..10]]);
    assert_eq!(one["hash"], imported["hash"]);
    assert_eq!(one["figures"]["currency"], "EUR");
    let text = world.run(&["figures", name]).stdout;
    assert!(text.contains("total_assets") && text.contains("not covered"), "{text}");
    world.refused(&["figures", "stm_zzzz"], 2, "unknown-statement");
    let prefix = "stm_";
    let (other, other_id) = world.sample(&["--seed", "2"]);
    import(&world, &other, &other_id, &[]);
    world.refused(&["figures", prefix], 2, "ambiguous-statement");
}

#[test]
fn sweden_brings_the_year_before() {
    let world = World::with_vault();
    let (books, id) = world.sample(&["--format", "sie"]);
    let imported = world.ok(&["import", &books, "--registry-id", &id, "--currency", "SEK"]);
    assert!(imported["prior"]["statement"].is_string(), "{imported}");
    let statements = world.ok(&["figures"])["statements"].as_array().unwrap().len();
    assert_eq!(statements, 2);
    world.refused(
        &["import", &books, "--registry-id", &id, "--currency", "EUR"],
        1,
        "books-currency",
    );
    // Both sheets are written, or none.
    world.write("sheet.prior.txt", "mine");
    let sheet = [
        "import",
        &books,
        "--registry-id",
        &id,
        "--currency",
        "SEK",
        "--sheet",
        "sheet.txt",
    ];
    world.refused(&sheet, 2, "file-exists");
    assert!(!world.path("sheet.txt").exists());
    assert_eq!(world.read("sheet.prior.txt"), "mine");
}

#[test]
fn a_csv_is_read_as_it_is_declared() {
    let world = World::with_vault();
    let made = world.ok(&["sample", "--format", "csv", "--out", "books"]);
    let (file, declared) = (made["file"].as_str().unwrap(), made["csv_format"].as_str().unwrap());
    let common = ["import", file, "--registry-id", "SAMPLE:1", "--currency", "EUR"];
    let period = ["--period", "2025-01-01..2025-12-31"];
    world.refused(
        &[&common[..], &period, &["--format", "csv"]].concat(),
        2,
        "csv-format-missing",
    );
    world.refused(
        &[&common[..], &["--csv-format", declared]].concat(),
        1,
        "period-unclear",
    );
    world.ok(&[&common[..], &period, &["--csv-format", declared]].concat());
}

#[test]
fn a_restatement_has_to_be_said() {
    let world = World::with_vault();
    let (books, id) = world.sample(&["--entries", "150"]);
    let first = import(&world, &books, &id, &[]);
    assert_eq!(first["known"], false);
    assert_eq!(
        import(&world, &books, &id, &[])["known"],
        true,
        "the same books again change nothing"
    );

    // Other books of the same company and period.
    let (other, _) = world.sample(&["--entries", "150", "--seed", "2"]);
    let args = ["import", other.as_str(), "--registry-id", &id, "--currency", "EUR"];
    let before = world.vault();
    let refusal = world.refused(&args, 1, "restatement-undeclared");
    assert!(
        refusal["expected"].as_str().unwrap().contains("--restatement 1"),
        "{refusal}"
    );
    world.refused(&[&args[..], &["--restatement", "2"]].concat(), 1, "restatement-number");
    assert_eq!(world.vault(), before);
    let second = world.ok(&[&args[..], &["--restatement", "1"]].concat());
    assert_eq!(
        (second["restatement"].as_u64(), second["known"].as_bool()),
        (Some(1), Some(false))
    );
    assert_ne!(second["hash"], first["hash"]);
}

#[test]
fn a_review_shows_everything_and_stores_nothing() {
    let world = World::with_vault();
    let (books, _) = world.sample(&[]);
    let policy = repository("policies/supplier-screen.toml");
    let before = world.vault();
    let policy = policy.to_str().unwrap();
    let reviewed = world.run(&[
        "import",
        &books,
        "--currency",
        "EUR",
        "--review",
        "sheet.txt",
        "--policy",
        policy,
    ]);
    assert_eq!(reviewed.code, 0, "{reviewed:?}");
    let sheet = world.read("sheet.txt");
    assert!(
        reviewed.stdout.starts_with(sheet.trim_end()),
        "the sheet is what is shown"
    );
    assert!(
        reviewed.stdout.contains("will see") && reviewed.stdout.contains("Not: any figure"),
        "{}",
        reviewed.stdout
    );
    assert_eq!(world.vault(), before);
    world.refused(
        &["import", &books, "--currency", "EUR", "--review", "sheet.txt"],
        2,
        "file-exists",
    );
}

#[test]
fn bad_books_change_nothing() {
    let world = World::with_vault();
    let (books, id) = world.sample(&["--entries", "150"]);
    let text = world.read(&books);
    let before = world.vault();
    let cut = &text[..text.len() - 20];
    // One amount of one line changed: the entry no longer balances.
    let line = text.lines().nth(30).unwrap();
    let debit = line.split('\t').find(|f| f.contains(',') && *f != "0,00").unwrap();
    let changed = text.replacen(line, &line.replacen(debit, "987654,32", 1), 1);
    for (broken, code) in [
        (changed.as_str(), "unbalanced-entry"),
        (cut, "truncated-file"),
        ("", "format-unknown"),
    ] {
        let name = books.replace("books/", "");
        world.write(&name, broken);
        world.refused(&["import", &name, "--registry-id", &id, "--currency", "EUR"], 1, code);
    }
    world.refused(
        &["import", "nowhere", "--registry-id", &id, "--currency", "EUR"],
        2,
        "file-unreadable",
    );
    assert_eq!(world.vault(), before);
}

#[test]
fn check_tells_tiers_and_margins() {
    let world = World::with_vault();
    let policy = repository("policies/supplier-screen.toml");
    let check = ["check", "--policy", policy.to_str().unwrap()];
    world.refused(&check, 1, "no-fitting-statement");
    let (books, id) = world.sample(&["--profile", "healthy"]);
    import(&world, &books, &id, &[]);
    let answer = world.ok(&check);
    let found = &answer["policies"][0];
    assert!(found["best"].is_string(), "{found}");
    assert!(found["rules"].as_array().unwrap().len() >= 12);
    assert_eq!(
        found["obstacles"][0]["code"], "assurance-too-low",
        "nobody attests yet: {found}"
    );
    let text = world.run(&check).stdout;
    assert!(text.contains("before it fails") && text.contains("EUR"), "{text}");

    // Old figures, and failing ones.
    let stale = world.ok(&[&check[..], &["--as-of", "2027-06-30"]].concat());
    assert_eq!(stale["policies"][0]["obstacles"][0]["code"], "period-stale");
    let (failing, failing_id) = world.sample(&["--profile", "failing", "--seed", "3"]);
    let statement = import(&world, &failing, &failing_id, &[])["statement"].clone();
    let ran = world.run(&[&check[..], &["--statement", statement.as_str().unwrap()]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("No tier is reached"), "{ran:?}");
}

#[test]
fn every_policy_on_offer_is_checked_and_says_what_the_next_tier_takes() {
    let world = World::with_vault();
    let (books, id) = world.sample(&["--profile", "failing", "--seed", "3"]);
    import(&world, &books, &id, &[]);
    let (before, folder) = (world.vault(), repository("policies"));
    std::fs::create_dir(world.path("offers")).unwrap();
    for name in [
        "supplier-screen.toml",
        "leverage-pricing-grid.toml",
        "growth-with-prior.toml",
    ] {
        std::fs::copy(folder.join(name), world.path("offers").join(name)).unwrap();
    }
    world.write("offers/broken.toml", "type = \"policy\"\n");
    world.write("offers/notes.txt", "type = \"policy\"\n");
    world.write("offers/other.toml", "type = \"account-mapping\"\n");
    let check = ["check", "--policy", "offers"];
    let ran = world.run(&[&check[..], &["--json"]].concat());
    assert_eq!(ran.code, 1, "not every policy fits: {ran:?}");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let found = answer["policies"].as_array().unwrap();
    assert_eq!(found.len(), 4, "by name: broken, growth, grid, screen");
    let code = |i: usize| found[i]["refused"]["code"].as_str();
    assert_eq!(
        (code(0), code(1), code(2)),
        (
            Some("policy-missing-field"),
            Some("no-fitting-statement"),
            Some("basis-mismatch")
        )
    );
    let screen = &found[3];
    let next = &screen["next"];
    assert!(
        next["tier"].is_string() && !next["missing"].as_array().unwrap().is_empty(),
        "{next}"
    );
    let missing = &next["missing"][0];
    assert!(missing["figures"][0]["by_minor_units"].is_string(), "{missing}");
    let failing = screen["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["holds"] == false)
        .unwrap();
    let measure = &failing["measures"][0];
    assert!(
        measure["value"].is_string() && measure["asked"].is_string(),
        "{measure}"
    );

    let text = world.run(&check).stdout;
    for part in [
        "4 policies, as of",
        "what stands in the way",
        "not signed",
        "What ",
        "would take",
        "One figure alone:",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    std::fs::create_dir(world.path("empty")).unwrap();
    world.refused(&["check", "--policy", "empty"], 1, "no-policy-here");
    assert_eq!(world.vault(), before, "nothing is written");

    // A grid has a price, also where no level is proven.
    let solo = std::fs::read_to_string(folder.join("leverage-pricing-grid.toml"))
        .unwrap()
        .replace("\"consolidated\"", "\"solo\"");
    world.write("grid.toml", &solo);
    let ran = world.run(&["check", "--policy", "grid.toml", "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(answer["policies"][0]["margin_bps"].is_i64(), "{answer}");
}

#[test]
fn a_policy_is_read_and_linted() {
    let world = World::new();
    let policy = repository("policies/supplier-screen.toml");
    let shown = world.run_plain(&["policy", "show", policy.to_str().unwrap()]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(
        shown.stdout.contains("Current assets"),
        "definitions stand beside the rules: {}",
        shown.stdout
    );
    let linted = world.ok(&["policy", "lint", policy.to_str().unwrap()]);
    assert_eq!(linted["tiers"], serde_json::json!(["AAA", "AA", "A"]));
    let source = std::fs::read_to_string(&policy).unwrap();
    world.write("bad.toml", &source.replacen("type = ", "nonsense = 1\ntype = ", 1));
    let refusal = world.refused(&["policy", "lint", "bad.toml"], 1, "policy-unknown-field");
    assert!(refusal["where"].as_str().unwrap().starts_with("bad.toml:"), "{refusal}");
    assert_eq!(refusal["at"]["column"], 1, "{refusal}");
}

#[test]
fn a_policy_is_explained_compared_and_laid_out() {
    let world = World::new();
    let source = std::fs::read_to_string(repository("policies/supplier-screen.toml")).unwrap();
    world.write("a.toml", &source);
    let old = "age_max_days = ";
    assert!(source.contains(old));
    world.write("b.toml", &source.replacen(old, "age_max_days    =   1", 1));
    assert_eq!(
        world.ok(&["policy", "diff", "a.toml", "a.toml"])["changes"],
        serde_json::json!([])
    );
    let changes = world.ok(&["policy", "diff", "a.toml", "b.toml"]);
    assert_eq!(changes["changes"][0]["effect"], "loosened", "{changes}");
    let explained = world.run_plain(&["policy", "explain", "a.toml"]);
    assert!(
        explained.stdout.contains("guard ") && explained.stdout.contains("rows"),
        "{explained:?}"
    );
    world.refused(&["policy", "explain", "a.toml", "nothing"], 1, "policy-unknown-rule");
    assert_eq!(world.run(&["policy", "fmt", "--check", "a.toml"]).code, 0);
    assert_eq!(world.run(&["policy", "fmt", "--check", "b.toml"]).code, 1);
    world.ok(&["policy", "fmt", "b.toml"]);
    assert_eq!(world.run(&["policy", "fmt", "--check", "b.toml"]).code, 0);
    let shown = world.ok(&["policy", "show", "--canonical", "bytes", "a.toml"]);
    assert!(shown["program"].is_string() && !std::fs::read(world.path("bytes")).unwrap().is_empty());
    assert_eq!(world.ok(&["policy", "schema"])["type"], "object");
    let several = world.run(&["policy", "lint", "a.toml", "b.toml"]);
    assert_eq!(several.code, 0, "{several:?}");
}

/// Adds 100,000.00 to both lines of the first entry of two equal lines, one of them on the bank's account 512.
fn one_payment_larger(ledger: &str) -> String {
    let lines: Vec<&str> = ledger.lines().collect();
    let fields = |i: usize| lines[i].split('\t').map(str::to_owned).collect::<Vec<_>>();
    let amount = |f: &[String]| {
        if f[11].trim_start_matches('0').len() > 3 {
            11
        } else {
            12
        }
    };
    let entry = |i: usize| {
        let f = fields(i);
        (f[0].clone(), f[2].clone())
    };
    let at = (1..lines.len() - 2)
        .find(|&i| {
            let (a, b) = (fields(i), fields(i + 1));
            let alone = entry(i) == entry(i + 1) && entry(i - 1) != entry(i) && entry(i + 2) != entry(i);
            let bank = a[4].starts_with("512") != b[4].starts_with("512");
            let supplier = a[4].starts_with("401") != b[4].starts_with("401");
            alone && bank && supplier && a[amount(&a)] == b[amount(&b)] && amount(&a) != amount(&b)
        })
        .expect("a payment");
    let larger = |i: usize| {
        let mut f = fields(i);
        let place = amount(&f);
        let (whole, cents) = f[place].split_once(',').expect("a decimal comma");
        f[place] = format!("{},{cents}", whole.trim().parse::<u64>().expect("digits") + 100_000);
        f.join("\t")
    };
    let changed = (0..lines.len()).map(|i| {
        if i == at || i == at + 1 {
            larger(i)
        } else {
            lines[i].to_owned()
        }
    });
    changed.collect::<Vec<_>>().join("\r\n") + "\r\n"
}

fn margins(world: &World, file: &str, more: &[&str]) -> Value {
    let policy = repository("policies/supplier-screen.toml");
    let imported = import(world, file, "FR-SIREN:1", more);
    let statement = imported["statement"].as_str().expect("as the program writes it");
    let ran = world.run(&[
        "check",
        "--policy",
        policy.to_str().expect("as the program writes it"),
        "--statement",
        statement,
        "--json",
    ]);
    serde_json::from_str::<Value>(&ran.stdout).expect("as the program writes it")["policies"][0]["rules"].clone()
}

fn one_amount_moves_a_margin(world: &World, file: &str) {
    let before = margins(world, file, &[]);
    let changed = std::path::Path::new(file)
        .file_name()
        .expect("as the program writes it")
        .to_str()
        .expect("as the program writes it");
    world.write(
        changed,
        &one_payment_larger(&std::fs::read_to_string(world.path(file)).expect("as the program writes it")),
    );
    let after = margins(world, changed, &["--restatement", "1"]);
    let detail = |rules: &Value| {
        let rules = rules.as_array().expect("as the program writes it");
        rules
            .iter()
            .find(|r| r["rule"] == "cash-ratio")
            .expect("as the program writes it")["details"]
            .to_string()
    };
    assert_ne!(detail(&before), detail(&after));
}

#[test]
fn one_amount_changed_in_the_books_moves_a_margin() {
    let world = World::with_vault();
    let (books, _) = world.sample(&[]);
    one_amount_moves_a_margin(&world, &books);
}

/// The same on a real ledger, and what it gives under a policy of seventeen rules.
#[test]
fn a_real_ledger_fails_some_rules_and_still_gets_a_tier() {
    let Some(data) = std::env::var_os("COVENANT_DATA") else {
        println!("skipped: COVENANT_DATA is not set");
        return;
    };
    let world = World::with_vault();
    std::fs::create_dir(world.path("real")).unwrap();
    let file = "real/0000000001FEC20220831.txt";
    let from = std::path::Path::new(&data).join("fec/0000000001FEC20220831.txt");
    std::fs::write(world.path(file), std::fs::read(from).unwrap()).unwrap();
    let policy = repository("policies/supplier-screen.toml");
    import(&world, file, "FR-SIREN:1", &[]);
    let answer = world.ok(&["check", "--policy", policy.to_str().unwrap(), "--as-of", "2022-11-29"]);
    let found = &answer["policies"][0];
    let rules = found["rules"].as_array().unwrap();
    let failing = rules.iter().filter(|r| r["holds"] == false).count();
    assert!(rules.len() >= 12 && failing >= 3, "{failing} of {}", rules.len());
    assert_eq!(found["best"], "A");
    one_amount_moves_a_margin(&world, file);
}
