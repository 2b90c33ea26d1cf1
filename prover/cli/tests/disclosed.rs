//! What banks learn, and when it is enough: a bank that closes in on a figure, an honest review every year, and a budget that is overridden.
//! The bank's registry and the proofs are real, under the development key.

mod common;

use common::scene::{COMPILED, Scene, now};
use covenant_api::registry::RequestTerms;
use covenant_api::types::{IsoDate, LogOrigin};
use serde_json::Value;

/// The bank signs a policy with this one rule, and asks under it.
fn ask_under(scene: &mut Scene, require: &str) {
    ask_for_tiers(scene, &[("yes", require)]);
}

/// The same with a rule for each tier.
fn ask_for_tiers(scene: &mut Scene, tiers: &[(&str, &str)]) {
    let mut source = String::from(
        "type = \"policy\"\nversion = 1\nname = \"probe\"\ntitle = \"Revenue from a threshold on\"\nschema = \"enterprise-financials/v1\"\n\
         currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 300\nattestors = \"registry\"\n",
    );
    for (name, require) in tiers {
        source += &format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n");
    }
    source += "[tiers]\nkind = \"decision-list\"\n";
    for (name, _) in tiers {
        source += &format!("[[tiers.tier]]\nname = \"{name}\"\nrequires = [\"{name}\"]\n");
    }
    let signed = scene.registry.sign_policy(&scene.bank, &source).expect("signed");
    let policy = signed.id();
    let json = signed.document().to_json().expect("JSON");
    std::fs::write(scene.world.path("policy.json"), json).expect("written");
    ask(scene, policy, "2026-03-31");
}

fn ask(scene: &mut Scene, policy: covenant_api::types::Hex32, as_of: &str) {
    let terms = RequestTerms {
        policy,
        invitation: scene.registry.invitations().next().expect("an invitation").id(),
        verifying_key: scene.key_id,
        log_origin: LogOrigin::parse("offline").expect("an origin"),
        as_of: IsoDate::parse(as_of).expect("a date"),
        valid_days: 14,
    };
    let request = scene
        .registry
        .ask(&scene.bank, &terms, now(), &mut scene.rng)
        .expect("asked");
    std::fs::write(scene.world.path("request.json"), request.to_json().expect("JSON")).expect("written");
}

fn cents(amount: &Value) -> i64 {
    amount
        .as_str()
        .expect("an amount")
        .replace('.', "")
        .parse()
        .expect("a number")
}

/// What the only bank knows of revenue: proven, and with what it may infer, in cents; and how many policies told it.
fn revenue_known(scene: &Scene) -> ([i64; 2], [i64; 2], u64) {
    let told = scene.world.ok(&["disclosed"])["banks"][0]["told"].clone();
    let figures = told["statements"][0]["figures"].as_array().expect("figures").clone();
    let revenue = figures.iter().find(|f| f["figure"] == "revenue").expect("revenue");
    let range = |name: &str| [0, 1].map(|end| cents(&revenue[name][end]));
    (
        range("proven"),
        range("inferred"),
        revenue["policies"].as_u64().expect("a number"),
    )
}

#[test]
fn a_bank_that_bisects_revenue_is_stopped() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    let held = scene.world.ok(&["figures"])["statements"][0].clone();
    let truth = cents(&held["figures"]["figures"]["revenue"]);
    let budget = scene.world.ok(&["disclosed"])["budget"]["answers"]
        .as_u64()
        .expect("a number");
    let (mut low, mut high) = (0, 4 * truth + 1_234);
    let (mut answered, mut silent) = (0, 0);
    let mut refused = None;
    for question in 0..12 {
        let middle = low + (high - low) / 2;
        ask_under(&mut scene, &format!("revenue >= {}.{:02}", middle / 100, middle % 100));
        let out = format!("bundle-{question}.json");
        let ran = scene.world.run(&[&scene.prove_args(&out)[..], &["--json"]].concat());
        let answer: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        match answer["refused"]["code"].as_str() {
            None => {
                assert_eq!(answer["tier"], "yes", "{ran:?}");
                scene.world.ok(&scene.verify_args(&out));
                answered += 1;
                low = middle;
            }
            Some("tier-not-reached") => {
                assert!(middle > truth);
                silent += 1;
                high = middle;
            }
            Some("disclosure-budget") => {
                assert!(
                    middle <= truth && ran.code == 1 && !scene.world.path(&out).exists(),
                    "{ran:?}"
                );
                refused = Some((answer["refused"].clone(), out));
                break;
            }
            other => panic!("{other:?}: {ran:?}"),
        }
        assert!(answered + silent <= 12);
    }
    let (refusal, out) = refused.expect("stopped");
    let what = refusal["what"].as_str().expect("a sentence");
    assert!(what.contains("Banque Exemple") && what.contains("revenue"), "{what}");
    let (proven, inferred, policies) = revenue_known(&scene);
    assert!(
        answered <= budget && policies <= budget,
        "{answered} answers, {policies} policies"
    );
    for [low, high] in [proven, inferred] {
        assert!(low <= truth && truth <= high, "{truth} is not within {low} to {high}");
    }
    assert!(inferred[1] - inferred[0] > truth / 10, "{inferred:?}");
    // Said so, it is proven all the same, and remembered.
    let told = scene
        .world
        .ok(&[&scene.prove_args(&out)[..], &["--beyond-budget"]].concat());
    assert_eq!(told["beyond_budget"]["code"], "disclosure-budget");
    let (_, after, policies) = revenue_known(&scene);
    assert!(after[0] > inferred[0] && policies == budget + 1, "{after:?} {policies}");
    // The same question once more tells nothing new.
    let again = scene.world.ok(&scene.prove_args("again.json"));
    assert_eq!(
        (again["tells"].as_str(), &again["beyond_budget"]),
        (Some("It tells the bank nothing that it does not know."), &Value::Null,)
    );
}

/// A yes would make the range too narrow, a no would not: a bank that knows that reads a refusal as a yes.
#[test]
fn refusals_are_kept_and_counted() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    let held = scene.world.ok(&["figures"])["statements"][0].clone();
    let truth = cents(&held["figures"]["figures"]["revenue"]) / 100;
    for question in 1..=6_u64 {
        let (low, high) = (
            truth - truth / (40 + 10 * i64::try_from(question).expect("small")),
            truth + 2,
        );
        let close = format!("revenue between {low} and {high}");
        ask_for_tiers(&mut scene, &[("close", &close), ("any", "revenue >= 1")]);
        // Tried twice, and kept once.
        for _ in 0..2 {
            scene
                .world
                .refused(&scene.prove_args("bundle.json"), 1, "disclosure-budget");
        }
        let (proven, inferred, policies) = revenue_known(&scene);
        let cents = 100 * truth;
        assert!(
            proven[0] <= cents && cents <= proven[1] && inferred == proven,
            "{inferred:?}"
        );
        assert_eq!(
            policies,
            question.min(4),
            "no tier would be answered any more, so that silence tells nothing"
        );
        let requests = scene.world.ok(&["disclosed"])["banks"][0]["told"]["requests"].clone();
        let requests = requests.as_array().expect("requests").clone();
        assert_eq!(requests.len() as u64, policies);
        assert!(
            requests
                .iter()
                .all(|r| r["answer"] == "none, although a tier is reached")
        );
    }
    assert!(!scene.world.path("bundle.json").exists());
    // Another tier than the one that is insisted on is reached: a silence too, and kept.
    ask_for_tiers(&mut scene, &[("high", "cash >= 90_000_000"), ("any", "cash >= 0")]);
    let claim = [&scene.prove_args("bundle.json")[..], &["--tier", "high"]].concat();
    scene.world.refused(&claim, 1, "tier-not-reached");
    let told = scene.world.ok(&["disclosed"])["banks"][0]["told"].clone();
    assert_eq!(told["requests"].as_array().map(Vec::len), Some(5));
}

/// Figures that nobody attested to yet, and that reach no tier: the bank hears the silence all the same.
#[test]
fn silence_on_figures_without_an_attestation_is_kept() {
    let mut scene = Scene::screen();
    ask_under(&mut scene, "revenue >= 90_000_000_000");
    scene
        .world
        .refused(&scene.prove_args("bundle.json"), 1, "tier-not-reached");
    let told = scene.world.ok(&["disclosed"])["banks"][0]["told"].clone();
    assert_eq!(told["requests"][0]["answer"], "none: no tier is reached");
    assert_eq!(told["requests"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_honest_review_every_year_is_not_refused() {
    let mut scene = Scene::screen();
    for year in ["2023", "2024"] {
        let (books, registry_id) = scene.world.sample(&["--profile", "healthy", "--year", year]);
        assert_eq!(registry_id, scene.registry_id);
        let sheet = format!("sheet-{year}.txt");
        let import = [
            "import",
            &books,
            "--registry-id",
            &registry_id,
            "--currency",
            "EUR",
            "--sheet",
            &sheet,
        ];
        scene.world.ok(&import);
    }
    scene.attest(COMPILED);
    let policy = scene.registry.policies().next().expect("a policy").id();
    let mut statements = scene.world.ok(&["figures"])["statements"]
        .as_array()
        .expect("statements")
        .clone();
    statements.sort_by_key(|held| held["figures"]["end"].as_str().map(str::to_owned));
    for (held, as_of) in statements.iter().zip(["2024-03-31", "2025-03-31", "2026-03-31"]) {
        ask(&mut scene, policy, as_of);
        let out = format!("{as_of}.json");
        let statement = held["statement"].as_str().expect("an id");
        let proven = scene
            .world
            .ok(&[&scene.prove_args(&out)[..], &["--statement", statement]].concat());
        assert_eq!(proven["beyond_budget"], Value::Null);
        assert_eq!(
            scene.world.ok(&scene.verify_args(&out))["verdict"]["tier"],
            proven["tier"]
        );
    }
    let told = scene
        .world
        .ok(&["disclosed", "--policy", "policy.json", "--bank", "banque exemple"]);
    assert_eq!(told["one_more"]["informative"], Value::Bool(false));
    let statements = told["banks"][0]["told"]["statements"]
        .as_array()
        .expect("statements")
        .clone();
    assert_eq!(statements.len(), 3);
    for figure in statements
        .iter()
        .flat_map(|s| s["figures"].as_array().expect("figures"))
    {
        assert!(figure["policies"].as_u64().expect("a number") <= 1, "{figure}");
    }
    // Every true figure is within what is shown, in tables as in JSON.
    let held = scene.world.ok(&["figures"])["statements"]
        .as_array()
        .expect("statements")
        .clone();
    for statement in &statements {
        let books = held
            .iter()
            .find(|h| h["statement"] == statement["statement"])
            .expect("held");
        for figure in statement["figures"].as_array().expect("figures") {
            let name = figure["figure"].as_str().expect("a name");
            let truth = cents(&books["figures"]["figures"][name]);
            for range in [&figure["proven"], &figure["inferred"]] {
                assert!(cents(&range[0]) <= truth && truth <= cents(&range[1]), "{figure}");
            }
        }
    }
    let text = scene.world.run(&["disclosed"]).stdout;
    assert!(text.contains("Banque Exemple") && text.contains("at least"), "{text}");
    println!("{text}");
}

#[test]
fn a_budget_is_set_and_kept() {
    let world = common::World::with_vault();
    assert_eq!(world.ok(&["disclosed"])["budget"]["answers"], 4);
    world.ok(&["disclosed", "--answers", "2", "--width", "25"]);
    let budget = world.ok(&["disclosed"])["budget"].clone();
    assert_eq!((&budget["answers"], &budget["width_percent"]), (&2.into(), &25.into()));
    assert_eq!(budget["answers_together"], 12);
}
