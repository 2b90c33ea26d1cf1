//! Verifying keys: the operator's registry of them, and which of them a bank relies on.
//!
//! Two words are needed before a key counts. The operator says where it comes from, since when and until when it is in use; the bank
//! says that it relies on it. Neither can bring a key in for the other.

use covenant_policy::refusal::Refusal;
use covenant_proofs::statement::Statement as _;
use covenant_statements::compliance::Compliance;

use super::Effects;
use super::admit::{admit, admit_operator, expect_stream, not_ahead};
use crate::documents::{KeyManifest, KeyRetirement, PinnedKey, RetirementCause};
use crate::keys;
use crate::log::cells;
use crate::log::record::{Filed, FiledKey};
use crate::log::view::{State, View, is_development};
use crate::refusals::{KEY_REGISTERED, KEY_RETIRED, UNLISTED_KEY, WRONG_KEY};
use crate::types::UtcTime;

pub(super) fn registration<S: State>(
    view: &View<'_, S>,
    filed: &FiledKey<KeyManifest>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let admitted = admit_operator(view, &filed.filing, &filed.document)?;
    let manifest = &admitted.document;
    not_ahead("verifying-key-manifest: signed", manifest.signed, time)?;
    keys::expect_described(manifest, &view.key_in(&filed.blob)?)?;
    let cell = cells::registered(&manifest.verifying_key);
    if let Some(earlier) = view.cell(cell.clone())? {
        let what = format!("key {} in entry {}", manifest.verifying_key, earlier.version);
        return Err(Refusal::new(&KEY_REGISTERED, what));
    }
    let mut effects = admitted.effects().set(cell, filed.blob.0);
    effects.blobs.push(view.blob(&filed.blob)?);
    Ok(effects)
}

pub(super) fn retirement<S: State>(
    view: &View<'_, S>,
    filed: &Filed<KeyRetirement>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let admitted = admit_operator(view, &filed.filing, &filed.document)?;
    let retirement = &admitted.document;
    let id = retirement.verifying_key;
    not_ahead("key-retirement: retired", retirement.retired, time)?;
    if view.cell(cells::registered(&id))?.is_none() {
        return Err(Refusal::new(&UNLISTED_KEY, format!("key {id}")).expected("a key of this log's registry"));
    }
    // A key that was superseded may turn out to be compromised; nothing else follows a retirement.
    if let Some(earlier) = view.retired(&id)?
        && (earlier.cause, retirement.cause) != (RetirementCause::Superseded, RetirementCause::Compromised)
    {
        let what = format!("key {id} in entry {}: {}", earlier.index, earlier.cause.name());
        return Err(Refusal::new(&KEY_RETIRED, what));
    }
    let value = cells::write_cause(retirement.cause);
    Ok(admitted.effects().set(cells::retired(&id), value))
}

pub(super) fn pinned<S: State>(
    view: &View<'_, S>,
    filed: &FiledKey<PinnedKey>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let admitted = admit(view, &filed.filing, &filed.document)?;
    let (bank, pinned) = (admitted.document.signer(), &admitted.document);
    expect_stream(&admitted.stream, &view.bank_stream(&bank)?)?;
    not_ahead("pinned-key: pinned", pinned.pinned, time)?;
    let key = view.key_in(&filed.blob)?;
    let is = (keys::id(&key), key.statement(), is_development(&key));
    if is != (pinned.verifying_key, pinned.statement.as_str(), pinned.development) || is.1 != Compliance::ID {
        return Err(
            Refusal::new(&WRONG_KEY, format!("the key is {} for {}", key.id(), key.statement()))
                .at("pinned-key")
                .expected(format!("{} for {}", pinned.verifying_key, pinned.statement)),
        );
    }
    view.expect_active(&pinned.verifying_key, pinned.development)?;
    let mut effects = admitted
        .effects()
        .set(cells::key(&bank, &pinned.verifying_key), filed.blob.0);
    effects.blobs.push(view.blob(&filed.blob)?);
    Ok(effects)
}
