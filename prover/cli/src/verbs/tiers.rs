//! Which tiers of a policy the books reach.

use covenant_policy::Compiled;
use covenant_policy::evaluate::evaluate_whole;
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Statement;

/// The tiers that are reached, best first.
///
/// # Errors
/// Those of [`evaluate_whole`].
pub(super) fn reached(compiled: &Compiled, statements: [Option<&Statement>; 3]) -> Result<Vec<String>, Refusal> {
    let whole = evaluate_whole(compiled, statements)?;
    Ok(whole
        .tiers
        .into_iter()
        .filter(|tier| tier.achieved)
        .map(|tier| tier.name)
        .collect())
}
