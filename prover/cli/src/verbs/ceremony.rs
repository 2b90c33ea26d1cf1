//! `covenant ceremony`: a key that nobody can forge under, as long as one of those who made it was honest. Each step reads
//! files and writes one; the same files go through snarkjs.

mod powers;

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek as _};
use std::path::Path;
use std::time::Instant;

use covenant_api::refusals::{FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE};
use covenant_api::types::Hex32;
use covenant_api::{host, ids};
use covenant_policy::refusal::Refusal;
use covenant_proofs::ceremony::{self, CeremonyError, Checked as Found, Contributed, Finished};
use covenant_proofs::formats::parameters::{Beacon, shown};
use covenant_proofs::formats::ptau::Ptau;
use covenant_proofs::formats::zkey::Zkey;
use covenant_proofs::formats::{FormatError, r1cs};
use covenant_proofs::keys::Provenance;
use covenant_proofs::keys::provenance::blake2b;
use covenant_statements::compliance::Compliance;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::args::{Ceremony, Checked};
use crate::context::Context;
use crate::keystore::{key_refusal, store};
use crate::output::Report;
use crate::progress::Progress;
use crate::refusals::proof_entry;

pub(super) fn run(context: &Context, args: &Ceremony) -> Result<Report, Refusal> {
    let started = Instant::now();
    let mut report = match args {
        Ceremony::Start { ptau, out, r1cs } => start(ptau, out, r1cs.as_deref()),
        Ceremony::Contribute { key, name, out } => contribute(key, name.as_deref(), out),
        Ceremony::Beacon {
            key,
            value,
            iterations,
            name,
            out,
        } => beacon(key, &drawn(value, *iterations)?, name.as_deref(), out),
        Ceremony::Verify(checked) => verify(checked),
        Ceremony::Finish { checked, keys } => finish(context, checked, keys.as_deref()),
        Ceremony::Powers(verb) => powers::run(verb),
        Ceremony::Rehearse { power, seed, out } => rehearse(*power, seed, out),
        Ceremony::Prepare { ptau, out } => prepare(ptau, out),
    }?;
    report.line(format!("It took {:.1} s.", started.elapsed().as_secs_f64()));
    Ok(report)
}

fn start(ptau: &Path, out: &Path, rows: Option<&Path>) -> Result<Report, Refusal> {
    let progress = Progress::spinner("building the circuit");
    let circuit = ceremony::circuit::<Compliance>().map_err(|e| key_refusal(&e))?;
    if let Some(path) = rows {
        write_new(path, |file| r1cs::write(file, &circuit).map_err(CeremonyError::from))?;
    }
    progress.say("making the first key");
    let mut powers = open_powers(ptau)?;
    let first = ceremony::setup(&circuit, &mut powers).map_err(|e| refused(&e, ptau))?;
    write_new(out, |file| first.write(file).map(|_| ()).map_err(CeremonyError::from))?;
    drop(progress);
    let hash = first.transcript.circuit_hash;
    let mut report = Report::new(json!({ "out": out, "circuit_hash": HEXLOWER.encode(&hash), "r1cs": rows }));
    report.good(format!(
        "The first key is in {}; everybody makes the same. The circuit's hash:",
        out.display()
    ));
    say_hash(&mut report, &hash);
    report.line("Nobody may prove with it. Hand it to the first contributor: `covenant ceremony contribute`.");
    Ok(report)
}

fn contribute(key: &Path, name: Option<&str>, out: &Path) -> Result<Report, Refusal> {
    let mut rng = host::rng()?;
    applied(key, out, |old, new, done| {
        ceremony::contribute(old, new, name, &mut rng, done)
    })
}

fn beacon(key: &Path, value: &Beacon, name: Option<&str>, out: &Path) -> Result<Report, Refusal> {
    applied(key, out, |old, new, done| {
        ceremony::beacon(old, new, name, value.clone(), done)
    })
}

/// A contribution of either kind: one key read, the next one written.
fn applied(
    key: &Path,
    out: &Path,
    apply: impl FnOnce(BufReader<File>, &mut BufWriter<&mut File>, &mut dyn FnMut(u64)) -> Result<[u8; 64], CeremonyError>,
) -> Result<Report, Refusal> {
    let mut old = open(key)?;
    let points = Zkey::points_to_change(&mut old).map_err(|e| refused(&e.into(), key))?;
    old.rewind().map_err(|e| unreadable(key, &e))?;
    let progress = Progress::steps("multiplying points", points);
    let (mut done, mut hash) = (0, [0; 64]);
    write_new(out, |file| {
        let mut file = BufWriter::new(file);
        hash = apply(old, &mut file, &mut |points| {
            done += points;
            progress.at(done);
        })?;
        Ok(())
    })
    .map_err(|refusal| {
        if refusal.place.is_none() {
            refusal.at(key.display())
        } else {
            refusal
        }
    })?;
    drop(progress);
    let mut report = Report::new(json!({ "out": out, "contribution_hash": HEXLOWER.encode(&hash) }));
    report.good(format!(
        "The next key is in {}. The contribution's hash:",
        out.display()
    ));
    say_hash(&mut report, &hash);
    report.line("Publish the hash where others find it: whoever checks the ceremony sees it there again.");
    Ok(report)
}

fn verify(checked: &Checked) -> Result<Report, Refusal> {
    let Finished {
        key, checked: found, ..
    } = finished(checked)?;
    let powers = powers_hash(&checked.ptau)?;
    let (id, development) = (Hex32(key.id().0), key.verifying().origin().is_development());
    let mut report = Report::new(json!({
        "key": id, "id": ids::display(ids::prefix::KEY, &id), "development": development, "powers_blake2b": HEXLOWER.encode(&powers),
        "contributions": found.contributed.iter().map(to_json).collect::<Vec<_>>(),
        "powers_contributions": found.powers.iter().map(to_json).collect::<Vec<_>>(),
    }));
    report.good("The ceremony holds: every step follows from the circuit in this program and the powers of tau.");
    report.fields([("key", ids::display(ids::prefix::KEY, &id)), ("key id", id.to_string())]);
    say_all(&mut report, &found);
    report.line(
        "The key is sound if, in each list, one forgot their secret; a beacon does not count, since its secret is public.",
    );
    report.line("Ask each contributor whether the hash is theirs.");
    say_powers(&mut report, &powers);
    Ok(report)
}

/// The file of powers of tau by its hash.
fn say_powers(report: &mut Report, powers: &[u8; 64]) {
    report.line("The file of powers of tau has the BLAKE2b-512 hash:");
    say_hash(report, powers);
}

fn powers_hash(path: &Path) -> Result<[u8; 64], Refusal> {
    blake2b(open(path)?).map_err(|e| unreadable(path, &e))
}

fn finish(context: &Context, checked: &Checked, keys: Option<&Path>) -> Result<Report, Refusal> {
    let (store, folder) = store(context, keys)?;
    let finished = finished(checked)?;
    let powers = powers_hash(&checked.ptau)?;
    let provenance = Provenance::of(&finished, powers);
    let Finished {
        key, checked: found, ..
    } = finished;
    let manifest = store
        .save_as_made(&key, Some(provenance))
        .map_err(|e| key_refusal(&e))?;
    let id = Hex32(key.id().0);
    let mut report = Report::new(json!({
        "key": id, "id": ids::display(ids::prefix::KEY, &id), "folder": folder, "proving_bytes": manifest.proving_bytes,
        "powers_blake2b": HEXLOWER.encode(&powers), "contributions": found.contributed.iter().map(to_json).collect::<Vec<_>>(),
        "powers_contributions": found.powers.iter().map(to_json).collect::<Vec<_>>(), "development": manifest.development,
    }));
    report.good(format!(
        "{} is verified and stored.",
        ids::display(ids::prefix::KEY, &id)
    ));
    report.fields([
        ("key id", id.to_string()),
        ("folder", folder.join(&manifest.key).display().to_string()),
        ("bytes", manifest.proving_bytes.to_string()),
    ]);
    say_all(&mut report, &found);
    say_powers(&mut report, &powers);
    if !manifest.development {
        report.line(
            "A bank relies on the key once somebody whom it trusts has signed for it: `covenant-bank manifest sign`, then `registry \
             pin --manifest`.",
        );
    }
    Ok(report)
}

fn finished(checked: &Checked) -> Result<Finished, Refusal> {
    let progress = Progress::spinner("reading the key, checking its points");
    let key = Zkey::read(open(&checked.key)?).map_err(|e| refused(&e.into(), &checked.key))?;
    let mut powers = open_powers(&checked.ptau)?;
    progress.say("checking the powers of tau, the first key and every contribution");
    ceremony::finish::<Compliance>(key, &mut powers, &mut host::rng()?).map_err(|e| refused(&e, &checked.key))
}

fn rehearse(power: u32, seed: &str, out: &Path) -> Result<Report, Refusal> {
    let progress = Progress::spinner("multiplying points");
    write_new(out, |file| {
        ceremony::known_powers(seed, power, BufWriter::new(file)).map(|_| ())
    })?;
    drop(progress);
    let mut report = Report::new(json!({ "out": out, "power": power, "seed": seed }));
    report.good(format!("Powers of tau of 2^{power} are in {}.", out.display()));
    report.warning(
        "Their secrets are public: whoever knows the seed forges under every key made from them. For rehearsals only.",
    );
    Ok(report)
}

fn prepare(ptau: &Path, out: &Path) -> Result<Report, Refusal> {
    let mut powers = open_powers(ptau)?;
    let progress = Progress::steps("transforming points", powers.points_to_prepare());
    let mut done = 0;
    write_new(out, |file| {
        let prepared = powers.prepare(BufWriter::new(file), |points| {
            done += points;
            progress.at(done);
        });
        prepared.map(|_| ()).map_err(CeremonyError::from)
    })?;
    drop(progress);
    let mut report = Report::new(json!({ "out": out, "power": powers.power() }));
    report.good(format!(
        "Prepared powers of tau of 2^{} are in {}.",
        powers.power(),
        out.display()
    ));
    Ok(report)
}

fn drawn(value: &str, iterations_log2: u8) -> Result<Beacon, Refusal> {
    let bytes = HEXLOWER_PERMISSIVE.decode(value.as_bytes()).map_err(|e| {
        Refusal::new(proof_entry("ceremony-misuse"), format!("--value: {e}")).expected("1 to 255 bytes in hexadecimal")
    })?;
    Ok(Beacon {
        value: bytes,
        iterations_log2,
    })
}

fn to_json(contributed: &Contributed) -> Value {
    json!({
        "name": contributed.name, "hash": HEXLOWER.encode(&contributed.hash),
        "beacon": contributed.beacon.as_ref().map(|b| json!({
            "value": HEXLOWER.encode(&b.value), "iterations_log2": b.iterations_log2,
        })),
    })
}

/// Who contributed to the key, and to what it rests on.
fn say_all(report: &mut Report, found: &Found) {
    say_contributions(report, "Contributions to the key", &found.contributed);
    powers::say_powers(report, found);
}

/// Who contributed, and under which hash.
fn say_contributions(report: &mut Report, title: &str, contributed: &[Contributed]) {
    report.heading(title);
    for (number, one) in (1..).zip(contributed) {
        let who = match (&one.name, &one.beacon) {
            (Some(name), None) => shown(name),
            (name, Some(beacon)) => format!(
                "{}: {}, hashed 2^{} times",
                name.as_deref().map_or_else(|| "beacon".to_owned(), shown),
                HEXLOWER.encode(&beacon.value),
                beacon.iterations_log2
            ),
            (None, None) => "(no name)".to_owned(),
        };
        report.line(format!("  {number}. {who}"));
        say_hash(report, &one.hash);
    }
}

/// A hash on lines of its own.
fn say_hash(report: &mut Report, hash: &[u8; 64]) {
    for half in hash.chunks(32) {
        report.line(format!("     {}", grouped(&HEXLOWER.encode(half))));
    }
}

/// Hexadecimal digits in groups of eight, as snarkjs prints them.
fn grouped(hex: &str) -> String {
    let groups: Vec<&str> = hex
        .as_bytes()
        .chunks(8)
        .filter_map(|g| std::str::from_utf8(g).ok())
        .collect();
    groups.join(" ")
}

fn open(path: &Path) -> Result<BufReader<File>, Refusal> {
    File::open(path).map(BufReader::new).map_err(|e| unreadable(path, &e))
}

fn open_powers(path: &Path) -> Result<Ptau<BufReader<File>>, Refusal> {
    Ptau::open(open(path)?).map_err(|e| refused(&e.into(), path))
}

/// Writes a file that must not be there yet: beside its place first, so that it is whole or not there.
fn write_new(path: &Path, write: impl FnOnce(&mut File) -> Result<(), CeremonyError>) -> Result<(), Refusal> {
    if path.exists() {
        return Err(Refusal::new(&FILE_EXISTS, "the file exists").at(path.display()));
    }
    let fault = |e: std::io::Error| Refusal::new(&FILE_UNWRITABLE, e.to_string()).at(path.display());
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(fault)?;
    write(file.as_file_mut()).map_err(|e| ceremony_refusal(&e))?;
    file.as_file().sync_all().map_err(fault)?;
    file.persist_noclobber(path).map_err(|e| fault(e.error))?;
    Ok(())
}

fn refused(error: &CeremonyError, path: &Path) -> Refusal {
    ceremony_refusal(error).at(path.display())
}

fn ceremony_refusal(error: &CeremonyError) -> Refusal {
    let refusal = Refusal::new(proof_entry(error.code()), error.to_string());
    match error {
        CeremonyError::Format(FormatError::Malformed { expected, .. }) | CeremonyError::Misuse { expected, .. } => {
            refusal.expected(expected.clone())
        }
        _ => refusal,
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(&FILE_UNREADABLE, error.to_string()).at(path.display())
}
