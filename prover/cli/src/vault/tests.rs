use covenant_api::seal::{Cost, Passphrase};
use rand::SeedableRng as _;

use super::*;

const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into()).unwrap()
}

fn rng() -> rand::rngs::StdRng {
    rand::rngs::StdRng::from_seed([3; 32])
}

fn contents() -> Contents {
    Contents::new(Phrase::from_entropy(&[5; 32]).unwrap().secrets())
}

fn make(directory: &std::path::Path) -> Writer {
    Vault::create(directory, contents(), &passphrase("right"), CHEAP, &mut rng()).unwrap()
}

fn code<T>(result: Result<T, covenant_policy::refusal::Refusal>) -> &'static str {
    result.err().unwrap().code()
}

#[test]
fn a_vault_opens_with_its_passphrase_only() {
    let scratch = tempfile::tempdir().unwrap();
    let home = scratch.path().join("a/b");
    assert_eq!(code(Vault::open(&home, &passphrase("right"))), "vault-missing");
    drop(make(&home));
    let vault = Vault::open(&home, &passphrase("right")).unwrap();
    assert_eq!(vault.contents.secrets.sk(), contents().secrets.sk());
    assert_eq!(code(Vault::open(&home, &passphrase("wrong"))), "wrong-passphrase");
    assert_eq!(
        code(Vault::create(
            &home,
            contents(),
            &passphrase("right"),
            CHEAP,
            &mut rng()
        )),
        "vault-exists"
    );
}

#[test]
fn every_changed_or_missing_byte_of_the_data_is_noticed() {
    let scratch = tempfile::tempdir().unwrap();
    drop(make(scratch.path()));
    let path = scratch.path().join("vault.data");
    let good = std::fs::read(&path).unwrap();
    for i in 0..good.len() {
        let mut changed = good.clone();
        changed[i] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert_eq!(
            code(Vault::open(scratch.path(), &passphrase("right"))),
            "vault-damaged",
            "byte {i}"
        );
    }
    for length in [0, 9, 33, 34, good.len() - 1] {
        std::fs::write(&path, &good[..length]).unwrap();
        assert_eq!(
            code(Vault::open(scratch.path(), &passphrase("right"))),
            "vault-damaged",
            "{length} bytes"
        );
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(
        Vault::open(scratch.path(), &passphrase("right"))
            .unwrap()
            .contents
            .version,
        contents::VERSION
    );
}

#[test]
fn contents_of_earlier_versions_are_read_and_others_are_not() {
    let of = |version: u32, extra: Option<&str>| {
        let mut json = serde_json::to_value(contents()).unwrap();
        let fields = json.as_object_mut().unwrap();
        fields.insert("version".into(), version.into());
        if version == 1 {
            fields.remove("unanswered");
            fields.remove("budget");
        }
        if let Some(extra) = extra {
            fields.insert(extra.into(), 1.into());
        }
        store::parse(json.to_string().as_bytes())
    };
    for version in 1..=contents::VERSION {
        let read = of(version, None).ok().unwrap();
        assert_eq!(
            (read.version, read.budget, read.unanswered.len()),
            (contents::VERSION, Budget::default(), 0)
        );
        assert_eq!(of(version, Some("more")).err(), Some("its contents have another form"));
    }
    for version in [0, contents::VERSION + 1] {
        assert_eq!(of(version, None).err(), Some("its contents have another version"));
    }
}

#[test]
fn one_writes_at_a_time() {
    let scratch = tempfile::tempdir().unwrap();
    let writer = make(scratch.path());
    assert_eq!(
        code(Vault::open_to_write(scratch.path(), &passphrase("right"))),
        "vault-busy"
    );
    assert_eq!(
        Vault::open(scratch.path(), &passphrase("right"))
            .unwrap()
            .contents
            .statements
            .len(),
        0,
        "readers may"
    );
    drop(writer);
    let writer = Vault::open_to_write(scratch.path(), &passphrase("right")).unwrap();
    writer.save(&mut rng()).unwrap();
}

#[test]
fn secrets_do_not_lie_open() {
    let scratch = tempfile::tempdir().unwrap();
    let writer = make(scratch.path());
    let plain = serde_json::to_vec(&writer.vault.contents).unwrap();
    let data = std::fs::read(scratch.path().join("vault.data")).unwrap();
    assert!(!data.windows(16).any(|w| plain.windows(16).any(|p| p == w)));
}

#[cfg(unix)]
#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = tempfile::tempdir().unwrap();
    let home = scratch.path().join("home");
    drop(make(&home));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    for file in ["vault.key", "vault.data"] {
        assert_eq!(mode(&home.join(file)), 0o600, "{file}");
    }
}
