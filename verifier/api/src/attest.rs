//! What an attestor does: check that hash and figures belong together, then sign.
//!
//! The attestor vouches for the figures with its own eyes on the books; the program checks what eyes are bad at.

use covenant_gadgets::eddsa::{self, Signature};
use covenant_gadgets::field::field_to_decimal;
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::Schema;
use covenant_policy::statement::{Assurance, Statement};
use covenant_statements::commitments::{StatementOpening, entity};

use crate::asked::attestor_key;
use crate::documents::{Attestation, AttestationRequest};
use crate::refusals::{STATEMENT_MISMATCH, WRONG_SIGNATURE};
use crate::types::{Bytes64, FieldElement, Hex32};

/// An attestation request whose figures keep their schema's rules and whose hash is theirs.
pub struct CheckedStatement {
    opening: StatementOpening,
    schema: &'static Schema,
}

impl CheckedStatement {
    /// Checks a request.
    ///
    /// # Errors
    /// Those of [`crate::documents::StatedFigures::to_statement`], `registry-id-invalid`, `statement-mismatch`.
    pub fn new(request: &AttestationRequest) -> Result<Self, Refusal> {
        let statement = request.statement.to_statement(Assurance::SELF_DECLARED)?;
        let schema = Schema::named(statement.schema)?;
        let opening = StatementOpening {
            statement,
            eid: request.eid.0,
            entity: entity(request.registry_id.as_str())?,
            salt: request.salt.0,
        };
        let found = opening.hash(schema);
        if found != request.statement_hash.0 {
            return Err(Refusal::new(
                &STATEMENT_MISMATCH,
                format!("the figures hash to {}", field_to_decimal(&found)),
            )
            .at("attestation-request: statement_hash")
            .expected(request.statement_hash.to_string()));
        }
        Ok(Self { opening, schema })
    }

    /// The statement, with assurance 0.
    pub fn statement(&self) -> &Statement {
        &self.opening.statement
    }

    /// Its schema.
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// Signs the statement with this assurance inside it.
    pub fn attest(&self, key: &eddsa::SecretKey, assurance: Assurance) -> Attestation {
        let mut opening = self.opening.clone();
        opening.statement.assurance = assurance;
        let statement = opening.hash(self.schema);
        Attestation {
            statement: FieldElement(statement),
            assurance: assurance.0,
            attestor: Hex32(key.public().packed()),
            signature: Bytes64(key.sign(statement).packed()),
        }
    }
}

/// Checks an attestation's signature; returns the key and signature as circuits take them.
///
/// # Errors
/// `invalid-key`, `wrong-signature`.
pub fn check_attestation(attestation: &Attestation) -> Result<(eddsa::PublicKey, Signature), Refusal> {
    let key = attestor_key(&attestation.attestor)?;
    let wrong = |e: eddsa::SignatureError| Refusal::new(&WRONG_SIGNATURE, e.to_string()).at("attestation: signature");
    let signature = Signature::from_packed(&attestation.signature.0).map_err(wrong)?;
    eddsa::verify(&key, attestation.statement.0, &signature).map_err(wrong)?;
    Ok((key, signature))
}
