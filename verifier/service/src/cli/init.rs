//! `covenant-verifier init`: a new service.

use serde_json::json;

use super::output::{Failure, Report, fields};
use crate::settings::Settings;
use crate::startup;

pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let opened = startup::init(settings)?;
    let (log_key, operator) = (opened.ledger.key().to_string(), opened.key.operator()?.public());
    let text = fields(&[
        ("directory", settings.directory.display().to_string()),
        ("log key", log_key.clone()),
        ("operator key", operator.to_string()),
    ]);
    let advice = "Give both keys to whoever is to trust this log, by another way than this service. Keep a copy of service.key in a \
                  safe place: without it the log cannot be continued.";
    Ok(Report::new(
        format!("{text}{advice}"),
        json!({ "directory": settings.directory, "log_key": log_key, "operator": operator }),
    ))
}
