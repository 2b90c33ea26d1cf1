//! What each tier takes, from its weights.

use std::collections::BTreeSet;

use super::TierText;
use super::sentences::{Scene, Weighted};
use super::words::{basis_points, listed};
use crate::canonical::points_of;
use crate::compiler::TierKind;
use crate::program::Tier;

/// The points of a scorecard (where all grades count the same), and the tiers.
pub(super) fn tiers(scene: &Scene<'_>) -> (Vec<(String, u32)>, Vec<TierText>) {
    let required_weight = scene.texts.required_weight;
    let points = |tier: &Tier| tier.weights.map(|w| points_of(w, required_weight));
    let scorecard = scene.texts.tier_kind == TierKind::Scorecard;
    let shared = match scene.program.tiers.as_slice() {
        [first, rest @ ..] if scorecard && rest.iter().all(|tier| points(tier) == points(first)) => points(first),
        _ => [0; crate::program::ROWS],
    };
    let table: Vec<(String, u32)> = shared
        .iter()
        .enumerate()
        .filter(|(_, p)| **p > 0)
        .map(|(row, p)| (scene.row_name(row), *p))
        .collect();
    let mut texts: Vec<TierText> = Vec::new();
    for (i, tier) in scene.program.tiers.iter().enumerate() {
        let graded = if table.is_empty() { None } else { grade(scene, tier) };
        let takes = graded.unwrap_or_else(|| plain(scene, tier));
        texts.push(TierText {
            name: tier.name.clone(),
            takes,
            margin: scene.texts.margins_bps.get(i).map(|m| margin(*m)),
        });
    }
    if let Some((name, bps)) = &scene.texts.worst {
        let takes = "no proof is needed; this level applies where nothing better is proven.".to_owned();
        texts.push(TierText {
            name: name.clone(),
            takes,
            margin: Some(margin(*bps)),
        });
    }
    (table, texts)
}

fn margin(bps: i32) -> String {
    format!("reference rate + {}", basis_points(bps))
}

/// Any tier: indispensable rows, sufficient ones, and counts, from the weights alone.
fn plain(scene: &Scene<'_>, tier: &Tier) -> String {
    let weighted = tier.weights.iter().enumerate().filter(|(_, w)| **w > 0);
    let weighted: Vec<Weighted> = weighted
        .map(|(row, w)| Weighted {
            row,
            positive: true,
            weight: i128::from(*w),
        })
        .collect();
    let mandatory: BTreeSet<usize> = tier.mandatory_rows().into_iter().collect();
    if mandatory.len() == weighted.len() {
        return match scene.cover(&mandatory, None).as_slice() {
            [one] => format!("{one} must hold."),
            names => format!("all of these must hold: {}.", listed(names, "and")),
        };
    }
    format!("{}.", scene.threshold(&weighted, i128::from(tier.minimum)))
}

/// A grade of a scorecard: points, and the rules that no points replace.
fn grade(scene: &Scene<'_>, tier: &Tier) -> Option<String> {
    let unit = scene.texts.required_weight;
    let required: BTreeSet<usize> = tier
        .weights
        .iter()
        .enumerate()
        .filter(|(_, w)| unit > 0 && **w >= unit)
        .map(|(row, _)| row)
        .collect();
    let points = i64::from(tier.minimum) - i64::from(unit) * required.len() as i64;
    let total: u32 = tier.weights.iter().map(|w| points_of(*w, unit)).sum();
    if points < 0 || points > i64::from(total) {
        return None;
    }
    let names = scene.cover(&required, None);
    let needed = if names.is_empty() {
        String::new()
    } else {
        listed(&names, "and")
    };
    Some(match (points, needed.is_empty()) {
        (0, _) => format!("{needed}."),
        (_, true) => format!("at least {points} of {total} points."),
        (_, false) => format!("at least {points} of {total} points, and in any case {needed}."),
    })
}
