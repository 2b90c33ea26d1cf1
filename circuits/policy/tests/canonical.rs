//! The canonical bytes of the sample policies, by hash, beside the compiler's version: bytes that change move the version.

use std::fmt::Write as _;
use std::path::Path;

use covenant_policy::{COMPILER_VERSION, compile};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/canonical.txt");

/// FNV-1a of 64 bits: it notices what changed by mistake, and this crate names no cryptography.
fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The compiler's version, then hash and name of every sample policy.
fn now() -> String {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut files: Vec<_> = [policies.join("rules"), policies]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("the sample policies"))
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    files.sort();
    let mut text = format!("{COMPILER_VERSION}\n");
    for path in files {
        let source = std::fs::read_to_string(&path).expect("readable");
        let compiled = compile(&source).unwrap_or_else(|refusal| panic!("{}: {refusal}", path.display()));
        let hash = fnv(&compiled.canonical_bytes);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let _ = writeln!(text, "{hash:016x} {name}");
    }
    text
}

/// A sample that is new, or was itself rewritten, takes `COVENANT_GOLDEN=write`; one whose bytes changed under the same text takes a
/// new [`COMPILER_VERSION`] too, because the signed policies of others did not change with ours.
#[test]
fn golden_bytes_belong_to_a_version() {
    let now = now();
    if std::env::var("COVENANT_GOLDEN").is_ok_and(|v| v == "write") {
        std::fs::write(GOLDEN, &now).expect("written");
    }
    let known = std::fs::read_to_string(GOLDEN).expect("tests/canonical.txt");
    assert!(
        known == now,
        "the canonical bytes of sample policies changed. Where their texts did not, COMPILER_VERSION must move; then run with \
         COVENANT_GOLDEN=write.\nknown:\n{known}\nnow:\n{now}"
    );
    let hashes: std::collections::BTreeSet<&str> = known.lines().skip(1).filter_map(|l| l.split(' ').next()).collect();
    assert!(
        hashes.len() > 45 && hashes.len() == known.lines().count() - 1,
        "each policy has bytes of its own"
    );
}
