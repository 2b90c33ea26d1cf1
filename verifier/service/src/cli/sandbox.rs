//! `covenant-verifier sandbox`: a service to try, seeded, for as long as the command runs.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use covenant_api::refusals::FILE_UNWRITABLE;
use covenant_policy::refusal::Refusal;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::args::Args;
use super::output::{Failure, Report, say};
use crate::refusals::{INTERNAL_FAULT, LISTEN_FAILED};
use crate::settings::{self, Settings};
use crate::{sandbox, server, telemetry};

/// How long what is being seeded has to end when the command is told to stop.
const SEEDING_ENDS_MAX: Duration = Duration::from_secs(1);

pub fn run(args: &Args) -> Result<Report, Failure> {
    let mut overrides = args.overrides();
    // Removed when it is dropped: at the end, however that comes.
    let scratch = if args.names_directory() { None } else { Some(scratch()?) };
    if let Some(scratch) = &scratch {
        let place = scratch.path().to_string_lossy().into_owned();
        overrides.values.push(("directory".to_owned(), place));
    }
    let settings = Settings {
        // Its callers are told to call it in plain HTTP.
        tls_certificate: None,
        tls_key: None,
        ..settings::load(&overrides)?
    };
    // Who cannot listen in the end is told before the work, not after it.
    let listen = settings.listen;
    TcpListener::bind(listen).map_err(|error| Refusal::new(&LISTEN_FAILED, error.to_string()).at(listen))?;
    let Some(folder) = seeded(&settings)? else {
        return Ok(Report::new("stopped", Value::from("stopped")));
    };
    telemetry::start(&settings)?;
    tracing::warn!("a sandbox: keys made for development are accepted, and anybody can forge proofs under them");
    let (as_json, kept) = (args.json, scratch.is_none());
    server::run(
        settings,
        |address, _| {
            if as_json {
                say(&json!({ "listening": address, "files": folder }).to_string());
            } else {
                say(&welcome(address, &folder, kept));
            }
        },
        server::stop_signal(),
    )?;
    Ok(Report::new("stopped", Value::from("stopped")))
}

fn scratch() -> Result<TempDir, Refusal> {
    let made = tempfile::Builder::new().prefix("covenant-sandbox-").tempdir();
    made.map_err(|error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(std::env::temp_dir().display()))
}

/// Seeds a service; `None` where the command was told to stop meanwhile.
fn seeded(settings: &Settings) -> Result<Option<PathBuf>, Refusal> {
    let fault = |error: &dyn std::fmt::Display| Refusal::new(&INTERNAL_FAULT, error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| fault(&error))?;
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(200));
    let (settings, spinner) = (settings.clone(), progress.clone());
    let seeded = runtime.block_on(async {
        let seeding =
            tokio::task::spawn_blocking(move || sandbox::make(&settings, &|what| spinner.set_message(what.to_owned())));
        tokio::select! {
            done = seeding => done.map_err(|error| fault(&error))?.map(Some),
            () = server::stop_signal() => Ok(None),
        }
    });
    progress.finish_and_clear();
    runtime.shutdown_timeout(SEEDING_ENDS_MAX);
    seeded
}

/// What is there, and what to try first.
fn welcome(address: SocketAddr, folder: &Path, kept: bool) -> String {
    let files = folder.display();
    let end = if kept {
        "stays when it ends"
    } else {
        "is removed when it ends"
    };
    let json = "-H 'Content-Type: application/json'";
    format!(
        "\
SANDBOX: everybody in it is made up, and anybody can forge proofs under its development key. Nothing may rely on it.
listening on http://{address}
files in {files}; the directory {end}

  token, auditor-token   of Sandbox Bank, and of an auditor
  log.json, trust.json   the log's keys, and what an auditor relies on
  pass.json              reaches tier A              lower-tier.json   reaches tier B of a stricter policy
  expired.json           its request is too old      replayed.json     was accepted before
  tampered.json          one bit of the proof is another one; only the pairing check can tell
  batch.ndjson           all five                    enrolment.json    of another company, still to be sent
  bank/                  the bank's registry and key, for covenant-bank

Try:
  curl -s http://{address}/v1/log
  curl -s {json} --data-binary @{files}/pass.json http://{address}/v1/proofs
  curl -s {json} --data-binary @{files}/tampered.json http://{address}/v1/proofs
  curl -s -H \"Authorization: Bearer $(cat {files}/token)\" http://{address}/v1/applications
  curl -s -H 'Content-Type: application/x-ndjson' --data-binary @{files}/batch.ndjson http://{address}/v1/proofs/batch
"
    )
}
