//! The private values, as the enterprise holds them.

use std::fmt;

use covenant_gadgets::{
    circuit::Field,
    eddsa::{PublicKey, Signature},
};
use covenant_policy::{program::STATEMENTS, statement::Statement};
use zeroize::Zeroize as _;

use crate::commitments::{StatementOpening, eid};

/// An attestor's signature over a statement's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The attestor's key.
    pub key: PublicKey,
    /// The greatest assurance that the bank's registry grants to that key.
    pub grant: u8,
    /// The signature over [`StatementOpening::hash`].
    pub signature: Signature,
}

/// One statement and what opens it.
#[derive(Clone)]
pub struct StatementWitness {
    /// The statement.
    pub statement: Statement,
    /// Hides the figures.
    pub salt: Field,
    /// The attestation, where the policy wants one.
    pub attestation: Option<Attestation>,
    /// Blinds the link to a book proof; used only where the source is `proven`.
    pub link_blinding: Field,
}

/// The private values of one proof. Its `Debug` shows nothing: figures and secrets stay out of logs.
#[derive(Clone)]
pub struct Witness {
    /// The enterprise's secret key.
    pub sk: Field,
    /// The legal person ([`crate::commitments::entity`]).
    pub entity: Field,
    /// The blinding of the subject, from the bank's invitation.
    pub subject_blinding: Field,
    /// The statements: the first one, and the second where the policy wants one.
    pub statements: [Option<StatementWitness>; STATEMENTS],
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness(secret)")
    }
}

impl Drop for StatementWitness {
    fn drop(&mut self) {
        self.salt.zeroize();
        self.link_blinding.zeroize();
        self.statement.figures.0.zeroize();
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.sk.zeroize();
        self.subject_blinding.zeroize();
    }
}

impl Witness {
    /// What the attestor signed for statement `k`.
    pub fn opening(&self, k: usize) -> Option<StatementOpening> {
        self.statements.get(k)?.as_ref().map(|s| StatementOpening {
            statement: s.statement.clone(),
            eid: eid(self.sk),
            entity: self.entity,
            salt: s.salt,
        })
    }
}
