//! From books to a statement of figures: every account to a position, every position to its figures, and the refusals that keep
//! a wrong statement from being made.

use covenant_policy::refusal::Refusal;
use covenant_policy::schema::ENTERPRISE_FINANCIALS;
use covenant_policy::statement::{Assurance, Basis, Currency, Period, Statement};

use crate::amount::format_amount;
use crate::books::{Account, Books, Warning};
use crate::catalogue;
use crate::clip;
use crate::mapping::Mapping;
use crate::review::Review;

mod assemble;
mod customers;
mod sheet;
mod subledger;

use assemble::{Assembled, Source};

/// What the user states beside the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The currency that the books must be in; `None` takes the books'.
    pub currency: Option<Currency>,
    /// Solo or consolidated.
    pub basis: Basis,
    /// The period, where the file leaves it open or covers only a part of its year.
    pub period: Option<Period>,
    /// 0 for the first version of these figures.
    pub restatement: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            currency: None,
            basis: Basis::Solo,
            period: None,
            restatement: 0,
        }
    }
}

/// A statement made from books, with the sheet that explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The statement; self-declared until somebody attests to it.
    pub statement: Statement,
    /// How it came about.
    pub review: Review,
    /// The year before, where the file carries it whole.
    pub prior: Option<(Statement, Review)>,
}

/// Makes the review sheet, also of books from which no statement can be made because accounts are unmapped.
///
/// # Errors
/// `books-currency`, `period-unclear`, `entry-outside-period`, `reclassification-invalid`.
pub fn review_books(books: &Books, mapping: &Mapping, options: &Options) -> Result<Review, Refusal> {
    let (assembled, period) = current(books, mapping, options)?;
    Ok(sheet::review(&assembled, books, mapping, options, period, false))
}

/// Makes the statement, and the prior one where the file carries it.
///
/// # Errors
/// Those of [`review_books`], and `sub-ledger-untied`, `unmapped-account`, `closed-books`, `unbalanced-books`, `figure-negative`,
/// `amount-too-large`, `mid-year-books`.
pub fn to_statement(books: &Books, mapping: &Mapping, options: &Options) -> Result<Imported, Refusal> {
    let (assembled, period) = current(books, mapping, options)?;
    refuse_mid_year(books, mapping)?;
    let statement = statement(&assembled, books, options, period)?;
    let mut review = sheet::review(&assembled, books, mapping, options, period, false);
    let prior = prior(books, mapping, options, &mut review.warnings);
    Ok(Imported {
        statement,
        review,
        prior,
    })
}

fn current<'a>(books: &'a Books, mapping: &'a Mapping, options: &Options) -> Result<(Assembled<'a>, Period), Refusal> {
    if let Some(wanted) = options.currency.filter(|c| *c != books.currency) {
        return Err(Refusal::new(
            &catalogue::BOOKS_CURRENCY,
            format!("the books are kept in {}", books.currency),
        )
        .at(&books.file)
        .expected(wanted.code));
    }
    let period = books.period.resolve(options.period, &books.file)?;
    let source = Source {
        accounts: &books.accounts,
        unallocated: books.unallocated,
        moves: &mapping.moves,
    };
    Ok((Assembled::new(source, mapping, books.currency)?, period))
}

/// Income and expenses begin at zero with the financial year. Where they were brought forward, the balances are those of a longer
/// time than the period.
fn refuse_mid_year(books: &Books, mapping: &Mapping) -> Result<(), Refusal> {
    let income = |(number, account): &(&String, &Account)| {
        let rule = mapping.rule_of(number, account.standard.as_deref());
        account.opening != 0 && rule.is_some_and(|r| r.debit.group.is_income())
    };
    let Some((number, account)) = books.accounts.iter().find(income) else {
        return Ok(());
    };
    let opening = format_amount(i128::from(account.opening), books.currency.minor_digits);
    Err(Refusal::new(
        &catalogue::MID_YEAR,
        format!(
            "account {number} {} was brought forward with {opening}",
            clip(&account.label, 40)
        ),
    )
    .at(&books.file)
    .expected("income and expenses that begin at 0"))
}

/// The year before. Where its balances do not make a statement, the current one stands without it, and says so.
fn prior(
    books: &Books,
    mapping: &Mapping,
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> Option<(Statement, Review)> {
    let year = books.prior.as_ref()?;
    let source = Source {
        accounts: &year.accounts,
        unallocated: year.unallocated,
        moves: &[],
    };
    let made = Assembled::new(source, mapping, books.currency)
        .and_then(|assembled| Ok((statement(&assembled, books, options, year.period)?, assembled)));
    match made {
        Ok((statement, assembled)) => Some((
            statement,
            sheet::review(&assembled, books, mapping, options, year.period, true),
        )),
        Err(refusal) => {
            let text = format!(
                "the year before gives no statement: [{}] {}",
                refusal.code(),
                refusal.what
            );
            warnings.push(Warning {
                code: "prior-year-unusable",
                text,
                line: None,
            });
            None
        }
    }
}

/// The statement, once nothing stands against it.
fn statement(
    assembled: &Assembled<'_>,
    books: &Books,
    options: &Options,
    period: Period,
) -> Result<Statement, Refusal> {
    let file = &books.file;
    assembled.refuse_untied(file)?;
    assembled.refuse_unmapped(file)?;
    assembled.refuse_closed(file)?;
    assembled.refuse_off_balance(file)?;
    let statement = Statement {
        schema: ENTERPRISE_FINANCIALS.name,
        period,
        basis: options.basis,
        currency: books.currency,
        restatement: options.restatement,
        assurance: Assurance::SELF_DECLARED,
        coverage: assembled.coverage(),
        figures: assembled.figures(file)?,
    };
    statement
        .validate()
        .map_err(|r| if r.place.is_none() { r.at(clip(file, 80)) } else { r })?;
    Ok(statement)
}

#[cfg(test)]
mod tests;
