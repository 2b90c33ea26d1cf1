//! `covenant-verifier check`: rechecks everything that the ledger stores.

use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::json;

use super::output::{Failure, Report, fields};
use crate::refusals::of_ledger;
use crate::settings::Settings;
use crate::startup;

pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let opened = startup::open(settings)?;
    let progress =
        ProgressBar::new_spinner().with_message("checking every entry, body, index, node, blob and checkpoint");
    progress.enable_steady_tick(Duration::from_millis(200));
    let checked = opened.ledger.check();
    progress.finish_and_clear();
    let summary = checked.map_err(|error| Failure::No(of_ledger(&error)))?;
    let rows = [
        ("entries", summary.entries),
        ("bodies", summary.bodies),
        ("erased bodies", summary.erased),
        ("unique keys", summary.unique),
        ("streams", summary.streams),
        ("blobs", summary.blobs),
        ("checkpoints", summary.checkpoints),
    ];
    let shown: Vec<_> = rows.iter().map(|(name, count)| (*name, count.to_string())).collect();
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
        }),
    ))
}
