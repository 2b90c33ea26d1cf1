//! The proving key: the development key that `covenant keys make --development` makes too, kept where that keeps it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::{KeyPolicy, KeyStore, ProvingKey, SetupStage, development_with_progress};
use covenant_proofs::shape::Shape;
use covenant_statements::compliance::Compliance;

use super::of_proofs;
use crate::refusals::INTERNAL_FAULT;

/// What the key is made from. Anybody can know it, so anybody can forge under it.
const SEED: &str = "covenant-development-2";
/// Where keys lie when there is no data directory.
const FOLDER: &str = "keys";

/// The key: from the store in the user's data directory (or else in this directory), where it is made if it is missing.
pub(super) fn proving_key(directory: &Path, say: &dyn Fn(&str)) -> Result<ProvingKey, Refusal> {
    let data = data_directory(std::env::var_os("XDG_DATA_HOME"), std::env::var_os("HOME"));
    let store = KeyStore::new(data.as_deref().unwrap_or(directory).join(FOLDER));
    let shape = Shape::of::<Compliance>().map_err(|error| Refusal::new(&INTERNAL_FAULT, error.to_string()))?;
    let shape = Hex32(shape.matrices).to_string();
    let refused = |error: covenant_proofs::keys::KeyError| of_proofs(error.code(), error.to_string());
    let held = store.list_of::<Compliance>().map_err(refused)?;
    let held = held
        .into_iter()
        .find(|manifest| manifest.seed.as_deref() == Some(SEED) && manifest.matrices_sha256 == shape);
    if let Some(id) = held.and_then(|manifest| manifest.key_id()) {
        let policy = KeyPolicy {
            allow_development: true,
        };
        return store.proving::<Compliance>(id, policy).map_err(refused);
    }
    let key = development_with_progress::<Compliance>(SEED, &mut |stage| {
        say(match stage {
            SetupStage::Circuit => "making the development key, once: building the circuit",
            SetupStage::Polynomials => "making the development key, once: evaluating polynomials",
            SetupStage::PointsG1 => "making the development key, once: multiplying points of G1",
            SetupStage::PointsG2 => "making the development key, once: multiplying points of G2",
            SetupStage::Done => "making the development key, once: writing it down",
        });
    })
    .map_err(refused)?;
    store.save(&key).map_err(refused)?;
    Ok(key)
}

/// `covenant` in the XDG data directory; relative paths in the variable are to be ignored (XDG base directory 0.8).
fn data_directory(data_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(data_home)
        .or_else(|| absolute(home).map(|home| home.join(".local/share")))
        .map(|data| data.join("covenant"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lie_where_the_enterprises_program_keeps_them() {
        let some = |text: &str| Some(text.into());
        let shared = some("/user/.local/share/covenant").map(|path: OsString| path.into());
        assert_eq!(
            data_directory(some("/data"), some("/user")),
            Some("/data/covenant".into())
        );
        assert_eq!(data_directory(some("data"), some("/user")), shared);
        assert_eq!(data_directory(None, some("/user")), shared);
        assert_eq!(data_directory(None, None), None);
    }
}
