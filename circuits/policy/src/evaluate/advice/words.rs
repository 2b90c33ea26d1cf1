//! Moves and actions in words.

use num_bigint::BigInt;

use super::Done;
use crate::compiler::Texts;
use crate::evaluate::Move;
use crate::program::Program;
use crate::render::sentences::Scene;
use crate::render::words::{Form, capitalised, listed};
use crate::statement::format_amount;

/// "Current assets would have to rise by 120.00 EUR, or current liabilities fall by 100.00 EUR."; of the first moves so many.
pub fn moves_sentence(program: &Program, texts: &Texts, moves: &[Move], at_most: usize) -> String {
    let scene = Scene { program, texts };
    let parts: Vec<String> = moves
        .iter()
        .take(at_most)
        .enumerate()
        .map(|(i, m)| {
            let unit: Form = [(m.column, BigInt::from(1))].into();
            let modal = if i == 0 { " would have to" } else { "" };
            let direction = if m.rise { "rise" } else { "fall" };
            let name = scene.names().label(m.column);
            format!("{name}{modal} {direction} by {}", scene.quantity(&unit, &m.by))
        })
        .collect();
    if parts.is_empty() {
        return "No figure of this statement alone makes it hold.".to_owned();
    }
    format!("{}.", capitalised(&listed(&parts, "or")))
}

/// "Repay short-term debt from cash: 50,000.00 EUR".
pub fn action_phrase(program: &Program, done: &Done) -> String {
    format!(
        "{}: {}",
        done.action.words,
        format_amount(done.amount, program.currency)
    )
}
