//! The public inputs, and their one order.

use std::fmt::{Arguments, Debug};

use covenant_policy::program::{ATTESTORS, COLUMNS, FIGURES, FIRST_RICH_ROW, ROWS, SLOTS, STATEMENTS};

/// What the policy fixes about one statement.
#[derive(Debug, Clone)]
pub struct TermsInputs<T> {
    /// 1 where the source is an attestation.
    pub attested: T,
    /// 1 where the source is the enterprise's own word.
    pub self_declared: T,
    /// 1 where the source is a linked proof.
    pub proven: T,
    /// The schema's hash; 0 when absent.
    pub schema: T,
    /// The schema family's hash; 0 when absent.
    pub family: T,
    /// Basis number; 0 when absent.
    pub basis: T,
    /// Currency number; 0 when absent.
    pub currency: T,
    /// Least assurance.
    pub assurance_floor: T,
    /// Greatest restatement number.
    pub restatement_cap: T,
    /// Shortest period in days.
    pub length_min: T,
    /// Longest period in days.
    pub length_max: T,
    /// 1 for each figure that the books must cover.
    pub need: Vec<T>,
    /// The schema's identities, packed into one row.
    pub identity: Vec<T>,
}

/// All public inputs of the compliance statement, as field elements, wires or anything else.
#[derive(Debug, Clone)]
pub struct Inputs<T> {
    /// Row coefficients, [ROWS][COLUMNS].
    pub a: Vec<Vec<T>>,
    /// Row bounds.
    pub bound: Vec<T>,
    /// Left factors of the product slots, [SLOTS][COLUMNS].
    pub u: Vec<Vec<T>>,
    /// Right factors, [SLOTS][COLUMNS].
    pub v: Vec<Vec<T>>,
    /// Slot factors of the rich rows, [RICH_ROWS][SLOTS].
    pub slot_factors: Vec<Vec<T>>,
    /// Pass-bit factors of the rich rows: [RICH_ROWS][the earlier rows].
    pub pass_factors: Vec<Vec<T>>,
    /// Weights.
    pub weight: Vec<T>,
    /// The score to reach.
    pub minimum: T,
    /// The terms of both statements.
    pub terms: Vec<TermsInputs<T>>,
    /// 1 where the second statement is the prior period.
    pub prior: T,
    /// 1 where it is a companion.
    pub companion: T,
    /// Hashes of the accepted attestors with their grants; 0 in unused places (no attestor hashes to 0).
    pub attestors: Vec<T>,
    /// The bank.
    pub bank: T,
    /// The enterprise's pseudonym towards the bank.
    pub nym: T,
    /// The bank's customer, blinded.
    pub subject: T,
    /// The scope in which restatements are counted.
    pub scope: T,
    /// The first acceptable last day of the first statement.
    pub end_min: T,
    /// The last acceptable last day of the first statement.
    pub end_max: T,
    /// What this proof answers: request, tier, key, expiry and more, as one element.
    pub binding: T,
    /// Period tags; 0 when absent.
    pub period_tags: Vec<T>,
    /// Statement links; 0 when absent.
    pub statement_links: Vec<T>,
    /// Links to book proofs; 0 unless the source is `proven`.
    pub proven_links: Vec<T>,
}

/// The inputs that the request and the proof set; all before them are the policy's.
pub const PROOF_INPUTS: usize = 7 + 3 * STATEMENTS;

impl<T: Clone> Inputs<T> {
    /// Every input set to `value`.
    pub fn filled(value: T) -> Self {
        let v = |n: usize| vec![value.clone(); n];
        let terms = TermsInputs {
            attested: value.clone(),
            self_declared: value.clone(),
            proven: value.clone(),
            schema: value.clone(),
            family: value.clone(),
            basis: value.clone(),
            currency: value.clone(),
            assurance_floor: value.clone(),
            restatement_cap: value.clone(),
            length_min: value.clone(),
            length_max: value.clone(),
            need: v(FIGURES),
            identity: v(FIGURES),
        };
        Self {
            a: vec![v(COLUMNS); ROWS],
            bound: v(ROWS),
            u: vec![v(COLUMNS); SLOTS],
            v: vec![v(COLUMNS); SLOTS],
            slot_factors: vec![v(SLOTS); ROWS - FIRST_RICH_ROW],
            pass_factors: (FIRST_RICH_ROW..ROWS).map(v).collect(),
            weight: v(ROWS),
            minimum: value.clone(),
            terms: vec![terms; STATEMENTS],
            prior: value.clone(),
            companion: value.clone(),
            attestors: v(ATTESTORS),
            bank: value.clone(),
            nym: value.clone(),
            subject: value.clone(),
            scope: value.clone(),
            end_min: value.clone(),
            end_max: value.clone(),
            binding: value.clone(),
            period_tags: v(STATEMENTS),
            statement_links: v(STATEMENTS),
            proven_links: v(STATEMENTS),
        }
    }

    /// Visits every input in the order of the public inputs, with its name. The order is written here and nowhere else.
    pub fn visit(&mut self, see: &mut impl FnMut(Arguments<'_>, &mut T)) {
        self.visit_policy(see);
        self.visit_proof(see);
    }

    fn visit_policy(&mut self, see: &mut impl FnMut(Arguments<'_>, &mut T)) {
        grid("a", &mut self.a, see);
        list("bound", &mut self.bound, see);
        grid("u", &mut self.u, see);
        grid("v", &mut self.v, see);
        grid("slot-factor", &mut self.slot_factors, see);
        grid("pass-factor", &mut self.pass_factors, see);
        list("weight", &mut self.weight, see);
        see(format_args!("minimum"), &mut self.minimum);
        for (k, t) in self.terms.iter_mut().enumerate() {
            see(format_args!("attested[{k}]"), &mut t.attested);
            see(format_args!("self-declared[{k}]"), &mut t.self_declared);
            see(format_args!("proven[{k}]"), &mut t.proven);
            see(format_args!("schema[{k}]"), &mut t.schema);
            see(format_args!("family[{k}]"), &mut t.family);
            see(format_args!("basis[{k}]"), &mut t.basis);
            see(format_args!("currency[{k}]"), &mut t.currency);
            see(format_args!("assurance-floor[{k}]"), &mut t.assurance_floor);
            see(format_args!("restatement-cap[{k}]"), &mut t.restatement_cap);
            see(format_args!("length-min[{k}]"), &mut t.length_min);
            see(format_args!("length-max[{k}]"), &mut t.length_max);
            list(&format!("need[{k}]"), &mut t.need, see);
            list(&format!("identity[{k}]"), &mut t.identity, see);
        }
        see(format_args!("prior"), &mut self.prior);
        see(format_args!("companion"), &mut self.companion);
        list("attestor", &mut self.attestors, see);
    }

    fn visit_proof(&mut self, see: &mut impl FnMut(Arguments<'_>, &mut T)) {
        see(format_args!("bank"), &mut self.bank);
        see(format_args!("nym"), &mut self.nym);
        see(format_args!("subject"), &mut self.subject);
        see(format_args!("scope"), &mut self.scope);
        see(format_args!("end-min"), &mut self.end_min);
        see(format_args!("end-max"), &mut self.end_max);
        see(format_args!("binding"), &mut self.binding);
        list("period-tag", &mut self.period_tags, see);
        list("statement-link", &mut self.statement_links, see);
        list("proven-link", &mut self.proven_links, see);
    }

    /// The inputs in order.
    pub fn to_vec(&self) -> Vec<T> {
        let mut values = Vec::new();
        self.clone().visit(&mut |_, value| values.push(value.clone()));
        values
    }

    /// Inputs from their values in order; places beyond the end keep `filler`.
    pub fn from_slice(values: &[T], filler: T) -> Self {
        let mut inputs = Self::filled(filler);
        let mut values = values.iter();
        inputs.visit(&mut |_, place| {
            if let Some(value) = values.next() {
                *place = value.clone();
            }
        });
        inputs
    }
}

/// The names of the public inputs, in order.
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    Inputs::filled(()).visit(&mut |name, ()| names.push(name.to_string()));
    names
}

fn list<T>(name: &str, values: &mut [T], see: &mut impl FnMut(Arguments<'_>, &mut T)) {
    for (i, value) in values.iter_mut().enumerate() {
        see(format_args!("{name}[{i}]"), value);
    }
}

fn grid<T>(name: &str, values: &mut [Vec<T>], see: &mut impl FnMut(Arguments<'_>, &mut T)) {
    for (i, row) in values.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            see(format_args!("{name}[{i}][{j}]"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_values_keep_their_places() {
        let names = names();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        let numbers: Vec<usize> = (0..names.len()).collect();
        assert_eq!(Inputs::from_slice(&numbers, usize::MAX).to_vec(), numbers);
        assert_eq!(names[names.len() - PROOF_INPUTS], "bank");
    }
}
