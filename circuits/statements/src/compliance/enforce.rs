//! The rules of the compliance statement as constraints, in the order of [`Rule::ALL`].
//!
//! Public coefficients stand on the left of each product (matrix A) and private wires on the right, so that the policy's 3,061
//! inputs stay out of the G2 query.

mod rows;
mod wires;

use std::iter;

use ark_r1cs_std::fields::FieldVar as _;
use covenant_gadgets::{
    circuit::{Bit, Circuit, Field, Result, Var},
    eddsa::circuit::{SignatureRules, SignatureVars, verify_var},
    poseidon::hash_var,
    range::{bits_var, enforce_range, enforce_signed_range, pack_var},
};
use covenant_policy::{
    program::FIGURES,
    schema::{ROUNDING_BITS, ROUNDING_FIGURE},
    statement::{DAYS_IN_400_YEARS, Day, LENGTH_SLACK_DAYS, MONTHS_IN_400_YEARS},
};

use wires::{both, constant, equal, inner_product, number, power_of_two, present, sum};

use super::{
    assignment::{Assignment, StatementAssignment},
    inputs::{Inputs, TermsInputs},
    rules::Rule,
};
use crate::commitments::{SIGNED_FROM, domain, figure_offset, header};

/// Bits of a figure's magnitude.
const FIGURE_BITS: usize = 63;
const RESTATEMENT_BITS: u32 = 16;
const ASSURANCE_BITS: u32 = 8;
/// Bits of a fiscal month and of a length class: 2^21 days hold fewer than 2^17 months.
const MONTH_BITS: u32 = 17;
/// Bits of a remainder modulo [`DAYS_IN_400_YEARS`].
const REMAINDER_BITS: u32 = 18;

/// The signature's six rules under this statement's names.
const SIGNATURE_RULES: SignatureRules = SignatureRules {
    key_on_curve: Rule::AttestorKeyOnCurve.name(),
    key_order: Rule::AttestorKeyOrder.name(),
    nonce_on_curve: Rule::NonceOnCurve.name(),
    scalar_canonical: Rule::ScalarCanonical.name(),
    challenge_canonical: Rule::ChallengeCanonical.name(),
    equation: Rule::AttestationSignature.name(),
};

/// The wires of one statement.
struct StatementVars {
    figures: Vec<Var>,
    start: Var,
    end: Var,
    restatement: Var,
    assurance: Var,
    coverage_bits: Vec<Bit>,
    root: Var,
    hash: Var,
    /// start, end, restatement, assurance and coverage in one element: 0 exactly when each is 0.
    own_header: Var,
}

/// The wires that both statements share.
struct Owner {
    sk: Var,
    eid: Var,
    entity: Var,
}

/// All rules.
pub fn enforce(circuit: &mut Circuit, inputs: &Inputs<Var>, assignment: Option<&Assignment>) -> Result<()> {
    let owner = Owner {
        sk: circuit.witness(assignment.map(|a| a.sk))?,
        eid: circuit.witness(assignment.map(|a| a.eid))?,
        entity: circuit.witness(assignment.map(|a| a.entity))?,
    };
    let mut statements = Vec::new();
    for (k, terms) in inputs.terms.iter().enumerate() {
        let wires = assignment.map(|a| &a.statements[k]);
        statements.push(statement(circuit, terms, &owner, wires)?);
    }
    absent_statement(circuit, &inputs.terms[1], &statements[1])?;
    for (terms, vars) in inputs.terms.iter().zip(&statements) {
        rounding_bound(circuit, terms, vars)?;
    }
    for (terms, vars) in inputs.terms.iter().zip(&statements) {
        schema_identity(circuit, terms, vars)?;
    }
    circuit.rule(Rule::EnterpriseId.name(), |c| {
        let computed = hash_var(c, &[constant(domain::EID), owner.sk.clone()])?;
        equal(&computed, &owner.eid)
    })?;
    for (k, (terms, vars)) in inputs.terms.iter().zip(&statements).enumerate() {
        attestation(circuit, inputs, terms, vars, assignment.map(|a| &a.statements[k]))?;
        bounds(circuit, terms, vars)?;
    }
    periods(circuit, inputs, &statements)?;
    for (k, vars) in statements.iter().enumerate() {
        tags(circuit, inputs, k, &owner, vars, assignment.map(|a| &a.statements[k]))?;
    }
    identity(circuit, inputs, &owner, assignment)?;
    let columns: Vec<Var> = statements.iter().flat_map(|s| s.figures.iter().cloned()).collect();
    rows::policy(circuit, inputs, &columns, assignment)
}

/// Ranges, packing and hashes of one statement.
fn statement(
    circuit: &mut Circuit,
    terms: &TermsInputs<Var>,
    owner: &Owner,
    wires: Option<&StatementAssignment>,
) -> Result<StatementVars> {
    let figures = (0..FIGURES)
        .map(|j| circuit.witness(wires.map(|w| w.figures[j])))
        .collect::<Result<Vec<_>>>()?;
    let start = circuit.witness(wires.map(|w| w.start))?;
    let end = circuit.witness(wires.map(|w| w.end))?;
    let restatement = circuit.witness(wires.map(|w| w.restatement))?;
    let assurance = circuit.witness(wires.map(|w| w.assurance))?;
    let coverage = circuit.witness(wires.map(|w| w.coverage))?;
    let salt = circuit.witness(wires.map(|w| w.salt))?;
    let root = circuit.witness(wires.map(|w| w.root))?;
    let hash = circuit.witness(wires.map(|w| w.hash))?;

    circuit.rule(Rule::FigureRange.name(), |c| {
        figures.iter().enumerate().try_for_each(|(j, x)| figure_range(c, j, x))
    })?;
    let coverage_bits = circuit.rule(Rule::HeaderRange.name(), |c| {
        enforce_range(c, &start, Day::BITS as usize)?;
        enforce_range(c, &end, Day::BITS as usize)?;
        enforce_range(c, &restatement, RESTATEMENT_BITS as usize)?;
        enforce_range(c, &assurance, ASSURANCE_BITS as usize)?;
        bits_var(c, &coverage, FIGURES)
    })?;

    let encoded: Vec<Var> = figures
        .iter()
        .enumerate()
        .map(|(j, x)| x + Var::constant(figure_offset(j)))
        .collect();
    let packed = pack_var(&encoded);
    let own_header = sum([
        &start * power_of_two(header::START),
        &end * power_of_two(header::END),
        &restatement * power_of_two(header::RESTATEMENT),
        &assurance * power_of_two(header::ASSURANCE),
        &coverage * power_of_two(header::COVERAGE),
    ]);
    let header = sum([
        own_header.clone(),
        &terms.basis * power_of_two(header::BASIS),
        &terms.currency * power_of_two(header::CURRENCY),
    ]);
    circuit.rule(Rule::FiguresRoot.name(), |c| {
        let preimage: Vec<Var> = iter::once(constant(domain::FIGURES))
            .chain(packed.iter().cloned())
            .collect();
        let computed = hash_var(c, &preimage)?;
        equal(&computed, &root)
    })?;
    circuit.rule(Rule::StatementHash.name(), |c| {
        let preimage = [
            constant(domain::STATEMENT),
            terms.schema.clone(),
            owner.eid.clone(),
            owner.entity.clone(),
            header,
            root.clone(),
            salt.clone(),
        ];
        let computed = hash_var(c, &preimage)?;
        equal(&computed, &hash)
    })?;
    Ok(StatementVars {
        figures,
        start,
        end,
        restatement,
        assurance,
        coverage_bits,
        root,
        hash,
        own_header,
    })
}

/// Figure `j` is in its range; the bounds of signed figures are open.
fn figure_range(circuit: &mut Circuit, j: usize, x: &Var) -> Result<()> {
    match j {
        SIGNED_FROM.. => enforce_signed_range(circuit, x, FIGURE_BITS),
        _ => enforce_range(circuit, x, FIGURE_BITS),
    }
}

fn absent_statement(circuit: &mut Circuit, terms: &TermsInputs<Var>, vars: &StatementVars) -> Result<()> {
    circuit.rule(Rule::AbsentStatement.name(), |_| {
        let absent = number(1) - present(terms);
        let zero = number(0);
        absent.mul_equals(&vars.own_header, &zero)?;
        // Σ x_j·2^(64·i) over three figures below 2^63 in magnitude is 0 only if each is.
        pack_var(&vars.figures)
            .iter()
            .try_for_each(|packed| absent.mul_equals(packed, &zero))
    })
}

/// What the schema's identities take up as a rounding difference is small. The coefficient at that place is 1, −1 or 0 in every
/// schema: it stands in the first identity alone, which packing leaves as it is (asserted in `covenant_policy::schema`), and the
/// verifier takes it from the policy's schema. Where it is 0, the figure is an ordinary one.
fn rounding_bound(circuit: &mut Circuit, terms: &TermsInputs<Var>, vars: &StatementVars) -> Result<()> {
    circuit.rule(Rule::RoundingBound.name(), |c| {
        let (coefficient, x) = (&terms.identity[ROUNDING_FIGURE], &vars.figures[ROUNDING_FIGURE]);
        let rounding = c.witness(both(coefficient, x).map(|(a, b)| a * b))?;
        coefficient.mul_equals(x, &rounding)?;
        enforce_signed_range(c, &rounding, ROUNDING_BITS as usize)
    })
}

fn schema_identity(circuit: &mut Circuit, terms: &TermsInputs<Var>, vars: &StatementVars) -> Result<()> {
    circuit.rule(Rule::SchemaIdentity.name(), |c| {
        inner_product(c, &terms.identity, &vars.figures, &number(0))
    })
}

/// Who attested, and how sure.
fn attestation(
    circuit: &mut Circuit,
    inputs: &Inputs<Var>,
    terms: &TermsInputs<Var>,
    vars: &StatementVars,
    wires: Option<&StatementAssignment>,
) -> Result<()> {
    let zero = number(0);
    circuit.rule(Rule::SelfAssurance.name(), |_| {
        terms.self_declared.mul_equals(&vars.assurance, &zero)
    })?;

    let signature = SignatureVars::witness(circuit, wires.map(|w| &w.signature))?;
    verify_var(circuit, &SIGNATURE_RULES, &signature, &vars.hash, &terms.attested)?;
    let grant = circuit.witness(wires.map(|w| w.grant))?;
    circuit.rule(Rule::AttestorListed.name(), |c| {
        let preimage = [constant(domain::ATTESTOR), signature.ax, signature.ay, grant.clone()];
        let attestor = hash_var(c, &preimage)?;
        let mut product = &attestor - &inputs.attestors[0];
        for listed in &inputs.attestors[1..] {
            product *= &attestor - listed;
        }
        terms.attested.mul_equals(&product, &zero)
    })?;
    circuit.rule(Rule::AssuranceGrant.name(), |c| {
        enforce_range(c, &grant, ASSURANCE_BITS as usize)?;
        enforce_range(c, &(&grant - &vars.assurance), ASSURANCE_BITS as usize)
    })?;
    circuit.rule(Rule::AssuranceFloor.name(), |c| {
        enforce_range(c, &(&vars.assurance - &terms.assurance_floor), ASSURANCE_BITS as usize)
    })
}

/// Restatements, length and coverage of one statement.
fn bounds(circuit: &mut Circuit, terms: &TermsInputs<Var>, vars: &StatementVars) -> Result<()> {
    circuit.rule(Rule::RestatementCap.name(), |c| {
        enforce_range(
            c,
            &(&terms.restatement_cap - &vars.restatement),
            RESTATEMENT_BITS as usize,
        )
    })?;
    circuit.rule(Rule::PeriodLength.name(), |c| {
        let length = length(vars);
        enforce_range(c, &(&length - &terms.length_min), Day::BITS as usize)?;
        enforce_range(c, &(&terms.length_max - &length), Day::BITS as usize)
    })?;
    circuit.rule(Rule::FigureCovered.name(), |_| {
        let zero = number(0);
        for (need, covered) in terms.need.iter().zip(&vars.coverage_bits) {
            need.mul_equals(&(number(1) - Var::from(covered.clone())), &zero)?;
        }
        Ok(())
    })
}

/// Days of a statement's period, both ends included.
fn length(vars: &StatementVars) -> Var {
    &vars.end - &vars.start + number(1)
}

/// The window of the request, and how the second period relates to the first.
fn periods(circuit: &mut Circuit, inputs: &Inputs<Var>, statements: &[StatementVars]) -> Result<()> {
    let [first, second] = statements else {
        unreachable!("two statements")
    };
    let zero = number(0);
    circuit.rule(Rule::PeriodWindow.name(), |c| {
        enforce_range(c, &(&first.end - &inputs.end_min), Day::BITS as usize)?;
        enforce_range(c, &(&inputs.end_max - &first.end), Day::BITS as usize)
    })?;
    circuit.rule(Rule::PriorPeriod.name(), |c| {
        inputs
            .prior
            .mul_equals(&(&second.end + number(1) - &first.start), &zero)?;
        // Where there is no prior period, `difference` is 0 and both ranges hold.
        let most = LENGTH_SLACK_DAYS;
        let shifted = length(first) - length(second) + number(u128::from(most));
        let difference = c.witness(both(&inputs.prior, &shifted).map(|(a, b)| a * b))?;
        inputs.prior.mul_equals(&shifted, &difference)?;
        let bits = (u32::BITS - (2 * most).leading_zeros()) as usize;
        enforce_range(c, &difference, bits)?;
        enforce_range(c, &(number(u128::from(2 * most)) - &difference), bits)
    })?;
    circuit.rule(Rule::CompanionPeriod.name(), |_| {
        inputs.companion.mul_equals(&(&second.end - &first.end), &zero)
    })
}

/// Fiscal month, length class, period tag, statement link and proven link of statement `k`.
fn tags(
    circuit: &mut Circuit,
    inputs: &Inputs<Var>,
    k: usize,
    owner: &Owner,
    vars: &StatementVars,
    wires: Option<&StatementAssignment>,
) -> Result<()> {
    let terms = &inputs.terms[k];
    let present = present(terms);
    let month = circuit.rule(Rule::FiscalMonth.name(), |c| {
        months(c, &(&vars.end + number(1)), wires.map(|w| w.month))
    })?;
    let class = circuit.rule(Rule::LengthClass.name(), |c| {
        months(c, &length(vars), wires.map(|w| w.length_class))
    })?;
    circuit.rule(Rule::PeriodTag.name(), |c| {
        let preimage = [
            constant(domain::PERIOD_TAG),
            owner.sk.clone(),
            inputs.scope.clone(),
            terms.family.clone(),
            month.clone(),
            class.clone(),
        ];
        present.mul_equals(&hash_var(c, &preimage)?, &inputs.period_tags[k])
    })?;
    circuit.rule(Rule::StatementLink.name(), |c| {
        let period = &vars.start + &vars.end * power_of_two(Day::BITS);
        let preimage = [
            constant(domain::STATEMENT_LINK),
            owner.sk.clone(),
            inputs.scope.clone(),
            vars.root.clone(),
            period,
        ];
        present.mul_equals(&hash_var(c, &preimage)?, &inputs.statement_links[k])
    })?;
    let blinding = circuit.witness(wires.map(|w| w.link_blinding))?;
    circuit.rule(Rule::ProvenLink.name(), |c| {
        let preimage = [constant(domain::PROVEN_LINK), vars.hash.clone(), blinding];
        terms
            .proven
            .mul_equals(&hash_var(c, &preimage)?, &inputs.proven_links[k])
    })
}

/// Days in average Gregorian months, rounded to the nearest: 4800·days + 73048 = 146097·months + remainder, with
/// 0 <= remainder < 146097.
fn months(circuit: &mut Circuit, days: &Var, division: Option<[Field; 2]>) -> Result<Var> {
    let by = u128::from(DAYS_IN_400_YEARS);
    let months = circuit.witness(division.map(|d| d[0]))?;
    let remainder = circuit.witness(division.map(|d| d[1]))?;
    enforce_range(circuit, &months, MONTH_BITS as usize)?;
    enforce_range(circuit, &remainder, REMAINDER_BITS as usize)?;
    enforce_range(circuit, &(number(by - 1) - &remainder), REMAINDER_BITS as usize)?;
    let scaled = days * Field::from(MONTHS_IN_400_YEARS) + number(by / 2);
    equal(&scaled, &(&months * Field::from(by) + &remainder))?;
    Ok(months)
}

/// The pseudonym and the legal person.
fn identity(circuit: &mut Circuit, inputs: &Inputs<Var>, owner: &Owner, assignment: Option<&Assignment>) -> Result<()> {
    circuit.rule(Rule::Nym.name(), |c| {
        let computed = hash_var(c, &[constant(domain::NYM), owner.sk.clone(), inputs.bank.clone()])?;
        equal(&computed, &inputs.nym)
    })?;
    let blinding = circuit.witness(assignment.map(|a| a.subject_blinding))?;
    circuit.rule(Rule::Subject.name(), |c| {
        let computed = hash_var(c, &[constant(domain::SUBJECT), owner.entity.clone(), blinding])?;
        equal(&computed, &inputs.subject)
    })
}
