//! House rules as tests, over every file that git tracks. Each rule is a function from files to complaints, and each is shown to
//! complain about a file that breaks it.

use std::collections::BTreeSet;

use covenant_tests::repository::{self, Tracked};

/// Lines beyond which a source file must be divided.
const LINES_MAX: usize = 500;
/// Bytes beyond which a file does not belong in the repository.
const BYTES_MAX: usize = 1 << 20;
/// Source files that may be longer: path, lines, reason.
const LONGER: &[(&str, usize, &str)] = &[];
/// Files that need no complaint about their words: written by a tool, or a text that is not ours.
const NOT_OURS: &[&str] = &["Cargo.lock", "LICENSE"];
/// The one module that may be unsafe.
const VECTORS: &str = "circuits/proofs/src/lanes.rs";
/// The one file that may name the folder beside the checkout.
const KNOWS_THE_DATA: &str = ".ci/run";

/// A word that must not appear.
struct Banned {
    word: &'static str,
    /// Only in files whose path starts with one of these; empty for everywhere.
    under: &'static [&'static str],
    /// Only in files that end like this; empty for all.
    suffix: &'static str,
    /// Letters and digits beside it make it another word.
    whole: bool,
    reason: &'static str,
}

/// A word banned in Rust sources.
const fn in_rust(word: &'static str, reason: &'static str) -> Banned {
    Banned {
        word,
        under: &[],
        suffix: ".rs",
        whole: false,
        reason,
    }
}

/// A word banned in every text.
const fn anywhere(word: &'static str, whole: bool, reason: &'static str) -> Banned {
    Banned {
        word,
        under: &[],
        suffix: "",
        whole,
        reason,
    }
}

/// A float in the rooms where amounts and policies live.
const fn float(word: &'static str) -> Banned {
    const ROOMS: &[&str] = &["circuits/", "prover/import/", "verifier/api/"];
    Banned {
        word,
        under: ROOMS,
        suffix: ".rs",
        whole: true,
        reason: "amounts and policies are integers and exact ratios",
    }
}

/// The words, each split in two so that this file does not contain them.
const BANNED: &[Banned] = &[
    anywhere(concat!("TO", "DO"), true, "do it, or open an issue"),
    anywhere(concat!("FIX", "ME"), true, "do it, or open an issue"),
    anywhere(concat!("XX", "X"), true, "do it, or open an issue"),
    anywhere(
        concat!("../sha", "red"),
        false,
        "data is found through COVENANT_DATA; only .ci/run knows where it lies",
    ),
    anywhere(
        concat!("/tm", "p/"),
        false,
        "scratch space comes from tempfile or mktemp",
    ),
    anywhere(concat!("/ro", "ot/"), false, "nobody else has this folder"),
    anywhere(concat!("/ho", "me/"), false, "nobody else has this folder"),
    anywhere(concat!("<<<<", "<<<"), false, "a merge that was not finished"),
    in_rust(concat!("db", "g!("), "left over from debugging"),
    in_rust(concat!("to", "do!("), "a stub"),
    in_rust(concat!("unimple", "mented!("), "a stub"),
    in_rust(
        concat!("should_", "panic"),
        "a negative test names the error that it expects",
    ),
    in_rust(concat!("#[ig", "nore"), "a test that does not run is no test"),
    in_rust(
        concat!("#[al", "low("),
        "#[expect(…, reason = …)] tells when it is no longer needed",
    ),
    in_rust(
        concat!("#![al", "low("),
        "#![expect(…, reason = …)] tells when it is no longer needed",
    ),
    float(concat!("f", "32")),
    float(concat!("f", "64")),
];

/// Whether `line` contains the word, standing alone where that is asked.
fn contains(line: &str, word: &str, whole: bool) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !whole
            || !line[..at].chars().next_back().is_some_and(part)
                && !line[at + word.len()..].chars().next().is_some_and(part)
    })
}

fn words(file: &Tracked) -> Vec<String> {
    let Some(text) = file.text().filter(|_| !NOT_OURS.contains(&file.path.as_str())) else {
        return Vec::new();
    };
    let applies = |banned: &&Banned| {
        file.path.ends_with(banned.suffix)
            && (banned.under.is_empty() || banned.under.iter().any(|folder| file.path.starts_with(folder)))
            && !(file.path == KNOWS_THE_DATA && banned.word.starts_with(".."))
    };
    let mut found = Vec::new();
    for banned in BANNED.iter().filter(applies) {
        // What has no name is not used: so a serializer refuses a kind of value.
        let unused = format!("(self, _: {})", banned.word);
        for (number, line) in text.lines().enumerate() {
            if contains(&line.replace(&unused, ""), banned.word, banned.whole) {
                found.push(format!(
                    "{}:{}: `{}`: {}",
                    file.path,
                    number + 1,
                    banned.word,
                    banned.reason
                ));
            }
        }
    }
    found
}

fn size(file: &Tracked) -> Vec<String> {
    let mut found = Vec::new();
    if file.bytes.len() > BYTES_MAX {
        found.push(format!(
            "{}: {} bytes, more than {BYTES_MAX}",
            file.path,
            file.bytes.len()
        ));
    }
    if let Some(text) = file.text().filter(|_| file.path.ends_with(".rs")) {
        let lines = text.lines().count();
        let max = LONGER
            .iter()
            .find(|(path, ..)| *path == file.path)
            .map_or(LINES_MAX, |(_, max, _)| *max);
        if lines > max {
            found.push(format!("{}: {lines} lines, more than {max}: divide it", file.path));
        }
    }
    found
}

/// Every source file says first, in a sentence, why it is there; a crate's root in any case, and tests beside code need not.
fn module_doc(file: &Tracked) -> Vec<String> {
    let beside = file
        .path
        .split_once("/src/")
        .is_some_and(|(_, inner)| inner.contains("tests/"));
    let root = ["src/lib.rs", "src/main.rs"]
        .iter()
        .any(|root| file.path.ends_with(root))
        || file.path.contains("/src/bin/");
    if !file.path.ends_with(".rs") || !root && (file.path.ends_with("/tests.rs") || beside) {
        return Vec::new();
    }
    let said = file.text().is_some_and(|text| {
        let doc: String = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        doc.split_whitespace().count() >= 3
    });
    if said {
        Vec::new()
    } else {
        vec![format!("{}: does not begin with what it is for (//! …)", file.path)]
    }
}

/// Every crate denies unsafe code, and only the vectors' module lifts that.
fn safety(file: &Tracked) -> Option<String> {
    let (text, lint) = (file.text()?, concat!("unsa", "fe_code"));
    let denies = text.contains("[lints]\nworkspace = true") || text.contains(&format!("{lint} = \"deny\""));
    let package = file.path.ends_with("Cargo.toml") && text.contains("[package]\n") && !denies;
    let lifted = file.path.ends_with(".rs") && file.path != VECTORS && text.contains(lint);
    (package || lifted).then(|| format!("{}: does not deny {lint}", file.path))
}

/// Each shared dependency says in one line why it is there.
fn reasons(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains(" = ") && !line.starts_with('#') && !line.contains("{ path = "))
        .filter(|line| {
            line.rsplit_once("# ")
                .is_none_or(|(_, reason)| reason.trim().is_empty())
        })
        .map(|line| format!("Cargo.toml: no reason beside: {line}"))
        .collect()
}

/// The targets of the Markdown links in a text, code blocks left out.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(
                line.split("](")
                    .skip(1)
                    .filter_map(|rest| rest.split_once(')').map(|(target, _)| target)),
            );
        }
    }
    found
}

/// A heading's anchor, as the usual renderers make it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
        .collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

/// `folder` joined with a relative path, `.` and `..` resolved; `None` where it leaves the repository.
fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Links in Markdown, and pages under docs/ that any file names, lead somewhere.
fn dead_links(file: &Tracked, all: &[Tracked]) -> Vec<String> {
    let Some(text) = file.text() else { return Vec::new() };
    let mut found = Vec::new();
    let exists = |path: &str| {
        all.iter()
            .any(|other| other.path == path || other.path.starts_with(&format!("{path}/")))
    };
    if file.path.ends_with(".md") {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(text)
            .into_iter()
            .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (path, heading) = link
                .split_once('#')
                .map_or((link, None), |(path, heading)| (path, Some(heading)));
            let target = if path.is_empty() {
                Some(file.path.clone())
            } else {
                resolve(folder, path)
            };
            let Some(target) = target.filter(|target| target.is_empty() || exists(target)) else {
                found.push(format!("{}: dead link: {link}", file.path));
                continue;
            };
            let page = all.iter().find(|other| other.path == target).and_then(Tracked::text);
            if heading.is_some_and(|heading| !page.is_some_and(|page| anchors(page).contains(heading))) {
                found.push(format!("{}: no such heading: {link}", file.path));
            }
        }
    }
    let docs = concat!("do", "cs/");
    for (at, _) in text.match_indices(docs) {
        let inside = text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '('));
        let rest = &text[at..];
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_')))
            .unwrap_or(rest.len());
        let page = rest[..end].trim_end_matches('.');
        if !inside && page.ends_with(".md") && !exists(page) {
            found.push(format!("{}: names a page that is not there: {page}", file.path));
        }
    }
    found
}

#[test]
fn the_house_is_tidy() {
    let all = repository::tracked().expect("git ls-files");
    assert!(
        all.iter().any(|file| file.path == "tests/tests/tidy.rs"),
        "this file is not among the tracked ones"
    );
    let mut found = Vec::new();
    for file in &all {
        found.extend(words(file));
        found.extend(size(file));
        found.extend(module_doc(file));
        found.extend(safety(file));
        found.extend(dead_links(file, &all));
    }
    let manifest = all
        .iter()
        .find(|file| file.path == "Cargo.toml")
        .and_then(Tracked::text)
        .expect("Cargo.toml");
    found.extend(reasons(manifest));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_shared_dependency_is_used() {
    let metadata = repository::metadata().expect("cargo metadata");
    let used: BTreeSet<&str> = metadata
        .packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|used| used.name.as_str())
        .collect();
    let manifest = std::fs::read_to_string(repository::root().join("Cargo.toml")).expect("Cargo.toml");
    let shared = manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1);
    let unused: Vec<&str> = shared
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#') && !line.contains("{ path = "))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .filter(|name| !used.contains(name))
        .collect();
    assert!(
        unused.is_empty(),
        "in [workspace.dependencies] and in no crate: {unused:?}"
    );
}

/// Every exception is still needed.
#[test]
fn no_exception_outlives_its_reason() {
    let all = repository::tracked().expect("git ls-files");
    for (path, max, reason) in LONGER {
        let file = all.iter().find(|file| file.path == *path);
        let lines = file.and_then(Tracked::text).map(|text| text.lines().count());
        assert!(
            lines.is_some_and(|lines| lines > LINES_MAX && lines <= *max),
            "{path} ({reason}): {lines:?} lines"
        );
    }
    for path in NOT_OURS {
        assert!(all.iter().any(|file| file.path == *path), "{path} is not there");
    }
}

fn sample(path: &str, text: impl Into<String>) -> Tracked {
    Tracked {
        path: path.to_owned(),
        bytes: text.into().into_bytes(),
    }
}

#[test]
fn a_banned_word_is_caught_where_it_is_banned() {
    for banned in BANNED {
        let folder = banned.under.first().unwrap_or(&"prover/cli/src/");
        let name = format!(
            "{folder}a{}",
            if banned.suffix.is_empty() { ".md" } else { banned.suffix }
        );
        let found = words(&sample(&name, format!("fine\nnot {} fine\n", banned.word)));
        assert!(
            found
                .iter()
                .any(|line| line.starts_with(&format!("{name}:2: `{}`", banned.word))),
            "{}",
            banned.word
        );
        if banned.whole {
            assert_eq!(
                words(&sample(&name, format!("x{}y", banned.word))),
                Vec::<String>::new()
            );
        }
    }
    assert_eq!(
        words(&sample(KNOWS_THE_DATA, concat!("../sha", "red/data"))),
        Vec::<String>::new()
    );
    assert_eq!(
        words(&sample("prover/cli/src/bar.rs", concat!("share: f", "64,"))),
        Vec::<String>::new()
    );
    let refuse = |argument: &str| {
        sample(
            "verifier/api/src/a.rs",
            format!(concat!("fn a(self, {}: f", "64)"), argument),
        )
    };
    assert_eq!([words(&refuse("_")).len(), words(&refuse("a")).len()], [0, 1]);
}

#[test]
fn a_long_or_heavy_file_is_caught() {
    let doc = "//! What it is for.\n";
    assert_eq!(size(&sample("a/src/a.rs", doc.repeat(LINES_MAX + 1))).len(), 1);
    assert_eq!(size(&sample("a/src/a.rs", doc.repeat(LINES_MAX))).len(), 0);
    assert_eq!(size(&sample("a/a.md", doc.repeat(LINES_MAX + 1))).len(), 0);
    assert_eq!(
        size(&Tracked {
            path: "a.bin".to_owned(),
            bytes: vec![0xff; BYTES_MAX + 1]
        })
        .len(),
        1
    );
}

#[test]
fn a_file_that_does_not_say_what_it_is_for_is_caught() {
    for path in ["a/src/lib.rs", "tests/src/lib.rs", "a/src/bin/b.rs", "a/src/b/c.rs"] {
        for text in ["", "//!\n", "//! Word.\n", "use std::fmt;\n//! What it is for.\n"] {
            assert_eq!(module_doc(&sample(path, text)).len(), 1, "{path}: {text:?}");
        }
        assert_eq!(module_doc(&sample(path, "//! What it is for.\n")).len(), 0, "{path}");
    }
    assert_eq!(module_doc(&sample("a/src/b/tests.rs", "use super::*;\n")).len(), 0);
}

#[test]
fn code_that_may_be_unsafe_is_caught() {
    let lifted = concat!("#![expect(unsa", "fe_code, reason = \"speed\")]\n");
    let (bad, good) = ("[package]\nname = \"a\"\n", "[package]\n\n[lints]\nworkspace = true\n");
    for (path, text, caught) in [
        ("ledger/src/lib.rs", lifted, true),
        (VECTORS, lifted, false),
        ("a/Cargo.toml", bad, true),
        ("a/Cargo.toml", good, false),
    ] {
        assert_eq!(safety(&sample(path, text)).is_some(), caught, "{path}: {text}");
    }
}

#[test]
fn a_dependency_without_a_reason_is_caught() {
    let manifest = "[workspace.dependencies]\n# ours\na = { path = \"a\" }\nb = \"1\" # why we use it\nc = \"1\"\n\n[other]\nd = \"1\"\n";
    assert_eq!(reasons(manifest), ["Cargo.toml: no reason beside: c = \"1\""]);
}

#[test]
fn a_dead_link_is_caught() {
    let page = concat!("do", "cs/a.md");
    let all = [
        sample(page, "# One thing, and `another`\n"),
        sample("README.md", ""),
        sample("a/b.rs", ""),
    ];
    let dead = |path: &str, text: &str| dead_links(&sample(path, text), &all).len();
    for good in [
        "[x](docs/a.md)",
        "[x](docs/a.md#one-thing-and-another)",
        "[x](docs)",
        "[x](https://example.org)",
        "[x](./a/b.rs)",
    ] {
        assert_eq!(dead("README.md", good), 0, "{good}");
    }
    for bad in [
        "[x](docs/b.md)",
        "[x](docs/a.md#two)",
        "[x](../a.md)",
        "[x](#nowhere)",
        "[x](c.md)",
    ] {
        assert_eq!(dead("README.md", bad), 1, "{bad}");
    }
    assert_eq!(dead(page, "[x](../README.md)"), 0);
    assert_eq!(dead("README.md", "```\n[x](c.md)\n```\n"), 0);
    assert_eq!(dead("a/b.rs", &format!("//! See {page}.")), 0);
    assert_eq!(dead("a/b.rs", concat!("//! See do", "cs/b.md.")), 1);
}
