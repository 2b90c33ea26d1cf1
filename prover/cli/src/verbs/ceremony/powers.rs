//! `covenant ceremony powers`: the first phase, which serves every circuit up to a size.

use std::path::Path;

use covenant_api::host;
use covenant_policy::refusal::Refusal;
use covenant_proofs::ceremony::{
    self, CeremonyError, beacon_powers, contribute_powers, new_powers, points_of_powers, verify_powers,
};
use covenant_proofs::formats::parameters::Beacon;
use covenant_proofs::formats::ptau::Ptau;
use serde_json::json;

use super::{drawn, open_powers, refused, say_contributions, say_hash, to_json, write_new};
use crate::args::PowersVerb;
use crate::output::Report;
use crate::progress::Progress;

/// A file as it is written and read back.
type New<'a> = &'a mut std::fs::File;

pub(super) fn run(verb: &PowersVerb) -> Result<Report, Refusal> {
    match verb {
        PowersVerb::New { power, out } => new(*power, out),
        PowersVerb::Contribute { ptau, name, out } => {
            let mut rng = host::rng()?;
            applied(ptau, out, |old, new, done| {
                contribute_powers(old, new, name.as_deref(), &mut rng, done)
            })
        }
        PowersVerb::Beacon {
            ptau,
            value,
            iterations,
            name,
            out,
        } => {
            let beacon: Beacon = drawn(value, *iterations)?;
            applied(ptau, out, |old, new, done| {
                beacon_powers(old, new, name.as_deref(), &beacon, done)
            })
        }
        PowersVerb::Verify { ptau } => verify(ptau),
    }
}

fn new(power: u32, out: &Path) -> Result<Report, Refusal> {
    // A power that is none is refused before anything is counted.
    let points = if power < 32 { points_of_powers(power) } else { 0 };
    let progress = Progress::steps("writing points", points);
    let mut done = 0;
    write_new(out, |file| {
        new_powers(power, file, |points| {
            done += points;
            progress.at(done);
        })
        .map(|_| ())
    })?;
    drop(progress);
    let mut report = Report::new(json!({ "out": out, "power": power }));
    report.good(format!("Powers of tau of 2^{power} are in {}.", out.display()));
    report.line("Nobody contributed yet, so everybody knows their secrets. Hand them to the first contributor: `covenant ceremony powers contribute`.");
    Ok(report)
}

fn applied(
    ptau: &Path,
    out: &Path,
    apply: impl FnOnce(
        &mut Ptau<std::io::BufReader<std::fs::File>>,
        New<'_>,
        &mut dyn FnMut(u64),
    ) -> Result<[u8; 64], CeremonyError>,
) -> Result<Report, Refusal> {
    let mut old = open_powers(ptau)?;
    let progress = Progress::steps("multiplying points", points_of_powers(old.power()));
    let (mut done, mut hash) = (0, [0; 64]);
    write_new(out, |file| {
        hash = apply(&mut old, file, &mut |points| {
            done += points;
            progress.at(done);
        })?;
        Ok(())
    })
    .map_err(|refusal| match &refusal.place {
        None => refusal.at(ptau.display()),
        Some(_) => refusal,
    })?;
    drop(progress);
    let mut report = Report::new(json!({ "out": out, "contribution_hash": ceremony_hash(&hash) }));
    report.good(format!(
        "The next powers of tau are in {}. The contribution's hash:",
        out.display()
    ));
    say_hash(&mut report, &hash);
    report.line("Publish the hash where others find it: whoever checks the powers sees it there again.");
    Ok(report)
}

fn ceremony_hash(hash: &[u8; 64]) -> String {
    data_encoding::HEXLOWER.encode(hash)
}

fn verify(ptau: &Path) -> Result<Report, Refusal> {
    let mut powers = open_powers(ptau)?;
    let progress = Progress::steps("checking points", points_of_powers(powers.power()));
    let mut done = 0;
    let contributed = verify_powers(&mut powers, &mut host::rng()?, |points| {
        done += points;
        progress.at(done);
    })
    .map_err(|e| refused(&e, ptau))?;
    drop(progress);
    let mut report = Report::new(json!({
        "power": powers.power(), "ceremony_power": powers.ceremony_power(), "prepared": powers.is_prepared(),
        "contributions": contributed.iter().map(to_json).collect::<Vec<_>>(),
    }));
    report.good(format!(
        "The powers of tau hold: 2^{}, and every contribution follows from the one before it.",
        powers.power()
    ));
    if powers.ceremony_power() > powers.power() {
        report.line(format!(
            "They were cut from a ceremony of 2^{}.",
            powers.ceremony_power()
        ));
    }
    say_contributions(&mut report, "Contributions to the powers of tau", &contributed);
    report.line(
        "They are sound if one of these forgot their secrets; a beacon does not count, since its secrets are public.",
    );
    if powers.is_prepared() {
        report.line("The Lagrange forms in the file were not looked at: `covenant ceremony verify` checks those that a key is made from.");
    }
    Ok(report)
}

/// What the powers of tau of a key rest on.
pub(super) fn say_powers(report: &mut Report, checked: &ceremony::Checked) {
    if checked.is_rehearsed() {
        report.warning(
            "Nobody contributed to these powers of tau, so somebody knows their secrets: a development key, which programs refuse \
             unless told --allow-development-keys.",
        );
        return;
    }
    say_contributions(report, "Contributions to the powers of tau", &checked.powers);
}
