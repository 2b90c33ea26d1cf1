//! The private values of a proof, and the public ones that only the prover can compute.

use covenant_api::asked::{Answer, Asked};
use covenant_api::refusals::MALFORMED_DOCUMENT;
use covenant_api::types::{FieldElement, TierName};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::Schema;
use covenant_statements::commitments::{self, figures_root, period_tag, schema_family_field, statement_link};
use covenant_statements::compliance::{StatementWitness, Witness};

use super::choose::Chosen;
use crate::vault::Contents;

/// The tier, and the tags of the statements.
pub(super) fn answer(contents: &Contents, asked: &Asked<'_>, chosen: &Chosen) -> Result<Answer, Refusal> {
    let (sk, scope) = (contents.secrets.sk().0, asked.scope());
    let mut tags = [Default::default(); 2];
    for (place, used) in tags.iter_mut().zip(&chosen.statements) {
        let Some(statement) = used.as_ref().map(|used| &used.statement) else {
            continue;
        };
        let family = schema_family_field(Schema::named(statement.schema)?);
        let tag = period_tag(sk, scope, family, statement.period);
        let link = statement_link(sk, scope, figures_root(&statement.figures), statement.period);
        *place = (FieldElement(tag), FieldElement(link));
    }
    let tier = TierName::parse(&chosen.tier).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e).at("policy: tiers"))?;
    Ok(Answer {
        tier,
        period_tags: tags.map(|(tag, _)| tag),
        statement_links: tags.map(|(_, link)| link),
        proven_links: Default::default(),
    })
}

/// The private values.
pub(super) fn witness(contents: &Contents, asked: &Asked<'_>, chosen: &Chosen) -> Result<Witness, Refusal> {
    let secrets = &contents.secrets;
    let request = asked.request().id();
    let mut statements = [None, None];
    for (slot, (place, used)) in statements.iter_mut().zip(&chosen.statements).enumerate() {
        let Some(used) = used else { continue };
        *place = Some(StatementWitness {
            statement: used.statement.clone(),
            salt: secrets.salt(&used.registry_id, &used.stated)?.0,
            attestation: used.attestation.clone(),
            link_blinding: secrets.link_blinding(&request, u8::try_from(slot).unwrap_or(u8::MAX)).0,
        });
    }
    Ok(Witness {
        sk: secrets.sk().0,
        entity: commitments::entity(asked.invitation().registry_id.as_str())?,
        subject_blinding: asked.invitation().blinding.0,
        statements,
    })
}
