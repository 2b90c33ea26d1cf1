//! Log lines: to standard error, as text or JSON.

use std::io::IsTerminal as _;

use covenant_policy::refusal::Refusal;
use tracing_subscriber::EnvFilter;

use crate::refusals::CONFIG_INVALID;
use crate::settings::{LogFormat, Settings};

/// Begins to write log lines, once in a process; what began first stays.
///
/// # Errors
/// `config-invalid` where the filter cannot be read.
pub fn start(settings: &Settings) -> Result<(), Refusal> {
    let filter = EnvFilter::try_new(&settings.log_filter)
        .map_err(|error| Refusal::new(&CONFIG_INVALID, error.to_string()).at("log_filter"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let begun = match settings.log_format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    // A second server in one process (in tests) writes to the first one's lines.
    drop(begun);
    Ok(())
}
