//! `covenant-verifier check`: rechecks everything that the ledger stores.

use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::json;

use super::output::{Failure, Report, fields};
use crate::records::recheck::recheck;
use crate::refusals::of_ledger;
use crate::settings::Settings;
use crate::{startup, witnesses};

pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let opened = startup::open(settings)?;
    let progress =
        ProgressBar::new_spinner().with_message("checking every entry, body, index, node, blob and checkpoint");
    progress.enable_steady_tick(Duration::from_millis(200));
    let no = |error| Failure::No(of_ledger(&error));
    let summary = opened.ledger.check().map_err(no)?;
    let policy = witnesses::policy(settings)?;
    let witnessed = policy.as_ref().map(|policy| opened.ledger.check_witnessed(policy));
    let witnessed = witnessed.transpose().map_err(no)?;
    progress.set_message("rebuilding from the records what decisions rest on");
    let compared = recheck(&opened.ledger).map_err(Failure::No)?;
    progress.finish_and_clear();
    let rows = [
        ("entries", summary.entries),
        ("bodies", summary.bodies),
        ("erased bodies", summary.erased),
        ("unique keys", summary.unique),
        ("streams", summary.streams),
        ("blobs", summary.blobs),
        ("checkpoints", summary.checkpoints),
        ("replayed", compared.records),
        ("cells", compared.cells),
    ];
    let mut shown: Vec<_> = rows.iter().map(|(name, count)| (*name, count.to_string())).collect();
    if let Some(witnessed) = witnessed {
        shown.push(("cosigned", witnessed.to_string()));
    }
    if let Some(erased) = compared.erased {
        shown.push((
            "not compared",
            format!("cells, and records from entry {erased} on, whose body was erased"),
        ));
    }
    Ok(Report::new(
        format!("the ledger is whole\n{}", fields(&shown)),
        json!({
            "entries": summary.entries,
            "bodies": summary.bodies,
            "erased": summary.erased,
            "unique": summary.unique,
            "streams": summary.streams,
            "blobs": summary.blobs,
            "checkpoints": summary.checkpoints,
            "records": compared.records,
            "cells": compared.cells,
            "cosigned": witnessed,
            "first_erased": compared.erased,
        }),
    ))
}
