//! Mirroring a log, and saying what came of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::host;
use covenant_api::types::UtcTime;
use covenant_audit::audit::Anchor;
use covenant_audit::mirror::{self, How, Mirrored};
use covenant_audit::note::Checkpoint;
use serde_json::{Value, json};

use super::args;
use super::output::{self, Fail, Said};
use super::{progress, source};

/// Fetches what is new.
pub fn run(asked: &args::Mirror) -> Result<Said, Fail> {
    let anchor = super::anchor(&asked.trust).map_err(Fail::Fault)?;
    let policy = asked.witness_policy.as_deref().map(super::policy).transpose();
    let policy = policy.map_err(Fail::Fault)?;
    let client = source::client(&asked.address, asked.token_file.as_deref()).map_err(Fail::Fault)?;
    let bar = progress::entries();
    let shown = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let how = How {
        directory: &asked.directory,
        key: &anchor.key,
        policy: policy.as_ref(),
        part_entries: asked.part,
        progress: &shown,
    };
    let mut rng = host::rng().map_err(Fail::Fault)?;
    let mirrored = mirror::run(&client, &how, &mut rng);
    bar.finish_and_clear();
    let mirrored = mirrored.map_err(Fail::Fault)?;
    Ok(Said {
        text: text(asked, &anchor, &mirrored),
        json: json(asked, &anchor, &mirrored),
        passed: mirrored.wrong.is_none(),
    })
}

fn time(seconds: u64) -> String {
    UtcTime::from_unix_seconds(seconds).map_or_else(|| format!("{seconds} s"), |time| time.to_string())
}

/// What the mirror's last checkpoint says.
fn checkpoint(anchor: &Anchor, mirrored: &Mirrored) -> Option<Checkpoint> {
    Checkpoint::open(mirrored.note.as_deref()?, &anchor.key).ok()
}

fn text(asked: &args::Mirror, anchor: &Anchor, mirrored: &Mirrored) -> String {
    let Mirrored { size, new, .. } = mirrored;
    let sentence = match &mirrored.wrong {
        None if *new == 0 => format!("The mirror holds the whole log, {size} entries. Nothing is new."),
        None => {
            format!("The mirror holds the whole log, {size} entries. {new} of them are new: fetched, checked and kept.")
        }
        Some((finding, _)) => format!("WRONG: {} The mirror keeps its {size} entries.", finding.code.meaning),
    };
    let mut facts = vec![
        ("log", anchor.key.origin().to_owned()),
        ("directory", asked.directory.display().to_string()),
    ];
    if let Some((finding, evidence)) = &mirrored.wrong {
        facts.push(("finding", format!("{} at {finding}", finding.code.code)));
        facts.push(("found", finding.what.clone()));
        facts.extend(finding.expected.clone().map(|expected| ("expected", expected)));
        facts.push(("what to do", finding.code.advice.to_owned()));
        let kept = evidence.as_ref().map(|path| path.display().to_string());
        facts.push((
            "evidence",
            kept.unwrap_or_else(|| "as much is kept already as there is room for".to_owned()),
        ));
    }
    if mirrored.parts > 0 {
        facts.push((
            "fetched",
            match mirrored.parts {
                1 => format!("{} bytes in one part", mirrored.bytes),
                parts => format!("{} bytes in {parts} parts", mirrored.bytes),
            },
        ));
    }
    let bodies = if mirrored.bodies {
        "mirrored"
    } else {
        "not mirrored: no auditor's token was given"
    };
    facts.push(("bodies", bodies.to_owned()));
    if let Some(checkpoint) = checkpoint(anchor, mirrored) {
        let root = STANDARD.encode(checkpoint.root.0);
        facts.push(("checkpoint", format!("size {}, root {root}", checkpoint.size)));
    }
    facts.extend(
        mirrored
            .last_ms
            .map(|ms| ("last entry", format!("sequenced at {}", time(ms / 1000)))),
    );
    if asked.witness_policy.is_some() && mirrored.wrong.is_none() {
        let by = mirrored
            .cosigned
            .iter()
            .map(|(name, at)| format!("{name} at {}", time(*at)));
        facts.push(("cosigned by", by.collect::<Vec<_>>().join(", ")));
    }
    if mirrored.again > 0 && mirrored.wrong.is_none() {
        facts.push((
            "asked again",
            format!("{} earlier entries, which are the same bytes", mirrored.again),
        ));
    }
    // A name alone could be that of a command.
    let directory = asked.directory.display();
    let here = if asked.directory.components().count() == 1 {
        "./"
    } else {
        ""
    };
    let audit = format!("covenant-audit {here}{directory} --trust {}", asked.trust.display());
    facts.push(("to audit it", audit));
    output::facts(&sentence, facts).text
}

fn json(asked: &args::Mirror, anchor: &Anchor, mirrored: &Mirrored) -> Value {
    let checkpoint = checkpoint(anchor, mirrored).map(|checkpoint| {
        json!({
            "size": checkpoint.size,
            "root": STANDARD.encode(checkpoint.root.0),
            "note": String::from_utf8_lossy(mirrored.note.as_deref().unwrap_or_default()),
        })
    });
    let cosigned = mirrored
        .cosigned
        .iter()
        .map(|(name, at)| json!({ "name": name, "at": time(*at) }));
    let findings = mirrored.wrong.iter().map(|(finding, evidence)| {
        json!({
            "code": finding.code.code,
            "where": finding.place.to_string(),
            "entry": finding.place.entry(),
            "what": finding.what,
            "expected": finding.expected,
            "meaning": finding.code.meaning,
            "advice": finding.code.advice,
            "evidence": evidence.as_ref().map(|path| path.display().to_string()),
        })
    });
    json!({
        "type": "covenant-mirrored/v1",
        "version": env!("CARGO_PKG_VERSION"),
        "result": if mirrored.wrong.is_none() { "mirrored" } else { "wrong" },
        "log": anchor.key.origin(),
        "directory": asked.directory.display().to_string(),
        "size": mirrored.size,
        "new": mirrored.new,
        "fetched": { "parts": mirrored.parts, "bytes": mirrored.bytes },
        "bodies": mirrored.bodies,
        "checkpoint": checkpoint,
        "last_entry": mirrored.last_ms.map(|ms| time(ms / 1000)),
        "cosigned": cosigned.collect::<Vec<_>>(),
        "asked_again": mirrored.again,
        "findings": findings.collect::<Vec<_>>(),
    })
}
