//! The arguments of `covenant ceremony`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

/// The steps of a ceremony for the compliance statement's key. Files go from hand to hand; nothing needs a network.
#[derive(Debug, Subcommand)]
pub enum Ceremony {
    /// Make the first key from powers of tau; everybody makes the same
    Start {
        /// The powers of tau: a prepared .ptau file of another ceremony, or a rehearsal's
        #[arg(long, value_name = "FILE")]
        ptau: PathBuf,
        /// Where to write the first key
        #[arg(long, value_name = "FILE.zkey")]
        out: PathBuf,
        /// Also write the circuit, so that snarkjs can check the ceremony
        #[arg(long, value_name = "FILE.r1cs")]
        r1cs: Option<PathBuf>,
    },
    /// Contribute: multiply a key by a secret of this machine's, which is forgotten at once
    Contribute {
        /// The key of whoever came before
        key: PathBuf,
        /// Who you are, as the transcript will say
        #[arg(long)]
        name: Option<String>,
        /// Where to write the key for whoever comes next
        #[arg(long, value_name = "FILE.zkey")]
        out: PathBuf,
    },
    /// Close with a public random value that nobody could foresee
    Beacon {
        /// The key of the last contributor
        key: PathBuf,
        /// The value, in hexadecimal, such as the hash of a block announced beforehand
        #[arg(long, value_name = "HEX")]
        value: String,
        /// Iterate SHA-256 over it 2^N times
        #[arg(long, value_name = "N", default_value_t = 20)]
        iterations: u8,
        /// What the transcript calls it
        #[arg(long)]
        name: Option<String>,
        /// Where to write the final key
        #[arg(long, value_name = "FILE.zkey")]
        out: PathBuf,
    },
    /// Check a whole ceremony, from the circuit in this program and the powers of tau
    Verify(Checked),
    /// Check a whole ceremony, and put its key where `covenant prove` finds it
    Finish {
        /// What is checked.
        #[command(flatten)]
        checked: Checked,
        /// Where the keys lie [default: keys in the vault's directory, else in the XDG data directory]
        #[arg(long, value_name = "DIR")]
        keys: Option<PathBuf>,
    },
    /// Make powers of tau together, which serve every circuit up to a size
    #[command(subcommand)]
    Powers(PowersVerb),
    /// Make powers of tau whose secrets are public: for rehearsals, never to rely on
    Rehearse {
        /// They reach circuits of 2^N rows; the compliance statement needs 16
        #[arg(long, value_name = "N", default_value_t = 16)]
        power: u32,
        /// What the secrets are made from
        #[arg(long, default_value = "rehearsal")]
        seed: String,
        /// Where to write them
        #[arg(long, value_name = "FILE.ptau")]
        out: PathBuf,
    },
    /// Add to powers of tau the Lagrange forms that a first key is made from; this takes minutes
    Prepare {
        /// The powers of tau
        ptau: PathBuf,
        /// Where to write them prepared
        #[arg(long, value_name = "FILE.ptau")]
        out: PathBuf,
    },
}

/// `covenant ceremony powers`.
#[derive(Debug, Subcommand)]
pub enum PowersVerb {
    /// Write powers of tau that nobody has contributed to; everybody makes the same
    New {
        /// They reach circuits of 2^N rows; the compliance statement needs 16
        #[arg(long, value_name = "N", default_value_t = 16)]
        power: u32,
        /// Where to write them
        #[arg(long, value_name = "FILE.ptau")]
        out: PathBuf,
    },
    /// Contribute: multiply tau, alpha and beta by secrets of this machine's, which are forgotten at once
    Contribute {
        /// The powers of whoever came before
        ptau: PathBuf,
        /// Who you are, as the file will say
        #[arg(long)]
        name: Option<String>,
        /// Where to write the powers for whoever comes next
        #[arg(long, value_name = "FILE.ptau")]
        out: PathBuf,
    },
    /// Close with a public random value that nobody could foresee
    Beacon {
        /// The powers of the last contributor
        ptau: PathBuf,
        /// The value, in hexadecimal, such as the hash of a block announced beforehand
        #[arg(long, value_name = "HEX")]
        value: String,
        /// Iterate SHA-256 over it 2^N times
        #[arg(long, value_name = "N", default_value_t = 20)]
        iterations: u8,
        /// What the file calls it
        #[arg(long)]
        name: Option<String>,
        /// Where to write the final powers
        #[arg(long, value_name = "FILE.ptau")]
        out: PathBuf,
    },
    /// Check powers of tau: every contribution, and every point
    Verify {
        /// The powers
        ptau: PathBuf,
    },
}

/// What a check reads.
#[derive(Debug, ClapArgs)]
pub struct Checked {
    /// The key that the ceremony ended in
    pub key: PathBuf,
    /// The powers of tau that it began with
    #[arg(long, value_name = "FILE")]
    pub ptau: PathBuf,
}
