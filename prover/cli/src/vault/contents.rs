//! What the vault holds.

use covenant_api::documents::{Attestation, Invitation, StatedFigures};
use covenant_api::ids;
use covenant_api::sign::{Signed, Verified};
use covenant_api::types::{FieldElement, Hex32, IsoDate, Name, RegistryId, Text, TierName, UtcTime};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Assurance, Statement};
use covenant_statements::field;
use serde::{Deserialize, Serialize};

use super::Secrets;
use crate::refusals::{AMBIGUOUS_STATEMENT, UNKNOWN_STATEMENT};

/// The version of the contents' form. Version 1 had neither unanswered requests nor a budget, and did not say whether a tier was the
/// best one; version 2 did not keep requests whose proof was withheld. Both are read, and written as version 3.
pub const VERSION: u32 = 3;
/// The earliest version that is read.
pub const VERSION_MIN: u32 = 1;

/// The contents. No `Debug`: the seed and the figures stay out of logs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The form's version.
    pub version: u32,
    /// The seed of every secret.
    pub secrets: Secrets,
    /// The statements, in the order of import.
    pub statements: Vec<HeldStatement>,
    /// The invitations redeemed.
    pub invitations: Vec<HeldInvitation>,
    /// What was disclosed to whom.
    pub disclosures: Vec<Disclosure>,
    /// Requests that got no proof because no tier was reached, or because the tier was withheld: a bank may read something out of the
    /// silence.
    #[serde(default)]
    pub unanswered: Vec<Unanswered>,
    /// How much may be disclosed.
    #[serde(default)]
    pub budget: Budget,
}

/// How much may be disclosed; see `covenant_meter::budget`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Different policies of one bank that may tell something new of one figure.
    pub answers: u32,
    /// The same, of all banks together.
    pub answers_together: u32,
    /// The least width of a range that one bank knows, in percent of the figure.
    pub width_percent: u32,
    /// The same, of what all banks know together.
    pub width_percent_together: u32,
}

impl Default for Budget {
    fn default() -> Self {
        let covenant_meter::Budget {
            answers,
            answers_together,
            width_percent,
            width_percent_together,
        } = covenant_meter::Budget::default();
        Self {
            answers,
            answers_together,
            width_percent,
            width_percent_together,
        }
    }
}

impl From<Budget> for covenant_meter::Budget {
    fn from(budget: Budget) -> Self {
        Self {
            answers: budget.answers,
            answers_together: budget.answers_together,
            width_percent: budget.width_percent,
            width_percent_together: budget.width_percent_together,
        }
    }
}

/// One period's figures, and who attests to them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldStatement {
    /// Its id: the hash at assurance 0.
    pub id: FieldElement,
    /// The legal person.
    pub registry_id: RegistryId,
    /// The figures.
    pub stated: StatedFigures,
    /// The file that they were read from, by name.
    pub source: Text,
    /// SHA-256 of that file.
    pub source_sha256: Hex32,
    /// SHA-256 of the review sheet's text.
    pub review_sheet: Option<Hex32>,
    /// When they were read.
    pub imported: UtcTime,
    /// Attestations over them.
    pub attestations: Vec<Attestation>,
}

impl HeldStatement {
    /// The id as people see it.
    pub fn display_id(&self) -> String {
        ids::display(ids::prefix::STATEMENT, &Hex32(field::field_to_bytes(&self.id.0)))
    }

    /// The typed statement with this assurance.
    ///
    /// # Errors
    /// Whatever [`StatedFigures::to_statement`] refuses.
    pub fn statement(&self, assurance: Assurance) -> Result<Statement, Refusal> {
        self.stated.to_statement(assurance)
    }

    /// The best assurance that anybody gave.
    pub fn best_assurance(&self) -> Assurance {
        Assurance(self.attestations.iter().map(|a| a.assurance).max().unwrap_or(0))
    }

    /// Whether both are versions of one statement: the same person, schema, period and basis.
    pub fn same_period(&self, registry_id: &RegistryId, stated: &StatedFigures) -> bool {
        let mine = &self.stated;
        self.registry_id == *registry_id
            && (mine.schema.as_str(), mine.start, mine.end, mine.basis)
                == (stated.schema.as_str(), stated.start, stated.end, stated.basis)
    }
}

/// An invitation that was redeemed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldInvitation {
    /// Its id.
    pub id: Hex32,
    /// What the bank signed.
    pub signed: Signed<Invitation>,
    /// When it was redeemed.
    pub accepted: UtcTime,
}

impl HeldInvitation {
    /// The invitation; its signature is checked again.
    ///
    /// # Errors
    /// Those of [`Signed::verify`].
    pub fn invitation(&self) -> Result<Verified<Invitation>, Refusal> {
        let bank = self.signed.unverified().bank;
        self.signed.clone().verify(&bank)
    }
}

/// What one bank was told.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// The bank's first key.
    pub bank: Hex32,
    /// The bank's name.
    pub bank_name: Name,
    /// The policy's id.
    pub policy: Hex32,
    /// The policy's source text: what was answered, exactly.
    pub policy_source: String,
    /// The tier that was proven.
    pub tier: TierName,
    /// The request's id.
    pub request: Hex32,
    /// The statements that the policy was held against, by id, the first one first. Of a third statement that the tier did not take, older
    /// records do not know.
    pub statements: Vec<FieldElement>,
    /// The day from which ages count.
    pub as_of: IsoDate,
    /// The bundle's id.
    pub bundle: Hex32,
    /// When it was proven.
    pub proven: UtcTime,
    /// Whether the tier is the best that the figures reach, so that a bank rightly concludes that no better one is.
    #[serde(default)]
    pub best: bool,
    /// Whether it exceeded the budget, and was proven all the same.
    #[serde(default)]
    pub beyond_budget: bool,
}

/// A request that got no proof.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unanswered {
    /// The bank's first key.
    pub bank: Hex32,
    /// The bank's name.
    pub bank_name: Name,
    /// The policy's id.
    pub policy: Hex32,
    /// The policy's source text: what was asked, exactly.
    pub policy_source: String,
    /// The request's id.
    pub request: Hex32,
    /// The statements that the policy was held against, by id.
    pub statements: Vec<FieldElement>,
    /// When the proof was tried.
    pub tried: UtcTime,
    /// Whether a tier is reached all the same: its proof would have exceeded the budget, or another tier was insisted on.
    #[serde(default)]
    pub withheld: bool,
}

impl Contents {
    /// The contents of a new vault.
    pub fn new(secrets: Secrets) -> Self {
        Self {
            version: VERSION,
            secrets,
            statements: Vec::new(),
            invitations: Vec::new(),
            disclosures: Vec::new(),
            unanswered: Vec::new(),
            budget: Budget::default(),
        }
    }

    /// The one statement whose id starts like this; the only one where nothing is said.
    ///
    /// # Errors
    /// `unknown-statement`, `ambiguous-statement`.
    pub fn statement(&self, said: Option<&str>) -> Result<&HeldStatement, Refusal> {
        let prefix = said.unwrap_or("");
        let mut found = self.statements.iter().filter(|s| {
            let id = s.display_id();
            id.starts_with(prefix)
                || id
                    .strip_prefix(ids::prefix::STATEMENT)
                    .is_some_and(|bare| bare.starts_with(prefix))
        });
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(match said {
                Some(said) => Refusal::new(&UNKNOWN_STATEMENT, format!("no statement {said:?}")),
                None => Refusal::new(&UNKNOWN_STATEMENT, "no statement was imported yet")
                    .advice("Read the books first with `covenant import`."),
            }),
            (Some(_), Some(_)) => {
                let what = match said {
                    Some(said) => format!("several statements start with {said:?}"),
                    None => format!(
                        "the vault holds {} statements, and none was named",
                        self.statements.len()
                    ),
                };
                Err(Refusal::new(&AMBIGUOUS_STATEMENT, what))
            }
        }
    }
}
