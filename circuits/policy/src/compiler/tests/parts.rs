//! Policies of three statements: which part a rule belongs to, which tiers demand a part, and what no two proofs can show.

use crate::canonical;
use crate::compiler::{Compiled, compile};
use crate::program::{FIGURES, Relation, Source};
use crate::render::render;
use crate::testing::HEAD;

const THIRD: &str =
    "[second]\nrelation = \"prior\"\n[third]\nrelation = \"companion\"\nassurance_floor = \"authority\"\n";

/// The rules, each with its tier where nothing else is said.
fn policy(statements: &str, rules: &[(&str, &str)], tiers: &str) -> String {
    let rules: String = rules
        .iter()
        .map(|(name, require)| format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n"))
        .collect();
    format!("{HEAD}{statements}{rules}[tiers]\n{tiers}")
}

fn list(tiers: &[(&str, &str)]) -> String {
    let tiers: String = tiers
        .iter()
        .map(|(name, requires)| format!("[[tiers.tier]]\nname = \"{name}\"\nrequires = [{requires}]\n"))
        .collect();
    format!("kind = \"decision-list\"\n{tiers}")
}

const RULES: &[(&str, &str)] = &[
    ("solid", "equity > 0"),
    ("growth", "revenue >= prior.revenue"),
    ("attested", "companion.revenue >= 90% * revenue"),
    ("solid-or-attested", "solid or attested"),
];

fn compiled(tiers: &[(&str, &str)]) -> Compiled {
    compile(&policy(THIRD, RULES, &list(tiers))).unwrap_or_else(|r| panic!("{r}"))
}

fn refused(text: &str) -> (&'static str, String) {
    let refusal = compile(text).expect_err("it compiles");
    (refusal.code(), format!("{} | {}", refusal.what, refusal.advice_text()))
}

fn names(rules: &[crate::compiler::RuleMap]) -> Vec<&str> {
    rules.iter().map(|rule| rule.name.as_str()).collect()
}

#[test]
fn a_tier_demands_the_parts_whose_rules_it_requires() {
    let compiled = compiled(&[
        ("AA", "\"growth\", \"attested\""),
        ("A", "\"growth\", \"solid-or-attested\""),
        ("B", "\"growth\""),
    ]);
    let [part] = compiled.further.as_slice() else {
        panic!("{} further parts", compiled.further.len())
    };
    assert_eq!(compiled.program.relation, Relation::Prior);
    assert_eq!(part.program.relation, Relation::Companion);
    assert_eq!(part.program.statements[1].assurance_floor, 4);
    assert_eq!(
        part.program.statements[0].assurance_floor,
        compiled.program.statements[0].assurance_floor
    );
    let tiers =
        |program: &crate::program::Program| -> Vec<String> { program.tiers.iter().map(|t| t.name.clone()).collect() };
    assert_eq!(tiers(&compiled.program), ["AA", "A", "B"]);
    assert_eq!(tiers(&part.program), ["AA", "A"]);
    // `solid` alone reads the first statement, and only the combination of the second part names it.
    assert_eq!(names(&compiled.texts.rules), ["growth"]);
    assert_eq!(names(&part.texts.rules), ["solid", "attested", "solid-or-attested"]);
    assert_eq!(compiled.demanded("AA").len(), 2);
    assert_eq!(
        compiled.demanded("A").iter().map(|d| d.tier).collect::<Vec<_>>(),
        [1, 1]
    );
    assert_eq!(compiled.demanded("B").len(), 1);
    assert!(compiled.demanded("C").is_empty());
    // 90 % of the first statement's revenue, over the columns of this part.
    let row = part.program.rows.iter().find(|row| row.a[FIGURES + 13] != 0).unwrap();
    assert_eq!((row.a[13], row.a[FIGURES + 13], row.bound), (-9, 10, 0));
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
}

#[test]
fn each_part_needs_the_figures_that_it_reads() {
    let compiled = compiled(&[("A", "\"growth\", \"attested\"")]);
    let part = &compiled.further[0].program;
    let reads = |need: u32| need >> 13 & 1 == 1;
    assert!(reads(compiled.program.statements[0].need) && reads(part.statements[1].need));
    let unread = policy(
        THIRD,
        &[("growth", "cash >= prior.cash"), ("attested", "companion.revenue >= 1")],
        &list(&[("A", "\"growth\", \"attested\"")]),
    );
    let unread = compile(&unread).unwrap();
    assert!(!reads(unread.program.statements[0].need) && !reads(unread.further[0].program.statements[0].need));
}

#[test]
fn the_bytes_hold_every_part_and_the_words_say_so() {
    let compiled = compiled(&[("AA", "\"growth\", \"attested\""), ("B", "\"growth\", \"solid\"")]);
    let bytes = &compiled.canonical_bytes;
    let decoded = canonical::decode(bytes).unwrap();
    assert_eq!(decoded.2, compiled.further);
    for end in 0..bytes.len() {
        assert!(canonical::decode(&bytes[..end]).is_err(), "{end}");
    }
    let mut wrong: Vec<Compiled> = vec![compiled.clone(); 5];
    wrong[0].further[0].program.age_max_days += 1;
    wrong[1].further[0].program.statements[0].restatement_cap += 1;
    wrong[2].further[0].program.relation = Relation::Prior;
    wrong[3].further[0].program.tiers[0].name = "AAA".into();
    wrong[4].further[0].program.attestors_from_registry = false;
    wrong[4].further[0].program.attestors = vec![[7; 32]];
    wrong[4].further[0].texts.attestor_names = vec![String::new()];
    for (i, wrong) in wrong.iter().enumerate() {
        let bytes = canonical::encode(&wrong.program, &wrong.texts, &wrong.further);
        assert_eq!(
            canonical::decode(&bytes).map_err(|r| r.code()),
            Err("policy-bytes-invalid"),
            "{i}"
        );
    }
    let rendering = render(bytes).unwrap();
    let text = rendering.to_string();
    assert_eq!(
        rendering.tiers[0].takes,
        "“growth” must hold. In a linked proof, “attested” must hold."
    );
    assert_eq!(
        rendering.tiers[1].takes,
        "all of these must hold: “solid” and “growth”."
    );
    for expected in [
        "The companion statement, whose period ends on the same day, (enterprise-financials/v1, solo figures) is attested, at \
         least as authority",
        "On an attestor's word, authority or better: revenue of the companion statement.",
        "On an attestor's word: revenue of the prior period.",
        "On an attestor's word: revenue and equity.",
        "Tier AA takes two proofs about the same first statement",
        "Revenue of the companion statement is at least 0.9 times revenue.",
        "proof 2, row 2: 10 × revenue of the companion statement − 9 × revenue ≥ 0",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_spans_two_proofs_is_refused() {
    let both = |require: &str| {
        let mut rules = RULES.to_vec();
        rules.push(("both", require));
        refused(&policy(THIRD, &rules, &list(&[("A", "\"growth\", \"both\"")])))
    };
    for require in [
        "prior.revenue >= companion.revenue",
        "growth or attested",
        "at least 1 of (growth, solid-or-attested)",
    ] {
        let (code, said) = both(require);
        assert_eq!(code, "policy-spans-proofs", "{require}");
        assert!(
            said.contains("`both` reads the second and the third statement"),
            "{said}"
        );
    }
    let (code, said) = refused(&policy(THIRD, RULES, &list(&[("A", "\"attested\"")])));
    assert_eq!(code, "policy-spans-proofs");
    assert!(said.contains("requires nothing of the first two statements"), "{said}");
    let card = |points: &str| {
        let tiers = format!(
            "kind = \"scorecard\"\nrequired = [\"attested\"]\n{points}\n[[tiers.grade]]\nname = \"A\"\nminimum = 1\n"
        );
        policy(THIRD, RULES, &tiers)
    };
    let earns = |rule: &str| card(&format!("[[tiers.points]]\nrule = \"{rule}\"\npoints = 5"));
    assert_eq!(refused(&earns("attested")).0, "policy-spans-proofs");
    let factor = |of: &str| {
        card(&format!(
            "[[tiers.factor]]\nname = \"share\"\nexpression = \"{of} / revenue\"\npoints = [[0.9, 5]]"
        ))
    };
    assert_eq!(refused(&factor("companion.revenue")).0, "policy-spans-proofs");
    let compiled = compile(&factor("cash")).unwrap_or_else(|r| panic!("{r}"));
    assert_eq!(compiled.demanded("A").len(), 2);
    // What nothing requires is compiled all the same, so that its author hears of it.
    assert_eq!(
        names(&compiled.further[0].texts.rules),
        ["solid", "attested", "solid-or-attested"]
    );
}

#[test]
fn a_third_statement_is_the_other_one_and_read() {
    let wrong = [
        "[third]\nrelation = \"companion\"\n",
        "[second]\nrelation = \"companion\"\n[third]\nrelation = \"companion\"\n",
        "[second]\nrelation = \"prior\"\n[third]\nrelation = \"other\"\n",
        "[second]\nrelation = \"prior\"\n[third]\nsource = \"self\"\n",
    ];
    for statements in wrong {
        let (code, _) = refused(&policy(statements, &[("a", "cash > 0")], &list(&[("A", "\"a\"")])));
        assert!(
            ["policy-bad-value", "policy-missing-field"].contains(&code),
            "{statements}: {code}"
        );
    }
    let unread = policy(THIRD, RULES, &list(&[("A", "\"growth\"")]));
    assert_eq!(refused(&unread).0, "policy-bad-value");
    let none = THIRD.replace("companion", "none");
    let text = policy(&none, &[("a", "cash > prior.cash")], &list(&[("A", "\"a\"")]));
    assert!(compile(&text).unwrap_or_else(|r| panic!("{r}")).further.is_empty());
}

/// The list of attestors goes with the proofs in which somebody attests.
#[test]
fn a_part_that_nobody_attests_has_no_attestors() {
    let own = "[statement]\nsource = \"self\"\n[second]\nrelation = \"prior\"\nsource = \"self\"\n";
    let statements = format!("{own}[third]\nrelation = \"companion\"\n");
    let compiled = compile(&policy(&statements, RULES, &list(&[("A", "\"growth\", \"attested\"")]))).unwrap();
    assert!(!compiled.program.attestors_from_registry);
    assert!(compiled.further[0].program.attestors_from_registry);
    assert_eq!(compiled.further[0].program.statements[0].source, Source::SelfDeclared);
    assert!(canonical::decode(&compiled.canonical_bytes).is_ok());
}
