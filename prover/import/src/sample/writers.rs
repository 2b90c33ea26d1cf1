//! Sample books in their formats.

use std::io::{self, Write};

use covenant_policy::statement::{Currency, Day};

use super::company::Company;
use super::roles::Role;
use super::{Entry, Journal, Kind, Line, Sink};
use crate::amount::format_amount;
use crate::dates;
use crate::encoding::Encoding;
use crate::{CsvFormat, fec};

pub(super) mod saft;

/// The declaration of the trial balance's format.
pub(super) const CSV_FORMAT: &str = r#"# How trial-balance.csv is written. Nothing of this is guessed on import.
type = "covenant-csv-format"
version = 1
separator = ";"
decimal = "."
encoding = "utf-8"
currency = "EUR"
header = true

[columns]
account = "Account"
label = "Name"
auxiliary = "Party"
debit = "Debit"
credit = "Credit"
"#;

/// The name of the file.
pub(super) fn file_name(kind: Kind, company: &Company) -> String {
    match kind {
        Kind::Fec => format!("{}FEC{}.txt", company.registry, dates::digits(company.period.end)),
        Kind::Sie => format!("sample-{}.se", dates::digits(company.period.end)),
        Kind::SaftNo => {
            let end = dates::digits(company.period.end);
            format!("SAF-T_Financial_{}_{end}235959.xml", company.registry)
        }
        Kind::Csv => format!("trial-balance-{}.csv", dates::digits(company.period.end)),
    }
}

fn plain(amount: i64) -> String {
    format_amount(i128::from(amount), fec::CURRENCY.minor_digits)
}

/// What an entry is about, in the language of the books.
fn text(kind: Kind, entry: &Entry<'_>) -> (&'static str, &'static str) {
    let (french, swedish, norwegian) = match entry.text {
        "invoice" => ("Facture client", "Kundfaktura", "Kundefaktura"),
        "purchase" => ("Facture fournisseur", "Leverantörsfaktura", "Leverandørfaktura"),
        "receipt" => ("Encaissement", "Inbetalning", "Innbetaling"),
        "payment" => ("Règlement", "Utbetalning", "Utbetaling"),
        "wages-paid" => ("Paiement salaires et cotisations", "Löneutbetalning", "Lønnsutbetaling"),
        "wages" => ("Salaires du mois", "Löner", "Lønn"),
        "rent" => ("Loyer", "Hyra", "Husleie"),
        "loan" => ("Échéance d'emprunt", "Amortering och ränta", "Avdrag og renter"),
        "depreciation" => ("Dotation aux amortissements", "Avskrivningar", "Avskrivninger"),
        "vat-paid" => ("Paiement TVA", "Momsinbetalning", "Betaling av mva"),
        "vat" => ("Liquidation TVA", "Momsredovisning", "Mva-oppgjør"),
        "machine" => ("Acquisition de matériel", "Inköp av maskin", "Kjøp av maskin"),
        "stock" => ("Variation de stocks", "Lagerförändring", "Beholdningsendring"),
        _ => ("Impôt sur les sociétés", "Skatt", "Skatt"),
    };
    let journal = match entry.journal {
        Journal::Sales => ("VE", "B", "SALG"),
        Journal::Purchases => ("AC", "L", "KJØP"),
        Journal::Bank => ("BQ", "U", "BANK"),
        Journal::General => ("OD", "A", "DIV"),
    };
    match kind {
        Kind::Sie => (journal.1, swedish),
        Kind::SaftNo => (journal.2, norwegian),
        Kind::Fec | Kind::Csv => (journal.0, french),
    }
}

/// A French ledger: tab-separated, UTF-8, decimal comma.
pub(super) struct Fec<'a, W> {
    out: &'a mut W,
    pub lines: u64,
}

impl<'a, W: Write> Fec<'a, W> {
    pub(super) fn new(out: &'a mut W, _: &Company) -> io::Result<Self> {
        writeln!(
            out,
            "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\tPieceDate\t\
             EcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise\r"
        )?;
        Ok(Self { out, lines: 1 })
    }

    /// The opening entry.
    pub(super) fn opening(&mut self, day: Day, lines: &[Line]) -> io::Result<()> {
        lines
            .iter()
            .try_for_each(|l| self.line(("AN", "À nouveaux"), 1, day, "Report à nouveau", l))
    }

    fn line(&mut self, journal: (&str, &str), number: u64, day: Day, text: &str, line: &Line) -> io::Result<()> {
        let (account, label) = line.role.account(Kind::Fec);
        let (party, name) = party(line);
        let (debit, credit) = if line.amount < 0 {
            (0, -line.amount)
        } else {
            (line.amount, 0)
        };
        let (debit, credit) = (plain(debit).replace('.', ","), plain(credit).replace('.', ","));
        let date = dates::digits(day);
        self.lines += 1;
        writeln!(
            self.out,
            "{}\t{}\t{number}\t{date}\t{account}\t{label}\t{party}\t{name}\tP{number}\t{date}\t{text}\t{debit}\t{credit}\t\t\t{date}\t\t\r",
            journal.0, journal.1
        )
    }
}

/// A customer's or supplier's number and name.
fn party(line: &Line) -> (String, String) {
    match (line.role, line.party) {
        (Role::Customers, Some(p)) => (format!("C{p:05}"), format!("Client {p:05}")),
        (Role::Suppliers, Some(p)) => (format!("F{p:05}"), format!("Fournisseur {p:05}")),
        _ => (String::new(), String::new()),
    }
}

impl<W: Write> Sink for Fec<'_, W> {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let (journal, text) = text(Kind::Fec, entry);
        let name = match entry.journal {
            Journal::Sales => "Ventes",
            Journal::Purchases => "Achats",
            Journal::Bank => "Banque",
            Journal::General => "Opérations diverses",
        };
        // Entry 1 is the opening entry's.
        entry
            .lines
            .iter()
            .filter(|l| l.amount != 0)
            .try_for_each(|l| self.line((journal, name), entry.number + 1, entry.day, text, l))
    }
}

/// A SIE 4 file in code page 437.
pub(super) struct Sie<'a, W> {
    out: &'a mut W,
    pub lines: u64,
}

impl<'a, W: Write> Sie<'a, W> {
    /// Writes everything before the vouchers.
    pub(super) fn new(out: &'a mut W, opened: &Company, closed: &Company) -> io::Result<Self> {
        let mut this = Self { out, lines: 0 };
        let (start, end) = (closed.period.start, closed.period.end);
        let (year, _, _) = start.to_civil();
        this.put("#FLAGGA 0")?;
        this.put("#PROGRAM \"covenant sample\" 1")?;
        this.put("#FORMAT PC8")?;
        this.put(&format!("#GEN {}", dates::digits(Day(end.0 + 31))))?;
        this.put("#SIETYP 4")?;
        this.put(&format!("#ORGNR {}", closed.registry))?;
        this.put(&format!("#FNAMN \"{}\"", closed.name))?;
        this.put(&format!("#RAR 0 {} {}", dates::digits(start), dates::digits(end)))?;
        this.put(&format!("#RAR -1 {}0101 {}1231", year - 1, year - 1))?;
        this.put("#KPTYP BAS2014")?;
        this.put("#VALUTA SEK")?;
        for role in Role::all() {
            let (account, label) = role.account(Kind::Sie);
            this.put(&format!("#KONTO {account} \"{label}\""))?;
        }
        this.put("#KONTO 8999 \"Årets resultat\"")?;
        for (year, label, company) in [(0, "IB", opened), (0, "UB", closed), (-1, "UB", opened)] {
            for role in Role::all().filter(|r| !r.is_income()) {
                this.balance(label, year, role, company.totals[role.index()])?;
            }
        }
        for role in Role::all().filter(|r| r.is_income()) {
            this.balance("RES", 0, role, closed.totals[role.index()])?;
        }
        for (role, amount) in &opened.prior_income {
            this.balance("RES", -1, *role, *amount)?;
        }
        let result = -opened.prior_income.iter().map(|(_, a)| a).sum::<i64>();
        this.put(&format!("#RES -1 8999 {}", plain(result)))?;
        Ok(this)
    }

    fn balance(&mut self, label: &str, year: i32, role: Role, amount: i64) -> io::Result<()> {
        if amount == 0 {
            return Ok(());
        }
        self.put(&format!(
            "#{label} {year} {} {}",
            role.account(Kind::Sie).0,
            plain(amount)
        ))
    }

    fn put(&mut self, line: &str) -> io::Result<()> {
        self.lines += 1;
        self.out.write_all(&Encoding::Cp437.encode(line))?;
        self.out.write_all(b"\r\n")
    }
}

impl<W: Write> Sink for Sie<'_, W> {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let (series, text) = text(Kind::Sie, entry);
        self.put(&format!(
            "#VER {series} {} {} \"{text}\"",
            entry.number,
            dates::digits(entry.day)
        ))?;
        self.put("{")?;
        for line in entry.lines.iter().filter(|l| l.amount != 0) {
            self.put(&format!(
                "   #TRANS {} {{}} {}",
                line.role.account(Kind::Sie).0,
                plain(line.amount)
            ))?;
        }
        self.put("}")
    }
}

/// A trial balance with a row for every customer and supplier; gives back the number of lines.
pub(super) fn trial_balance(out: &mut impl Write, company: &Company) -> io::Result<u64> {
    writeln!(out, "Account;Name;Party;Debit;Credit")?;
    let mut lines = 1;
    for role in Role::all() {
        let parties = match role {
            Role::Customers => company.customers.as_slice(),
            Role::Suppliers => company.suppliers.as_slice(),
            _ => &[],
        };
        let own = [company.totals[role.index()]];
        let rows: &[i64] = if parties.is_empty() { &own } else { parties };
        for (i, &amount) in rows.iter().enumerate().filter(|(_, a)| **a != 0) {
            let (account, label) = role.account(Kind::Csv);
            let number = if parties.is_empty() {
                String::new()
            } else {
                format!("{i:05}")
            };
            let (debit, credit) = if amount < 0 { (0, -amount) } else { (amount, 0) };
            writeln!(out, "{account};{label};{number};{};{}", plain(debit), plain(credit))?;
            lines += 1;
        }
    }
    Ok(lines)
}

// The sample formats write two decimals.
const _: () = assert!(matches!(fec::CURRENCY, Currency { minor_digits: 2, .. }));
const _: &str = CsvFormat::TYPE;
