//! A sample of the verdicts, drawn so that nobody could know it when the proofs were recorded, and everybody can draw it
//! again.
//!
//! ```text
//! seed     = SHA-256("covenant-audit-sample/v1" 0A ‖ SHA-256(checkpoint's text)
//!                    ‖ for each witness of the policy that cosigned, in its order: time (8 bytes) ‖ signature (64 bytes))
//! score(i) = SHA-256("covenant-audit-sample-index/v1" 0A ‖ seed ‖ i (8 bytes, big-endian))
//! ```
//!
//! The sample of N are the N verdicts with the smallest scores, or all where there are no more. The checkpoint is the
//! export's last; the entries that it covers were fixed before a witness cosigned it, and the operator cannot foresee a
//! witness's signature. An operator who wants another sample has to have another checkpoint, or the same one again,
//! cosigned, once for each try.

use std::collections::BinaryHeap;

use covenant_policy::refusal::Refusal;

use super::{Depth, Options};
use crate::findings::SAMPLE;
use crate::hash::{self, Hash};
use crate::note::{self, Checkpoint};

const SEED_DOMAIN: &[u8] = b"covenant-audit-sample/v1\n";
const INDEX_DOMAIN: &[u8] = b"covenant-audit-sample-index/v1\n";

/// A sample, drawn or to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// How many verdicts were asked for.
    pub asked: u64,
    /// What the scores are made of.
    pub seed: Hash,
    /// How many verdicts there are.
    pub verdicts: u64,
    /// How many were drawn.
    pub drawn: u64,
}

/// The sample that was asked for, where one was.
pub(super) fn asked(options: &Options, note: Option<&[u8]>) -> Result<Option<Sample>, Refusal> {
    let Depth::Sample(asked) = options.depth else {
        return Ok(None);
    };
    let refuse = |what: &str| Refusal::new(&SAMPLE, what);
    let (Some(policy), Some(anchor)) = (&options.policy, &options.anchor) else {
        return Err(refuse("there is no trust file, or no policy on witnesses"));
    };
    if options.resume.is_some() {
        return Err(refuse("a sample and a state file were given"));
    }
    let note = note.ok_or_else(|| refuse("the export has no checkpoint"))?;
    if Checkpoint::open(note, &anchor.key).is_err() {
        return Err(refuse(
            "the export's last checkpoint is not one that the trusted log has signed",
        ));
    }
    policy.check(note, &anchor.key)?;
    let (text, _) = note::split(note).map_err(|_| refuse("the last checkpoint is malformed"))?;
    let examined = policy.examine(note).map_err(|what| refuse(&what))?;
    if examined.cosigned.is_empty() {
        return Err(refuse("no witness of the policy has cosigned the last checkpoint"));
    }
    let mut material = [SEED_DOMAIN, &hash::of(&[text.as_bytes()]).0].concat();
    for by in &examined.cosigned {
        material.extend(by.time.to_be_bytes());
        material.extend(by.signature);
    }
    Ok(Some(Sample {
        asked,
        seed: hash::of(&[&material]),
        verdicts: 0,
        drawn: 0,
    }))
}

impl Sample {
    /// The score of a verdict at this index.
    pub fn score(&self, index: u64) -> Hash {
        hash::of(&[INDEX_DOMAIN, &self.seed.0, &index.to_be_bytes()])
    }

    /// Draws among those so far: keeps the smallest scores.
    pub(super) fn draw(&self, drawn: &mut BinaryHeap<(Hash, u64)>, index: u64) {
        drawn.push((self.score(index), index));
        if drawn.len() as u64 > self.asked {
            drawn.pop();
        }
    }

    /// Drawn from so many.
    pub(super) fn of(self, verdicts: u64, drawn: usize) -> Self {
        Self {
            verdicts,
            drawn: drawn as u64,
            ..self
        }
    }

    /// The probability that at least one of `bad` verdicts is in the sample (hypergeometric).
    pub fn catches(&self, bad: u64) -> f64 {
        let good = self.verdicts.saturating_sub(bad);
        if bad == 0 {
            return 0.0;
        }
        if self.drawn > good {
            return 1.0;
        }
        // Π (good − i) / (verdicts − i) over the sample or over the bad ones, whichever is shorter.
        let (steps, rest) = if bad < self.drawn {
            (bad, self.verdicts - self.drawn)
        } else {
            (self.drawn, good)
        };
        let missed: f64 = (0..steps)
            .map(|i| (rest - i) as f64 / (self.verdicts - i) as f64)
            .product();
        1.0 - missed
    }

    /// The fewest bad verdicts of which one is caught with at least this probability.
    pub fn caught_from(&self, probability: f64) -> Option<u64> {
        let (mut low, mut high) = (1, self.verdicts);
        if self.verdicts == 0 || self.drawn == 0 {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.catches(middle) >= probability {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(verdicts: u64, drawn: u64) -> Sample {
        Sample {
            asked: drawn,
            seed: Hash([7; 32]),
            verdicts,
            drawn,
        }
    }

    #[test]
    fn the_probability_is_that_of_counting() {
        // Every set of `drawn` out of `verdicts`, the first `bad` of which are bad.
        for verdicts in 1..9u64 {
            for drawn in 0..=verdicts {
                for bad in 1..=verdicts {
                    let sets: Vec<u32> = (0u32..1 << verdicts)
                        .filter(|set| u64::from(set.count_ones()) == drawn)
                        .collect();
                    let caught = sets.iter().filter(|set| *set & ((1 << bad) - 1) != 0).count();
                    let expected = caught as f64 / sets.len() as f64;
                    let found = sample(verdicts, drawn).catches(bad);
                    assert!(
                        (found - expected).abs() < 1e-12,
                        "{verdicts} {drawn} {bad}: {found} {expected}"
                    );
                }
            }
        }
        assert_eq!(sample(1000, 1000).caught_from(0.99), Some(1));
        let few = sample(100_000, 300);
        let from = few.caught_from(0.95).expect("some");
        assert!(few.catches(from) >= 0.95 && few.catches(from - 1) < 0.95);
        assert_eq!(sample(10, 0).caught_from(0.5), None);
    }

    #[test]
    fn the_smallest_scores_are_drawn() {
        let asked = sample(0, 5);
        let mut drawn = BinaryHeap::new();
        (0..100).for_each(|index| asked.draw(&mut drawn, index));
        let mut all: Vec<_> = (0..100).map(|index| (asked.score(index), index)).collect();
        all.sort_unstable();
        let mut drawn = drawn.into_vec();
        drawn.sort_unstable();
        assert_eq!(drawn, all[..5]);
    }
}
