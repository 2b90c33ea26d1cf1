//! The guides under `docs/operating/` are run: every shell block, in one folder, in the order of its number, with the programs as
//! built. The output that a guide shows after a block must be in what was printed.
//!
//! A block is marked by a comment on the line before it: `<!-- run 7 -->`, or `<!-- run 7 refused -->` where the last command is to
//! end with exit code 1. The numbers run through all guides, because enterprise, attestor and bank answer each other. Nobody
//! types passphrases here, so the programs are called through wrappers that add `--passphrase-file`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use covenant_tests::repository;

const GUIDES: &[&str] = &["enterprise", "attestor", "bank"];
const PROGRAMS: &[&str] = &["covenant", "covenant-bank"];

/// A shell block of a guide.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    number: u32,
    refused: bool,
    /// Guide and line, for messages.
    place: String,
    script: String,
    /// Lines that must be printed; `…` stands for anything.
    shown: Vec<String>,
}

/// The blocks of a guide, or what is wrong with them.
fn blocks(guide: &str, text: &str) -> Result<Vec<Block>, String> {
    let mut found: Vec<Block> = Vec::new();
    let mut mark: Option<(u32, bool)> = None;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let place = format!("{guide}.md:{}", index + 1);
        if let Some(words) = line
            .strip_prefix("<!-- run ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        {
            let (number, rest) = words.split_once(' ').map_or((words, ""), |(n, rest)| (n, rest));
            let number = number.parse().map_err(|_| format!("{place}: {number} is no number"))?;
            if !matches!(rest, "" | "refused") {
                return Err(format!("{place}: `{rest}` after the number"));
            }
            mark = Some((number, rest == "refused"));
            continue;
        }
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|l| *l != "```")
            .collect();
        match (language, mark.take()) {
            ("sh", Some((number, refused))) => found.push(Block {
                number,
                refused,
                place,
                script: body.join("\n"),
                shown: Vec::new(),
            }),
            ("sh", None) => return Err(format!("{place}: a shell block that no test runs")),
            (_, Some(_)) => return Err(format!("{place}: a mark before something else than a shell block")),
            ("text", None) => match found.last_mut() {
                Some(block) => block.shown.extend(body.into_iter().map(str::to_owned)),
                None => return Err(format!("{place}: output of nothing")),
            },
            _ => {}
        }
    }
    Ok(found)
}

/// A line without what only aligns it.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a printed line is the one that was shown, where `…` stands for anything.
fn fits(printed: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|start| printed.strip_prefix(start)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((end, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(end)
}

/// The programs' folder: where this test's own executable was put.
fn built() -> PathBuf {
    let this = std::env::current_exe().expect("the test knows where it is");
    this.ancestors()
        .nth(2)
        .expect("it lies in a folder of the target directory")
        .to_owned()
}

/// Cargo builds a package's programs for its own integration tests only, so where they are missing, or older than the sources,
/// this builds them. With `cargo test --workspace`, as in `make test`, they are there already.
fn build_programs(folder: &Path) {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let modified = |path: PathBuf| std::fs::metadata(path).and_then(|m| m.modified());
    let source = |path: &str| {
        let room = ["circuits/", "prover/", "verifier/"]
            .iter()
            .any(|room| path.starts_with(room));
        room && path.contains("/src/") && !path.contains("/tests")
    };
    let newest = repository::tracked()
        .expect("git ls-files")
        .iter()
        .filter(|file| source(&file.path))
        .filter_map(|file| modified(repository::root().join(&file.path)).ok())
        .max()
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let ready = |program: &&str| modified(folder.join(program)).is_ok_and(|built| built >= newest);
    if PROGRAMS.iter().all(ready) {
        return;
    }
    let target = folder
        .parent()
        .expect("a profile's folder lies in the target directory");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "-p",
            "covenant",
            "-p",
            "covenant-api",
            "--target-dir",
        ])
        .arg(target)
        .current_dir(repository::root())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the programs could not be built");
    let released = target.join("release");
    if released != folder {
        for program in PROGRAMS {
            std::fs::copy(released.join(program), folder.join(program)).expect(program);
        }
    }
}

/// Wrappers that type the passphrase.
fn wrap(programs: &Path, world: &Path) {
    std::fs::write(world.join("passphrase"), "correct horse battery staple\n").expect("a passphrase");
    std::fs::create_dir(world.join("bin")).expect("bin");
    for program in PROGRAMS {
        let wrapper = world.join("bin").join(program);
        let (real, passphrase) = (programs.join(program), world.join("passphrase"));
        let text = format!(
            "#!/bin/sh\nexec '{}' --passphrase-file '{}' \"$@\"\n",
            real.display(),
            passphrase.display()
        );
        std::fs::write(&wrapper, text).expect(program);
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).expect(program);
    }
}

fn run(block: &Block, world: &Path) {
    let path = format!(
        "{}:{}",
        world.join("bin").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    // The last command's code is the script's; an earlier one that fails ends it.
    let output = Command::new("sh")
        .args(["-eu", "-c", &format!("{}\n", block.script)])
        .current_dir(world.join("folder"))
        .env("PATH", path)
        .env("HOME", world.join("home"))
        .env("XDG_DATA_HOME", world.join("data"))
        .env("NO_COLOR", "1")
        .output()
        .expect("a shell");
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let (place, script) = (&block.place, &block.script);
    let expected = i32::from(block.refused);
    assert_eq!(output.status.code(), Some(expected), "{place}: {script}\n{printed}");
    let lines: Vec<String> = printed.lines().map(squeezed).collect();
    for shown in &block.shown {
        let wanted = squeezed(shown);
        assert!(
            wanted.is_empty() || lines.iter().any(|line| fits(line, &wanted)),
            "{place}: the guide shows `{shown}`, and this was printed:\n{printed}"
        );
    }
}

#[test]
fn the_guides_work_as_written() {
    let mut all = Vec::new();
    for guide in GUIDES {
        let path = repository::root().join(format!("docs/operating/{guide}.md"));
        let text = std::fs::read_to_string(path).expect(guide);
        all.extend(blocks(guide, &text).unwrap_or_else(|wrong| panic!("{wrong}")));
    }
    all.sort_by_key(|block| block.number);
    for (block, number) in all.iter().zip(1..) {
        assert_eq!(
            block.number, number,
            "{}: the blocks are numbered 1, 2, 3 …",
            block.place
        );
    }
    let programs = built();
    build_programs(&programs);
    let world = tempfile::tempdir().expect("a scratch folder");
    for folder in ["folder", "home", "data"] {
        std::fs::create_dir(world.path().join(folder)).expect(folder);
    }
    std::os::unix::fs::symlink(
        repository::root().join("policies"),
        world.path().join("folder/policies"),
    )
    .expect("policies");
    wrap(&programs, world.path());
    for block in &all {
        run(block, world.path());
    }
}

/// Options of a command line that its program does not know.
fn unknown_options(programs: &Path, line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some((program, words)) = words.split_first().filter(|(p, _)| PROGRAMS.contains(p)) else {
        return Vec::new();
    };
    let mut help = String::new();
    for verbs in [words.get(..1), words.get(..2)].into_iter().flatten() {
        let output = Command::new(programs.join(program)).args(verbs).arg("--help").output();
        help.push_str(&String::from_utf8_lossy(&output.expect(program).stdout));
    }
    let known: Vec<&str> = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    let options = words.iter().filter(|word| word.starts_with("--"));
    let unknown = options.filter(|option| !known.contains(option));
    let missing = if help.is_empty() {
        Some("the verb".to_owned())
    } else {
        None
    };
    unknown.map(|option| (*option).to_owned()).chain(missing).collect()
}

/// Commands on other pages than the guides are not run, but their verbs and options exist.
#[test]
fn commands_on_other_pages_exist() {
    let programs = built();
    build_programs(&programs);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in repository::tracked().expect("git ls-files") {
        let Some(text) = page
            .text()
            .filter(|_| page.path.ends_with(".md") && !page.path.starts_with("docs/operating/"))
        else {
            continue;
        };
        for block in text.split("\n```sh\n").skip(1) {
            for line in block.lines().take_while(|line| *line != "```") {
                seen += usize::from(line.starts_with("covenant"));
                let unknown = unknown_options(&programs, line);
                wrong.extend(
                    unknown
                        .into_iter()
                        .map(|option| format!("{}: {option} in: {line}", page.path)),
                );
            }
        }
    }
    assert!(seen > 10, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for line in [
        "covenant prove --tiers A",
        "covenant improve",
        "covenant-bank policy sign --file x",
    ] {
        assert_eq!(unknown_options(&programs, line).len(), 1, "{line}");
    }
    assert!(unknown_options(&programs, "covenant check --policy a.json --json").is_empty());
}

#[test]
fn blocks_are_found_and_what_no_test_runs_is_refused() {
    let text =
        "a\n<!-- run 2 refused -->\n```sh\nfalse\ntrue\n```\n\n```text\nx  …\n```\n<!-- run 1 -->\n```sh\ntrue\n```\n";
    let found = blocks("g", text).expect("sound");
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].number, found[0].refused, found[0].script.as_str()),
        (2, true, "false\ntrue")
    );
    assert_eq!(
        (found[0].shown.as_slice(), found[0].place.as_str()),
        (&["x  …".to_owned()][..], "g.md:3")
    );
    assert_eq!((found[1].number, found[1].refused), (1, false));
    for wrong in [
        "```sh\ntrue\n```\n",
        "<!-- run 1 -->\n```text\n```\n",
        "<!-- run x -->\n",
        "<!-- run 1 fails -->\n",
        "```text\nx\n```\n",
    ] {
        assert!(blocks("g", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn shown_lines_are_compared() {
    for (printed, shown) in [
        ("a b", "a b"),
        ("a b", "a …"),
        ("a b c", "a … c"),
        ("abc", "…"),
        ("axbyc", "a…b…c"),
    ] {
        assert!(fits(printed, shown), "{printed} {shown}");
    }
    for (printed, shown) in [("a b", "a"), ("a b", "a … c"), ("xa", "a…"), ("abc", "a…d…c")] {
        assert!(!fits(printed, shown), "{printed} {shown}");
    }
    assert_eq!(squeezed("  a   b "), "a b");
}
