//! What decisions rest on, rebuilt from the records: whatever differs is named.

use covenant_api::documents::{Bank, Filing};
use covenant_api::host;
use covenant_api::log::{Filed, Record, Shelf, View, plan};
use covenant_api::sign::Signer;
use covenant_api::types::{Hex32, LogOrigin, Name};
use covenant_ledger::{Draft, StateCell};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use covenant_verifier::idempotency::Seen;
use covenant_verifier::records::recheck::{Compared, recheck};
use covenant_verifier::records::{Records, draft};
use covenant_verifier::startup;

use crate::world::{ORIGIN, World};

/// A bank takes part, and the ledger is told something else than what the rules make of that.
fn rechecked(change: impl Fn(&mut Draft)) -> Result<Compared, Refusal> {
    let world = World::new();
    let ledger = startup::open(&world.settings).unwrap().ledger;
    let bank = Signer::from_seed(&[51; 32]);
    let document = bank.sign(Bank {
        name: Name::parse("Banque Exemple").unwrap(),
        key: bank.public(),
        issued: host::now().unwrap(),
    });
    let document = document.unwrap();
    let filing = bank.sign(Filing {
        log: LogOrigin::parse(ORIGIN).unwrap(),
        stream: Hex32([61; 32]),
        number: 0,
        document: document.id(),
    });
    let record = Record::Participant(Filed {
        filing: filing.unwrap().to_signed(),
        document: document.to_signed(),
    });
    let shelf = Shelf::new(KeyPolicy {
        allow_development: false,
    });
    let state = Records(&ledger);
    let planned = plan(View::new(&state, &shelf), &record, host::now().unwrap()).unwrap();
    let nothing = Seen::Fresh {
        expect: None,
        set: None,
    };
    let mut draft = draft(planned.plan, nothing).unwrap();
    assert!(
        !draft.set.is_empty() && !draft.unique.is_empty(),
        "there is something to change"
    );
    change(&mut draft);
    ledger.append(draft).unwrap();
    ledger.check().expect("what the ledger alone knows holds");
    recheck(&ledger)
}

fn place(change: impl Fn(&mut Draft)) -> String {
    let refusal = rechecked(change).unwrap_err();
    assert_eq!(refusal.code(), "log-damaged", "{refusal:?}");
    refusal.place.unwrap_or_default()
}

#[test]
fn what_the_records_make_is_what_is_stored() {
    let compared = rechecked(|_| {}).unwrap();
    assert_eq!((compared.records, compared.erased), (2, None));
    assert!(compared.cells >= 3, "{compared:?}");
}

#[test]
fn any_bit_of_a_cell_that_differs_is_named() {
    let mut bits = 0;
    for at in [0, 3, 7] {
        for cell in 0..2 {
            let place = place(|draft| {
                let set = &mut draft.set;
                let which = cell % set.len();
                let value = set[which].value.as_mut().expect("a value");
                if value.is_empty() {
                    value.push(1);
                } else {
                    let byte = at % value.len();
                    value[byte] ^= 1 << (at % 8);
                }
            });
            assert!(place.starts_with("cell "), "{place}");
            bits += 1;
        }
    }
    assert_eq!(bits, 6);
}

#[test]
fn a_cell_too_many_or_too_few_and_another_claim_are_named() {
    let missing = place(|draft| drop(draft.set.pop()));
    assert!(missing.starts_with("cell "), "{missing}");
    let more = place(|draft| {
        draft.set.push(StateCell {
            cell: b"attestor\0of nobody".to_vec(),
            value: Some(vec![1]),
        });
    });
    assert!(more.starts_with("cell attestor "), "{more}");
    assert_eq!(place(|draft| draft.unique = vec![b"another".to_vec()]), "entry 1");
    let blob = rechecked(|draft| draft.body.push(b' ')).unwrap_err();
    assert_eq!((blob.code(), blob.place.as_deref()), ("not-canonical", Some("entry 1")));
}
