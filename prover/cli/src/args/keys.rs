//! The arguments of `covenant keys`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use covenant_api::types::TierName;

/// `covenant keys`.
#[derive(Debug, ClapArgs)]
pub struct Keys {
    /// Where the keys lie [default: keys in the vault's directory, else in the XDG data directory]
    #[arg(long, value_name = "DIR", global = true)]
    pub keys: Option<PathBuf>,
    /// What to do [default: list]
    #[command(subcommand)]
    pub verb: Option<KeysVerb>,
}

/// What to do with keys.
#[derive(Debug, Clone, Subcommand)]
pub enum KeysVerb {
    /// List the keys held
    List,
    /// Make the development keys of the compliance statement
    Make {
        /// Make keys whose secrets are public: for demonstrations and tests, never to rely on
        #[arg(long, required = true)]
        development: bool,
    },
    /// Write a key in the forms of snarkjs and rapidsnark, so that others can prove with it and check proofs under it
    Export(Box<Export>),
}

/// What of a key to write, and where.
#[derive(Debug, Clone, ClapArgs)]
pub struct Export {
    /// The key, by its id or the first digits of it [default: the only one]
    pub key: Option<String>,
    /// The proving key
    #[arg(long, value_name = "FILE.zkey")]
    pub zkey: Option<PathBuf>,
    /// The circuit's rows
    #[arg(long, value_name = "FILE.r1cs")]
    pub r1cs: Option<PathBuf>,
    /// The verifying key for all public inputs
    #[arg(long, value_name = "FILE.json")]
    pub verification_key: Option<PathBuf>,
    /// The verifying key for one policy, tier and list of attestors, small enough for a contract or a browser
    #[arg(long, value_name = "FILE.json", requires_all = ["policy", "request", "tier"])]
    pub prepared: Option<PathBuf>,
    /// With --prepared: the policy, as the bank signed it
    #[arg(long, value_name = "FILE", requires = "prepared")]
    pub policy: Option<PathBuf>,
    /// With --prepared: a request under that policy, which says whose attestations count
    #[arg(long, value_name = "FILE", requires = "prepared")]
    pub request: Option<PathBuf>,
    /// With --prepared: the tier
    #[arg(long, value_name = "TIER", value_parser = TierName::parse, requires = "prepared")]
    pub tier: Option<TierName>,
    /// Of a tier that takes several proofs, which one
    #[arg(long, value_name = "N", default_value_t = 1, requires = "prepared")]
    pub proof: usize,
    /// Accept keys from a development setup, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
}
