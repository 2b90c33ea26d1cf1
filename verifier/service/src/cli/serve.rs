//! `covenant-verifier serve`: the service itself.

use serde_json::{Value, json};

use super::output::{Failure, Report, say};
use crate::settings::Settings;
use crate::{server, telemetry};

pub fn run(settings: Settings, as_json: bool) -> Result<Report, Failure> {
    telemetry::start(&settings)?;
    if settings.allow_development_keys {
        tracing::warn!("keys made for development are accepted: whoever made them can forge proofs");
    }
    let scheme = settings.scheme();
    server::run(
        settings,
        |address, _| {
            if as_json {
                say(&json!({ "listening": address }).to_string());
            } else {
                say(&format!("listening on {scheme}://{address}"));
            }
        },
        server::stop_signal(),
    )?;
    Ok(Report::new("stopped", Value::from("stopped")))
}
