//! Receipts of the real ledger, in both forms, and what is changed in them.

use covenant_audit::note::LogKey;
use covenant_audit::receipt::Receipt;
use covenant_ledger::Ledger;

use crate::world;

fn filled(ledger: &Ledger) -> LogKey {
    world::append(ledger, 11);
    LogKey::parse(&ledger.key().to_string()).expect("a key")
}

#[test]
fn receipts_of_the_ledger_hold() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    let key = filled(&ledger);
    for index in 0..11 {
        let theirs = ledger.receipt(index).expect("a receipt");
        let json = serde_json::to_vec(&theirs).expect("JSON");
        let ours = Receipt::read(&theirs.encode()).expect("CBOR");
        assert_eq!(Receipt::read(&json).expect("JSON"), ours);
        let shown = ours.verify(&key).expect("it holds");
        assert_eq!((shown.entry.index, shown.checkpoint.size), (index, 11));
        assert_eq!(shown.body, Some(format!("body number {index}").as_bytes()));
        assert_eq!(shown.hash.0, ledger.entry(index).expect("an entry").hash().0);
        let public = Receipt::read(&theirs.without_body().encode()).expect("CBOR");
        assert_eq!(public.verify(&key).expect("it holds").body, None);
    }
}

#[test]
fn every_changed_byte_of_a_receipt_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    let key = filled(&ledger);
    let file = ledger.receipt(6).expect("a receipt").encode();
    for at in 0..file.len() {
        for mask in [1, 0x20, 0xff] {
            let mut changed = file.clone();
            changed[at] ^= mask;
            let holds = Receipt::read(&changed).and_then(|receipt| receipt.verify(&key).map(drop));
            assert!(holds.is_err(), "byte {at}");
        }
    }
    for length in 0..file.len() {
        assert!(Receipt::read(&file[..length]).is_err(), "the first {length} bytes");
    }
    assert!(Receipt::read(&[&file[..], b"\0"].concat()).is_err());
}

#[test]
fn what_is_wrong_with_a_receipt_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    let key = filled(&ledger);
    let json = |index| serde_json::to_value(ledger.receipt(index).expect("a receipt")).expect("JSON");
    let code = |json: &serde_json::Value, key: &LogKey| {
        let receipt = Receipt::read(&serde_json::to_vec(json).expect("JSON"));
        receipt
            .and_then(|receipt| receipt.verify(key).map(drop))
            .map_err(|refusal| refusal.code())
    };
    let with = |field: &str, value: serde_json::Value| {
        let mut receipt = json(5);
        receipt[field] = value;
        code(&receipt, &key)
    };
    let other = json(6);
    assert_eq!(with("entry", other["entry"].clone()), Err("audit-receipt-body"));
    assert_eq!(with("body", other["body"].clone()), Err("audit-receipt-body"));
    assert_eq!(with("proof", other["proof"].clone()), Err("audit-receipt-proof"));
    assert_eq!(with("proof", serde_json::json!([])), Err("audit-receipt-proof"));
    assert_eq!(with("entry", "AAAA".into()), Err("audit-entry-form"));
    assert_eq!(with("entry", "A".into()), Err("audit-receipt-form"));
    assert_eq!(with("salt", serde_json::Value::Null), Err("audit-receipt-form"));
    assert_eq!(with("type", "covenant-receipt/v2".into()), Err("audit-receipt-form"));
    assert_eq!(with("more", 1.into()), Err("audit-receipt-form"));
    assert_eq!(
        with("checkpoint", "example.com/covenant\n".into()),
        Err("audit-checkpoint")
    );
    let earlier = ledger.checkpoint_at(9).expect("a checkpoint");
    assert_eq!(with("checkpoint", earlier.note().into()), Err("audit-receipt-proof"));
    // Of a log that has the same name and another key.
    let elsewhere = tempfile::tempdir().expect("a directory");
    let stranger = LogKey::parse(&world::open_other(elsewhere.path()).key().to_string()).expect("a key");
    assert_eq!(code(&json(5), &stranger), Err("audit-checkpoint-signature"));
    assert!(code(&json(5), &key).is_ok());
}
