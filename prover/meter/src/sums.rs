//! What figures are made of: an identity of a schema says that one figure is the sum of others, so that whoever learns of the one learns
//! of them.

use std::collections::BTreeMap;

use covenant_policy::linear::Form;
use covenant_policy::schema::Schema;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Zero as _};

use crate::{Schemas, column, place};

/// The columns that a column is made of under its schema's identities: itself, or those of the sum that it is.
pub(crate) fn made_of(schemas: Schemas<'_>, of: usize) -> Vec<usize> {
    let (statement, figure) = place(of);
    let Some(schema) = schemas.get(statement) else {
        return vec![of];
    };
    match sums(schema).remove(&figure) {
        Some(sum) => sum.terms().map(|(figure, _)| column(statement, figure)).collect(),
        None => vec![of],
    }
}

/// The figures that the identities determine, as sums of those that they do not: Gaussian elimination, each identity solved for its
/// first figure that is still there.
fn sums(schema: &Schema) -> BTreeMap<usize, Form> {
    let mut sums: BTreeMap<usize, Form> = BTreeMap::new();
    for identity in schema.identities.iter().rev() {
        let whole = |sign: i8| BigRational::from(BigInt::from(sign));
        let mut form = Form::new(identity.terms.iter().map(|(figure, sign)| (*figure, whole(*sign))));
        for (figure, sum) in &sums {
            form = substituted(&form, *figure, sum);
        }
        let Some(solved) = identity
            .terms
            .iter()
            .map(|(figure, _)| *figure)
            .find(|f| !form.coefficient(*f).is_zero())
        else {
            continue;
        };
        let c = form.coefficient(solved);
        let rest = form.plus(&Form::new([(solved, -&c)])).times(&(-BigRational::one() / c));
        for sum in sums.values_mut() {
            *sum = substituted(sum, solved, &rest);
        }
        sums.insert(solved, rest);
    }
    sums
}

fn substituted(form: &Form, figure: usize, sum: &Form) -> Form {
    let c = form.coefficient(figure);
    form.plus(&Form::new([(figure, -&c)])).plus(&sum.times(&c))
}
