use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ark_ff::{One as _, Zero as _};
use rayon::prelude::*;

use crate::keys::{ProvingKey, development};
use crate::prove::prove;
use crate::test_statement::{Order, Other, Public, Witness, honest, key, rng};

use super::*;

fn proven() -> (ProvingKey, Vec<Field>, Proof) {
    let (public, witness) = honest();
    let key = key();
    let proof = prove::<Order>(&key, &public, &witness, &mut rng(7)).unwrap();
    (key, Order::inputs(&public), proof)
}

/// Plain and prepared verification, which must agree.
fn both(key: &VerifyingKey, inputs: &[Field], proof: &Proof) -> Result<(), VerifyError> {
    let plain = verify::<Order>(key, inputs, proof);
    if let Some((policy, rest)) = inputs.split_at_checked(Order::policy_inputs()) {
        let prepared = PreparedKey::new::<Order>(key, policy).unwrap().verify(rest, proof);
        assert_eq!(plain.is_ok(), prepared.is_ok());
        assert_eq!(
            plain.as_ref().map_err(VerifyError::code),
            prepared.as_ref().map_err(VerifyError::code),
            "plain and prepared give the same verdict"
        );
    }
    plain
}

#[test]
fn every_changed_byte_of_a_proof_is_refused() {
    let (key, inputs, proof) = proven();
    let bytes = proof.to_bytes();
    assert_eq!(
        both(key.verifying(), &inputs, &Proof::from_bytes(&bytes).unwrap()),
        Ok(())
    );
    let prepared = PreparedKey::new::<Order>(key.verifying(), &inputs[..2]).unwrap();
    for place in 0..bytes.len() {
        for change in [0x01, 0x40, 0x80, 0xff] {
            let mut changed = bytes;
            changed[place] ^= change;
            let Ok(other) = Proof::from_bytes(&changed) else {
                continue;
            };
            assert_eq!(
                prepared.verify(&inputs[2..], &other),
                Err(VerifyError::Invalid),
                "byte {place} ^ {change:#x}"
            );
        }
    }
}

#[test]
fn every_changed_public_input_is_refused() {
    let (key, inputs, proof) = proven();
    for place in 0..inputs.len() {
        for delta in [Field::one(), -Field::one(), Field::from(1u64 << 32)] {
            let mut changed = inputs.clone();
            changed[place] += delta;
            assert_eq!(
                both(key.verifying(), &changed, &proof),
                Err(VerifyError::Invalid),
                "input {place}"
            );
        }
    }
}

#[test]
fn the_number_of_public_inputs_is_checked() {
    // A trailing zero adds nothing to the sum: only the count tells that it is missing.
    let (public, witness) = (
        Public {
            limit: 9,
            price: 3,
            total: 6,
            tag: 0,
        },
        Witness { quantity: 2, salt: 0 },
    );
    let key = key();
    let proof = prove::<Order>(&key, &public, &witness, &mut rng(7)).unwrap();
    let inputs = Order::inputs(&public);
    assert!(inputs[3].is_zero());
    assert_eq!(both(key.verifying(), &inputs, &proof), Ok(()));
    let longer = [&inputs[..], &[Field::zero()]].concat();
    for (wrong, found) in [(&inputs[..3], 3), (&longer[..], 5), (&[][..], 0)] {
        let refused = both(key.verifying(), wrong, &proof).unwrap_err();
        assert_eq!(refused, VerifyError::InputCount { expected: 4, found });
        assert_eq!(refused.code(), "input-count");
    }
}

#[test]
fn a_proof_under_another_key_is_refused() {
    let (_, inputs, proof) = proven();
    let other_seed = development::<Order>("other").unwrap();
    let refused = both(other_seed.verifying(), &inputs, &proof).unwrap_err();
    assert_eq!(refused.code(), "proof-invalid");
    let other_statement = development::<Other>("tests").unwrap();
    let other = other_statement.verifying();
    assert_eq!(
        verify::<Order>(other, &inputs, &proof).unwrap_err().code(),
        "key-of-another-statement"
    );
    assert!(matches!(
        PreparedKey::new::<Order>(other, &inputs[..2]),
        Err(VerifyError::OtherStatement { .. })
    ));
}

#[test]
fn points_exchanged_between_proofs_are_refused() {
    let (key, inputs, proof) = proven();
    let (public, witness) = honest();
    let second = prove::<Order>(&key, &public, &witness, &mut rng(8)).unwrap();
    let mixed = Proof { c: second.c, ..proof };
    assert_eq!(both(key.verifying(), &inputs, &mixed), Err(VerifyError::Invalid));
}

#[test]
fn a_prepared_key_takes_the_policys_inputs_and_no_others() {
    let (key, inputs, proof) = proven();
    for wrong in [0, 1, 3, 4] {
        let refused = PreparedKey::new::<Order>(key.verifying(), &inputs[..wrong]).err();
        assert_eq!(
            refused,
            Some(VerifyError::InputCount {
                expected: 2,
                found: wrong
            })
        );
    }
    let prepared = PreparedKey::new::<Order>(key.verifying(), &inputs[..2]).unwrap();
    assert_eq!(prepared.key_id(), key.id());
    assert_eq!(prepared.verify(&inputs[2..], &proof), Ok(()));
    let longer = [&inputs[2..], &[Field::zero()]].concat();
    for wrong in [&inputs[..], &inputs[2..3], &longer, &[]] {
        assert_eq!(prepared.verify(wrong, &proof).unwrap_err().code(), "input-count");
    }
}

#[test]
fn the_cache_is_bounded_and_keeps_what_was_used_last() {
    let (key, inputs, proof) = proven();
    let cache = PreparedCache::new(NonZeroUsize::new(2).unwrap());
    assert!(cache.is_empty());
    let policy = |limit: u64| vec![Field::from(limit), inputs[1]];
    let honest = cache.get::<Order>(key.verifying(), &inputs[..2]).unwrap();
    assert_eq!(honest.verify(&inputs[2..], &proof), Ok(()));
    cache.get::<Order>(key.verifying(), &policy(1)).unwrap();
    // Used again, so that policy 1 is now the oldest.
    let again = cache.get::<Order>(key.verifying(), &inputs[..2]).unwrap();
    assert!(
        Arc::ptr_eq(&honest, &again),
        "the second time it is taken from the cache"
    );
    cache.get::<Order>(key.verifying(), &policy(2)).unwrap();
    assert_eq!(cache.len(), 2);
    let kept = cache.get::<Order>(key.verifying(), &inputs[..2]).unwrap();
    assert!(Arc::ptr_eq(&honest, &kept), "what was used last stayed");
    for limit in 10..20 {
        let other = cache.get::<Order>(key.verifying(), &policy(limit)).unwrap();
        assert_eq!(
            other.verify(&inputs[2..], &proof),
            Err(VerifyError::Invalid),
            "another policy's key refuses"
        );
        assert_eq!(cache.len(), 2);
    }
    let fresh = cache.get::<Order>(key.verifying(), &inputs[..2]).unwrap();
    assert!(!Arc::ptr_eq(&honest, &fresh), "it went, and was computed anew");
}

#[test]
fn the_cache_tells_keys_apart_and_holds_nothing_refused() {
    let (key, inputs, proof) = proven();
    let cache = PreparedCache::new(NonZeroUsize::new(4).unwrap());
    let other = development::<Order>("other").unwrap();
    let wrong = cache.get::<Order>(other.verifying(), &inputs[..2]).unwrap();
    assert_eq!(wrong.verify(&inputs[2..], &proof), Err(VerifyError::Invalid));
    let right = cache.get::<Order>(key.verifying(), &inputs[..2]).unwrap();
    assert_eq!(right.verify(&inputs[2..], &proof), Ok(()));
    assert_eq!(
        cache.get::<Order>(key.verifying(), &inputs).err().map(|e| e.code()),
        Some("input-count")
    );
    assert_eq!(
        cache
            .get::<Other>(key.verifying(), &inputs[..2])
            .err()
            .map(|e| e.code()),
        Some("key-of-another-statement")
    );
    assert_eq!(cache.len(), 2);
}

#[test]
fn callers_at_once_have_a_policy_prepared_once() {
    let (key, inputs, _) = proven();
    let cache = PreparedCache::new(NonZeroUsize::new(4).unwrap());
    let (computed, start) = (AtomicUsize::new(0), Barrier::new(8));
    let policy = &inputs[..2];
    let ask = || {
        start.wait();
        let digest = digest_of_inputs(policy);
        let prepared = cache.get_by_digest::<Order>(key.verifying(), digest, || {
            computed.fetch_add(1, Ordering::Relaxed);
            policy.to_vec()
        });
        prepared.unwrap()
    };
    let all: Vec<Arc<PreparedKey>> = thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    assert!(all.iter().all(|prepared| Arc::ptr_eq(prepared, &all[0])));
    assert_eq!(computed.into_inner(), 1);
}

/// What is computed for one caller has parts that run on the pool's threads, where others ask for the same: nobody may wait there.
#[test]
fn callers_on_a_pools_threads_do_not_wait_for_each_other() {
    let (key, inputs, _) = proven();
    let cache = PreparedCache::new(NonZeroUsize::new(5).unwrap());
    let policy = |number: usize| vec![Field::from(number as u64 % 4), inputs[1]];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(6).build().unwrap();
    let ask = |number| cache.get::<Order>(key.verifying(), &policy(number)).unwrap();
    let all: Vec<Arc<PreparedKey>> = pool.install(|| (0..200).into_par_iter().map(ask).collect());
    assert_eq!(cache.len(), 4);
    for (number, prepared) in all.iter().enumerate() {
        let expected = PreparedKey::new::<Order>(key.verifying(), &policy(number)).unwrap();
        assert_eq!(prepared.folded(), expected.folded(), "{number}");
    }
    let kept = pool.install(|| ask(0));
    assert!(Arc::ptr_eq(&kept, &pool.install(|| ask(0))), "it is kept");
    assert!(pool.install(|| cache.get::<Order>(key.verifying(), &inputs)).is_err());
    assert_eq!(cache.len(), 4, "nothing refused is held");
}
