//! What is proven: a key in our store and as a `.zkey`, and a witness as a `.wtns`, made once and kept.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use covenant_gadgets::circuit::Field;
use covenant_proofs::decode::Proof;
use covenant_proofs::formats::{wtns, zkey::Zkey};
use covenant_proofs::keys::{KeyId, KeyPolicy, KeyStore, ProvingKey, development};
use covenant_proofs::prove::prove;
use covenant_proofs::shape::Assignment;
use covenant_proofs::statement::Statement;
use covenant_statements::compliance::Compliance;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use crate::Error;
use crate::chain::Chain;
use company::{claim, policy_with_rules};

// The company of our tests. Their crate links the ledger's store, which takes longer to build than all that is measured here.
#[path = "../../../tests/src/company.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod company;

const ALLOW: KeyPolicy = KeyPolicy {
    allow_development: true,
};

/// One key and witness.
pub struct Case {
    /// What it is called.
    pub name: String,
    /// Rows, those of the public inputs left out.
    pub constraints: usize,
    /// Public inputs, the constant one left out.
    pub public: usize,
    /// Size of the evaluation domain.
    pub domain: usize,
    /// Bytes of the proving key's file in our store.
    pub key_bytes: u64,
    /// The key.
    pub zkey: Zkey,
    /// The values of all wires.
    pub witness: Vec<Field>,
    /// Proving as our programs do it: the relation checked in plain Rust, the wires computed, the own proof verified.
    pub own: Box<dyn Fn() -> Proof>,
    folder: PathBuf,
}

impl Case {
    /// The key's file for other provers.
    pub fn zkey_path(&self) -> PathBuf {
        self.folder.join("key.zkey")
    }

    /// The witness's file.
    pub fn wtns_path(&self) -> PathBuf {
        wtns_path(&self.folder)
    }

    /// Where all its files lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn wtns_path(folder: &Path) -> PathBuf {
    folder.join("witness.wtns")
}

/// What is done with a case's statement.
pub trait WithStatement<T> {
    /// Does it, given a true claim.
    ///
    /// # Errors
    /// The action's own.
    fn call<S: Statement + 'static>(self, claim: impl Fn() -> (S::Public, S::Witness) + 'static) -> Result<T, Error>;
}

/// Finds the statement of a case.
pub fn with_statement<T>(name: &str, action: impl WithStatement<T>) -> Result<T, Error> {
    match name {
        "compliance" => action.call::<Compliance>(|| claim(&policy_with_rules(32), "A", &[], &[])),
        "14" => action.call::<Chain<14>>(Chain::<14>::claim),
        "16" => action.call::<Chain<16>>(Chain::<16>::claim),
        "18" => action.call::<Chain<18>>(Chain::<18>::claim),
        "20" => action.call::<Chain<20>>(Chain::<20>::claim),
        _ => Err(format!("no case {name:?}: expected compliance, 14, 16, 18 or 20").into()),
    }
}

/// The case's files, made where they are not there yet.
pub fn prepare(name: &str, folder: &Path) -> Result<Case, Error> {
    struct Prepare<'a>(&'a str, &'a Path);
    impl WithStatement<Case> for Prepare<'_> {
        fn call<S: Statement + 'static>(
            self,
            claim: impl Fn() -> (S::Public, S::Witness) + 'static,
        ) -> Result<Case, Error> {
            prepare_case::<S>(self.0, self.1, claim())
        }
    }
    with_statement(name, Prepare(name, folder))
}

fn prepare_case<S: Statement + 'static>(
    name: &str,
    folder: &Path,
    (public, witness): (S::Public, S::Witness),
) -> Result<Case, Error> {
    fs::create_dir_all(folder)?;
    let store = KeyStore::new(folder.join("store"));
    if store.list_of::<S>()?.is_empty() {
        store.save(&development::<S>("peers")?)?;
    }
    let id = id_of::<S>(&store)?;
    let manifest = store.manifest(id)?;
    let key = store.proving::<S>(id, ALLOW)?;
    let zkey = Zkey::of(&key);
    let wires = Assignment::of::<S>(&public, &witness)?;
    let case = Case {
        name: name.to_owned(),
        constraints: key.matrices().rows(),
        public: key.matrices().inputs() - 1,
        domain: manifest.domain,
        key_bytes: manifest.proving_bytes,
        zkey,
        witness: wires.values.to_vec(),
        own: Box::new(move || {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            prove::<S>(&key, &public, &witness, &mut rng).expect("the claim is true")
        }),
        folder: folder.to_owned(),
    };
    case.zkey.write(BufWriter::new(File::create(case.zkey_path())?))?;
    wtns::write(BufWriter::new(File::create(case.wtns_path())?), &case.witness)?;
    Ok(case)
}

fn id_of<S: Statement>(store: &KeyStore) -> Result<KeyId, Error> {
    let manifests = store.list_of::<S>()?;
    let manifest = manifests.first().ok_or("the store has no key of this statement")?;
    Ok(manifest.key_id().ok_or("the manifest has no key id")?)
}

/// The key of a case from our store, opened as our programs open it.
pub fn open<S: Statement>(folder: &Path) -> Result<ProvingKey, Error> {
    let store = KeyStore::new(folder.join("store"));
    Ok(store.proving::<S>(id_of::<S>(&store)?, ALLOW)?)
}

/// The size of the domain of a case's key.
///
/// # Errors
/// Where the case was not prepared.
pub fn domain<S: Statement>(folder: &Path) -> Result<usize, Error> {
    let store = KeyStore::new(folder.join("store"));
    Ok(store.manifest(id_of::<S>(&store)?)?.domain)
}

/// The witness of a case from its file.
pub fn witness(folder: &Path) -> Result<Vec<Field>, Error> {
    Ok(wtns::read(File::open(wtns_path(folder))?)?.to_vec())
}
