//! A policy from a file: what a bank signed, or the source text of one that is being written.

use std::path::Path;

use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::documents::Policy;
use covenant_api::files;
use covenant_api::limits;
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use covenant_policy::policy::source;
use covenant_policy::program::Program;
use covenant_policy::refusal::Refusal;
use covenant_policy::{Compiled, compile};

/// A compiled policy, and who signed it.
pub(super) struct PolicyFile {
    compiled: Compiled,
    signed: Option<(Hex32, Hex32)>,
}

impl PolicyFile {
    /// Reads and compiles a policy. A signature is checked against the key that the file names.
    pub(super) fn read(path: &Path) -> Result<Self, Refusal> {
        let bytes = files::read(path, limits::POLICY_DOCUMENT_BYTES_MAX)?;
        let at = |r: Refusal| r.in_file(&path.display());
        if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
            let signed: Signed<Policy> = Signed::from_json(&bytes).map_err(at)?;
            let signer = signed.claimed_signer();
            let checked = signed.verify(&signer).and_then(CheckedPolicy::check).map_err(at)?;
            return Ok(Self {
                compiled: checked.compiled().clone(),
                signed: Some((checked.id(), signer)),
            });
        }
        let text = source::text(&bytes).map_err(at)?;
        Ok(Self {
            compiled: compile(text).map_err(at)?,
            signed: None,
        })
    }

    /// What the compiler made of it.
    pub(super) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// The program.
    pub(super) fn program(&self) -> &Program {
        &self.compiled.program
    }

    /// Its id and its signer, where it is signed.
    pub(super) fn signed(&self) -> Option<&(Hex32, Hex32)> {
        self.signed.as_ref()
    }

    /// The policy's one-line title.
    pub(super) fn title(&self) -> &str {
        &self.compiled.texts.title
    }
}
