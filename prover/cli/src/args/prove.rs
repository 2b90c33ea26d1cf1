//! The arguments of `covenant prove`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use covenant_api::types::TierName;

use super::KeyOptions;

/// `covenant prove`.
#[derive(Debug, ClapArgs)]
pub struct Prove {
    /// The bank's request
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// The policy that the request names, as the bank signed it
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// The tier to claim [default: the best that the books reach]
    #[arg(long, value_name = "TIER", value_parser = TierName::parse)]
    pub tier: Option<TierName>,
    /// The statement [default: the latest that the request accepts]
    #[arg(long, value_name = "STM")]
    pub statement: Option<String>,
    /// The second statement [default: the one that the policy's relation asks for]
    #[arg(long, value_name = "STM")]
    pub second: Option<String>,
    /// The third statement, where the policy asks for three [default: the one that its relation asks for]
    #[arg(long, value_name = "ID")]
    pub third: Option<String>,
    /// Prove even where it tells more of a figure than the budget allows; it is recorded
    #[arg(long)]
    pub beyond_budget: bool,
    /// Write what the proof is made from (.wtns) instead of proving, for another prover; once for each proof that the tier takes.
    /// It holds the private books and the vault's secret
    #[arg(long, value_name = "FILE.wtns", conflicts_with_all = ["proof", "out"])]
    pub witness_out: Vec<PathBuf>,
    /// Take the proof that another prover made from that witness instead of proving; once for each proof that the tier takes
    #[arg(long, value_name = "PROOF.json")]
    pub proof: Vec<PathBuf>,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE", required_unless_present = "witness_out")]
    pub out: Option<PathBuf>,
    /// Where proving keys lie.
    #[command(flatten)]
    pub keys: KeyOptions,
}
