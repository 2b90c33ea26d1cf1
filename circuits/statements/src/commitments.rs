//! Commitments, pseudonyms and tags, natively. Every hash is Poseidon with circomlib's parameters and starts with a domain tag,
//! so that circomlibjs, Noir and others can recompute each value here; `docs/statements/compliance.md` lists them.

use std::fmt;

use covenant_gadgets::{
    circuit::Field,
    eddsa::PublicKey,
    field::{field_from_bytes_be_31, field_from_i64, field_from_u64},
    poseidon::{hash, tag},
    range::pack,
};
use covenant_policy::{
    program::FIGURES,
    refusal::Refusal,
    schema::Schema,
    statement::{Day, Figures, Period, Statement},
};
use sha2::{Digest as _, Sha256};

use crate::compliance::refusals::REGISTRY_ID_INVALID;

/// Domain tags: the big-endian integer of these ASCII bytes is the first input of the hash.
pub mod domain {
    /// [`super::eid`].
    pub const EID: &str = "covenant/eid/v1";
    /// [`super::entity`].
    pub const ENTITY: &str = "covenant/entity/v1";
    /// [`super::nym`].
    pub const NYM: &str = "covenant/nym/v1";
    /// [`super::subject`].
    pub const SUBJECT: &str = "covenant/subject/v1";
    /// [`super::bank_field`].
    pub const BANK: &str = "covenant/bank/v1";
    /// [`super::scope_field_of_consortium`].
    pub const CONSORTIUM: &str = "covenant/consortium/v1";
    /// [`super::schema_field`].
    pub const SCHEMA: &str = "covenant/schema/v1";
    /// [`super::schema_family_field`].
    pub const FAMILY: &str = "covenant/schema-family/v1";
    /// [`super::figures_root`].
    pub const FIGURES: &str = "covenant/figures/v1";
    /// [`super::StatementOpening::hash`].
    pub const STATEMENT: &str = "covenant/statement/v1";
    /// [`super::attestor_hash`].
    pub const ATTESTOR: &str = "covenant/attestor/v1";
    /// [`super::period_tag`].
    pub const PERIOD_TAG: &str = "covenant/period-tag/v1";
    /// [`super::statement_link`].
    pub const STATEMENT_LINK: &str = "covenant/statement-link/v1";
    /// [`super::proven_link`].
    pub const PROVEN_LINK: &str = "covenant/proven-link/v1";
}

/// Longest registry id, in bytes: two field elements of 31 bytes.
pub const REGISTRY_ID_BYTES_MAX: usize = 62;

/// 32 bytes as two field elements of 16 bytes each, big-endian, so that all 32 bytes count.
fn halves(bytes: &[u8; 32]) -> [Field; 2] {
    let (high, low) = bytes.split_at(16);
    [short_bytes(high), short_bytes(low)]
}

/// Up to 31 bytes as a big-endian integer.
fn short_bytes(bytes: &[u8]) -> Field {
    let mut padded = [0u8; 31];
    padded[31 - bytes.len()..].copy_from_slice(bytes);
    field_from_bytes_be_31(&padded)
}

fn hash_bytes(domain: &'static str, bytes: &[u8; 32]) -> Field {
    let [high, low] = halves(bytes);
    hash(&[tag(domain), high, low])
}

fn hash_text(domain: &'static str, text: &str) -> Field {
    hash_bytes(domain, &Sha256::digest(text.as_bytes()).into())
}

/// The enterprise's identity: H(eid, sk).
pub fn eid(sk: Field) -> Field {
    hash(&[tag(domain::EID), sk])
}

/// The legal person: H(entity, first 31 bytes, next 31 bytes, length) of its registry id ("FR-SIREN:123456789").
///
/// # Errors
/// `registry-id-invalid` where the id is empty, longer than 62 bytes, or not printable ASCII without spaces.
pub fn entity(registry_id: &str) -> Result<Field, Refusal> {
    let bytes = registry_id.as_bytes();
    if bytes.is_empty() || bytes.len() > REGISTRY_ID_BYTES_MAX || !bytes.iter().all(u8::is_ascii_graphic) {
        return Err(
            Refusal::new(&REGISTRY_ID_INVALID, format!("registry id {registry_id:?}")).expected(format!(
                "1 to {REGISTRY_ID_BYTES_MAX} printable ASCII characters without spaces"
            )),
        );
    }
    let (first, second) = bytes.split_at(bytes.len().min(31));
    let length = field_from_u64(bytes.len() as u64);
    Ok(hash(&[
        tag(domain::ENTITY),
        short_bytes(first),
        short_bytes(second),
        length,
    ]))
}

/// The pseudonym towards one bank: H(nym, sk, bank).
pub fn nym(sk: Field, bank: Field) -> Field {
    hash(&[tag(domain::NYM), sk, bank])
}

/// The bank's own customer, blinded: H(subject, entity, r), with `r` from the invitation.
pub fn subject(entity: Field, r: Field) -> Field {
    hash(&[tag(domain::SUBJECT), entity, r])
}

/// A bank, by its first Ed25519 key.
pub fn bank_field(first_key: &[u8; 32]) -> Field {
    hash_bytes(domain::BANK, first_key)
}

/// The scope in which restatements are counted, where a policy names a consortium. (Otherwise the scope is the bank itself.)
pub fn scope_field_of_consortium(name: &str) -> Field {
    hash_text(domain::CONSORTIUM, name)
}

/// A schema, by its canonical text.
pub fn schema_field(schema: &Schema) -> Field {
    hash_text(domain::SCHEMA, &schema.canonical_text())
}

/// A schema's family: its name without the version, so that a new version does not reset the count of restatements.
pub fn schema_family_field(schema: &Schema) -> Field {
    hash_text(domain::FAMILY, schema.family)
}

/// Figures packed three to an element: 0–19 as they are, 20–31 shifted by 2^63, figure `3k + i` at bit 64·i.
pub fn packed_figures(figures: &Figures) -> Vec<Field> {
    let encoded: Vec<Field> = figures
        .0
        .iter()
        .enumerate()
        .map(|(j, &x)| field_from_i64(x) + figure_offset(j))
        .collect();
    pack(&encoded)
}

/// What is added to figure `j` before packing, so that it is not negative.
pub fn figure_offset(j: usize) -> Field {
    field_from_u64(if j < SIGNED_FROM { 0 } else { 1 << 63 })
}

/// The first signed figure.
pub const SIGNED_FROM: usize = covenant_policy::schema::SIGNED_FROM;

/// H(figures, packed figures).
pub fn figures_root(figures: &Figures) -> Field {
    figures_root_of_packed(&packed_figures(figures))
}

/// [`figures_root`] from packed elements.
pub fn figures_root_of_packed(packed: &[Field]) -> Field {
    debug_assert_eq!(packed.len(), FIGURES.div_ceil(3));
    let mut inputs = vec![tag(domain::FIGURES)];
    inputs.extend_from_slice(packed);
    hash(&inputs)
}

/// Bit positions inside the header element of a statement.
pub mod header {
    /// First day, 20 bits.
    pub const START: u32 = 0;
    /// Last day, 20 bits.
    pub const END: u32 = 20;
    /// Basis, 8 bits.
    pub const BASIS: u32 = 40;
    /// ISO 4217 number, 16 bits.
    pub const CURRENCY: u32 = 48;
    /// Restatement number, 16 bits.
    pub const RESTATEMENT: u32 = 64;
    /// Assurance, 8 bits.
    pub const ASSURANCE: u32 = 80;
    /// Coverage mask, 32 bits.
    pub const COVERAGE: u32 = 88;
}

/// Period, basis, currency, restatement, assurance and coverage in one element of 120 bits ([`header`]).
pub fn packed_header(statement: &Statement) -> Field {
    let bits = u128::from(statement.period.start.0) << header::START
        | u128::from(statement.period.end.0) << header::END
        | u128::from(statement.basis as u8) << header::BASIS
        | u128::from(statement.currency.number) << header::CURRENCY
        | u128::from(statement.restatement) << header::RESTATEMENT
        | u128::from(statement.assurance.0) << header::ASSURANCE
        | u128::from(statement.coverage.0) << header::COVERAGE;
    Field::from(bits)
}

/// Everything that an attestor signs, opened. Its `Debug` shows nothing: figures and salt stay out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct StatementOpening {
    /// Period, figures and what else the statement says.
    pub statement: Statement,
    /// Whose books: [`eid`].
    pub eid: Field,
    /// Which legal person: [`entity`].
    pub entity: Field,
    /// Hides the figures from those who see the hash.
    pub salt: Field,
}

impl fmt::Debug for StatementOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatementOpening(secret)")
    }
}

impl StatementOpening {
    /// H(statement, schema, eid, entity, header, figures root, salt): what the attestor signs.
    pub fn hash(&self, schema: &Schema) -> Field {
        hash(&[
            tag(domain::STATEMENT),
            schema_field(schema),
            self.eid,
            self.entity,
            packed_header(&self.statement),
            figures_root(&self.statement.figures),
            self.salt,
        ])
    }
}

/// An attestor with the greatest assurance that the registry grants it: H(attestor, A.x, A.y, grant).
pub fn attestor_hash(key: &PublicKey, grant: u8) -> Field {
    let (x, y) = key.coordinates();
    hash(&[tag(domain::ATTESTOR), x, y, field_from_u64(u64::from(grant))])
}

/// Start and end in one element of 40 bits.
pub fn packed_period(period: Period) -> Field {
    field_from_u64(u64::from(period.start.0) | u64::from(period.end.0) << Day::BITS)
}

/// H(tag, sk, scope, family, fiscal month, length class): the same for every version of one period's figures.
pub fn period_tag(sk: Field, scope: Field, family: Field, period: Period) -> Field {
    let month = field_from_u64(u64::from(period.fiscal_month()));
    let length = field_from_u64(u64::from(period.length_class().unwrap_or(0)));
    hash(&[tag(domain::PERIOD_TAG), sk, scope, family, month, length])
}

/// H(link, sk, scope, figures root, period): differs as soon as figures or dates do.
pub fn statement_link(sk: Field, scope: Field, figures_root: Field, period: Period) -> Field {
    hash(&[
        tag(domain::STATEMENT_LINK),
        sk,
        scope,
        figures_root,
        packed_period(period),
    ])
}

/// H(proven, statement hash, blinding): joins a statement to the book proof that computed it.
pub fn proven_link(statement_hash: Field, blinding: Field) -> Field {
    hash(&[tag(domain::PROVEN_LINK), statement_hash, blinding])
}
