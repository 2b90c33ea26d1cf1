//! Points: how many there are, how many are missing, and which break points lie nearest.

use super::{Done, Standing};
use crate::canonical::points_of;
use crate::compiler::TierKind;
use crate::evaluate::{Evaluation, Move};
use crate::render::sentences::Scene;

/// Where a company stands on a scorecard, seen from one grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Points {
    /// Points that are earned now.
    pub now: u32,
    /// Points that the grade asks for.
    pub minimum: u32,
    /// All points that can be earned.
    pub total: u32,
    /// What is not earned yet, the nearest first: by the least of a single action, else of a single figure.
    pub steps: Vec<Step>,
}

/// Points that are not earned yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What earns them, by its rule's name where it has one.
    pub name: String,
    /// How many.
    pub points: u32,
    /// The least move of each single figure that earns them; the least first.
    pub moves: Vec<Move>,
    /// How much of each single action earns them; the least first.
    pub actions: Vec<Done>,
}

impl Standing<'_> {
    /// The points of a grade; `None` where the policy is no scorecard.
    pub(super) fn points(&self, tier: usize) -> Option<Points> {
        let tier = self.program.tiers.get(tier)?;
        if self.texts.tier_kind != TierKind::Scorecard {
            return None;
        }
        let unit = self.texts.required_weight;
        let scene = Scene {
            program: self.program,
            texts: self.texts,
        };
        let (mut now, mut total, mut required, mut steps) = (0, 0, 0, Vec::new());
        for (row, &weight) in tier.weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            let points = points_of(weight, unit);
            required += u32::from(unit > 0 && weight >= unit);
            total += points;
            let passes = |e: &Evaluation| e.passes.get(row).copied().unwrap_or(false);
            if passes(self.evaluation) {
                now += points;
            } else if points > 0 {
                steps.push(Step {
                    name: scene.row_name(row),
                    points,
                    moves: self.moves(&[row], &passes),
                    actions: self.alone(&passes),
                });
            }
        }
        steps.sort_by_key(|step| {
            let action = step.actions.first().map(|done| done.amount.into());
            let figure = step.moves.first().map(|m| m.by.clone());
            (action.is_none(), action.or(figure))
        });
        Some(Points {
            now,
            minimum: tier.minimum.saturating_sub(unit.saturating_mul(required)),
            total,
            steps,
        })
    }
}
