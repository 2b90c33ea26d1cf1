//! The arguments, typed: what can be asked of the program, and nothing about how it is done.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use covenant_api::documents::{RetirementCause, Role};
use covenant_api::types::{Hex32, IsoDate, LogOrigin, Name, RegistryId, Text, UtcTime};

mod manifest;

pub use manifest::{Ceremony, CheckManifest, Manifest, SignManifest};

/// Sign and keep what a bank or an attestor puts its name to.
#[derive(Debug, Parser)]
#[command(
    name = "covenant-bank",
    version,
    about,
    max_term_width = 110,
    arg_required_else_help = true
)]
#[command(after_help = "Exit codes: 0 done, 1 refused, 2 misuse or fault.")]
pub struct Args {
    /// Count this as the present instant, such as 2026-11-23T10:00:00Z [default: the system's clock]
    #[arg(long, global = true, value_name = "TIME", value_parser = UtcTime::parse)]
    pub now: Option<UtcTime>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// A file with the secret key's passphrase on its one line [default: ask]
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a secret key, or print its public key
    #[command(subcommand)]
    Key(Key),
    /// Make the bank's registry, pin or retire a verifying key, or show what is in it
    #[command(subcommand)]
    Registry(RegistryVerb),
    /// Sign what is known of a verifying key and its ceremony, or check what somebody signed
    #[command(subcommand)]
    Manifest(Manifest),
    /// Admit an attestor's key, or strike it
    #[command(subcommand)]
    Attestor(Attestor),
    /// Sign a policy, or read one in plain language
    #[command(subcommand)]
    Policy(Policy),
    /// Invite a company to do business; prints a one-time code to deliver by another way
    Invite(Invite),
    /// Record an applicant's enrolment: its one-time code is checked and used up
    Enrol(Enrol),
    /// Ask an enrolled applicant for a proof
    Request(Request),
    /// As an attestor: show the figures of a statement, and sign it
    Attest(Attest),
    /// Judge a proof bundle, and record the verdict, which uses up its request
    Verify(Verify),
    /// Write a bundle's proof, its public inputs and the key as snarkjs and other programs read them
    Export(Export),
    /// Say which keys a log has: receipts and verdicts are checked against them
    #[command(subcommand)]
    Log(LogVerb),
    /// File one of the bank's signed documents with a log: writes what is to be sent to the log's service
    Sign(Sign),
    /// Decide on the verdict in a log's receipt
    Decide(Decide),
    /// Say which level of a pricing grid applied on which day: what was due, what was delivered, what was found wrong
    Pricing(Pricing),
}

/// The bank's registry and its key.
#[derive(Debug, ClapArgs)]
pub struct Office {
    /// The bank's registry
    #[arg(long, value_name = "DIR")]
    pub registry: PathBuf,
    /// The bank's secret key
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
}

/// Roles of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Ed25519: signs documents
    Bank,
    /// EdDSA over Baby Jubjub: signs statements of figures
    Attestor,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Bank => Self::Bank,
            RoleArg::Attestor => Self::Attestor,
        }
    }
}

/// Why a key is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CauseArg {
    /// Another key takes its place
    Superseded,
    /// Somebody may be able to forge under it
    Compromised,
}

impl From<CauseArg> for RetirementCause {
    fn from(cause: CauseArg) -> Self {
        match cause {
            CauseArg::Superseded => Self::Superseded,
            CauseArg::Compromised => Self::Compromised,
        }
    }
}

/// `covenant-bank key`.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a secret key, sealed under a passphrase
    New {
        /// Whose key
        #[arg(long)]
        role: RoleArg,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Write it unsealed: whoever reads the file can sign
        #[arg(long, conflicts_with = "passphrase_file")]
        no_passphrase: bool,
    },
    /// Print a secret key's public key; no passphrase is needed
    Public {
        /// The secret key's file
        file: PathBuf,
    },
}

/// `covenant-bank registry`.
#[derive(Debug, Subcommand)]
pub enum RegistryVerb {
    /// Make a registry
    New {
        /// The bank's name, as applicants know it
        #[arg(long, value_parser = Name::parse)]
        name: Name,
        /// Where to write the signed document, besides the registry
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Registry and key.
        #[command(flatten)]
        office: Office,
    },
    /// Pin a verifying key: from now on proofs under it count
    Pin {
        /// The verifying key (verifying.bin in a key's folder)
        file: PathBuf,
        /// The signed manifest of the key; only a development key can do without
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
        /// Take this signer's word for the manifest (64 hexadecimal digits) [default: the bank's own, and that of the operators of
        /// logs that it relies on]
        #[arg(long, value_name = "KEY", value_parser = Hex32::parse, requires = "manifest")]
        manifest_key: Option<Hex32>,
        /// Accept a key from a development setup, whose proofs anybody could forge
        #[arg(long)]
        allow_development_keys: bool,
        /// Where to write the signed document, besides the registry
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Registry and key.
        #[command(flatten)]
        office: Office,
    },
    /// Retire a pinned key: no request names it any more
    Retire {
        /// The key (its id, as shown or in 64 digits) [default: the only one]
        key_id: Option<String>,
        /// What is known of the key: open requests can be answered under a superseded one, and under a compromised one no longer
        #[arg(long)]
        cause: CauseArg,
        /// Why
        #[arg(long, value_parser = Text::parse)]
        reason: Text,
        /// Where to write the signed document, besides the registry
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Registry and key.
        #[command(flatten)]
        office: Office,
    },
    /// Check the whole registry and show what is in it
    Show {
        /// The registry
        registry: PathBuf,
    },
}

/// `covenant-bank attestor`.
#[derive(Debug, Subcommand)]
pub enum Attestor {
    /// Admit a key, or change its grant
    Grant {
        /// The attestor's packed public key (64 hexadecimal digits)
        #[arg(value_parser = Hex32::parse)]
        attestor: Hex32,
        /// The attestor's name
        #[arg(long, value_parser = Name::parse)]
        name: Name,
        /// The greatest assurance that it may give: 0 to 255 (customarily 1 compiled, 2 reviewed, 3 audited, 4 authority)
        #[arg(long, value_name = "N")]
        assurance_max: u8,
        /// Where to write the signed document, besides the registry
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Registry and key.
        #[command(flatten)]
        office: Office,
    },
    /// Strike a key, for good
    Revoke {
        /// The attestor's packed public key
        #[arg(value_parser = Hex32::parse)]
        attestor: Hex32,
        /// Why
        #[arg(long, value_parser = Text::parse)]
        reason: Text,
        /// Where to write the signed document, besides the registry
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Registry and key.
        #[command(flatten)]
        office: Office,
    },
}

/// `covenant-bank policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Compile a policy's source text, sign it and keep it
    Sign {
        /// The source text (TOML)
        source: PathBuf,
        /// Where to write the signed policy
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Registry and key.
        #[command(flatten)]
        office: Office,
    },
    /// Print a policy in plain language, from the program that its source compiles to
    #[command(visible_alias = "render")]
    Show {
        /// A signed policy, or a source text
        file: PathBuf,
    },
    /// Hold policies against a table of companies: how many pass each rule and reach each tier
    Calibrate {
        /// Signed policies, or source texts
        #[arg(required = true)]
        policies: Vec<PathBuf>,
        /// The table: CSV, one company a line, columns named like figures (prior.revenue for a second statement)
        #[arg(long, value_name = "FILE")]
        table: PathBuf,
        /// Which column gives which figure (TOML: [columns] figure = "Column", or a list whose first filled one counts)
        #[arg(long, value_name = "FILE")]
        columns: Option<PathBuf>,
    },
}

/// `covenant-bank invite`.
#[derive(Debug, ClapArgs)]
pub struct Invite {
    /// The company in its register, such as FR-SIREN:123456789
    #[arg(value_parser = RegistryId::parse)]
    pub registry_id: RegistryId,
    /// For how many days the invitation can be redeemed
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub valid_days: u32,
    /// Where to write the invitation
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write the one-time code to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    pub code_out: Option<PathBuf>,
    /// Registry and key.
    #[command(flatten)]
    pub office: Office,
}

/// `covenant-bank enrol`.
#[derive(Debug, ClapArgs)]
pub struct Enrol {
    /// The applicant's enrolment
    pub enrolment: PathBuf,
    /// Where to write the signed record of it, besides the registry
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Registry and key.
    #[command(flatten)]
    pub office: Office,
}

/// `covenant-bank request`.
#[derive(Debug, ClapArgs)]
pub struct Request {
    /// The policy (its id, as shown or in 64 digits) [default: the only one]
    #[arg(long, value_name = "POL")]
    pub policy: Option<String>,
    /// The redeemed invitation (its id) [default: the only one]
    #[arg(long, value_name = "INV")]
    pub invitation: Option<String>,
    /// The pinned verifying key (its id) [default: the only one]
    #[arg(long, value_name = "KEY")]
    pub verifying_key: Option<String>,
    /// The day from which ages count [default: today]
    #[arg(long, value_name = "DATE", value_parser = IsoDate::parse)]
    pub as_of: Option<IsoDate>,
    /// For how many days it can be answered
    #[arg(long, default_value_t = 14, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub valid_days: u32,
    /// The log in which the verdict will be recorded
    #[arg(long, default_value = "offline", value_parser = LogOrigin::parse)]
    pub log_origin: LogOrigin,
    /// Where to write the request
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Registry and key.
    #[command(flatten)]
    pub office: Office,
}

/// `covenant-bank attest`.
#[derive(Debug, ClapArgs)]
pub struct Attest {
    /// The enterprise's request
    pub request: PathBuf,
    /// The attestor's secret key
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The assurance given: 1 to 255 (customarily 1 compiled, 2 reviewed, 3 audited, 4 authority)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub assurance: u8,
    /// The attestor's book of which identity stands for which legal person; made where there is none
    #[arg(long, value_name = "FILE")]
    pub ledger: PathBuf,
    /// Sign without asking
    #[arg(long)]
    pub yes: bool,
    /// Where to write the attestation
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `covenant-bank verify`.
#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// The bundle
    pub bundle: PathBuf,
    /// The bank's registry
    #[arg(long, value_name = "DIR")]
    pub registry: PathBuf,
    /// The bank's secret key, which signs the verdict
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    pub key: Option<PathBuf>,
    /// Judge only: sign and record nothing, and leave the request open
    #[arg(long, conflicts_with = "key")]
    pub dry_run: bool,
    /// Accept a key from a development setup, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
    /// Where to write the signed verdict, besides the registry
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub out: Option<PathBuf>,
}

/// `covenant-bank export`.
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// The bundle, new or answered long ago
    pub bundle: PathBuf,
    /// The bank's registry
    #[arg(long, value_name = "DIR")]
    pub registry: PathBuf,
    /// The folder to write into, which must not exist
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Accept a key from a development setup, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
}

/// `covenant-bank log`.
#[derive(Debug, Subcommand)]
pub enum LogVerb {
    /// Rely on a log: get both keys by a way that you trust, not from the log alone
    Trust {
        /// The key that the log's checkpoints verify under: name+key id+key
        #[arg(long, value_name = "KEY", value_parser = covenant_api::receipt::LogKey::parse)]
        log_key: covenant_api::receipt::LogKey,
        /// The operator's public key, which signs verdicts (64 hexadecimal digits)
        #[arg(long, value_name = "HEX", value_parser = Hex32::parse)]
        operator: Hex32,
        /// Where to write the signed document, besides the registry
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Registry and key.
        #[command(flatten)]
        office: Office,
    },
}

/// `covenant-bank sign`.
#[derive(Debug, ClapArgs)]
pub struct Sign {
    /// The document: bank.json, a grant, a revocation, a policy, a pinned key, an invitation, an enrolled record, a request or a
    /// decision, as this registry's bank signed it
    pub document: PathBuf,
    /// The log's origin [default: the only log that the bank relies on]
    #[arg(long, value_name = "ORIGIN", value_parser = LogOrigin::parse)]
    pub log: Option<LogOrigin>,
    /// File it under this number, in place of a document that the service refused [default: the next number]
    #[arg(long, value_name = "N")]
    pub number: Option<u64>,
    /// Where to write what is to be sent
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Registry and key.
    #[command(flatten)]
    pub office: Office,
}

/// `covenant-bank decide`.
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("outcome").required(true))]
pub struct Decide {
    /// The receipt of the verdict, or the service's whole answer
    pub receipt: PathBuf,
    /// The log's origin [default: the only log that the bank relies on]
    #[arg(long, value_name = "ORIGIN", value_parser = LogOrigin::parse)]
    pub log: Option<LogOrigin>,
    /// Do business; the bank's own judgement of the proof must agree with the operator's
    #[arg(long, group = "outcome")]
    pub approve: bool,
    /// Do none
    #[arg(long, group = "outcome")]
    pub refuse: bool,
    /// Who decides, for the bank
    #[arg(long, value_parser = Name::parse)]
    pub officer: Name,
    /// Why
    #[arg(long, value_parser = Text::parse)]
    pub reason: Text,
    /// What is approved, in the bank's words
    #[arg(long, value_parser = Text::parse, conflicts_with = "refuse")]
    pub terms: Option<Text>,
    /// Accept a key from a development setup, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
    /// Where to write the signed decision, besides the registry
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Registry and key.
    #[command(flatten)]
    pub office: Office,
}

/// `covenant-bank pricing`.
#[derive(Debug, ClapArgs)]
pub struct Pricing {
    /// The policy (its id, as shown or in 64 digits) [default: the only pricing grid]
    #[arg(long, value_name = "POL")]
    pub policy: Option<String>,
    /// The company in its register [default: the only one that was asked]
    #[arg(long, value_name = "ID", value_parser = RegistryId::parse)]
    pub company: Option<RegistryId>,
    /// The last day to look at [default: today]
    #[arg(long, value_name = "DATE", value_parser = IsoDate::parse)]
    pub until: Option<IsoDate>,
    /// The bank's registry
    #[arg(long, value_name = "DIR")]
    pub registry: PathBuf,
}

#[cfg(test)]
mod tests;
