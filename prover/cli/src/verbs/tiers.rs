//! Which tiers of a policy the books reach.

use covenant_policy::Compiled;
use covenant_policy::evaluate::evaluate;
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Statement;

/// The tiers that are reached, best first.
///
/// # Errors
/// Those of [`evaluate`].
pub(super) fn reached(
    compiled: &Compiled,
    first: &Statement,
    second: Option<&Statement>,
) -> Result<Vec<String>, Refusal> {
    let evaluation = evaluate(&compiled.program, first, second)?;
    Ok(evaluation
        .tiers
        .into_iter()
        .filter(|tier| tier.achieved)
        .map(|tier| tier.name)
        .collect())
}
