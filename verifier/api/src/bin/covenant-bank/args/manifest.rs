//! The arguments of `covenant-bank manifest`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use covenant_api::types::Hex32;

/// `covenant-bank manifest`.
#[derive(Debug, Subcommand)]
pub enum Manifest {
    /// Sign what a key's folder says of the key: whoever trusts your signature may rely on the key
    Sign(SignManifest),
    /// Check a signed manifest: its signature, the key file that it is of, the ceremony that it names
    Check(CheckManifest),
}

/// A ceremony's files, to be checked in full.
#[derive(Debug, Clone, ClapArgs)]
pub struct Ceremony {
    /// The ceremony's last key (.zkey): its whole transcript is verified, which takes a while
    #[arg(long, value_name = "FILE", requires = "powers")]
    pub transcript: Option<PathBuf>,
    /// The powers of tau that the ceremony began with (.ptau)
    #[arg(long, value_name = "FILE", requires = "transcript")]
    pub powers: Option<PathBuf>,
}

/// `covenant-bank manifest sign`.
#[derive(Debug, ClapArgs)]
pub struct SignManifest {
    /// The key's folder, as `covenant ceremony finish` writes it
    pub folder: PathBuf,
    /// The ceremony's files.
    #[command(flatten)]
    pub ceremony: Ceremony,
    /// Sign for a key from a development setup too, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
    /// The secret key of a bank
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Where to write the signed manifest
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `covenant-bank manifest check`.
#[derive(Debug, ClapArgs)]
pub struct CheckManifest {
    /// The signed manifest
    pub manifest: PathBuf,
    /// Who must have signed it (64 hexadecimal digits) [default: whoever the file names, which is said]
    #[arg(long, value_name = "KEY", value_parser = Hex32::parse)]
    pub signer: Option<Hex32>,
    /// The verifying key (verifying.bin in a key's folder)
    #[arg(long, value_name = "FILE")]
    pub verifying_key: Option<PathBuf>,
    /// The ceremony's files.
    #[command(flatten)]
    pub ceremony: Ceremony,
    /// Let a key from a development setup pass, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
}
