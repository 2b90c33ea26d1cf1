//! Which tiers of a policy the books reach.

use covenant_policy::Compiled;
use covenant_policy::evaluate::{Whole, evaluate_whole};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Statement;

/// The tiers that are reached, best first, and whether a third statement decided on any of them: it does not where there is none, or
/// where it does not fit the policy.
///
/// # Errors
/// Those of [`evaluate_whole`].
pub(super) fn reached(
    compiled: &Compiled,
    statements: [Option<&Statement>; 3],
) -> Result<(Vec<String>, bool), Refusal> {
    let whole = evaluate_whole(compiled, statements)?;
    let third_counts = third_counts(&whole);
    let reached = whole.tiers.into_iter().filter(|tier| tier.achieved);
    Ok((reached.map(|tier| tier.name).collect(), third_counts))
}

/// Whether the third statement was held against the policy.
pub(super) fn third_counts(whole: &Whole) -> bool {
    !whole.further.is_empty() && whole.further.iter().all(Result::is_ok)
}
