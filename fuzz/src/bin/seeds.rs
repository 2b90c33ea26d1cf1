//! Writes what the fuzzers start from: small books out of the sample generator, the sample policies and their canonical bytes.
//! `seeds FOLDER` makes `FOLDER/<target>/…`; nothing of it is kept in the repository.

use std::error::Error;
use std::fs;
use std::path::Path;

use covenant_import::sample::{ENTRIES_MIN, Kind, Order, Profile, generate};
use covenant_policy::compile;

/// Entries of a seed: a fuzzer wants it short.
const ENTRIES: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("seeds FOLDER")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let put = |target: &str, name: &str, bytes: &[u8]| -> std::io::Result<()> {
        let to = Path::new(&folder).join(target);
        fs::create_dir_all(&to)?;
        fs::write(to.join(name), bytes)
    };
    for (target, kind) in [("fec", Kind::Fec), ("sie", Kind::Sie), ("csv", Kind::Csv)] {
        for (seed, profile) in [(1, Profile::Healthy), (2, Profile::Stretched), (3, Profile::Failing)] {
            let mut bytes = Vec::new();
            let order = Order {
                seed,
                kind,
                entries: ENTRIES_MIN,
                profile,
                year: 2024,
            };
            let sample = generate(&order, &mut bytes).map_err(|r| r.what)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let short = match kind {
                Kind::Fec => french(&text),
                Kind::Sie => swedish(&text),
                Kind::Csv => format!("{}\0{text}", sample.csv_format.unwrap_or_default()),
            };
            put(target, &format!("sample-{seed}"), short.as_bytes())?;
            put(target, &format!("windows-{seed}"), short.replace('\t', ";").as_bytes())?;
        }
    }
    for entry in fs::read_dir(root.join("../policies"))?
        .chain(fs::read_dir(root.join("../policies/rules")).into_iter().flatten())
    {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let source = fs::read_to_string(&path)?;
        put("policy", &name, source.as_bytes())?;
        if let Ok(compiled) = compile(&source) {
            put("canonical", &name, &compiled.canonical_bytes)?;
        }
        for (i, line) in source.lines().enumerate().filter(|(_, line)| line.contains("require")) {
            let rule = line
                .split_once('"')
                .map_or(line, |(_, rest)| rest.trim_end_matches('"'));
            put("expression", &format!("{name}-{i}"), rule.as_bytes())?;
        }
    }
    for chart in ["fr-pcg", "se-bas", "generic"] {
        let text = format!(
            "type = \"covenant-account-mapping\"\nversion = 1\nchart = \"{chart}\"\n[[account]]\naccounts = [\"9999\", \"40-44\"]\n\
             debit = \"other-receivables\"\ncredit = \"other-payables\"\nnet = true\n[[reclassify]]\nfrom = \"borrowings-long\"\n\
             to = \"borrowings-short\"\namount = \"100.00\"\nreason = \"due\"\n[[not_covered]]\nfigure = \"cash\"\nreason = \"x\"\n"
        );
        put("mapping", chart, text.as_bytes())?;
    }
    for (i, text) in [
        "12,34",
        "-1.234.567,89",
        "1 234,5",
        "20240229",
        "2024-02-29",
        "EUR 1.50",
        "92233720368547758.07",
    ]
    .iter()
    .enumerate()
    {
        put("text", &i.to_string(), text.as_bytes())?;
    }
    Ok(())
}

/// The header, the opening entry and some more.
fn french(text: &str) -> String {
    let entry = |line: &str| line.split('\t').nth(2).and_then(|n| n.parse::<usize>().ok());
    text.split_inclusive('\n')
        .filter(|line| entry(line).is_none_or(|n| n <= ENTRIES))
        .collect()
}

/// Some vouchers, without the balances that all of them made.
fn swedish(text: &str) -> String {
    let (head, vouchers) = text.split_at(text.find("#VER").unwrap_or(text.len()));
    let head = head
        .split_inclusive('\n')
        .filter(|l| !l.starts_with("#UB 0") && !l.starts_with("#RES 0"));
    let vouchers = vouchers.split_inclusive("}\r\n").take(ENTRIES);
    head.chain(vouchers).collect()
}
