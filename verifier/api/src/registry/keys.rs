//! Which verifying keys the bank relies on: pinned with a signed manifest, retired when their time is over.

use std::collections::BTreeMap;
use std::path::Path;

use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::{KeyPolicy, VerifyingKey};
use covenant_proofs::statement::Statement as _;
use covenant_statements::compliance::Compliance;

use super::load::{damaged, place};
use super::{KEYS, MANIFESTS, RETIREMENTS, Registry};
use crate::document::Document as _;
use crate::documents::{KeyManifest, KeyRetirement, PinnedKey, RetirementCause};
use crate::log::view::is_development;
use crate::refusals::{KEY_RETIRED, MALFORMED_DOCUMENT, UNKNOWN_VERIFYING_KEY, UNLISTED_KEY, WRONG_SIGNER};
use crate::sign::{Signed, Signer, Verified};
use crate::types::{Hex32, Text, UtcTime};
use crate::{files, keys, limits};

impl Registry {
    /// A manifest of somebody whose word the bank takes for keys: the bank itself, the operator of a log that it relies on, or
    /// `also`, whom it names for the occasion.
    ///
    /// # Errors
    /// `wrong-signer`, `wrong-signature`.
    pub fn vouched(
        &self,
        manifest: &Signed<KeyManifest>,
        also: Option<&Hex32>,
    ) -> Result<Verified<KeyManifest>, Refusal> {
        let signer = manifest.claimed_signer();
        let operators = self.logs.values().map(|log| &log.operator);
        if operators
            .chain([&self.bank.key])
            .chain(also)
            .any(|known| *known == signer)
        {
            return manifest.clone().verify(&signer);
        }
        Err(Refusal::new(&WRONG_SIGNER, format!("signed by {signer}"))
            .at("verifying-key-manifest: signer")
            .expected("the bank's own key, that of the operator of a trusted log, or the one in --manifest-key"))
    }

    /// Pins a development key: from now on proofs under it count, and show nothing.
    ///
    /// # Errors
    /// `wrong-signer`, `development-key` unless allowed, whatever else is wrong with the key, `unlisted-key` where it is no
    /// development key, `file-unwritable`.
    pub fn pin_key(
        &mut self,
        signer: &Signer,
        bytes: &[u8],
        policy: KeyPolicy,
        now: UtcTime,
    ) -> Result<Verified<PinnedKey>, Refusal> {
        self.pin(signer, bytes, None, policy, now)
    }

    /// Pins a key by the manifest of somebody whose word the bank takes ([`Registry::vouched`]): from now on proofs under it count.
    ///
    /// # Errors
    /// As [`Registry::pin_key`]; `manifest-mismatch` where the manifest is not of this key.
    pub fn pin_vouched(
        &mut self,
        signer: &Signer,
        bytes: &[u8],
        manifest: Verified<KeyManifest>,
        policy: KeyPolicy,
        now: UtcTime,
    ) -> Result<Verified<PinnedKey>, Refusal> {
        self.pin(signer, bytes, Some(manifest), policy, now)
    }

    fn pin(
        &mut self,
        signer: &Signer,
        bytes: &[u8],
        manifest: Option<Verified<KeyManifest>>,
        policy: KeyPolicy,
        now: UtcTime,
    ) -> Result<Verified<PinnedKey>, Refusal> {
        self.expect_bank(signer)?;
        let key = keys::open(bytes, policy)?;
        let (id, development) = (keys::id(&key), is_development(&key));
        match &manifest {
            Some(manifest) => keys::expect_described(manifest, &key)?,
            None if development => {}
            None => return Err(unlisted(&id)),
        }
        if let Some(retirement) = self.retirements.get(&id) {
            return Err(of_retirement(retirement));
        }
        let statement = Text::parse(Compliance::ID).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e))?;
        let pinned = signer.sign(PinnedKey {
            verifying_key: id,
            statement,
            development,
            manifest: manifest.as_ref().map(Verified::id),
            pinned: now,
        })?;
        // The key's bytes and its manifest first: a record without them would be a damaged registry.
        files::replace(&self.directory.join(KEYS).join(format!("{id}.bin")), &key.to_bytes())?;
        match manifest {
            Some(manifest) => {
                files::create_directory(&self.directory.join(MANIFESTS))?;
                self.replace(MANIFESTS, &id, &manifest)?;
                self.manifests.insert(id, manifest);
            }
            None => {
                self.manifests.remove(&id);
            }
        }
        self.replace(KEYS, &id, &pinned)?;
        self.keys.insert(id, pinned.clone());
        Ok(pinned)
    }

    /// Retires a pinned key: no request names it any more. Where it was compromised, no proof under it counts any more either.
    ///
    /// # Errors
    /// `wrong-signer`, `unknown-verifying-key`, `key-retired` unless a superseded key is found compromised, `file-unwritable`.
    pub fn retire_key(
        &mut self,
        signer: &Signer,
        id: &Hex32,
        cause: RetirementCause,
        reason: Text,
        now: UtcTime,
    ) -> Result<Verified<KeyRetirement>, Refusal> {
        self.expect_bank(signer)?;
        self.pinned(id)?;
        let worse = (RetirementCause::Superseded, RetirementCause::Compromised);
        if let Some(earlier) = self
            .retirements
            .get(id)
            .filter(|earlier| (earlier.cause, cause) != worse)
        {
            return Err(of_retirement(earlier));
        }
        let retirement = signer.sign(KeyRetirement {
            verifying_key: *id,
            cause,
            reason,
            retired: now,
        })?;
        files::create_directory(&self.directory.join(RETIREMENTS))?;
        self.replace(RETIREMENTS, id, &retirement)?;
        self.retirements.insert(*id, retirement.clone());
        Ok(retirement)
    }

    /// A pinned key's record.
    ///
    /// # Errors
    /// `unknown-verifying-key`.
    pub fn pinned(&self, id: &Hex32) -> Result<&Verified<PinnedKey>, Refusal> {
        self.keys
            .get(id)
            .ok_or_else(|| Refusal::new(&UNKNOWN_VERIFYING_KEY, id.to_string()))
    }

    /// The pinned verifying keys, by id.
    pub fn keys(&self) -> impl Iterator<Item = &Verified<PinnedKey>> {
        self.keys.values()
    }

    /// Those that requests may name.
    pub fn keys_in_use(&self) -> impl Iterator<Item = &Verified<PinnedKey>> {
        self.keys()
            .filter(|key| !self.retirements.contains_key(&key.verifying_key))
    }

    /// The manifest by which a key was pinned.
    pub fn manifest_of(&self, id: &Hex32) -> Option<&Verified<KeyManifest>> {
        self.manifests.get(id)
    }

    /// The end of a pinned key.
    pub fn retirement_of(&self, id: &Hex32) -> Option<&Verified<KeyRetirement>> {
        self.retirements.get(id)
    }

    /// A pinned key that requests may name.
    pub(super) fn expect_in_use(&self, id: &Hex32) -> Result<(), Refusal> {
        self.pinned(id)?;
        self.retirements
            .get(id)
            .map_or(Ok(()), |earlier| Err(of_retirement(earlier)))
    }

    /// A pinned key under which proofs count, if they were asked for before it was retired.
    pub(super) fn expect_sound(&self, id: &Hex32) -> Result<&Verified<PinnedKey>, Refusal> {
        match self.retirements.get(id) {
            Some(earlier) if earlier.cause == RetirementCause::Compromised => Err(of_retirement(earlier)),
            _ => self.pinned(id),
        }
    }

    /// Opens a pinned verifying key. Its file must hash to the id that was pinned, and a key that is none for development must have
    /// been pinned by a manifest.
    ///
    /// # Errors
    /// `unknown-verifying-key`, `registry-damaged`, `development-key`, `unlisted-key`, and whatever else is wrong with the key.
    pub fn verifying_key(&self, id: &Hex32, policy: KeyPolicy) -> Result<VerifyingKey, Refusal> {
        let pinned = self.pinned(id)?;
        let path = self.directory.join(KEYS).join(format!("{id}.bin"));
        let bytes = files::read(&path, limits::VERIFYING_KEY_BYTES_MAX)?;
        let key = keys::open(&bytes, policy).map_err(|r| place(r, &path))?;
        if keys::id(&key) != *id || is_development(&key) != pinned.development {
            return Err(damaged(
                &path,
                format!("the file holds key {}", key.id()),
                format!("key {id}"),
            ));
        }
        match self.manifests.get(id) {
            Some(manifest) => keys::expect_described(manifest, &key).map_err(|r| place(r, &path))?,
            None if pinned.development => {}
            None => return Err(unlisted(id)),
        }
        Ok(key)
    }
}

fn unlisted(id: &Hex32) -> Refusal {
    Refusal::new(
        &UNLISTED_KEY,
        format!("key {id}, which says of itself that it comes from a ceremony"),
    )
    .expected("a signed manifest of this key")
}

fn of_retirement(retirement: &KeyRetirement) -> Refusal {
    let KeyRetirement {
        verifying_key: id,
        cause,
        reason,
        retired,
    } = retirement;
    Refusal::new(
        &KEY_RETIRED,
        format!("key {id} was retired on {retired} ({}): {reason}", cause.name()),
    )
}

/// The manifests by which keys were pinned. The bank signed the manifest's id; whose signature the manifest bears was decided when it
/// was pinned, so it is checked under the key that the file names.
pub(super) fn load_manifests(
    directory: &Path,
    keys: &BTreeMap<Hex32, Verified<PinnedKey>>,
) -> Result<BTreeMap<Hex32, Verified<KeyManifest>>, Refusal> {
    let mut manifests = BTreeMap::new();
    for pinned in keys.values() {
        let (id, Some(expected)) = (pinned.verifying_key, pinned.manifest) else {
            continue;
        };
        let path = directory.join(format!("{id}.json"));
        let manifest: Signed<KeyManifest> =
            Signed::from_json(&files::read(&path, KeyManifest::BYTES_MAX)?).map_err(|r| place(r, &path))?;
        let signer = manifest.claimed_signer();
        let manifest = manifest.verify(&signer).map_err(|r| place(r, &path))?;
        if manifest.id() != expected || manifest.verifying_key != id {
            let found = format!(
                "the file holds manifest {} of key {}",
                manifest.id(),
                manifest.verifying_key
            );
            return Err(damaged(
                &path,
                found,
                format!("manifest {expected} of key {id}, by which it was pinned"),
            ));
        }
        manifests.insert(id, manifest);
    }
    Ok(manifests)
}
