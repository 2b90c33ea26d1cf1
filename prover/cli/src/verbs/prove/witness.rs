//! The private values of a proof, and the public ones that only the prover can compute.

use covenant_api::asked::{Answer, Asked, FurtherAnswer};
use covenant_api::refusals::MALFORMED_DOCUMENT;
use covenant_api::types::{FieldElement, TierName};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::Schema;
use covenant_statements::commitments::{self, figures_root, period_tag, schema_family_field, statement_link};
use covenant_statements::compliance::{StatementWitness, Witness};

use super::choose::{Chosen, Used};
use crate::vault::Contents;

/// The tier, and the tags of the statements.
pub(super) fn answer(contents: &Contents, asked: &Asked<'_>, chosen: &Chosen) -> Result<Answer, Refusal> {
    let (sk, scope) = (contents.secrets.sk().0, asked.scope());
    let marks = |used: &Used| -> Result<(FieldElement, FieldElement), Refusal> {
        let statement = &used.statement;
        let family = schema_family_field(Schema::named(statement.schema)?);
        let tag = period_tag(sk, scope, family, statement.period);
        let link = statement_link(sk, scope, figures_root(&statement.figures), statement.period);
        Ok((FieldElement(tag), FieldElement(link)))
    };
    let mut tags = [Default::default(); 2];
    for (place, used) in tags.iter_mut().zip(&chosen.statements) {
        if let Some(used) = used {
            *place = marks(used)?;
        }
    }
    let further = chosen.third.iter().map(|used| {
        let (period_tag, statement_link) = marks(used)?;
        Ok(FurtherAnswer {
            period_tag,
            statement_link,
            proven_link: FieldElement::default(),
        })
    });
    let tier = TierName::parse(&chosen.tier).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e).at("policy: tiers"))?;
    Ok(Answer {
        tier,
        period_tags: tags.map(|(tag, _)| tag),
        statement_links: tags.map(|(_, link)| link),
        proven_links: Default::default(),
        further: further.collect::<Result<_, Refusal>>()?,
    })
}

/// The private values of the proof of this number: the first one is about the first and the second statement, a linked one about the
/// first and the third.
pub(super) fn witness(
    contents: &Contents,
    asked: &Asked<'_>,
    chosen: &Chosen,
    number: usize,
) -> Result<Witness, Refusal> {
    let secrets = &contents.secrets;
    let request = asked.request().id();
    let [first, second] = &chosen.statements;
    let (other, slot) = if number == 0 { (second, 1) } else { (&chosen.third, 2) };
    let mut statements = [None, None];
    for (place, (used, slot)) in statements.iter_mut().zip([(first, 0), (other, slot)]) {
        let Some(used) = used else { continue };
        *place = Some(StatementWitness {
            statement: used.statement.clone(),
            salt: secrets.salt(&used.registry_id, &used.stated)?.0,
            attestation: used.attestation.clone(),
            link_blinding: secrets.link_blinding(&request, slot).0,
        });
    }
    Ok(Witness {
        sk: secrets.sk().0,
        entity: commitments::entity(asked.invitation().registry_id.as_str())?,
        subject_blinding: asked.invitation().blinding.0,
        statements,
    })
}
