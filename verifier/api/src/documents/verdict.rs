//! What the bank learned: a tier, and no figures.

use serde::{Deserialize, Serialize};

use super::{AcceptedAttestor, StatementBasis};
use crate::document::Document;
use crate::types::{FieldElement, Hex32, IsoDate, RegistryId, TierName, UtcTime};

/// A verdict on a proof that verified. The bank may sign it; its registry keeps signed ones only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The request's id.
    pub request: Hex32,
    /// The policy's id.
    pub policy: Hex32,
    /// The verifying key's id.
    pub verifying_key: Hex32,
    /// Whether that key comes from a development setup: if so, the verdict proves nothing.
    pub development_key: bool,
    /// The tier that was proven.
    pub tier: TierName,
    /// The applicant's pseudonym.
    pub nym: FieldElement,
    /// The applicant, as the bank invited it.
    pub registry_id: RegistryId,
    /// The earliest day on which the first statement's period may have ended.
    pub ends_from: IsoDate,
    /// The latest day on which the first statement's period may have ended.
    pub ends_to: IsoDate,
    /// Each statement's basis; nothing for an absent statement.
    pub bases: [Option<StatementBasis>; 2],
    /// The least assurance of each statement.
    pub assurance_floors: [u8; 2],
    /// The attestors accepted (that one of them signed is proven, not which).
    pub attestors: Vec<AcceptedAttestor>,
    /// The day from which ages count.
    pub as_of: IsoDate,
    /// When the proof was judged.
    pub decided: UtcTime,
    /// One per statement: the same for every version of one period's figures.
    pub period_tags: [FieldElement; 2],
    /// One per statement: another for other figures.
    pub statement_links: [FieldElement; 2],
    /// How many other versions of the same periods' figures this bank has already accepted proofs of.
    pub restated_or_shopped: u32,
    /// The bundle's id.
    pub bundle: Hex32,
    /// What linked proofs showed of further statements; left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<FurtherStatement>,
}

/// A statement that a linked proof was about, beside the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FurtherStatement {
    /// Its basis.
    pub basis: StatementBasis,
    /// Its least assurance.
    pub assurance_floor: u8,
    /// The same for every version of one period's figures.
    pub period_tag: FieldElement,
    /// Another for other figures.
    pub statement_link: FieldElement,
}

impl Verdict {
    /// Basis and least assurance of every statement that the verdict rests on, the first one first.
    pub fn statements(&self) -> Vec<(StatementBasis, u8)> {
        let own = self.bases.iter().zip(self.assurance_floors);
        let own = own.filter_map(|(basis, floor)| Some(((*basis)?, floor)));
        own.chain(self.further.iter().map(|s| (s.basis, s.assurance_floor)))
            .collect()
    }

    /// Period tag, link and basis of every statement that the verdict rests on.
    pub fn versions(&self) -> Vec<(FieldElement, FieldElement, StatementBasis)> {
        let own = self.period_tags.iter().zip(self.statement_links).zip(&self.bases);
        let own = own.filter_map(|((tag, link), basis)| Some((*tag, link, (*basis)?)));
        let further = self.further.iter();
        own.chain(further.map(|s| (s.period_tag, s.statement_link, s.basis)))
            .collect()
    }
}

impl Document for Verdict {
    const TYPE: &'static str = "verdict";
}
