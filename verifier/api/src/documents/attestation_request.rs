//! An enterprise shows an attestor its figures and asks for a signature over them.
//!
//! This is the one document that carries figures in the clear. It goes to the attestor, who has seen the books, and to nobody
//! else.

use std::collections::BTreeMap;
use std::fmt;

use covenant_policy::program::FIGURES;
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::Schema;
use covenant_policy::statement::{Assurance, Basis, Coverage, Currency, Figures, Period, Statement};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::document::Document;
use crate::refusals::UNKNOWN_FIGURE;
use crate::types::{Amount, FieldElement, Hex32, IsoDate, RegistryId, Text};

/// Solo or consolidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatementBasis {
    /// The legal person alone.
    Solo,
    /// The group.
    Consolidated,
}

/// Figures by name. A figure that the books do not give is not in the map: absent is not zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FigureMap(pub BTreeMap<String, Amount>);

impl<'de> Deserialize<'de> for FigureMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = FigureMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {FIGURES} figures by name, none of them twice")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<FigureMap, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((name, amount)) = pairs.next_entry::<String, Amount>()? {
                    if map.len() == FIGURES {
                        return Err(de::Error::invalid_length(FIGURES + 1, &self));
                    }
                    if map.insert(name.clone(), amount).is_some() {
                        return Err(de::Error::custom(format!("the figure {name:?} stands twice")));
                    }
                }
                Ok(FigureMap(map))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// A statement of figures, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedFigures {
    /// The schema's name ("enterprise-financials/v1").
    pub schema: Text,
    /// First day of the period.
    pub start: IsoDate,
    /// Last day of the period.
    pub end: IsoDate,
    /// Solo or consolidated.
    pub basis: StatementBasis,
    /// ISO 4217 code.
    pub currency: Text,
    /// 0 for the first version, then counted up.
    pub restatement: u16,
    /// The figures that the books give, in minor units.
    pub figures: FigureMap,
}

impl StatedFigures {
    /// From a statement: covered figures enter, the others stay out.
    ///
    /// # Errors
    /// `schema-unknown`, or `date-invalid` where a day is beyond the calendar.
    pub fn from_statement(statement: &Statement) -> Result<Self, Refusal> {
        let schema = Schema::named(statement.schema)?;
        let date = |day| {
            IsoDate::new(day)
                .ok_or_else(|| Refusal::new(&covenant_policy::catalogue::DATE_INVALID, format!("day {}", day.0)))
        };
        let figures = schema.figures.iter().zip(statement.figures.0).enumerate();
        let covered = figures.filter(|(j, _)| statement.coverage.covers(*j));
        let text = |t: &str| Text::parse(t).map_err(|e| Refusal::new(&crate::refusals::MALFORMED_DOCUMENT, e));
        Ok(Self {
            schema: text(statement.schema)?,
            start: date(statement.period.start)?,
            end: date(statement.period.end)?,
            basis: if statement.basis == Basis::Consolidated {
                StatementBasis::Consolidated
            } else {
                StatementBasis::Solo
            },
            currency: text(statement.currency.code)?,
            restatement: statement.restatement,
            figures: FigureMap(
                covered
                    .map(|(_, (figure, value))| (figure.name.to_owned(), Amount(value)))
                    .collect(),
            ),
        })
    }

    /// The typed statement with this assurance. Every rule of its schema is checked.
    ///
    /// # Errors
    /// `unknown-figure`, and those of [`Statement::validate`] and the look-ups (`schema-unknown`, `currency-unknown`,
    /// `period-invalid`, `identity-broken`, `figure-out-of-range` …).
    pub fn to_statement(&self, assurance: Assurance) -> Result<Statement, Refusal> {
        let schema = Schema::named(self.schema.as_str())?;
        let (mut figures, mut coverage) = ([0; FIGURES], 0u32);
        for (name, amount) in &self.figures.0 {
            let found = schema
                .figures
                .iter()
                .zip(&mut figures)
                .enumerate()
                .find(|(_, (f, _))| f.name == name);
            let (j, (_, slot)) = found.ok_or_else(|| {
                let shown: String = name.chars().take(64).collect();
                Refusal::new(&UNKNOWN_FIGURE, format!("{shown:?}"))
                    .at("figures")
                    .expected(format!("a figure of {}", schema.name))
            })?;
            *slot = amount.0;
            coverage |= 1 << j;
        }
        let statement = Statement {
            schema: schema.name,
            period: Period::new(self.start.day(), self.end.day())?,
            basis: match self.basis {
                StatementBasis::Solo => Basis::Solo,
                StatementBasis::Consolidated => Basis::Consolidated,
            },
            currency: Currency::from_code(self.currency.as_str())?,
            restatement: self.restatement,
            assurance,
            coverage: Coverage(coverage),
            figures: Figures(figures),
        };
        statement.validate()?;
        Ok(statement)
    }
}

/// A request for an attestation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationRequest {
    /// Whose books: the legal person, which the attestor checks.
    pub registry_id: RegistryId,
    /// The enterprise's secret identity, committed: H(eid, sk). The attestor binds it to the registry id.
    pub eid: FieldElement,
    /// The statement in the clear.
    pub statement: StatedFigures,
    /// Hides the figures from those who see only the hash.
    pub salt: FieldElement,
    /// The statement's hash with assurance 0, so that both sides know that they hash alike.
    pub statement_hash: FieldElement,
    /// SHA-256 of the review sheet's text, where one was made.
    pub review_sheet: Option<Hex32>,
}

impl Document for AttestationRequest {
    const TYPE: &'static str = "attestation-request";
}
