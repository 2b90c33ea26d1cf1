//! Fiat–Shamir transcripts: everything a proof must be bound to goes in, one field element comes out.

use ark_ff::PrimeField as _;
use covenant_gadgets::circuit::Field;

/// A merlin transcript over one protocol.
///
/// Each label and the length of each message are part of what is hashed, so that no two sequences of messages collide by
/// running into each other.
#[derive(Clone)]
pub struct Transcript(merlin::Transcript);

impl Transcript {
    /// A transcript of the protocol named `domain`, version included.
    pub fn new(domain: &'static str) -> Self {
        Self(merlin::Transcript::new(domain.as_bytes()))
    }

    /// Takes in one message.
    pub fn absorb(&mut self, label: &'static str, bytes: &[u8]) {
        self.0.append_message(label.as_bytes(), bytes);
    }

    /// A field element that depends on everything taken in so far: 64 bytes read as a little-endian number and reduced, so
    /// that its distance from uniform is below 2^-256.
    pub fn challenge_field(&mut self, label: &'static str) -> Field {
        let mut bytes = [0; 64];
        self.0.challenge_bytes(label.as_bytes(), &mut bytes);
        Field::from_le_bytes_mod_order(&bytes)
    }

    /// A uniform number of 128 bits that depends on everything taken in so far, read as little-endian.
    pub fn challenge_u128(&mut self, label: &'static str) -> u128 {
        let mut bytes = [0; 16];
        self.0.challenge_bytes(label.as_bytes(), &mut bytes);
        u128::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(messages: &[(&'static str, &[u8])]) -> Field {
        let mut transcript = Transcript::new("covenant/test/v1");
        for (label, bytes) in messages {
            transcript.absorb(label, bytes);
        }
        transcript.challenge_field("challenge")
    }

    #[test]
    fn every_message_and_boundary_counts() {
        let honest = challenge(&[("a", b"12"), ("b", b"3")]);
        assert_eq!(honest, challenge(&[("a", b"12"), ("b", b"3")]));
        let others: [&[(&'static str, &[u8])]; 5] = [
            &[("a", b"1"), ("b", b"23")],
            &[("b", b"12"), ("a", b"3")],
            &[("a", b"12")],
            &[("b", b"3"), ("a", b"12")],
            &[("a", b"12"), ("b", b"3"), ("c", b"")],
        ];
        for other in others {
            assert_ne!(honest, challenge(other), "{other:?}");
        }
        let mut other_protocol = Transcript::new("covenant/test/v2");
        other_protocol.absorb("a", b"12");
        other_protocol.absorb("b", b"3");
        assert_ne!(honest, other_protocol.challenge_field("challenge"));
    }

    #[test]
    fn successive_challenges_differ() {
        let mut transcript = Transcript::new("covenant/test/v1");
        assert_ne!(transcript.challenge_field("x"), transcript.challenge_field("x"));
    }

    #[test]
    fn the_challenge_is_pinned() {
        assert_eq!(
            challenge(&[("a", b"12"), ("b", b"3")]).to_string(),
            "12200217790671457131297729466423120193394345462479577386516373667819612895644"
        );
    }
}
