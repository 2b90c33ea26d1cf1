//! Finds the statements that a policy asks for among those held.

use covenant_api::types::RegistryId;
use covenant_policy::program::{Program, Relation};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Assurance;

use crate::refusals::NO_STATEMENT;
use crate::vault::{Contents, HeldStatement};

/// The statements that could come first: the one named, or all of this company in the schema that the policy asks for, the
/// latest first and of one period the one that was restated last.
///
/// # Errors
/// `unknown-statement`, `ambiguous-statement`, `no-fitting-statement`.
pub(super) fn candidates<'a>(
    contents: &'a Contents,
    program: &Program,
    company: Option<&RegistryId>,
    said: Option<&str>,
) -> Result<Vec<&'a HeldStatement>, Refusal> {
    if let Some(said) = said {
        return Ok(vec![contents.statement(Some(said))?]);
    }
    let of_company = |held: &&HeldStatement| company.is_none_or(|c| held.registry_id == *c);
    let schema = program.statements[0].schema;
    let of_schema = |held: &&HeldStatement| held.stated.schema.as_str() == schema;
    let statements = contents.statements.iter();
    let mut found: Vec<_> = statements.filter(of_company).filter(of_schema).collect();
    found.sort_by(|a, b| {
        let key = |h: &HeldStatement| (h.stated.end, h.stated.start, h.stated.restatement);
        key(b).cmp(&key(a))
    });
    if found.is_empty() {
        let whose = company.map_or_else(String::new, |c| format!(" of {c}"));
        return Err(Refusal::new(
            &NO_STATEMENT,
            format!("the vault holds no statement of {schema}{whose}"),
        ));
    }
    Ok(found)
}

/// The statement that stands second beside this one: the one named, or the one that the relation asks for.
///
/// # Errors
/// `unknown-statement`, `ambiguous-statement`, `no-fitting-statement`.
pub(super) fn partner<'a>(
    contents: &'a Contents,
    program: &Program,
    first: &HeldStatement,
    said: Option<&str>,
) -> Result<Option<&'a HeldStatement>, Refusal> {
    if program.relation == Relation::None {
        return Ok(None);
    }
    if let Some(said) = said {
        return contents.statement(Some(said)).map(Some);
    }
    let (a, wanted) = (&first.stated, &program.statements[1]);
    let fits = |held: &&HeldStatement| {
        let b = &held.stated;
        let time = match program.relation {
            Relation::None => false,
            Relation::Prior => b.end.day().plus(1) == Some(a.start.day()),
            Relation::Companion => b.end == a.end && held.id != first.id,
        };
        let basis = held
            .statement(Assurance::SELF_DECLARED)
            .is_ok_and(|s| s.basis == wanted.basis);
        time && basis && held.registry_id == first.registry_id && b.schema.as_str() == wanted.schema
    };
    let found = contents
        .statements
        .iter()
        .filter(fits)
        .max_by_key(|held| held.stated.restatement);
    found.map(Some).ok_or_else(|| {
        let what = match program.relation {
            Relation::Companion => format!("there is no companion statement that ends {}", a.end),
            _ => format!(
                "there is no statement of the year before, ending the day before {}",
                a.start
            ),
        };
        Refusal::new(&NO_STATEMENT, what)
            .expected("import the books of that period, or name it with --second or --third")
    })
}
