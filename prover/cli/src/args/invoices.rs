//! `covenant invoices`: what the verb takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use covenant_api::types::IsoDate;
use covenant_policy::statement::Currency;

/// From which day claims age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AgedFrom {
    /// The day on which they fell due
    Due,
    /// The day on which they were issued
    Issue,
}

/// `covenant invoices`.
#[derive(Debug, Args)]
pub struct Invoices {
    /// UBL invoices and credit notes, a SAF-T (PT) file of sales documents, CSV lists of receivables, or a list that this verb wrote
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The seller, by an identifier that stands in the documents, such as 0088:7300010000001; documents of others are left out
    #[arg(long, value_name = "SCHEME:ID")]
    pub seller: Vec<String>,
    /// The list's currency, such as EUR; documents in others are left out
    #[arg(long, value_name = "CODE", value_parser = super::currency)]
    pub currency: Option<Currency>,
    /// The term, in days, of documents without a due date
    #[arg(long, value_name = "DAYS")]
    pub term: Option<u16>,
    /// The declaration of a CSV list's columns, number and date format
    #[arg(long, value_name = "FILE")]
    pub csv_format: Option<PathBuf>,
    /// Show what is open at the end of this day [default: today]
    #[arg(long, value_name = "DATE", value_parser = IsoDate::parse)]
    pub as_of: Option<IsoDate>,
    /// From which day claims age
    #[arg(long, default_value = "due")]
    pub aged_from: AgedFrom,
    /// Write the list to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
