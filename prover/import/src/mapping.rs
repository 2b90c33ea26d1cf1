//! Account mappings: which account stands in which position, by prefixes of its number, as data.
//!
//! A mapping has two layers, the national chart and a user's file. An account is looked up in the user's file first and then in
//! the chart; in each the longest prefix wins. So an override always wins, and never has to repeat the chart.

use std::collections::BTreeMap;

use covenant_policy::refusal::Refusal;
use covenant_policy::schema::ENTERPRISE_FINANCIALS;
use toml::Spanned;

use crate::amount::{Notation, parse_amount};
use crate::books::Books;
use crate::position::{POSITIONS, Position};
use crate::{catalogue, clip};

mod document;

pub(crate) use document::toml_refusal;
use document::{AccountRule, Document, Source, prefixes};

/// The charts that come with the program.
const CHARTS: &[(&str, &str, &str)] = &[
    ("fr-pcg", "charts/fr-pcg.toml", include_str!("../charts/fr-pcg.toml")),
    ("se-bas", "charts/se-bas.toml", include_str!("../charts/se-bas.toml")),
    (
        "no-ns4102",
        "charts/no-ns4102.toml",
        include_str!("../charts/no-ns4102.toml"),
    ),
    ("pt-snc", "charts/pt-snc.toml", include_str!("../charts/pt-snc.toml")),
    ("generic", "charts/generic.toml", include_str!("../charts/generic.toml")),
];
/// What a user's file writes as its chart when it stands alone.
const NO_CHART: &str = "none";

/// Where accounts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The position of debit balances.
    pub debit: &'static Position,
    /// The position of credit balances.
    pub credit: &'static Position,
    /// Identifies a rule whose accounts are netted before the side of the balance is looked at.
    pub net: Option<usize>,
    /// Whether the user's file says so.
    pub overridden: bool,
}

impl Rule {
    /// The position of a balance, debit positive.
    pub fn position(&self, balance: i128) -> &'static Position {
        if balance < 0 { self.credit } else { self.debit }
    }

    /// Whether the balance's side matters.
    pub fn two_sided(&self) -> bool {
        self.debit != self.credit
    }
}

/// Why a figure is not covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// The figure's index.
    pub figure: usize,
    /// Only while this position has a balance.
    pub while_position: Option<&'static Position>,
    /// In words.
    pub reason: String,
}

/// An amount that the user's file moves between positions of one side of the balance sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// From which position.
    pub from: &'static Position,
    /// To which position.
    pub to: &'static Position,
    /// How much, as written: positive, with a decimal point.
    pub amount: String,
    /// Why.
    pub reason: String,
    /// Where it is written.
    pub place: String,
}

/// One layer's rules by prefix.
type Layer = BTreeMap<String, Rule>;

/// A mapping: a chart, and perhaps a user's file over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The chart's name.
    pub chart: String,
    /// The chart's title.
    pub title: String,
    /// The user's file, where there is one.
    pub user_file: Option<String>,
    user: Layer,
    base: Layer,
    /// What is not covered, and why.
    pub uncovered: Vec<Uncovered>,
    /// Declared reclassifications.
    pub moves: Vec<Move>,
}

impl Mapping {
    /// The `type` of the document.
    pub const TYPE: &'static str = "covenant-account-mapping";

    /// A chart that comes with the program: `fr-pcg`, `se-bas`, `no-ns4102`, `pt-snc` or `generic`.
    ///
    /// # Errors
    /// `mapping-unknown-name` where there is no such chart.
    pub fn chart(name: &str) -> Result<Self, Refusal> {
        let Some((_, file, text)) = CHARTS.iter().find(|(n, _, _)| *n == name) else {
            let known: Vec<_> = CHARTS.iter().map(|(n, _, _)| *n).collect();
            return Err(Refusal::new(
                &catalogue::MAPPING_NAME,
                format!("there is no chart {:?}", clip(name, 40)),
            )
            .expected(known.join(", ")));
        };
        let source = Source { text, file };
        let document = source.document()?;
        let mut mapping = Self {
            chart: name.to_owned(),
            title: document.title.clone().unwrap_or_default(),
            user_file: None,
            user: Layer::new(),
            base: Layer::new(),
            uncovered: Vec::new(),
            moves: Vec::new(),
        };
        mapping.base = layer(&document, &source, false)?;
        mapping.extend(&document, &source)?;
        Ok(mapping)
    }

    /// A user's mapping file (TOML) over the chart that it names; `chart = "none"` stands alone. `file` names it in messages.
    ///
    /// # Errors
    /// `mapping-invalid`, `mapping-unknown-name`, `mapping-ambiguous`, each with its line.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Refusal> {
        let source = Source { text, file };
        let document = source.document()?;
        let mut mapping = if document.chart.get_ref() == NO_CHART {
            Self {
                chart: NO_CHART.to_owned(),
                title: document.title.clone().unwrap_or_default(),
                user_file: None,
                user: Layer::new(),
                base: Layer::new(),
                uncovered: Vec::new(),
                moves: Vec::new(),
            }
        } else {
            Self::chart(document.chart.get_ref()).map_err(|r| r.at(source.place(&document.chart)))?
        };
        mapping.user = layer(&document, &source, true)?;
        mapping.user_file = Some(file.to_owned());
        mapping.extend(&document, &source)?;
        Ok(mapping)
    }

    /// The rule for an account, by its longest prefix.
    pub fn rule(&self, account: &str) -> Option<&Rule> {
        longest(&self.user, account).or_else(|| longest(&self.base, account))
    }

    /// The rule for an account of books that declare a number of the national chart beside the account's own. The declared one
    /// counts; one of two digits only names the group, in which the account's own number says more. A user's file knows accounts by
    /// their own numbers.
    pub fn rule_of(&self, account: &str, standard: Option<&str>) -> Option<&Rule> {
        match standard {
            Some(declared) if declared.len() > 2 || !account.starts_with(declared) => {
                longest(&self.user, account).or_else(|| longest(&self.base, declared))
            }
            _ => self.rule(account),
        }
    }

    /// The rule for an account of these books, by the number of the national chart where they declare one.
    pub fn rule_in(&self, books: &Books, account: &str) -> Option<&Rule> {
        let declared = books.accounts.get(account).and_then(|a| a.standard.as_deref());
        self.rule_of(account, declared)
    }

    fn extend(&mut self, document: &Document, source: &Source<'_>) -> Result<(), Refusal> {
        for n in &document.not_covered {
            let figure = figure(&n.figure, source)?;
            self.uncovered.push(Uncovered {
                figure,
                while_position: None,
                reason: n.reason.clone(),
            });
        }
        for o in &document.obscured {
            let (figure, position) = (figure(&o.figure, source)?, position(&o.position, source)?);
            self.uncovered.push(Uncovered {
                figure,
                while_position: Some(position),
                reason: o.reason.clone(),
            });
        }
        for r in &document.reclassify {
            let (from, to) = (position(&r.from, source)?, position(&r.to, source)?);
            let sides = (from.group.balance_sheet_side(), to.group.balance_sheet_side());
            if from == to || sides.0.is_none() || sides.0 != sides.1 {
                return Err(source
                    .refuse(
                        &catalogue::RECLASSIFICATION,
                        format!("from {} to {}", from.name, to.name),
                        &r.from,
                    )
                    .expected("two positions of the same side of the balance sheet"));
            }
            let notation = Notation {
                minor_digits: 4,
                ..Notation::SIE
            };
            if !parse_amount(r.amount.get_ref(), notation).is_ok_and(|a| a > 0) || r.reason.trim().is_empty() {
                return Err(source
                    .refuse(
                        &catalogue::RECLASSIFICATION,
                        format!("amount {:?}", clip(r.amount.get_ref(), 40)),
                        &r.amount,
                    )
                    .expected("a positive decimal with a point, and a reason"));
            }
            self.moves.push(Move {
                from,
                to,
                amount: r.amount.get_ref().clone(),
                reason: r.reason.clone(),
                place: source.place(&r.amount),
            });
        }
        Ok(())
    }
}

fn longest<'a>(layer: &'a Layer, account: &str) -> Option<&'a Rule> {
    (1..=account.len()).rev().find_map(|n| layer.get(account.get(..n)?))
}

/// The rules of one document by prefix.
fn layer(document: &Document, source: &Source<'_>, overridden: bool) -> Result<Layer, Refusal> {
    let mut layer = Layer::new();
    for (index, rule) in document.account.iter().enumerate() {
        let (debit, credit) = sides(rule, source)?;
        // The two layers number their rules apart.
        let net = rule.net.then_some(2 * index + usize::from(overridden));
        for pattern in &rule.accounts {
            let prefixes = prefixes(pattern.get_ref()).ok_or_else(|| {
                source
                    .refuse(
                        &catalogue::MAPPING_INVALID,
                        format!("{:?} names no accounts", clip(pattern.get_ref(), 40)),
                        pattern,
                    )
                    .expected("a prefix such as \"411\", or a range of prefixes of one length such as \"30-37\"")
            })?;
            for prefix in prefixes {
                if layer.contains_key(&prefix) {
                    let what = format!("accounts {prefix} are claimed twice");
                    return Err(source.refuse(&catalogue::MAPPING_AMBIGUOUS, what, pattern));
                }
                layer.insert(
                    prefix,
                    Rule {
                        debit,
                        credit,
                        net,
                        overridden,
                    },
                );
            }
        }
    }
    Ok(layer)
}

/// The positions of a rule's debit and credit balances.
fn sides(rule: &AccountRule, source: &Source<'_>) -> Result<(&'static Position, &'static Position), Refusal> {
    match (&rule.position, &rule.debit, &rule.credit) {
        (Some(one), None, None) => {
            let one = position(one, source)?;
            Ok((one, one))
        }
        (None, Some(debit), Some(credit)) => {
            let sides = (position(debit, source)?, position(credit, source)?);
            if sides.0.group.balance_sheet_side().is_none() || sides.1.group.balance_sheet_side().is_none() {
                let what = format!(
                    "{} and {} are not both on the balance sheet",
                    sides.0.name, sides.1.name
                );
                return Err(source.refuse(&catalogue::MAPPING_INVALID, what, debit));
            }
            Ok(sides)
        }
        _ => {
            let what = "a rule says neither `position` alone nor `debit` and `credit`".to_owned();
            Err(match rule.accounts.first() {
                Some(pattern) => source.refuse(&catalogue::MAPPING_INVALID, what, pattern),
                None => Refusal::new(&catalogue::MAPPING_INVALID, what).at(source.file),
            })
        }
    }
}

fn position(name: &Spanned<String>, source: &Source<'_>) -> Result<&'static Position, Refusal> {
    Position::named(name.get_ref()).ok_or_else(|| {
        let known: Vec<_> = POSITIONS.iter().map(|p| p.name).collect();
        source
            .refuse(
                &catalogue::MAPPING_NAME,
                format!("there is no position {:?}", clip(name.get_ref(), 40)),
                name,
            )
            .expected(known.join(", "))
    })
}

fn figure(name: &Spanned<String>, source: &Source<'_>) -> Result<usize, Refusal> {
    ENTERPRISE_FINANCIALS.index_of(name.get_ref()).ok_or_else(|| {
        source
            .refuse(
                &catalogue::MAPPING_NAME,
                format!("there is no figure {:?}", clip(name.get_ref(), 40)),
                name,
            )
            .expected(
                ENTERPRISE_FINANCIALS
                    .figures
                    .iter()
                    .map(|f| f.name)
                    .collect::<Vec<_>>()
                    .join(", "),
            )
    })
}

#[cfg(test)]
mod tests;
