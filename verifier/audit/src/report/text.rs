//! The report for people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comfy_table::{CellAlignment, Table, presets};
use covenant_api::documents::ContributionRecord;
use covenant_api::types::Bytes64;

use super::{Report, details, instant};
use crate::findings::Finding;
use crate::tally::Tally;

/// The width to which sentences are broken.
const WIDTH: usize = 100;

/// The report, section by section.
pub(super) fn write(report: &Report) -> String {
    let mut out = String::from("Audit of a Covenant ledger\n");
    section(&mut out, "What was audited", &fields(&subject(report)));
    let result = format!(
        "  {}\n\n{}",
        report.audit.outcome.word().to_uppercase(),
        paragraph(&report.result(), "  ")
    );
    section(&mut out, "Result", &result);
    findings(&mut out, "Findings", &report.audit.findings);
    findings(&mut out, "Not in the trust file", &report.audit.unanchored);
    let checks = report.checks();
    if !checks.is_empty() {
        let rows = checks
            .into_iter()
            .map(|(what, count)| vec![what.to_owned(), count.to_string()]);
        section(
            &mut out,
            "Checks that were made",
            &table(&["check", "count"], &[1], rows),
        );
    }
    if let Some(tally) = &report.audit.tally {
        records(&mut out, tally);
    }
    let limits: String = report.limits().iter().map(|limit| item(limit)).collect();
    section(&mut out, "What this does not show", &limits);
    let repeat = format!(
        "  {}\n\n{}",
        report.repeat(),
        paragraph(
            "The same file, by its SHA-256, gives the same result on any machine, without a connection.",
            "  "
        )
    );
    section(&mut out, "How to repeat it", &repeat);
    out
}

fn subject(report: &Report) -> Vec<(&'static str, String)> {
    let audit = &report.audit;
    let mut subject = vec![
        ("export", report.source.clone()),
        ("bytes", audit.bytes.to_string()),
        ("SHA-256", audit.file.to_string()),
    ];
    if let Some(summary) = &audit.summary {
        subject.push(("log", summary.header.key.origin().to_owned()));
        subject.push(("log's key", summary.header.key.to_string()));
        subject.push(("entries", summary.header.size.to_string()));
        if let Some((first, last)) = summary.period {
            subject.push(("period", format!("{} to {}", instant(first), instant(last))));
        }
        subject.push((
            "last checkpoint",
            format!("size {}, root {}", summary.header.size, STANDARD.encode(summary.root.0)),
        ));
        if summary.withheld > 0 {
            subject.push(("withheld bodies", summary.withheld.to_string()));
        }
        if summary.erased > 0 {
            subject.push(("erased bodies", summary.erased.to_string()));
        }
    }
    if let Some(bundle) = &report.bundle {
        subject.push((
            "bundle",
            format!(
                "{}, made {} by covenant-audit {}, which found: {}",
                bundle.id, bundle.made, bundle.version, bundle.result
            ),
        ));
    }
    subject.push(("trust file", report.trust.clone().unwrap_or_else(|| "none".to_owned())));
    if let Some(policy) = &report.witness_policy {
        let by = audit.witnessed.as_ref().map(|witnessed| witnessed.last_by.join(", "));
        let by = by.filter(|by| !by.is_empty()).unwrap_or_else(|| "nobody".to_owned());
        subject.push((
            "witnesses",
            format!("{policy}; the last checkpoint is cosigned by {by}"),
        ));
    }
    if let Some(sample) = &audit.sample {
        let of = format!("{} of {} verdicts", sample.drawn, sample.verdicts);
        subject.push(("sample", format!("{of}, seed {}", sample.seed)));
    }
    subject.push(("took", took(report)));
    subject.push((
        "audited",
        format!("{} by covenant-audit {}", report.at, env!("CARGO_PKG_VERSION")),
    ));
    subject
}

fn took(report: &Report) -> String {
    let seconds = report.took.seconds;
    let mut took = format!("{seconds:.1} s");
    if let Some(summary) = report.audit.summary.as_ref().filter(|_| seconds > 0.0) {
        took += &format!(", {:.0} entries a second", summary.header.size as f64 / seconds);
    }
    if let Some(bytes) = report.took.memory_peak_bytes {
        took += &format!(", at most {} MiB of memory", bytes >> 20);
    }
    took
}

fn findings(out: &mut String, title: &str, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let text: String = findings
        .iter()
        .map(|finding| {
            let lines: String = details(finding)
                .into_iter()
                .map(|(name, value)| hanging(&format!("    {name:10}"), &value))
                .collect();
            format!(
                "  {}\n{lines}",
                if finding.offset == 0 {
                    finding.place.to_string()
                } else {
                    finding.to_string()
                }
            )
        })
        .collect::<Vec<_>>()
        .join("\n");
    section(out, title, &text);
}

fn records(out: &mut String, tally: &Tally) {
    if let Some(opened) = &tally.opened {
        let rows = [
            ("operator", opened.operator.to_string()),
            ("opened", opened.opened.to_string()),
            ("schemas", opened.schemas.join(", ")),
        ];
        section(out, "Operator", &fields(&rows));
    }
    let text = |value: &dyn ToString| value.to_string();
    let kinds = tally.kinds.iter().map(|(kind, count)| vec![text(kind), text(count)]);
    listed(out, "Records", table(&["kind", "count"], &[1], kinds));
    let participants = tally.participants.iter();
    let rows = participants.map(|bank| vec![bank.name.clone(), text(&bank.key), text(&bank.entry), text(&bank.acts)]);
    listed(
        out,
        "Participants",
        table(&["name", "key", "entry", "acts"], &[2, 3], rows),
    );
    let rows = tally
        .policies
        .iter()
        .map(|p| vec![text(&p.id), tally.name_of(&p.bank), text(&p.entry)]);
    listed(out, "Policies", table(&["id", "bank", "entry"], &[2], rows));
    let rows = tally.keys.iter().map(|key| {
        let origin = if key.development { "development" } else { "ceremony" };
        vec![
            text(&key.id),
            tally.name_of(&key.bank),
            text(&key.entry),
            origin.to_owned(),
        ]
    });
    listed(
        out,
        "Verifying keys",
        table(&["id", "bank", "entry", "setup"], &[2], rows),
    );
    key_registry(out, tally);
    let rows = tally.attestors.iter().map(|attestor| {
        let state = if attestor.standing { "granted" } else { "struck" };
        vec![
            attestor.name.clone(),
            text(&attestor.key),
            tally.name_of(&attestor.bank),
            text(&attestor.entry),
            state.to_owned(),
        ]
    });
    listed(
        out,
        "Attestors",
        table(&["name", "key", "bank", "entry", "state"], &[3], rows),
    );
    let rows = tally
        .verdicts
        .iter()
        .map(|((policy, tier), count)| vec![text(policy), tier.clone(), text(count)]);
    listed(out, "Verdicts by tier", table(&["policy", "tier", "count"], &[2], rows));
    let decisions = tally.decisions.iter();
    let rows = decisions.map(|(bank, made)| vec![tally.name_of(bank), text(&made.approved), text(&made.refused)]);
    listed(out, "Decisions", table(&["bank", "approved", "refused"], &[1, 2], rows));
}

/// The log's registry of keys: from which entry to which each was active, and where it comes from.
fn key_registry(out: &mut String, tally: &Tally) {
    let rows = tally.registry.iter().map(|key| {
        let used = tally.use_of(&key.manifest.verifying_key);
        let until = match key.until {
            None => "in use".to_owned(),
            Some((entry, cause)) => format!("{entry}, {}", cause.name()),
        };
        vec![
            key.manifest.verifying_key.to_string(),
            key.manifest.setup().to_owned(),
            key.from.to_string(),
            until,
            used.requests.to_string(),
            used.verdicts.to_string(),
        ]
    });
    listed(
        out,
        "Key registry",
        table(
            &["id", "setup", "from entry", "until", "requests", "verdicts"],
            &[2, 4, 5],
            rows,
        ),
    );
    for key in &tally.registry {
        let manifest = &key.manifest;
        let mut lines = vec![
            ("key", manifest.verifying_key.to_string()),
            ("statement", manifest.statement.to_string()),
            ("circuit", manifest.circuit.to_string()),
            ("manifest", key.manifest_id.to_string()),
        ];
        if let Some(ceremony) = &manifest.ceremony {
            lines.push(("powers of tau", short(&ceremony.powers)));
            lines.push(("transcript", short(&ceremony.transcript)));
            lines.push(("powers by", ContributionRecord::makers(manifest.powers_contributions())));
            lines.push(("key by", ContributionRecord::makers(manifest.contributions())));
        }
        let text: String = lines
            .into_iter()
            .map(|(name, value)| hanging(&format!("  {name:13}  "), &value))
            .collect();
        *out += &format!("\n{text}");
    }
}

/// The first half of a long hash: enough to compare; the JSON has all of it.
fn short(hash: &Bytes64) -> String {
    let digits = hash.to_string();
    format!("{}…", digits.get(..64).unwrap_or(&digits))
}

fn listed(out: &mut String, title: &str, table: String) {
    if !table.is_empty() {
        section(out, title, &table);
    }
}

fn section(out: &mut String, title: &str, text: &str) {
    *out += &format!(
        "\n{title}\n{}\n\n{}\n",
        "-".repeat(title.chars().count()),
        text.trim_end()
    );
}

/// Names and values, one a line.
pub(crate) fn fields(fields: &[(&'static str, String)]) -> String {
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    fields
        .iter()
        .map(|(name, value)| format!("  {name:width$}  {value}\n"))
        .collect()
}

/// A table, its numbers to the right; nothing where it has no rows.
fn table(headings: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(headings.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    if table.is_empty() {
        return String::new();
    }
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}

/// One of several sentences.
fn item(text: &str) -> String {
    hanging("  - ", text)
}

/// A text after a beginning, under which its further lines stand.
fn hanging(begin: &str, text: &str) -> String {
    let indent = " ".repeat(begin.chars().count());
    let broken = paragraph(text, &indent);
    format!("{begin}{}", broken.get(indent.len()..).unwrap_or_default())
}

/// A text in lines of at most [`WIDTH`] characters, where its words allow.
fn paragraph(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH {
            out += &format!("{indent}{line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    out + &format!("{indent}{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_broken_and_hang() {
        let text = "word ".repeat(60);
        let broken = hanging("  - ", &text);
        assert!(broken.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(broken.starts_with("  - word word"));
        assert!(broken.lines().skip(1).all(|line| line.starts_with("    word")));
        assert_eq!(broken.split_whitespace().filter(|word| *word == "word").count(), 60);
    }
}
