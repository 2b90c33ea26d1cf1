//! The arguments, typed: what can be asked of the program, and nothing about how it is done.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use covenant_api::receipt::{self, LogKey};
use covenant_api::types::{IsoDate, RegistryId, UtcTime};
use covenant_policy::statement::{Basis, Currency, Day, Period};

mod ceremony;
mod invoices;
mod keys;
mod prove;

pub use ceremony::{Ceremony, Checked, PowersVerb};
pub use invoices::{AgedFrom, Invoices};
pub use keys::{Export, Keys, KeysVerb};
pub use prove::Prove;

/// Prove to a bank that your books satisfy its policy, without showing the books.
#[derive(Debug, Parser)]
#[command(
    name = "covenant",
    version,
    about,
    max_term_width = 110,
    arg_required_else_help = true
)]
#[command(after_help = "Exit codes: 0 done, 1 refused (policy not met, proof invalid), 2 misuse or fault.")]
pub struct Args {
    /// Options of every verb.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every verb.
#[derive(Debug, ClapArgs)]
pub struct Options {
    /// Where the vault lies [default: covenant in the XDG data directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// A file with the vault's passphrase on its first line [default: ask]
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Count this as the present instant, such as 2026-11-23T10:00:00Z [default: the system's clock]
    #[arg(long, global = true, value_name = "TIME", value_parser = UtcTime::parse)]
    pub now: Option<UtcTime>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a vault with a fresh recovery phrase, or restore one from its phrase
    Init(Init),
    /// Read an accounting export into a statement of figures
    Import(Import),
    /// Read invoices into a list of claims, and see how old they are and who owes most; nothing leaves this machine
    Invoices(Invoices),
    /// List the statements held, or print one
    Figures(Figures),
    /// Have a statement attested
    #[command(subcommand)]
    Attest(Attest),
    /// See which tiers of a policy these books reach, and by what margin; nothing leaves this machine
    Check(Check),
    /// Redeem a bank's invitation with its one-time code
    Accept(Accept),
    /// Prove to a bank that the books reach a tier of its policy
    Prove(Prove),
    /// See what each bank's questions have told it of every figure, and what one more proof would add
    Disclosed(Disclosed),
    /// Send a bundle or an enrolment to the bank's service, and keep the receipt; the only verb that needs a network
    Submit(Submit),
    /// Verify a bundle as the bank does, against its registry
    Verify(Verify),
    /// Say what a Covenant file is, whether it holds together, and what it contains
    Inspect(Inspect),
    /// Make or list proving keys
    Keys(Keys),
    /// Make a key together with others, so that nobody can forge under it unless all of them would
    #[command(subcommand)]
    Ceremony(Ceremony),
    /// Write the books of a company that does not exist
    Sample(Sample),
    /// Print every refusal code with its meaning and advice, as Markdown
    Refusals,
    /// Read, explain and compare policies; check and lay out one that is being written
    #[command(subcommand)]
    Policy(Policy),
}

/// `covenant init`.
#[derive(Debug, ClapArgs)]
pub struct Init {
    /// Restore from a recovery phrase instead of making a new one
    #[arg(long)]
    pub restore: bool,
    /// Read the recovery phrase from this file [default: ask]
    #[arg(long, value_name = "FILE", requires = "restore")]
    pub phrase_file: Option<PathBuf>,
    /// Write the fresh recovery phrase to this file instead of showing it
    #[arg(long, value_name = "FILE", conflicts_with = "restore")]
    pub phrase_out: Option<PathBuf>,
}

/// Formats of accounting exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BooksFormat {
    /// Fichier des écritures comptables (France)
    Fec,
    /// SIE 4 (Sweden)
    Sie,
    /// SAF-T Financial (Norway)
    SaftNo,
    /// SAF-T (Portugal), the accounting file
    SaftPt,
    /// A trial balance, in a declared CSV format
    Csv,
}

/// Formats in which sample books are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SampleFormat {
    /// Fichier des écritures comptables (France)
    Fec,
    /// SIE 4 (Sweden)
    Sie,
    /// SAF-T Financial (Norway)
    SaftNo,
    /// A trial balance, with the declaration of its CSV format
    Csv,
}

/// `covenant import`.
#[derive(Debug, ClapArgs)]
pub struct Import {
    /// The accounting export
    pub file: PathBuf,
    /// Its format [default: recognised from its first lines]
    #[arg(long)]
    pub format: Option<BooksFormat>,
    /// The company in its register, such as FR-SIREN:123456789
    #[arg(long, value_name = "REGISTER:NUMBER", value_parser = RegistryId::parse, required_unless_present = "review")]
    pub registry_id: Option<RegistryId>,
    /// The books' currency, such as EUR
    #[arg(long, value_name = "CODE", value_parser = currency)]
    pub currency: Currency,
    /// The period, such as 2025-01-01..2025-12-31, where the file leaves it open
    #[arg(long, value_name = "FIRST..LAST", value_parser = period)]
    pub period: Option<Period>,
    /// Solo or consolidated figures
    #[arg(long, default_value = "solo", value_parser = basis)]
    pub basis: Basis,
    /// An account mapping that overrides the national chart
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// The declaration of a CSV's columns and number format
    #[arg(long, value_name = "FILE")]
    pub csv_format: Option<PathBuf>,
    /// This is restatement number N of a period that was imported before
    #[arg(long, value_name = "N")]
    pub restatement: Option<u16>,
    /// Twelve months of invoiced revenue and operating cash flow (monthly-series/v1) instead of the year's figures
    #[arg(long)]
    pub series: bool,
    /// Show every account and the figure it goes to, and store nothing; with OUT, also write the sheet there
    #[arg(long, value_name = "OUT", num_args = 0..=1)]
    pub review: Option<Option<PathBuf>>,
    /// Store the statement, and write its review sheet to OUT for the accountant and the attestor
    #[arg(long, value_name = "OUT", conflicts_with = "review")]
    pub sheet: Option<PathBuf>,
    /// With --review: also what a bank with this policy will see
    #[arg(long, value_name = "FILE", requires = "review")]
    pub policy: Vec<PathBuf>,
}

/// `covenant figures`.
#[derive(Debug, ClapArgs)]
pub struct Figures {
    /// A statement (or the first letters of its id) [default: list all]
    pub statement: Option<String>,
}

/// `covenant attest`.
#[derive(Debug, Subcommand)]
pub enum Attest {
    /// Write what an attestor needs to see and sign
    Request {
        /// The statement [default: the only one]
        statement: Option<String>,
        /// Where to write the request
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check an attestation and keep it with its statement
    Add {
        /// What the attestor sent back
        file: PathBuf,
    },
}

/// `covenant check`.
#[derive(Debug, ClapArgs)]
pub struct Check {
    /// The policies on offer: what banks signed, or their source texts; of a folder, every policy in it
    #[arg(long, value_name = "FILE|DIR", required = true, num_args = 1..)]
    pub policy: Vec<PathBuf>,
    /// The statement [default: the latest]
    #[arg(long, value_name = "STM")]
    pub statement: Option<String>,
    /// The second statement [default: the one that the policy's relation asks for]
    #[arg(long, value_name = "STM")]
    pub second: Option<String>,
    /// The third statement, where the policy asks for three [default: the one that its relation asks for]
    #[arg(long, value_name = "ID")]
    pub third: Option<String>,
    /// Count the figures' age from this day [default: today]
    #[arg(long, value_name = "DATE", value_parser = IsoDate::parse)]
    pub as_of: Option<IsoDate>,
}

/// `covenant accept`.
#[derive(Debug, ClapArgs)]
pub struct Accept {
    /// The bank's invitation
    pub invitation: PathBuf,
    /// A file with the one-time code [default: ask]
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,
    /// The bank's first key as you know it from elsewhere (64 hexadecimal digits)
    #[arg(long, value_name = "KEY", value_parser = covenant_api::types::Hex32::parse)]
    pub bank_key: Option<covenant_api::types::Hex32>,
    /// Where to write the enrolment
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Where proving keys lie.
#[derive(Debug, Clone, ClapArgs)]
pub struct KeyOptions {
    /// Where the proving keys lie [default: keys in the vault's directory, else in the XDG data directory]
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// Accept keys from a development setup, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
}

/// `covenant disclosed`.
#[derive(Debug, ClapArgs)]
pub struct Disclosed {
    /// One bank, by its name or the first digits of its key [default: each, and all together]
    #[arg(long, value_name = "BANK")]
    pub bank: Option<String>,
    /// Also what one more proof under this policy would add
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Set how many different policies of a bank may tell something new of one figure
    #[arg(long, value_name = "N")]
    pub answers: Option<u32>,
    /// The same, for all banks together
    #[arg(long, value_name = "N")]
    pub answers_together: Option<u32>,
    /// Set the least width of a range that a bank may know, in percent of the figure
    #[arg(long, value_name = "PERCENT")]
    pub width: Option<u32>,
    /// The same, for all banks together
    #[arg(long, value_name = "PERCENT")]
    pub width_together: Option<u32>,
}

/// `covenant submit`.
#[derive(Debug, ClapArgs)]
pub struct Submit {
    /// The bundle, or the enrolment
    pub file: PathBuf,
    /// The service's address, such as https://covenant.example.org
    #[arg(long, value_name = "URL")]
    pub service: String,
    /// The log's key as you know it from elsewhere (name+id+key) [default: the one that the service showed first]
    #[arg(long, value_name = "KEY", value_parser = log_key)]
    pub log_key: Option<LogKey>,
    /// Demand that witnesses have cosigned the log up to the receipt, as this policy (C2SP tlog-policy) says
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
    /// Where to write the receipt [default: beside the file: bundle.receipt.json]
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// Allow http to another machine, so that whoever is on the way reads and changes everything: for tests
    #[arg(long)]
    pub allow_insecure_url: bool,
}

/// `covenant verify`.
#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// The bundle
    pub bundle: PathBuf,
    /// The bank's registry
    #[arg(long, value_name = "DIR")]
    pub registry: PathBuf,
    /// Accept keys from a development setup, whose proofs anybody could forge
    #[arg(long)]
    pub allow_development_keys: bool,
}

/// `covenant inspect`.
#[derive(Debug, ClapArgs)]
pub struct Inspect {
    /// Any file that Covenant wrote
    pub file: PathBuf,
    /// Check a receipt under this log key (name+id+key), as you know it from elsewhere
    #[arg(long, value_name = "KEY", value_parser = log_key)]
    pub log_key: Option<LogKey>,
}

/// How a sample company is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SampleProfile {
    /// Growing, profitable, little debt
    Healthy,
    /// Thin margins, much debt
    Stretched,
    /// Losses, shrinking sales
    Failing,
}

/// `covenant sample`.
#[derive(Debug, ClapArgs)]
pub struct Sample {
    /// The format of the books
    #[arg(long, default_value = "fec")]
    pub format: SampleFormat,
    /// How the company is doing
    #[arg(long, default_value = "healthy")]
    pub profile: SampleProfile,
    /// The seed: the same options give the same books, byte for byte
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Entries of the year
    #[arg(long, default_value_t = 2_000)]
    pub entries: u64,
    /// The calendar year of the books
    #[arg(long, default_value_t = 2025)]
    pub year: u32,
    /// The folder to write them into, under the name that the format prescribes
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `covenant policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Print a policy in plain language, with the definition of every figure beside its rules
    #[command(visible_alias = "render")]
    Show {
        /// A signed policy, or its source text
        file: PathBuf,
        /// Also write the canonical bytes, which the text is made from and the policy's id commits to
        #[arg(long, value_name = "OUT")]
        canonical: Option<PathBuf>,
    },
    /// Compile source texts and report what is wrong with them, and what may be
    Lint {
        /// The source texts
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Count a warning as a no: exit code 1
        #[arg(long)]
        deny_warnings: bool,
    },
    /// Explain rule by rule what was typed, what it became and why, and what of a proof's budget it takes
    Explain {
        /// A signed policy, or its source text
        file: PathBuf,
        /// The rule [default: all]
        rule: Option<String>,
    },
    /// Say what changes for a borrower from one policy to another
    Diff {
        /// The policy as it was
        old: PathBuf,
        /// The policy as it is to be
        new: PathBuf,
    },
    /// Lay out source texts in the one way, comments kept, meaning unchanged
    Fmt {
        /// The source texts
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Change nothing; exit code 1 where something would change
        #[arg(long)]
        check: bool,
    },
    /// Print the JSON Schema of source texts, for editors
    Schema,
}

fn log_key(text: &str) -> Result<LogKey, String> {
    receipt::log_key(text).map_err(|r| r.what)
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::from_code(text).map_err(|r| r.what)
}

fn basis(text: &str) -> Result<Basis, String> {
    text.parse().map_err(|r: covenant_policy::refusal::Refusal| r.what)
}

fn period(text: &str) -> Result<Period, String> {
    let (start, end) = text
        .split_once("..")
        .ok_or("expected FIRST..LAST, such as 2025-01-01..2025-12-31")?;
    let day = |text: &str| text.parse::<Day>().map_err(|r| r.what);
    Period::new(day(start)?, day(end)?).map_err(|r| r.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_hold_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn periods_are_first_to_last_day() {
        let year = period("2025-01-01..2025-12-31").unwrap();
        assert_eq!(year.days(), Some(365));
        for wrong in [
            "2025",
            "2025-01-01",
            "2025-12-31..2025-01-01",
            "2025-01-01...2025-12-31",
        ] {
            assert!(!period(wrong).unwrap_err().is_empty(), "{wrong}");
        }
    }
}
