use ed25519_dalek::{Signer as _, SigningKey};

use super::*;

// The example of C2SP's signed-note, as Go's package golang.org/x/mod/sumdb/note prints it.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn key(name: &str, seed: u8) -> (SigningKey, LogKey) {
    let signing = SigningKey::from_bytes(&[seed; 32]);
    let public = signing.verifying_key();
    let key = LogKey {
        name: name.to_owned(),
        id: key_id(name, ED25519, public.as_bytes()),
        key: public,
    };
    (signing, key)
}

fn line(signing: &SigningKey, key: &LogKey, text: &str) -> String {
    let signature = signing.sign(text.as_bytes()).to_bytes();
    format!(
        "— {} {}\n",
        key.name,
        STANDARD.encode([&key.id[..], &signature].concat())
    )
}

fn sign(text: &str) -> String {
    let (signing, key) = key("example.com/log", 7);
    format!("{text}\n{}", line(&signing, &key, text))
}

fn root() -> String {
    STANDARD.encode([9; 32])
}

fn text() -> String {
    format!("example.com/log\n12\n{}\n", root())
}

#[test]
fn the_standards_example_opens() {
    let key = LogKey::parse(PETER).unwrap();
    assert_eq!((key.to_string().as_str(), key.origin()), (PETER, "PeterNeumann"));
    assert!(open(NOTE.as_bytes(), &key).unwrap().ends_with("problem is.\n"));
    let changed = NOTE.replace("the answer", "an answer");
    assert_eq!(open(changed.as_bytes(), &key), Err(Refused::Signature));
}

#[test]
fn a_checkpoint_opens() {
    let (_, key) = key("example.com/log", 7);
    let expected = Checkpoint {
        size: 12,
        root: Hash([9; 32]),
    };
    assert_eq!(Checkpoint::open(sign(&text()).as_bytes(), &key), Ok(expected));
    assert_eq!(claimed_size(sign(&text()).as_bytes()), Some(12));
    let extended = format!("{}an extension\n", text());
    assert_eq!(Checkpoint::open(sign(&extended).as_bytes(), &key), Ok(expected));
}

#[test]
fn signatures_of_others_are_ignored_and_ones_own_counts_once() {
    let (signing, log) = key("example.com/log", 7);
    let (other_signing, other) = key("example.com/log", 8);
    let with = |lines: &[String]| Checkpoint::open(format!("{}\n{}", text(), lines.concat()).as_bytes(), &log);
    let own = line(&signing, &log, &text());
    let foreign = line(&other_signing, &other, &text());
    assert!(with(&[foreign.clone(), own.clone()]).is_ok());
    assert_eq!(with(&[foreign]), Err(Refused::Unsigned));
    assert_eq!(
        with(&[own.clone(), own.clone()]),
        Err(Refused::Form("one signature of each key"))
    );
    let many: Vec<String> = (0..65).map(|_| line(&other_signing, &other, "x\n")).collect();
    assert_eq!(with(&many), Err(Refused::Form("at most 64 signatures")));
}

#[test]
fn what_is_no_checkpoint_of_this_log_is_refused() {
    let (_, key) = key("example.com/log", 7);
    let open = |text: &str| Checkpoint::open(sign(text).as_bytes(), &key);
    let root = root();
    assert_eq!(open(&format!("example.com/other\n12\n{root}\n")), Err(Refused::Origin));
    for size in ["012", "+12", "", "12 ", "18446744073709551616", "-1"] {
        let refused = open(&format!("example.com/log\n{size}\n{root}\n"));
        assert!(
            matches!(refused, Err(Refused::Form(expected)) if expected.starts_with("a size")),
            "{size}"
        );
    }
    for root in ["", "AAAA", root.trim_end_matches('=')] {
        let refused = open(&format!("example.com/log\n12\n{root}\n"));
        assert!(
            matches!(refused, Err(Refused::Form(expected)) if expected.starts_with("a root")),
            "{root}"
        );
    }
    // The last bits of the last digit must be zero.
    let stray = root.replace("k=", "l=");
    assert_ne!(stray, root);
    assert!(open(&format!("example.com/log\n12\n{stray}\n")).is_err());
    assert!(open(&format!("example.com/log\n12\n{root}\n\nmore\n")).is_err());
}

#[test]
fn what_is_no_note_is_refused() {
    let (_, key) = key("example.com/log", 7);
    let honest = sign(&text());
    for changed in [
        honest.replace("\n\n", "\n"),
        honest.trim_end().to_owned(),
        honest.replace("— ", "- "),
        honest.replace("12", "1\t2"),
        format!("{honest}\n"),
        honest.replace("— example.com/log ", "— example.com/log  "),
        String::new(),
        "x".repeat(NOTE_BYTES_MAX + 1),
    ] {
        let refused = Checkpoint::open(changed.as_bytes(), &key);
        assert!(matches!(refused, Err(Refused::Form(_))), "{changed}: {refused:?}");
    }
    assert!(matches!(Checkpoint::open(&[0xff], &key), Err(Refused::Form("UTF-8"))));
}

#[test]
fn what_is_no_key_is_refused() {
    let (_, key) = key("example.com/log", 7);
    let honest = key.to_string();
    assert_eq!(LogKey::parse(&honest), Ok(key));
    let weak = {
        let mut identity = [0; 33];
        (identity[0], identity[1]) = (1, 1);
        STANDARD.encode(identity)
    };
    let (name, id) = ("example.com/log", honest.split('+').nth(1).unwrap());
    for wrong in [
        honest.replace("example", "exomple"),
        honest.replace("+A", "+B"),
        honest.replace('+', " "),
        format!("{honest}A"),
        format!("{name}+{id}+{weak}"),
        format!("+{id}+{weak}"),
        honest.replace(id, &id.to_uppercase()),
        name.to_owned(),
    ] {
        assert!(LogKey::parse(&wrong).is_err(), "{wrong}");
    }
}
