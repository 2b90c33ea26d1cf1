//! A service with what load needs: requests that wait for their proofs, or invitations that wait for enrolments.

use std::ops::Range;

use covenant_api::document::to_json;
use covenant_api::documents::{Code, Enrolment};
use covenant_api::log::Record;
use covenant_api::types::FieldElement;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::line::{self, Line};
use crate::fixture::{Call, Fixture};
use crate::service::Service;

/// The flags that set this.
fn flags<'a>(settings: &[&'a str]) -> Vec<&'a str> {
    let set = settings.iter().flat_map(|setting| ["--set", *setting]);
    std::iter::once("--allow-development-keys").chain(set).collect()
}

/// A running service, and what is filed with it.
pub struct Scene {
    /// The service.
    pub service: Service,
    /// The bank's token.
    pub token: String,
    /// What was filed, and what answers it.
    pub fixture: Fixture,
}

impl Scene {
    /// A service with as many requests open as there are simulated bundles, over so many applicants.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn asking(bundles: usize, applicants: usize, settings: &[&str]) -> Self {
        let scene = Self::started(bundles, applicants, settings);
        scene.file(scene.fixture.filings());
        scene
    }

    /// A service with so many invitations that nobody has redeemed.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn inviting(invitations: usize, settings: &[&str]) -> Self {
        let scene = Self::started(0, invitations, settings);
        let fixture = &scene.fixture;
        let before = [&fixture.participant, &fixture.grant, &fixture.policy, &fixture.key];
        scene.file(before.into_iter().chain(&fixture.invitations));
        scene
    }

    fn started(bundles: usize, applicants: usize, settings: &[&str]) -> Self {
        let fixture = Fixture::simulated(bundles, applicants).expect("a fixture");
        let mut service = Service::new(fixture.origin().as_str());
        let token = service.bank_token(&fixture.bank(), "Banque Exemple");
        // The bank files everything by itself, as fast as it can.
        service.start_with(&flags(&[&["calls_per_minute_max=0"], settings].concat()));
        Self {
            service,
            token,
            fixture,
        }
    }

    /// Stops the service, and starts it again with these settings and otherwise the defaults.
    ///
    /// # Panics
    /// Where it does not stop or start.
    pub fn restart(&mut self, settings: &[&str]) {
        self.service.stop();
        self.service.start_with(&flags(settings));
    }

    /// Files these calls, one after the other on one connection.
    fn file<'a>(&self, calls: impl Iterator<Item = &'a Call>) {
        let mut line = Line::open(self.service.address()).expect("a connection");
        for call in calls {
            let token = (!matches!(call.record, Record::Enrolment { .. })).then_some(self.token.as_str());
            let (status, body) = line.call(&line::post(call.path, token, &call.body)).expect("an answer");
            assert_eq!(status, 201, "{}: {}", call.path, String::from_utf8_lossy(&body));
        }
    }

    /// The calls that send these bundles.
    ///
    /// # Panics
    /// Where there are not so many.
    pub fn proofs(&self, which: Range<usize>) -> Vec<Vec<u8>> {
        let bundles = self.fixture.bundles[which].iter();
        bundles
            .map(|bundle| line::post("/v1/proofs", None, &bundle.body))
            .collect()
    }

    /// Calls that redeem every invitation so often, all of them different: each appends an entry. Whether the code is right, only the
    /// bank can tell. Between two of one invitation lie those of all others.
    ///
    /// # Panics
    /// Where they cannot be made.
    pub fn enrolments(&self, each: usize) -> Vec<Vec<u8>> {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let code = Code::random(&mut rng);
        let mut enrol = |who: &crate::fixture::Applicant| {
            let nym = FieldElement::random(&mut rng);
            let enrolment = Enrolment::redeem(who.invitation.id(), nym, who.signer.public(), &code);
            let body = to_json(&enrolment.expect("an enrolment")).expect("JSON");
            line::post("/v1/enrolments", None, &body)
        };
        let turns = (0..each).flat_map(|_| self.fixture.people());
        turns.map(&mut enrol).collect()
    }
}
