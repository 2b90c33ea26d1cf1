use std::fs;
use std::path::{Path, PathBuf};

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use tempfile::TempDir;

use super::verifying::Points;
use super::*;
use crate::prove::prove;
use crate::statement::Statement as _;
use crate::test_statement::{ALLOW, FewerInputs, Order, Other, OwnInput, REFUSE, honest, key, rng};
use crate::verify::verify;

fn saved() -> (TempDir, KeyStore, ProvingKey, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::new(folder.path().join("keys"));
    let key = key();
    store.save(&key).unwrap();
    let files = folder.path().join("keys").join(key.id().to_string());
    (folder, store, key, files)
}

fn change(path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    edit(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn code<T>(result: Result<T, KeyError>) -> &'static str {
    result.map(|_| "accepted").unwrap_or_else(|e| e.code())
}

#[test]
fn a_development_key_is_the_same_each_time() {
    let (first, second) = (key(), key());
    assert_eq!(first.to_bytes(), second.to_bytes());
    assert_eq!(first.verifying().to_bytes(), second.verifying().to_bytes());
    assert_eq!(
        first.id().to_string(),
        "7b803e3b76ca0935cf9ecf63c3bc7ef48a3703d48108db65dea17fe1900a5a60"
    );
    let other_seed = development::<Order>("other").unwrap();
    assert_ne!(first.id(), other_seed.id());
    assert_ne!(first.verifying().points().alpha, other_seed.verifying().points().alpha);
    let other_statement = development::<Other>("tests").unwrap();
    assert_ne!(first.id(), other_statement.id());
    assert_ne!(
        first.verifying().points().alpha,
        other_statement.verifying().points().alpha
    );
}

#[test]
fn stages_are_reported_in_order() {
    let mut stages = Vec::new();
    development_with_progress::<Order>("tests", &mut |stage| stages.push(stage)).unwrap();
    use SetupStage::*;
    assert_eq!(stages, [Circuit, Polynomials, PointsG1, PointsG2, Done]);
}

#[test]
fn a_key_goes_through_files_unchanged_and_works() {
    let (_folder, store, key, _) = saved();
    let read = store.proving::<Order>(key.id(), ALLOW).unwrap();
    assert_eq!(read.queries, key.queries);
    assert_eq!(read.matrices, key.matrices);
    let (public, witness) = honest();
    let proof = prove::<Order>(&read, &public, &witness, &mut rng(1)).unwrap();
    let verifying = store.verifying::<Order>(key.id(), ALLOW).unwrap();
    assert_eq!(verifying.id(), key.id());
    assert_eq!(verify::<Order>(&verifying, &Order::inputs(&public), &proof), Ok(()));
}

#[test]
fn the_manifest_says_what_the_key_is() {
    let (_folder, store, key, files) = saved();
    let manifests = store.list().unwrap();
    assert_eq!(manifests, store.list_of::<Order>().unwrap());
    assert!(store.list_of::<Other>().unwrap().is_empty());
    let [manifest] = manifests.try_into().unwrap();
    assert_eq!(manifest.key_id(), Some(key.id()));
    assert_eq!(manifest.statement, Order::ID);
    assert_eq!((manifest.kind.as_str(), manifest.version), ("key-manifest", 1));
    assert_eq!((manifest.development, manifest.seed.as_deref()), (true, Some("tests")));
    assert_eq!(
        (manifest.rows, manifest.domain, manifest.public_inputs),
        (key.matrices().rows(), 64, 4)
    );
    let proving = fs::read(files.join("proving.bin")).unwrap();
    assert_eq!(manifest.proving_bytes, proving.len() as u64);
    assert_eq!(manifest.proving_sha256, HEXLOWER.encode(&Sha256::digest(&proving)));
    assert!(KeyStore::new(files.join("nowhere")).list().unwrap().is_empty());
}

#[test]
fn development_keys_are_refused_unless_allowed() {
    let (_folder, store, key, files) = saved();
    assert_eq!(code(store.verifying::<Order>(key.id(), REFUSE)), "development-key");
    assert_eq!(code(store.proving::<Order>(key.id(), REFUSE)), "development-key");
    assert_eq!(code(store.import::<Order>(&files, REFUSE)), "development-key");
    let bytes = key.verifying().to_bytes();
    assert_eq!(
        code(VerifyingKey::from_bytes::<Order>(&bytes, REFUSE)),
        "development-key"
    );
    assert_eq!(VerifyingKey::from_bytes::<Order>(&bytes, ALLOW).unwrap().id(), key.id());
    // The mark cannot be taken off: the manifest is compared, and the bytes have no other origin.
    change(&files.join("manifest.json"), |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text
            .replace("\"development\": true", "\"development\": false")
            .into_bytes();
    });
    assert_eq!(code(store.verifying::<Order>(key.id(), REFUSE)), "development-key");
    assert_eq!(code(store.verifying::<Order>(key.id(), ALLOW)), "key-manifest");
    let mut unmarked = bytes;
    unmarked[8] = 0;
    assert_eq!(
        code(VerifyingKey::from_bytes::<Order>(&unmarked, ALLOW)),
        "key-malformed"
    );
}

#[test]
fn a_changed_or_shortened_file_is_refused() {
    let proving_length = key().to_bytes().len();
    for place in [0, 9, 60, 300, proving_length / 2, proving_length - 1] {
        let (_folder, store, key, files) = saved();
        change(&files.join("proving.bin"), |bytes| bytes[place] ^= 1);
        assert_eq!(
            code(store.proving::<Order>(key.id(), ALLOW)),
            "key-damaged",
            "proving.bin, byte {place}"
        );
        assert_eq!(code(store.verifying::<Order>(key.id(), ALLOW)), "accepted");
        assert_eq!(code(store.import::<Order>(&files, ALLOW)), "key-damaged");
    }
    for length in [0, 7, 100, proving_length - 1] {
        let (_folder, store, key, files) = saved();
        change(&files.join("proving.bin"), |bytes| bytes.truncate(length));
        assert_eq!(
            code(store.proving::<Order>(key.id(), ALLOW)),
            "key-damaged",
            "proving.bin of {length} bytes"
        );
    }
    let (_folder, store, key, files) = saved();
    for place in 0..key.verifying().to_bytes().len() {
        change(&files.join("verifying.bin"), |bytes| bytes[place] ^= 1);
        assert_eq!(
            code(store.verifying::<Order>(key.id(), ALLOW)),
            "key-damaged",
            "verifying.bin, byte {place}"
        );
        change(&files.join("verifying.bin"), |bytes| bytes[place] ^= 1);
    }
    assert_eq!(code(store.proving::<Order>(key.id(), ALLOW)), "accepted");
}

#[test]
fn a_file_changed_together_with_its_manifest_is_caught_on_import() {
    // Whoever can write the manifest can also write its hash; an import therefore checks every point.
    let forge = |edit: &dyn Fn(&mut Vec<u8>)| {
        let (folder, store, key, files) = saved();
        change(&files.join("proving.bin"), edit);
        let bytes = fs::read(files.join("proving.bin")).unwrap();
        let mut manifest = store.manifest(key.id()).unwrap();
        manifest.proving_sha256 = HEXLOWER.encode(&Sha256::digest(&bytes));
        manifest.proving_bytes = bytes.len() as u64;
        fs::write(files.join("manifest.json"), manifest.to_json().unwrap()).unwrap();
        code(KeyStore::new(folder.path().join("mine")).import::<Order>(&files, ALLOW))
    };
    let length = key().to_bytes().len();
    assert_eq!(forge(&|_| {}), "accepted");
    assert_eq!(forge(&|bytes| bytes[length - 128] ^= 1), "point-not-on-curve");
    assert_eq!(
        forge(&|bytes| bytes[length - 97] = 0xff),
        "key-malformed",
        "above the modulus"
    );
    assert_eq!(forge(&|bytes| bytes.push(0)), "key-malformed", "longer");
    assert_eq!(forge(&|bytes| bytes.truncate(length - 64)), "key-malformed", "shorter");
    assert_eq!(forge(&|bytes| bytes[0] ^= 1), "key-malformed", "magic");
    assert_eq!(forge(&|bytes| bytes[8] ^= 1), "key-malformed", "key id");
    assert_eq!(forge(&|bytes| bytes[40] ^= 1), "key-malformed", "counts");
    // A coefficient of the table: the matrices' hash is in the key's id.
    assert_eq!(forge(&|bytes| bytes[72 + 64] ^= 1), "key-damaged");
}

#[test]
fn import_takes_a_key_over() {
    let (folder, _, key, files) = saved();
    let mine = KeyStore::new(folder.path().join("mine"));
    let manifest = mine.import::<Order>(&files, ALLOW).unwrap();
    assert_eq!(manifest.key_id(), Some(key.id()));
    assert_eq!(mine.proving::<Order>(key.id(), ALLOW).unwrap().queries, key.queries);
    assert_eq!(code(mine.import::<Other>(&files, ALLOW)), "key-of-another-statement");
}

#[test]
fn keys_of_other_statements_and_ids_are_refused() {
    let (_folder, store, key, _) = saved();
    assert_eq!(
        code(store.verifying::<Other>(key.id(), ALLOW)),
        "key-of-another-statement"
    );
    assert_eq!(code(store.proving::<FewerInputs>(key.id(), ALLOW)), "input-count");
    assert_eq!(code(store.verifying::<Order>(KeyId([7; 32]), ALLOW)), "key-not-found");
    assert_eq!(code(development::<OwnInput>("tests")), "synthesis-failed");
}

#[test]
fn malformed_manifests_are_refused() {
    let edits: [(&str, &str); 6] = [
        ("\"version\": 1", "\"version\": 2"),
        ("key-manifest", "key"),
        ("\"rows\"", "\"unknown\": 1, \"rows\""),
        (
            "\"statement\": \"covenant/test-order/v1\"",
            "\"statement\": \"covenant/test-order/v2\"",
        ),
        ("\"seed\": \"tests\"", "\"seed\": null"),
        ("{", ""),
    ];
    for (from, to) in edits {
        let (_folder, store, key, files) = saved();
        change(&files.join("manifest.json"), |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(text.contains(from), "{from}");
            *bytes = text.replacen(from, to, 1).into_bytes();
        });
        assert_eq!(
            code(store.verifying::<Order>(key.id(), ALLOW)),
            "key-manifest",
            "{from} -> {to}"
        );
    }
}

#[test]
fn a_missing_file_names_its_path() {
    let (_folder, store, key, files) = saved();
    fs::remove_file(files.join("proving.bin")).unwrap();
    let refused = store.proving::<Order>(key.id(), ALLOW).unwrap_err();
    assert_eq!(refused.code(), "key-io");
    assert!(refused.to_string().contains("proving.bin"), "{refused}");
}

#[test]
fn a_folder_without_a_manifest_is_no_key() {
    let (_folder, store, key, files) = saved();
    fs::remove_file(files.join("manifest.json")).unwrap();
    assert_eq!(code(store.verifying::<Order>(key.id(), ALLOW)), "key-not-found");
    assert!(store.list().unwrap().is_empty());
}

/// A key with changed points, written and read again.
fn relinted(edit: impl FnOnce(&mut Points)) -> &'static str {
    let key = key();
    let mut points = key.verifying().points().clone();
    edit(&mut points);
    let origin = Origin::Development { seed: "tests".into() };
    code(VerifyingKey::new(origin, Order::ID, [0; 32], points))
}

#[test]
fn weak_verifying_keys_are_refused() {
    assert_eq!(relinted(|_| {}), "accepted");
    type Edit = fn(&mut Points);
    let weak: [(&str, Edit); 11] = [
        ("delta = gamma", |p| p.delta = p.gamma),
        ("delta = -gamma", |p| p.delta = -p.gamma),
        ("other delta = gamma", |p| p.gamma = p.delta),
        ("alpha infinite", |p| p.alpha = G1Affine::identity()),
        ("delta infinite", |p| p.delta = G2Affine::identity()),
        ("IC infinite", |p| p.ic[2] = G1Affine::identity()),
        ("IC repeated", |p| p.ic[2] = p.ic[3]),
        ("IC opposite", |p| p.ic[2] = -p.ic[3]),
        ("no IC", |p| p.ic.clear()),
        ("alpha is the generator", |p| p.alpha = G1Affine::generator()),
        ("beta is the generator", |p| p.beta = G2Affine::generator()),
    ];
    for (name, edit) in weak {
        assert_eq!(relinted(edit), "key-weak", "{name}");
    }
    let uncontributed = |p: &mut Points| {
        p.gamma = (G2Affine::generator() * covenant_gadgets::circuit::Field::from(3u64)).into_affine();
        p.delta = G2Affine::generator();
    };
    assert_eq!(relinted(uncontributed), "key-weak", "delta is the generator");
}

#[test]
fn verifying_keys_are_decoded_strictly() {
    let bytes = key().verifying().to_bytes();
    let read = |bytes: &[u8]| code(VerifyingKey::from_bytes::<Order>(bytes, ALLOW));
    assert_eq!(read(&bytes), "accepted");
    for length in [0, 7, 8, 12, 60, bytes.len() - 1] {
        assert_eq!(read(&bytes[..length]), "key-malformed", "{length} bytes");
    }
    assert_eq!(read(&[&bytes[..], &[0]].concat()), "key-malformed", "one byte more");
    let last_x = bytes.len() - 64;
    let edit = |place: usize, new: &[u8]| {
        let mut changed = bytes.clone();
        changed[place..place + new.len()].copy_from_slice(new);
        read(&changed)
    };
    assert_eq!(edit(last_x, &[0xff; 32]), "encoding-not-canonical");
    assert_eq!(edit(last_x, &[1; 8]), "point-not-on-curve");
    assert_eq!(edit(last_x, &[0; 64]), "point-at-infinity");
    let ic: Vec<u8> = bytes[last_x - 64..last_x].to_vec();
    assert_eq!(edit(last_x, &ic), "key-weak");
    // Dropping an input and saying so.
    let count = bytes.len() - 5 * 64 - 64 - 3 * 128 - 4;
    let mut shorter = bytes[..last_x].to_vec();
    shorter[count] -= 1;
    assert_eq!(read(&shorter), "input-count");
    assert_eq!(edit(8 + 3, &[0xff]), "key-malformed", "a seed that is not UTF-8");
}

#[test]
fn key_ids_are_written_and_read_as_hexadecimal() {
    let id = key().id();
    assert_eq!(id.to_string().parse::<KeyId>().unwrap(), id);
    for wrong in ["", "00", &id.to_string().to_uppercase(), &format!("{id}0")] {
        assert_eq!(code(wrong.parse::<KeyId>()), "key-malformed", "{wrong:?}");
    }
}
