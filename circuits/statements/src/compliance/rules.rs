//! The rules of the compliance statement: one name each, the same in the constraints, in a [`Violation`] and in
//! `docs/statements/compliance.md`.

use std::fmt;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A rule, in the order in which `check` and `enforce` apply them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Rule {
            /// All rules, in order.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant,)+];

            /// The rule's name.
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name,)+ }
            }

            /// What the rule demands, in one paragraph.
            pub const fn demand(self) -> &'static str {
                match self { $(Rule::$variant => concat!($($doc,)+),)+ }
            }
        }
    };
}

rules! {
    /// Figures 0–19 lie in [0, 2^63), figures 20–31 in (−2^63, 2^63).
    FigureRange = "figure-range",
    /// Dates have 20 bits, the restatement number 16, assurance 8, coverage 32; all before they are packed.
    HeaderRange = "header-range",
    /// The figures root is the hash of the packed figures.
    FiguresRoot = "figures-root",
    /// The statement hash covers schema, enterprise, entity, header, figures root and salt.
    StatementHash = "statement-hash",
    /// An absent statement has no figures and an empty header.
    AbsentStatement = "absent-statement",
    /// What the schema's identities take up as a rounding difference lies within ±2^20.
    RoundingBound = "rounding-bound",
    /// The schema's identities hold: total assets = liabilities + equity + rounding, and the sub-totals.
    SchemaIdentity = "schema-identity",
    /// The statements belong to the enterprise whose secret key the prover knows.
    EnterpriseId = "enterprise-id",
    /// What nobody attested has assurance 0.
    SelfAssurance = "self-assurance",
    /// The attestor's key is a point of the curve.
    AttestorKeyOnCurve = "attestor-key-on-curve",
    /// Eight times the attestor's key is not the neutral element.
    AttestorKeyOrder = "attestor-key-order",
    /// The signature's nonce point lies on the curve.
    NonceOnCurve = "nonce-on-curve",
    /// The signature's scalar is below the subgroup's order.
    ScalarCanonical = "scalar-canonical",
    /// The challenge is the signature's hash, in its one canonical bit decomposition.
    ChallengeCanonical = "challenge-canonical",
    /// S·B = R + h·8·A: the attestor signed this statement's hash.
    AttestationSignature = "attestation-signature",
    /// The attestor, with its grant, is on the policy's list.
    AttestorListed = "attestor-listed",
    /// The assurance is within what the registry grants to that attestor.
    AssuranceGrant = "assurance-grant",
    /// The assurance reaches the policy's floor.
    AssuranceFloor = "assurance-floor",
    /// The figures were not restated more often than the policy allows.
    RestatementCap = "restatement-cap",
    /// The period is as long as the policy wants periods to be.
    PeriodLength = "period-length",
    /// Every figure that the policy reads is covered by the books.
    FigureCovered = "figure-covered",
    /// The first statement's last day lies in the request's window.
    PeriodWindow = "period-window",
    /// A prior statement ends the day before the first one starts, and is about as long.
    PriorPeriod = "prior-period",
    /// A companion statement ends on the same day.
    CompanionPeriod = "companion-period",
    /// The fiscal month is the month boundary nearest to the period's end.
    FiscalMonth = "fiscal-month",
    /// The length class is the period's length in whole months.
    LengthClass = "length-class",
    /// The period tag is the enterprise's own for that scope and fiscal period.
    PeriodTag = "period-tag",
    /// The statement link commits to the figures and the exact period.
    StatementLink = "statement-link",
    /// A proven statement is the one that the linked book proof computed.
    ProvenLink = "proven-link",
    /// The pseudonym is the enterprise's own towards this bank.
    Nym = "nym",
    /// The legal person is the one that the bank invited.
    Subject = "subject",
    /// Each product slot is the product of its two linear forms.
    ProductSlot = "product-slot",
    /// Each row's difference is what its coefficients, slots, pass bits and bound say.
    RowValue = "row-value",
    /// Each pass bit is 0 or 1.
    PassBit = "pass-bit",
    /// A pass bit is 1 exactly when its row's difference is not negative.
    RowDecision = "row-decision",
    /// The score is the weighted sum of the pass bits.
    TierScore = "tier-score",
    /// The score reaches the claimed tier's minimum.
    TierReached = "tier-reached",
}

/// Which rule the witness breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// What broke it, without secrets beyond what the prover himself sees.
    pub detail: String,
}

impl Violation {
    pub(super) fn new(rule: Rule, detail: impl Into<String>) -> Self {
        Self {
            rule,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rule {} does not hold: {} (it demands: {})",
            self.rule.name(),
            self.detail,
            self.rule.demand().trim()
        )
    }
}

impl std::error::Error for Violation {}
