//! Puts a statement into the vault, counting the versions of its period: what was restated is said to be restated.

use covenant_api::documents::StatedFigures;
use covenant_api::types::{FieldElement, Hex32, RegistryId, Text, UtcTime};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Statement;

use super::shared;
use crate::refusals::{RESTATEMENT_NUMBER, RESTATEMENT_UNDECLARED};
use crate::vault::{Contents, HeldStatement};

/// Where a statement comes from.
pub(super) struct Origin {
    pub registry_id: RegistryId,
    pub source: Text,
    pub source_sha256: Hex32,
    pub review_sheet: Hex32,
    pub imported: UtcTime,
}

/// What became of it.
pub(super) struct Kept {
    /// Its id.
    pub id: FieldElement,
    /// Its id as people see it.
    pub display_id: String,
    /// Whether the vault held it before.
    pub known: bool,
    /// Whether the vault holds other figures of the period, which stay.
    pub differs: bool,
}

impl Kept {
    fn of(held: &HeldStatement, known: bool, differs: bool) -> Self {
        Self {
            id: held.id,
            display_id: held.display_id(),
            known,
            differs,
        }
    }
}

/// Keeps a statement. The same figures again change nothing. Other figures of the same period are a restatement: that must be
/// said, with its number. In a vault without that period any number may be said, because a restored vault starts empty.
pub(super) fn keep(
    contents: &mut Contents,
    statement: &Statement,
    origin: Origin,
    said: Option<u16>,
) -> Result<Kept, Refusal> {
    let stated = StatedFigures::from_statement(statement)?;
    let latest = latest(contents, &origin.registry_id, &stated).cloned();
    if let Some(latest) = latest {
        let held = &latest.stated;
        if held.figures == stated.figures
            && held.currency == stated.currency
            && said.is_none_or(|n| n == held.restatement)
        {
            return Ok(Kept::of(&latest, true, false));
        }
        let next = held
            .restatement
            .checked_add(1)
            .ok_or_else(|| Refusal::new(&RESTATEMENT_NUMBER, "the period was restated 65,535 times"))?;
        match said {
            None => {
                return Err(Refusal::new(&RESTATEMENT_UNDECLARED, differences(held, &stated))
                    .at(latest.display_id())
                    .expected(format!("the same figures again, or --restatement {next}")));
            }
            Some(n) if n != next => {
                return Err(Refusal::new(&RESTATEMENT_NUMBER, format!("restatement number {n}"))
                    .at(latest.display_id())
                    .expected(format!("--restatement {next}")));
            }
            Some(_) => {}
        }
    }
    push(contents, stated, origin)
}

/// Keeps the year before, unless other figures of it are held: those were imported from its own books, and stay.
pub(super) fn keep_prior(contents: &mut Contents, statement: &Statement, origin: Origin) -> Result<Kept, Refusal> {
    // The number said belongs to this year's figures.
    let stated = StatedFigures::from_statement(&Statement {
        restatement: 0,
        ..statement.clone()
    })?;
    match latest(contents, &origin.registry_id, &stated) {
        Some(held) => Ok(Kept::of(held, true, held.stated.figures != stated.figures)),
        None => push(contents, stated, origin),
    }
}

/// The version of this period that was restated last.
fn latest<'a>(contents: &'a Contents, registry_id: &RegistryId, stated: &StatedFigures) -> Option<&'a HeldStatement> {
    let same = contents
        .statements
        .iter()
        .filter(|held| held.same_period(registry_id, stated));
    same.max_by_key(|held| held.stated.restatement)
}

fn push(contents: &mut Contents, stated: StatedFigures, origin: Origin) -> Result<Kept, Refusal> {
    let mut held = HeldStatement {
        id: FieldElement::default(),
        registry_id: origin.registry_id,
        stated,
        source: origin.source,
        source_sha256: origin.source_sha256,
        review_sheet: Some(origin.review_sheet),
        imported: origin.imported,
        attestations: Vec::new(),
    };
    let statement = held.statement(covenant_policy::statement::Assurance::SELF_DECLARED)?;
    held.id = shared::hash(&shared::opening(&contents.secrets, &held, statement)?)?;
    let kept = Kept::of(&held, false, false);
    contents.statements.push(held);
    Ok(kept)
}

/// Which figures differ, without their amounts.
fn differences(held: &StatedFigures, new: &StatedFigures) -> String {
    let names = held
        .figures
        .0
        .keys()
        .chain(new.figures.0.keys())
        .collect::<std::collections::BTreeSet<_>>();
    let differ: Vec<&str> = names
        .into_iter()
        .filter(|n| held.figures.0.get(*n) != new.figures.0.get(*n))
        .map(String::as_str)
        .collect();
    match differ.as_slice() {
        [] => "the same figures in another currency".to_owned(),
        names if names.len() > 5 => format!("{} figures differ", names.len()),
        names => format!("other figures: {}", names.join(", ")),
    }
}
