//! Every setting of the service, with its default: where it listens, where its files lie, and the limit of everything.
//!
//! A setting comes from a TOML file, is overridden by an environment variable (`COVENANT_VERIFIER_` and its name in capitals), and
//! that by a flag (`--set NAME=VALUE`, or one of its own). A name that does not exist is refused wherever it stands.

mod load;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use covenant_api::limits;
use covenant_api::types::LogOrigin;
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::refusals::CONFIG_INVALID;

pub use load::{ENV_PREFIX, FILE, Overrides, load};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// The settings. Sizes are in bytes, times in milliseconds; what ends in `_max` is a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The directory of ledger, tokens and `service.key`.
    pub directory: PathBuf,
    /// The log's name, unique in the world: a URL without its scheme, such as `example.com/covenant`. `init` writes it to the
    /// directory's `service.toml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<LogOrigin>,
    /// Whether keys made for development are accepted. Never for production: who made them can forge proofs.
    pub allow_development_keys: bool,
    /// A file with the policy on witnesses (C2SP tlog-policy): who must cosign a checkpoint before anything under it is acknowledged.
    /// Relative to where the service is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness_policy: Option<PathBuf>,
    /// Time that the witnesses have to cosign a checkpoint.
    pub witness_timeout_ms: u64,
    /// A PEM file with the certificate and its chain: with it the service speaks TLS, and only that. Without it, TLS is the business
    /// of a proxy in front. Relative to where the service is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file with the certificate's key, which not everybody may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Which events are logged: `error`, `warn`, `info`, `debug`, or a filter of tracing-subscriber.
    pub log_filter: String,

    /// Connections that are open at once; more wait to be accepted.
    pub connections_max: usize,
    /// Connections that are open at once from one address; 0 for as many as there is room for, as behind a proxy, where all come from
    /// one. More are closed.
    pub connections_per_address_max: usize,
    /// Calls that the holder of a token may make in a minute; 0 for as many as it likes. More are told to come again.
    pub calls_per_minute_max: u32,
    /// Time by which such an answer is held back, so that whoever calls without end costs the others little; 0 for none.
    pub too_many_calls_pause_ms: u64,
    /// Requests that are worked on at once; more are told to come again.
    pub requests_max: usize,
    /// Bytes of a request's line and headers together.
    pub header_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// Time for a request's line and headers to arrive; an idle connection is closed after as long.
    pub header_timeout_ms: u64,
    /// Time for a request's body to arrive.
    pub body_timeout_ms: u64,
    /// Bytes of a body that must arrive in a second, on average since it began; 0 for any. What arrives more slowly is given up.
    pub body_bytes_per_second_min: u64,
    /// Time at a body's beginning before its speed counts.
    pub body_grace_ms: u64,
    /// Time for an answer to be ready, once the body is there.
    pub request_timeout_ms: u64,
    /// Time that calls in flight have to finish when the service stops.
    pub shutdown_timeout_ms: u64,

    /// Bytes of a filing with its document.
    pub document_body_bytes_max: usize,
    /// Bytes of a filing with a policy.
    pub policy_body_bytes_max: usize,
    /// Bytes of a filing with a verifying key.
    pub key_body_bytes_max: usize,
    /// Bytes of a proof bundle.
    pub bundle_body_bytes_max: usize,
    /// Bytes of a batch of bundles.
    pub batch_body_bytes_max: usize,
    /// Bundles of a batch.
    pub batch_lines_max: usize,

    /// Threads that check proofs; 0 for one a core.
    pub proof_threads: usize,
    /// Proofs that may wait to be checked; more are told to come again.
    pub proof_queue_max: usize,
    /// Proofs that are checked together.
    pub proof_batch_max: usize,
    /// Threads that serve connections; 0 for one a core.
    pub worker_threads: usize,
    /// Threads that read the ledger and judge.
    pub blocking_threads_max: usize,

    /// Entries or events of a page when the caller does not say.
    pub page_default: usize,
    /// Entries or events of a page at most.
    pub page_max: usize,
    /// Exports that are streamed at once; more are told to come again.
    pub exports_max: usize,
    /// Time that a reader of an answer may let it wait, of an export and a batch as of any other.
    pub export_stall_ms: u64,
    /// Entries that are looked at for one page of a bank's events.
    pub events_scan_max: usize,
    /// Batches of bundles that are judged at once; more are told to come again.
    pub batches_max: usize,
    /// Bundles of one batch that are worked on at once.
    pub batch_window_max: usize,
    /// Tokens that the service keeps.
    pub tokens_max: usize,

    /// Submissions that may wait for the ledger's writer; more are told to come again.
    pub ledger_queue_entries_max: usize,
    /// Bytes of bodies and blobs that may wait for the ledger's writer.
    pub ledger_queue_bytes_max: usize,
    /// Entries that the ledger writes in one batch.
    pub ledger_group_entries_max: usize,
    /// Bytes of bodies and blobs after which a batch takes no more entries.
    pub ledger_group_bytes_max: usize,
    /// Bytes of one record.
    pub ledger_body_bytes_max: usize,
    /// Bytes of one blob: the ledger keeps verifying keys as blobs.
    pub ledger_blob_bytes_max: usize,
    /// Cells that one record may rest on, and that it may set.
    pub ledger_cells_max: usize,
    /// Entries at the log's end that are checked in full when it is opened.
    pub ledger_reopen_entries: u64,
}

/// What a body may need beside the documents in it: field names, braces, white space.
const AROUND: usize = 4 * 1024;

impl Default for Settings {
    fn default() -> Self {
        let ledger = covenant_ledger::Limits::default();
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8440)),
            directory: PathBuf::from("covenant-service"),
            origin: None,
            allow_development_keys: false,
            witness_policy: None,
            witness_timeout_ms: 5_000,
            tls_certificate: None,
            tls_key: None,
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
            connections_max: 1024,
            connections_per_address_max: 0,
            calls_per_minute_max: 6_000,
            too_many_calls_pause_ms: 250,
            requests_max: 512,
            header_bytes_max: 16 * 1024,
            headers_max: 64,
            header_timeout_ms: 15_000,
            body_timeout_ms: 30_000,
            body_bytes_per_second_min: 1024,
            body_grace_ms: 5_000,
            request_timeout_ms: 60_000,
            shutdown_timeout_ms: 30_000,
            document_body_bytes_max: 2 * limits::DOCUMENT_BYTES_MAX + AROUND,
            policy_body_bytes_max: limits::DOCUMENT_BYTES_MAX + limits::POLICY_DOCUMENT_BYTES_MAX + AROUND,
            key_body_bytes_max: 2 * limits::DOCUMENT_BYTES_MAX
                + limits::VERIFYING_KEY_BYTES_MAX.div_ceil(3) * 4
                + AROUND,
            bundle_body_bytes_max: limits::BUNDLE_BYTES_MAX,
            batch_body_bytes_max: 16 * 1024 * 1024,
            batch_lines_max: 1024,
            proof_threads: 0,
            proof_queue_max: 4096,
            proof_batch_max: 256,
            worker_threads: 0,
            blocking_threads_max: 32,
            page_default: 100,
            page_max: 1000,
            exports_max: 4,
            export_stall_ms: 60_000,
            events_scan_max: 10_000,
            batches_max: 4,
            batch_window_max: 256,
            tokens_max: 1000,
            ledger_queue_entries_max: ledger.queue_entries_max,
            ledger_queue_bytes_max: ledger.queue_bytes_max,
            ledger_group_entries_max: ledger.group_entries_max,
            ledger_group_bytes_max: ledger.group_bytes_max,
            ledger_body_bytes_max: 2 * ledger.body_bytes_max,
            ledger_blob_bytes_max: ledger.blob_bytes_max,
            // A verdict rests on the standing of up to 32 attestors, beside a dozen other cells.
            ledger_cells_max: 2 * ledger.cells_max,
            ledger_reopen_entries: ledger.reopen_entries,
        }
    }
}

impl Settings {
    /// Checks that the limits make sense, alone and together.
    ///
    /// # Errors
    /// `config-invalid`, with the setting's name.
    pub fn validate(&self) -> Result<(), Refusal> {
        let positive = [
            ("connections_max", self.connections_max),
            ("requests_max", self.requests_max),
            ("headers_max", self.headers_max),
            ("bundle_body_bytes_max", self.bundle_body_bytes_max),
            ("batch_lines_max", self.batch_lines_max),
            ("proof_queue_max", self.proof_queue_max),
            ("proof_batch_max", self.proof_batch_max),
            ("blocking_threads_max", self.blocking_threads_max),
            ("page_default", self.page_default),
            ("exports_max", self.exports_max),
            ("events_scan_max", self.events_scan_max),
            ("batches_max", self.batches_max),
            ("batch_window_max", self.batch_window_max),
            ("tokens_max", self.tokens_max),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(invalid(name, "0", "at least 1"));
        }
        let times = [
            ("witness_timeout_ms", self.witness_timeout_ms),
            ("header_timeout_ms", self.header_timeout_ms),
            ("body_timeout_ms", self.body_timeout_ms),
            ("request_timeout_ms", self.request_timeout_ms),
            ("export_stall_ms", self.export_stall_ms),
        ];
        if let Some((name, _)) = times.iter().find(|(_, value)| *value == 0) {
            return Err(invalid(name, "0", "at least 1 millisecond"));
        }
        if self.header_bytes_max < HEADER_BYTES_MIN {
            return Err(invalid(
                "header_bytes_max",
                self.header_bytes_max,
                format!("at least {HEADER_BYTES_MIN}"),
            ));
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            let missing = if self.tls_key.is_none() {
                "tls_key"
            } else {
                "tls_certificate"
            };
            return Err(invalid(missing, "not set", "a certificate and its key, or neither"));
        }
        if self.page_default > self.page_max {
            return Err(invalid("page_default", self.page_default, "at most page_max"));
        }
        // A thread that streams an export must leave others to read the ledger.
        if self.exports_max >= self.blocking_threads_max {
            return Err(invalid(
                "exports_max",
                self.exports_max,
                "less than blocking_threads_max",
            ));
        }
        Ok(())
    }

    /// The ledger's limits.
    pub fn ledger_limits(&self) -> covenant_ledger::Limits {
        covenant_ledger::Limits {
            queue_entries_max: self.ledger_queue_entries_max,
            queue_bytes_max: self.ledger_queue_bytes_max,
            group_entries_max: self.ledger_group_entries_max,
            group_bytes_max: self.ledger_group_bytes_max,
            body_bytes_max: self.ledger_body_bytes_max,
            blob_bytes_max: self.ledger_blob_bytes_max,
            cells_max: self.ledger_cells_max,
            reopen_entries: self.ledger_reopen_entries,
            ..covenant_ledger::Limits::default()
        }
    }

    /// When a body is given up of which so many bytes have arrived, counted from its beginning.
    pub fn body_deadline(&self, arrived: usize) -> Duration {
        let all = Duration::from_millis(self.body_timeout_ms);
        if self.body_bytes_per_second_min == 0 {
            return all;
        }
        let grace = Duration::from_millis(self.body_grace_ms);
        let share = Duration::from_secs_f64(arrived as f64 / self.body_bytes_per_second_min as f64);
        all.min(grace.saturating_add(share))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls_certificate.is_some() {
            "https"
        } else {
            "http"
        }
    }

    /// The log's name.
    ///
    /// # Errors
    /// `config-invalid` where none is set.
    pub fn origin(&self) -> Result<&LogOrigin, Refusal> {
        self.origin.as_ref().ok_or_else(|| {
            Refusal::new(&CONFIG_INVALID, "no origin is set")
                .at("origin")
                .expected("the log's name, such as example.com/covenant")
                .advice(
                    "Begin with `covenant-verifier init --directory DIR --origin NAME`, or name the directory that it made.",
                )
        })
    }

    /// The settings as a TOML file.
    ///
    /// # Errors
    /// `config-invalid` where a path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, Refusal> {
        toml::to_string(self).map_err(|error| Refusal::new(&CONFIG_INVALID, error.to_string()))
    }
}

/// Below this, hyper has no room for a request's line and headers.
const HEADER_BYTES_MIN: usize = 8192;

fn invalid(name: &str, found: impl std::fmt::Display, expected: impl Into<String>) -> Refusal {
    Refusal::new(&CONFIG_INVALID, format!("{name} is {found}"))
        .at(name)
        .expected(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_fit_the_documents() {
        let settings = Settings::default();
        settings.validate().unwrap();
        assert!(settings.ledger_body_bytes_max > settings.policy_body_bytes_max);
        assert!(settings.ledger_blob_bytes_max >= limits::VERIFYING_KEY_BYTES_MAX);
        assert!(settings.batch_body_bytes_max >= settings.batch_lines_max * settings.bundle_body_bytes_max);
    }

    #[test]
    fn what_is_printed_can_be_read() {
        let settings = Settings {
            origin: Some(LogOrigin::parse("example.com/covenant").unwrap()),
            ..Settings::default()
        };
        let text = settings.to_toml().unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), settings);
    }

    #[test]
    fn limits_that_make_no_sense_are_refused_by_name() {
        let broken = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            let refusal = settings.validate().unwrap_err();
            assert_eq!(refusal.code(), "config-invalid");
            refusal.place.unwrap()
        };
        assert_eq!(broken(|s| s.requests_max = 0), "requests_max");
        assert_eq!(broken(|s| s.body_timeout_ms = 0), "body_timeout_ms");
        assert_eq!(broken(|s| s.header_bytes_max = 100), "header_bytes_max");
        assert_eq!(broken(|s| s.page_default = 5000), "page_default");
        assert_eq!(broken(|s| s.exports_max = 32), "exports_max");
        assert_eq!(broken(|s| s.tls_certificate = Some("a".into())), "tls_key");
        assert_eq!(broken(|s| s.tls_key = Some("a".into())), "tls_certificate");
    }

    #[test]
    fn a_body_has_its_grace_then_its_speed_and_an_end() {
        let settings = Settings {
            body_timeout_ms: 10_000,
            body_grace_ms: 2_000,
            body_bytes_per_second_min: 1_000,
            ..Settings::default()
        };
        let seconds = |arrived| settings.body_deadline(arrived).as_secs_f64();
        assert_eq!(
            [0, 500, 3_000, 8_000, 1 << 30].map(seconds),
            [2.0, 2.5, 5.0, 10.0, 10.0]
        );
        let any = Settings {
            body_bytes_per_second_min: 0,
            ..settings.clone()
        };
        assert_eq!(any.body_deadline(0), Duration::from_secs(10));
    }
}
