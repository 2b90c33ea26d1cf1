//! An honest log is never blamed, whatever its shape.

use covenant_audit::audit::{Options, Outcome, audit};
use covenant_audit::export::Nobody;
use covenant_ledger::{Draft, Kind, Ledger, Scope, StreamId};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::records::House;
use crate::world;

/// How many logs.
fn logs() -> u64 {
    std::env::var("COVENANT_FLIPS")
        .ok()
        .and_then(|count| count.parse::<u64>().ok())
        .map_or(60, |flips| flips / 10)
}

fn draft(rng: &mut ChaCha20Rng, number: u64) -> Draft {
    let kind: String = (0..rng.gen_range(1..=32))
        .map(|_| char::from(rng.gen_range(b'a'..=b'z')))
        .collect();
    let stream = StreamId([rng.gen_range(0..6); 32]);
    let length = [0, 1, 31, 32, 33, 200, 65_536][rng.gen_range(0..7)];
    let body: Vec<u8> = (0..length).map(|_| rng.r#gen()).collect();
    let mut draft = Draft::new(Kind::new(&kind).expect("a kind"), stream, body);
    draft.unique = (0..rng.gen_range(0..=32))
        .map(|key| format!("{number} {key}").into_bytes())
        .collect();
    if rng.gen_bool(0.1) {
        draft.blobs = vec![(0..rng.gen_range(1..300)).map(|_| rng.r#gen()).collect()];
    }
    draft
}

/// Appends one by one or many at once, so that there are few checkpoints or many.
fn grow(ledger: &Ledger, rng: &mut ChaCha20Rng, numbers: std::ops::Range<u64>) {
    let mut tickets = Vec::new();
    let together = rng.gen_bool(0.5);
    for number in numbers {
        let ticket = ledger.submit(draft(rng, number)).expect("queued");
        if together {
            tickets.push(ticket);
        } else {
            ticket.wait().expect("appended");
        }
    }
    tickets
        .into_iter()
        .for_each(|ticket| drop(ticket.wait().expect("appended")));
}

#[test]
fn logs_of_any_shape_hold() {
    let (mut entries, mut checkpoints, mut erased, mut blobs) = (0, 0, 0, 0);
    for seed in 0..logs() {
        let mut rng = ChaCha20Rng::seed_from_u64(1000 + seed);
        let directory = tempfile::tempdir().expect("a directory");
        let (mut size, mut salts) = (0, 0);
        for _ in 0..rng.gen_range(1..=3) {
            // Opened again each time, with other salts.
            salts += 1;
            let ledger = world::open_as(directory.path(), salts);
            let more = rng.gen_range(0..40);
            grow(&ledger, &mut rng, size..size + more);
            size += more;
            for _ in 0..rng.gen_range(0..3) {
                if size > 0 {
                    ledger.erase_body(rng.gen_range(0..size)).expect("erased");
                }
            }
            ledger.check().expect("an honest ledger");
            let everything = world::sound(&world::export(&ledger, &Scope::everything()), &mut Nobody);
            let public = world::sound(&world::export(&ledger, &Scope::public()), &mut Nobody);
            assert_eq!(
                (everything.header.size, public.header.size),
                (size, size),
                "seed {seed}"
            );
            assert_eq!(everything.root.0, ledger.checkpoint().root().0, "seed {seed}");
            assert_eq!(everything.checkpoints, public.checkpoints);
            erased += everything.erased;
            blobs += everything.blobs;
        }
        entries += size;
        checkpoints += world::sound(
            &world::export(&world::open_as(directory.path(), 9), &Scope::everything()),
            &mut Nobody,
        )
        .checkpoints;
    }
    println!(
        "{} logs: {entries} entries, {checkpoints} checkpoints, {erased} erasures, {blobs} blobs",
        logs()
    );
    assert!(
        entries > 10 * logs() && checkpoints < entries && erased > 0 && blobs > 0,
        "shapes that differ"
    );
}

#[test]
fn logs_of_real_records_in_any_order_hold() {
    for seed in 0..6u64 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut house = if seed % 2 == 0 {
            House::new()
        } else {
            House::witnessed()
        };
        let (mut asked, mut customers, mut verdicts) = (Vec::new(), 0, 0);
        for _ in 0..rng.gen_range(4..16) {
            match rng.gen_range(0..3) {
                0 => {
                    customers += 1;
                    let customer = house.customer(customers);
                    let request = house.ask(&customer);
                    asked.push((customer, request));
                }
                1 => {
                    // Once more of somebody.
                    if let Some((customer, _)) = asked.pop() {
                        let request = house.ask(&customer);
                        asked.push((customer, request));
                    }
                }
                _ => {
                    if let Some((customer, request)) = asked.pop().filter(|_| verdicts < 2) {
                        verdicts += 1;
                        let (assets, tier) = if rng.gen_bool(0.5) { (150, "A") } else { (50, "B") };
                        let bundle = house.answer(&customer, &request, assets, tier);
                        let verdict = house.verdict(&bundle);
                        house.record(&verdict);
                        if rng.gen_bool(0.5) {
                            house.decide(&customer, &verdict, covenant_api::documents::Outcome::Refused);
                        }
                    }
                }
            }
        }
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log.export");
        std::fs::write(&path, world::export(&house.ledger, &Scope::everything())).expect("written");
        let options = Options {
            anchor: Some(covenant_audit::audit::Anchor::new(house.trust()).expect("a trust file")),
            allow_development: true,
            ..Options::default()
        };
        let audit = audit(&path, &options, &|file, _| Box::new(file)).expect("audited");
        assert_eq!(
            (audit.outcome, &audit.findings[..]),
            (Outcome::Sound, &[][..]),
            "seed {seed}"
        );
        assert_eq!(audit.proofs, verdicts);
        house.ledger.check().expect("an honest ledger");
    }
}
