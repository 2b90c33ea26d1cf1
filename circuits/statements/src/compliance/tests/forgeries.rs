//! The table of forgeries: each satisfies every row of the circuit except those of the one rule that must catch it.

use covenant_gadgets::{
    circuit::Field,
    eddsa::circuit::CHALLENGE_BITS,
    field::{field_from_decimal, field_to_integer, modulus},
};
use covenant_policy::{
    program::{FIRST_RICH_ROW, Relation, SLOTS, Source},
    schema::ENTERPRISE_FINANCIALS,
    statement::{DAYS_IN_400_YEARS, Day},
};
use num_bigint::BigUint;

use super::{
    broken_rules,
    fixture::{
        self, CURRENT_ASSETS, EQUITY, INVENTORY, NET_INCOME, REVENUE, ROUNDING, ROW_BOTH, ROW_CURRENT_RATIO,
        ROW_LIQUID, World, attestor,
    },
};
use crate::{
    commitments,
    compliance::{Assignment, Inputs, Rule},
};

/// A forged proof attempt: what the verifier would put in, and what the malicious prover would fill in.
struct Forged {
    inputs: Inputs<Field>,
    wires: Assignment,
}

impl Forged {
    fn of(world: &World) -> Self {
        let inputs = world.public.inputs();
        let wires = Assignment::honest(&inputs, &world.witness);
        Self { inputs, wires }
    }

    /// Computes every dependent wire of statement `k` anew, has the attestor sign it and publishes its tags.
    fn settle(&mut self, k: usize) {
        let (eid, entity) = (self.wires.eid, self.wires.entity);
        self.wires.statements[k].derive(&self.inputs.terms[k], eid, entity);
        self.sign(k);
        self.publish(k);
        self.wires.evaluate(&self.inputs);
    }

    fn sign(&mut self, k: usize) {
        if self.inputs.terms[k].attested == one() {
            let wires = &mut self.wires.statements[k];
            let key = attestor();
            wires.sign(&key.public(), &key.sign(wires.hash), fixture::GRANT);
        }
    }

    /// Publishes the tags that these wires give.
    fn publish(&mut self, k: usize) {
        use covenant_gadgets::poseidon::{hash, tag};
        let wires = &self.wires.statements[k];
        let (sk, scope) = (self.wires.sk, self.inputs.scope);
        let terms = &self.inputs.terms[k];
        self.inputs.period_tags[k] = hash(&[
            tag(commitments::domain::PERIOD_TAG),
            sk,
            scope,
            terms.family,
            wires.month[0],
            wires.length_class[0],
        ]);
        let period = wires.start + wires.end * Field::from(1u64 << Day::BITS);
        self.inputs.statement_links[k] =
            hash(&[tag(commitments::domain::STATEMENT_LINK), sk, scope, wires.root, period]);
        self.inputs.proven_links[k] = terms.proven * commitments::proven_link(wires.hash, wires.link_blinding);
    }
}

fn one() -> Field {
    Field::from(1u64)
}

fn attested() -> Forged {
    Forged::of(&World::attested())
}

fn self_declared() -> Forged {
    Forged::of(&World::new([Source::SelfDeclared, Source::Absent], Relation::None))
}

/// Changes wires of statement 0 and settles everything that depends on them.
fn resettled(mut forged: Forged, change: impl FnOnce(&mut Forged)) -> Forged {
    change(&mut forged);
    forged.settle(0);
    forged
}

/// Changes wires and settles nothing.
fn changed(mut forged: Forged, change: impl FnOnce(&mut Forged)) -> Forged {
    change(&mut forged);
    forged
}

fn subgroup_order() -> Field {
    field_from_decimal("2736030358979909402780800718157159386076813972158567259200215660948447373041").unwrap()
}

/// A point of order 8: the subgroup's order times the generator of the whole curve.
fn order_eight() -> (Field, Field) {
    (
        field_from_decimal("4342719913949491028786768530115087822524712248835451589697801404893164183326").unwrap(),
        field_from_decimal("4826523245007015323400664741523384119579596407052839571721035538011798951543").unwrap(),
    )
}

/// An attested world whose scalar leaves room for the subgroup's order in 251 bits, found by trying salts.
fn signed_with_small_scalar() -> Forged {
    let limit = BigUint::from(1u8) << 251;
    (0u64..)
        .map(|salt| {
            let mut world = World::attested();
            world.witness.statements[0].as_mut().unwrap().salt = Field::from(salt);
            world.attest(&attestor());
            Forged::of(&world)
        })
        .find(|f| field_to_integer(&(f.wires.statements[0].signature.scalar + subgroup_order())) < limit)
        .unwrap()
}

/// The challenge of statement 0's signature.
fn challenge(forged: &Forged) -> Field {
    let wires = &forged.wires.statements[0];
    let (key, nonce) = (wires.signature.key, wires.signature.nonce);
    covenant_gadgets::poseidon::hash(&[nonce.0, nonce.1, key.0, key.1, wires.hash])
}

/// A self-declared world whose (dummy) challenge leaves room for the modulus in 254 bits, found by trying salts.
fn declared_with_small_challenge() -> Forged {
    let limit = BigUint::from(1u8) << CHALLENGE_BITS;
    (0u64..)
        .map(|salt| {
            let mut world = World::new([Source::SelfDeclared, Source::Absent], Relation::None);
            world.witness.statements[0].as_mut().unwrap().salt = Field::from(salt);
            Forged::of(&world)
        })
        .find(|f| field_to_integer(&challenge(f)) + modulus() < limit)
        .unwrap()
}

type Case = (Rule, &'static str, fn() -> Forged);

/// Each rule at least once.
const FORGERIES: &[Case] = &[
    (Rule::FigureRange, "a negative inventory", || {
        resettled(attested(), |f| f.wires.statements[0].figures[INVENTORY] = -one())
    }),
    (
        Rule::FigureRange,
        "an income of -2^63, which the open interval excludes",
        || {
            resettled(attested(), |f| {
                f.wires.statements[0].figures[NET_INCOME] = -Field::from(1u64 << 63)
            })
        },
    ),
    (
        Rule::RoundingBound,
        "a rounding difference of 2^20 that hides equity",
        || {
            resettled(attested(), |f| {
                let x = &mut f.wires.statements[0].figures;
                x[EQUITY] += x[ROUNDING] - Field::from(1u64 << 20);
                x[ROUNDING] = Field::from(1u64 << 20);
            })
        },
    ),
    (
        Rule::HeaderRange,
        "restatement -1 lends one assurance level: the packed header stays the signed one",
        || {
            let world = World::attested()
                .repolicy(|p| p.statements[0].restatement_cap = u16::MAX - 1)
                .edit(0, |s| s.restatement = u16::MAX);
            changed(Forged::of(&world), |f| {
                f.wires.statements[0].restatement = -one();
                f.wires.statements[0].assurance += one();
            })
        },
    ),
    (
        Rule::AbsentStatement,
        "figures in a statement that there is not",
        || {
            changed(self_declared(), |f| {
                let (eid, entity) = (f.wires.eid, f.wires.entity);
                f.wires.statements[1].figures[REVENUE] = Field::from(1_000u64);
                f.wires.statements[1].derive(&f.inputs.terms[1], eid, entity);
            })
        },
    ),
    (
        Rule::AbsentStatement,
        "an assurance in a statement that there is not",
        || {
            changed(self_declared(), |f| {
                let (eid, entity) = (f.wires.eid, f.wires.entity);
                f.wires.statements[1].assurance = one();
                f.wires.statements[1].derive(&f.inputs.terms[1], eid, entity);
            })
        },
    ),
    (Rule::SchemaIdentity, "equity that the balance does not show", || {
        resettled(attested(), |f| {
            f.wires.statements[0].figures[EQUITY] += Field::from(1_000u64)
        })
    }),
    (Rule::FiguresRoot, "other figures under the signed root", || {
        changed(attested(), |f| {
            f.wires.statements[0].figures[REVENUE] += one();
            f.wires.evaluate(&f.inputs);
        })
    }),
    (Rule::StatementHash, "a higher assurance under the signed hash", || {
        changed(attested(), |f| f.wires.statements[0].assurance += one())
    }),
    (
        Rule::EnterpriseId,
        "somebody else's books under one's own pseudonym",
        || {
            changed(attested(), |f| {
                f.wires.sk = Field::from(0x7_1efu64);
                f.inputs.nym = commitments::nym(f.wires.sk, f.inputs.bank);
                f.publish(0);
                f.publish(1);
            })
        },
    ),
    (Rule::SelfAssurance, "an assurance that nobody gave", || {
        resettled(self_declared(), |f| f.wires.statements[0].assurance = Field::from(3u64))
    }),
    (Rule::AttestorKeyOnCurve, "a key that is no point of the curve", || {
        changed(self_declared(), |f| f.wires.statements[0].signature.key.0 += one())
    }),
    (Rule::AttestorKeyOrder, "a key of order 8", || {
        changed(self_declared(), |f| f.wires.statements[0].signature.key = order_eight())
    }),
    (Rule::NonceOnCurve, "a nonce that is no point of the curve", || {
        changed(self_declared(), |f| f.wires.statements[0].signature.nonce.0 += one())
    }),
    (
        Rule::ScalarCanonical,
        "the signature's second form, S plus the subgroup's order",
        || {
            changed(signed_with_small_scalar(), |f| {
                f.wires.statements[0].signature.scalar += subgroup_order()
            })
        },
    ),
    (
        Rule::ChallengeCanonical,
        "the challenge's other decomposition, h plus the modulus",
        || {
            changed(declared_with_small_challenge(), |f| {
                let alias = field_to_integer(&challenge(f)) + modulus();
                let bits = std::array::from_fn(|bit| alias.bit(bit as u64));
                f.wires.statements[0].signature.challenge = Some(bits);
            })
        },
    ),
    (Rule::AttestationSignature, "a signature over something else", || {
        changed(attested(), |f| {
            let key = attestor();
            f.wires.statements[0].sign(&key.public(), &key.sign(one()), fixture::GRANT);
        })
    }),
    (Rule::AttestorListed, "an attestor whom nobody granted", || {
        changed(attested(), |f| {
            let key = fixture::unlisted_attestor();
            let hash = f.wires.statements[0].hash;
            f.wires.statements[0].sign(&key.public(), &key.sign(hash), fixture::GRANT);
        })
    }),
    (Rule::AssuranceGrant, "an assurance beyond the attestor's grant", || {
        resettled(attested(), |f| {
            f.wires.statements[0].assurance = Field::from(u64::from(fixture::GRANT) + 1)
        })
    }),
    (Rule::AssuranceFloor, "an assurance below the floor", || {
        resettled(attested(), |f| {
            f.wires.statements[0].assurance = Field::from(u64::from(fixture::FLOOR.0) - 1)
        })
    }),
    (Rule::RestatementCap, "restated once too often", || {
        resettled(attested(), |f| {
            f.wires.statements[0].restatement = Field::from(u64::from(fixture::RESTATEMENT_CAP) + 1)
        })
    }),
    (Rule::PeriodLength, "both periods a month too long", || {
        changed(attested(), |f| {
            let month = Field::from(31u64);
            f.wires.statements[0].start -= month;
            f.wires.statements[1].start -= month + month;
            f.wires.statements[1].end -= month;
            f.settle(0);
            f.settle(1);
        })
    }),
    (Rule::PeriodWindow, "last year's good figures", || {
        changed(attested(), |f| f.inputs.end_min = f.wires.statements[0].end + one())
    }),
    (Rule::PriorPeriod, "a year that is not the one before", || {
        changed(attested(), |f| {
            let gap = Field::from(366u64);
            f.wires.statements[1].start -= gap;
            f.wires.statements[1].end -= gap;
            f.settle(1);
        })
    }),
    (Rule::CompanionPeriod, "a companion of another date", || {
        let world = World::new([Source::SelfDeclared, Source::Attested], Relation::Companion);
        changed(Forged::of(&world), |f| {
            f.wires.statements[1].end -= one();
            f.settle(1);
        })
    }),
    (Rule::FigureCovered, "a figure that the books do not give", || {
        resettled(attested(), |f| {
            f.wires.statements[0].coverage -= Field::from(1u64 << CURRENT_ASSETS)
        })
    }),
    (
        Rule::FiscalMonth,
        "another month, so that a restatement is not counted",
        || {
            changed(attested(), |f| {
                let wires = &mut f.wires.statements[0];
                wires.month[0] += one();
                wires.month[1] -= Field::from(DAYS_IN_400_YEARS);
                f.publish(0);
            })
        },
    ),
    (Rule::FiscalMonth, "another month with the honest remainder", || {
        changed(attested(), |f| {
            f.wires.statements[0].month[0] += one();
            f.publish(0);
        })
    }),
    (
        Rule::LengthClass,
        "another length class, so that a restatement is not counted",
        || {
            changed(attested(), |f| {
                let wires = &mut f.wires.statements[0];
                wires.length_class[0] -= one();
                wires.length_class[1] += Field::from(DAYS_IN_400_YEARS);
                f.publish(0);
            })
        },
    ),
    (Rule::PeriodTag, "a fresh period tag", || {
        changed(attested(), |f| f.inputs.period_tags[0] = one())
    }),
    (Rule::StatementLink, "a fresh statement link", || {
        changed(attested(), |f| f.inputs.statement_links[1] = one())
    }),
    (Rule::ProvenLink, "figures that no book proof computed", || {
        let world = World::new([Source::Proven, Source::Absent], Relation::None);
        changed(Forged::of(&world), |f| f.inputs.proven_links[0] = one())
    }),
    (Rule::Nym, "somebody else's pseudonym", || {
        changed(attested(), |f| f.inputs.nym = one())
    }),
    (Rule::Subject, "somebody whom the bank did not invite", || {
        changed(attested(), |f| {
            f.inputs.subject = commitments::subject(one(), f.wires.subject_blinding)
        })
    }),
    (Rule::ProductSlot, "a product that its factors do not give", || {
        changed(attested(), |f| {
            f.wires.slot[0] += one();
            f.wires.difference[FIRST_RICH_ROW] += one();
        })
    }),
    (Rule::ProductSlot, "a factor that its form does not give", || {
        changed(attested(), |f| {
            f.wires.left[SLOTS - 1] += one();
        })
    }),
    (Rule::RowValue, "a difference that the row does not give", || {
        changed(attested(), |f| {
            f.wires.difference[ROW_LIQUID] = one();
            f.wires.pass[ROW_LIQUID] = one();
        })
    }),
    (Rule::PassBit, "a pass bit of two, for twice the points", || {
        changed(attested(), |f| {
            f.wires.pass[ROW_CURRENT_RATIO] += one();
            f.wires.difference[ROW_BOTH] += one();
            f.wires.score += one();
        })
    }),
    (Rule::RowDecision, "a failing row that passes", || {
        changed(attested(), |f| f.wires.pass[ROW_LIQUID] = one())
    }),
    (
        Rule::RowDecision,
        "a passing row that fails, so that a rule which reads it turns",
        || changed(attested(), |f| f.wires.pass[2 + 1] = Field::from(0u64)),
    ),
    (Rule::TierScore, "a score that the pass bits do not give", || {
        changed(attested(), |f| f.wires.score += one())
    }),
    (Rule::TierReached, "a tier out of reach", || {
        changed(attested(), |f| f.inputs.minimum += one())
    }),
];

#[test]
fn each_forgery_breaks_exactly_the_rule_that_must_catch_it() {
    for (rule, name, forge) in FORGERIES {
        let forged = forge();
        assert_eq!(broken_rules(&forged.inputs, &forged.wires), vec![rule.name()], "{name}");
    }
}

#[test]
fn every_rule_has_a_forgery() {
    let missing: Vec<_> = Rule::ALL
        .iter()
        .filter(|rule| !FORGERIES.iter().any(|(caught_by, ..)| caught_by == *rule))
        .map(|rule| rule.name())
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn the_rounding_difference_is_the_figure_with_its_own_bound() {
    assert_eq!(ENTERPRISE_FINANCIALS.figures[ROUNDING].name, "rounding_difference");
    assert_eq!(ENTERPRISE_FINANCIALS.rounding_figure(), Some(ROUNDING));
}
