//! The arguments, typed: what can be asked of the program, and nothing about how it is done.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use covenant_api::types::{Hex32, UtcTime};
use covenant_audit::mirror::PART_ENTRIES;

/// Recheck a ledger's export or a bundle of one, trusting nothing that its operator says.
#[derive(Debug, Parser)]
#[command(
    name = "covenant-audit",
    version,
    about,
    max_term_width = 110,
    arg_required_else_help = true,
    subcommand_negates_reqs = true
)]
#[command(after_help = "Exit codes: 0 sound or done, 1 a finding or refused, 2 misuse or fault.")]
pub struct Args {
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Count this as the present instant, such as 2026-11-23T10:00:00Z [default: the system's clock]
    #[arg(long, global = true, value_name = "TIME", value_parser = UtcTime::parse)]
    pub now: Option<UtcTime>,
    /// The export to audit: a file, a bundle's directory, or the address of a service, such as https://covenant.example.org
    #[arg(value_name = "EXPORT", required = true)]
    pub export: Option<PathBuf>,
    /// How to audit it.
    #[command(flatten)]
    pub asked: Asked,
    /// Write the report to this file, which must not exist
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What else to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What to rely on, and how far to look.
#[derive(Debug, Default, PartialEq, Eq, ClapArgs)]
pub struct Asked {
    /// What to rely on, obtained elsewhere than from the log's operator; without it, the best result is "consistent,
    /// not anchored"
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Count proofs under keys of a development setup, which anybody can forge
    #[arg(long)]
    pub allow_development_keys: bool,
    /// A file with an auditor's token on its one line; without it, a service exports no bodies
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Keep the export that is fetched from a service in this file, which must not exist
    #[arg(long, value_name = "FILE")]
    pub keep: Option<PathBuf>,
    /// Demand that witnesses have cosigned the last checkpoint as this policy (C2SP tlog-policy) says, and check every
    /// cosignature of theirs
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
    /// A checkpoint seen elsewhere, which the log must contain: a signed note, a receipt, or an earlier export, all of whose
    /// checkpoints count; may be given several times
    #[arg(long, value_name = "FILE")]
    pub known: Vec<PathBuf>,
    /// Keep in this file how far proofs are verified, and go on from there; nothing but time depends on it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sample", "hashes_only"])]
    pub state: Option<PathBuf>,
    /// Verify the proofs of so many verdicts alone, drawn by what witnesses have cosigned; everything else is checked in full
    #[arg(long, value_name = "N", requires = "witness_policy", requires = "trust", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
    /// Check hashes, chain, tree and checkpoints alone, and no record's meaning
    #[arg(long, conflicts_with = "sample")]
    pub hashes_only: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Audit an export, and put all that is needed to audit it again, years later and offline, into one directory
    Export(Bundle),
    /// Check one receipt, as a file in any of its forms
    Receipt(Receipt),
    /// Check one stream's own chain alone
    Chain(Chain),
    /// Keep the whole log of a service in a directory: fetch what is new, check it, and keep it
    Mirror(Mirror),
    /// Write a trust file from keys that were obtained elsewhere
    Trust(TrustArgs),
    /// Cosign a log's checkpoints, each only where it continues the last
    #[command(subcommand)]
    Witness(Witness),
}

/// `covenant-audit export`.
#[derive(Debug, ClapArgs)]
pub struct Bundle {
    /// The export: a file, a mirror's directory, or the address of a service
    #[arg(value_name = "EXPORT")]
    pub export: PathBuf,
    /// The directory to make, which must not exist
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What to rely on, and how far to look.
    #[command(flatten)]
    pub asked: Asked,
}

/// `covenant-audit receipt`.
#[derive(Debug, ClapArgs)]
pub struct Receipt {
    /// The receipt
    pub file: PathBuf,
    /// What to rely on
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
    /// Demand that witnesses have cosigned the checkpoint, as this policy (C2SP tlog-policy) says
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
}

/// `covenant-audit chain`.
#[derive(Debug, ClapArgs)]
pub struct Chain {
    /// The chain, as the service gives it under /v1/ledger/streams/
    pub file: PathBuf,
    /// What to rely on
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
    /// Demand that witnesses have cosigned the checkpoint, as this policy (C2SP tlog-policy) says
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
}

/// `covenant-audit mirror`.
#[derive(Debug, ClapArgs)]
pub struct Mirror {
    /// The address of the service, such as https://covenant.example.org
    #[arg(value_name = "URL")]
    pub address: String,
    /// The mirror's directory, which is made where there is none; `covenant-audit DIRECTORY` audits it
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// What to rely on, obtained elsewhere than from the log's operator
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
    /// Demand that witnesses have cosigned the last checkpoint as this policy (C2SP tlog-policy) says, and check every
    /// cosignature of theirs
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
    /// A file with an auditor's token on its one line; without it, no bodies are mirrored
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Fetch at most so many entries at once: what an interruption can cost
    #[arg(long, value_name = "ENTRIES", default_value_t = PART_ENTRIES, value_parser = clap::value_parser!(u64).range(1..))]
    pub part: u64,
}

/// `covenant-audit witness`.
#[derive(Debug, Subcommand)]
pub enum Witness {
    /// Make a witness: its directory and its key
    Init(WitnessInit),
    /// Run it
    Serve(WitnessServe),
}

/// `covenant-audit witness init`.
#[derive(Debug, ClapArgs)]
pub struct WitnessInit {
    /// Where to make it
    #[arg(long, value_name = "DIR")]
    pub directory: PathBuf,
    /// Its name for good: a URL without its scheme, such as witness.example.org/w1
    #[arg(long)]
    pub name: String,
}

/// `covenant-audit witness serve`.
#[derive(Debug, ClapArgs)]
pub struct WitnessServe {
    /// The witness's directory
    #[arg(long, value_name = "DIR")]
    pub directory: PathBuf,
    /// Address and port to listen on; TLS is the business of a proxy in front
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8450")]
    pub listen: std::net::SocketAddr,
    /// The key of a log to witness, obtained elsewhere than from a checkpoint; may be given several times
    #[arg(long = "log-key", value_name = "KEY", required = true)]
    pub log_keys: Vec<String>,
}

/// `covenant-audit trust`.
#[derive(Debug, ClapArgs)]
pub struct TrustArgs {
    /// The log's key: name+key id+base64
    #[arg(long, value_name = "KEY")]
    pub log_key: String,
    /// The operator's Ed25519 key
    #[arg(long, value_name = "HEX", value_parser = Hex32::parse)]
    pub operator: Hex32,
    /// The id of a verifying key whose ceremony was examined; may be given several times
    #[arg(long = "verifying-key", value_name = "HEX", value_parser = Hex32::parse)]
    pub verifying_keys: Vec<Hex32>,
    /// A signed manifest of a verifying key, checked by you: the key is trusted, and the log's registry must hold this very manifest;
    /// may be given several times
    #[arg(long = "manifest", value_name = "FILE")]
    pub manifests: Vec<PathBuf>,
    /// A participant's first Ed25519 key; may be given several times
    #[arg(long = "participant", value_name = "HEX", value_parser = Hex32::parse)]
    pub participants: Vec<Hex32>,
    /// Where to write it; must not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
