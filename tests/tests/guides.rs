//! The guides under `docs/operating/` are run: every shell block, in one folder, in the order of its number, with the programs as
//! built. The output that a guide shows after a block must be in what was printed.
//!
//! A block is marked by a comment on the line before it: `<!-- run 7 -->`, and a word behind the number where it does not simply end
//! well: `refused` where the last command is to end with exit code 1, `fault` where with 2; `background` for one command that starts
//! a server, which goes on while later blocks run; `stopped` for a block before which every server is told to end, and must end
//! well. The numbers run through all guides, because enterprise, attestor, bank and operator answer each other. Nobody types
//! passphrases here, so the programs that ask for one are called through wrappers that add `--passphrase-file`. Ports that guides
//! name are replaced by free ones.

use covenant_tests::programs::Programs;
use covenant_tests::repository;

#[path = "guides/world.rs"]
mod world;

use world::World;

const GUIDES: &[&str] = &[
    "enterprise",
    "attestor",
    "bank",
    "service",
    "bank-service",
    "ceremony",
    "cryptographer",
];
/// The programs, and whether they ask for a passphrase.
const PROGRAMS: &[(&str, bool)] = &[
    ("covenant", true),
    ("covenant-bank", true),
    ("covenant-verifier", false),
    ("covenant-audit", false),
];

/// How a block is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    Refused,
    Fault,
    /// It goes on.
    Background,
    /// Well, once every server has ended.
    Stopped,
}

impl End {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "" => Self::Well,
            "refused" => Self::Refused,
            "fault" => Self::Fault,
            "background" => Self::Background,
            "stopped" => Self::Stopped,
            _ => return None,
        })
    }

    fn code(self) -> i32 {
        match self {
            Self::Well | Self::Background | Self::Stopped => 0,
            Self::Refused => 1,
            Self::Fault => 2,
        }
    }
}

/// A shell block of a guide.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    number: u32,
    end: End,
    /// Guide and line, for messages.
    place: String,
    script: String,
    /// Lines that must be printed; `…` stands for anything.
    shown: Vec<String>,
}

/// The blocks of a guide, or what is wrong with them.
fn blocks(guide: &str, text: &str) -> Result<Vec<Block>, String> {
    let mut found: Vec<Block> = Vec::new();
    let mut mark: Option<(u32, End)> = None;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let place = format!("{guide}.md:{}", index + 1);
        if let Some(words) = line
            .strip_prefix("<!-- run ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        {
            let (number, rest) = words.split_once(' ').map_or((words, ""), |(n, rest)| (n, rest));
            let number = number.parse().map_err(|_| format!("{place}: {number} is no number"))?;
            let end = End::parse(rest).ok_or_else(|| format!("{place}: `{rest}` after the number"))?;
            mark = Some((number, end));
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
            ("sh", Some((number, end))) => found.push(Block {
                number,
                end,
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
    let mut world = World::new(&Programs::built());
    for block in &all {
        world.run(block);
    }
    world.stop();
}

/// Every setting of the service: its name, its default as the program prints it, and what the source says about it.
fn settings(programs: &Programs) -> String {
    let nowhere = tempfile::tempdir().expect("a scratch folder");
    let mut command = programs.command("covenant-verifier");
    let printed = Programs::done(command.args(["config", "--json"]).current_dir(nowhere.path()));
    let defaults: serde_json::Value = serde_json::from_str(&printed).expect("settings in JSON");
    let source = repository::root().join("verifier/service/src/settings.rs");
    let source = std::fs::read_to_string(source).expect("the settings");
    let (_, fields) = source.split_once("pub struct Settings {").expect("the settings");
    let (fields, _) = fields.split_once("\n}\n").expect("their end");
    let mut table = String::from("| setting | default | |\n|---|---|---|\n");
    let (mut said, mut seen) = (Vec::new(), 0);
    for line in fields.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            said.push(text.trim());
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|field| field.split_once(':')) {
            let default = defaults.get(name);
            seen += usize::from(default.is_some());
            let default = default.map_or("none".to_owned(), |value| format!("`{value}`"));
            let text = said.join(" ");
            assert!(!text.is_empty(), "{name} is not described");
            table.push_str(&format!("| `{name}` | {default} | {text} |\n"));
            said.clear();
        }
    }
    // What has no default, such as the origin, is not printed.
    assert_eq!(defaults.as_object().map(serde_json::Map::len), Some(seen));
    table
}

/// The table of settings is the program's own; `make golden` rewrites it.
#[test]
fn golden_settings() {
    let page = repository::root().join("docs/operating/service.md");
    let text = std::fs::read_to_string(&page).expect("the guide");
    let (before, rest) = text.split_once("<!-- generated: settings -->\n").expect("the table");
    let (found, after) = rest.split_once("<!-- end -->").expect("its end");
    let expected = settings(&Programs::built());
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|v| v == "write") {
        let new = format!("{before}<!-- generated: settings -->\n{expected}<!-- end -->{after}");
        std::fs::write(&page, new).expect("the guide");
    } else {
        assert!(
            found == expected,
            "not what the program says; `make golden` rewrites it:\n{expected}"
        );
    }
}

/// Options of a command line that its program does not know.
fn unknown_options(programs: &Programs, line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some((program, words)) = words
        .split_first()
        .filter(|(found, _)| PROGRAMS.iter().any(|(program, _)| program == *found))
    else {
        return Vec::new();
    };
    let mut help = String::new();
    for verbs in [words.get(..1), words.get(..2)].into_iter().flatten() {
        let output = programs.command(program).args(verbs).arg("--help").output();
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
    let programs = Programs::built();
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
        (found[0].number, found[0].end, found[0].script.as_str()),
        (2, End::Refused, "false\ntrue")
    );
    assert_eq!(
        (found[0].shown.as_slice(), found[0].place.as_str()),
        (&["x  …".to_owned()][..], "g.md:3")
    );
    assert_eq!((found[1].number, found[1].end), (1, End::Well));
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
