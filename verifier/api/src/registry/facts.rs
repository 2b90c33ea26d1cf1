//! A registry of files as what a verdict rests on.

use std::sync::Arc;

use covenant_policy::refusal::Refusal;

use super::Registry;
use crate::documents::{PinnedKey, StatementBasis};
use crate::refusals::UNKNOWN_POLICY;
use crate::sign::Verified;
use crate::types::{FieldElement, Hex32, UtcTime};
use crate::verdict::{Case, Facts};

/// One bank keeps the registry, so its key need not be asked for.
impl Facts for Registry {
    fn case(&self, request: &Hex32) -> Result<Case, Refusal> {
        let request = self.request(request)?;
        let policy = self.policies.get(&request.policy);
        Ok(Case {
            policy: policy
                .ok_or_else(|| Refusal::new(&UNKNOWN_POLICY, request.policy.to_string()))?
                .clone(),
            invitation: Arc::new(self.invitation(&request.invitation)?.clone()),
            applicant: Arc::new(self.enrolled(&request.invitation)?.clone()),
            request: Arc::new(request.clone()),
        })
    }

    fn granted(&self, _bank: &Hex32, attestor: &Hex32) -> Result<u8, Refusal> {
        Ok(self.grant_to(attestor)?.assurance_max)
    }

    fn pinned_key(&self, _bank: &Hex32, id: &Hex32) -> Result<Arc<Verified<PinnedKey>>, Refusal> {
        Ok(Arc::new(self.expect_sound(id)?.clone()))
    }

    fn answered(&self, request: &Hex32) -> Result<Option<UtcTime>, Refusal> {
        Ok(self.verdict_on(request).map(|verdict| verdict.decided))
    }

    fn versions(&self, tag: &FieldElement) -> Result<Vec<(FieldElement, StatementBasis)>, Refusal> {
        let all = self.verdicts().flat_map(|verdict| verdict.versions());
        Ok(all
            .filter_map(|(t, link, basis)| (t == *tag).then_some((link, basis)))
            .collect())
    }
}
