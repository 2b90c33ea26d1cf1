//! The service is killed with SIGKILL, again and again, while enterprises send proofs and the bank decides; nothing that was
//! acknowledged is lost, and nothing is accepted twice.
//!
//! A campaign begins with a new log and the fixture's filings. In each round a dozen connections send bundles, one after the other, until
//! the process is killed with at least eight calls on their way. After the restart every receipt so far is held against the log. When
//! a campaign runs out of bundles, all of them are sent again, and the auditor rechecks the whole log; then a new one begins. The
//! requests name the log's origin and not its keys, so one fixture serves every campaign.
//!
//! `COVENANT_KILLS` changes the number of kills. With `--nocapture` each of them is shown.

#[path = "crash/round.rs"]
mod round;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use covenant_api::client::answers::{Filed, Proven};
use covenant_api::document::Document as _;
use covenant_api::log::Record;
use covenant_api::types::Hex32;
use covenant_api::{host, receipt};
use covenant_ledger::SignedCheckpoint;
use covenant_policy::refusal::Refusal;
use covenant_tests::fixture::{Call, Fixture};
use covenant_tests::programs::Programs;
use covenant_tests::service::Service;
use covenant_tests::service::wire::{Answer, Connection, Request, call};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use round::{Fuse, IN_FLIGHT_MIN, Round, light_the_fuse, lock, next};

/// How often it is killed.
const KILLS: usize = 50;
/// Bundles of a campaign, and the applicants who send them.
const BUNDLES: usize = 64;
const APPLICANTS: usize = 8;
/// Connections that send bundles; one more files decisions.
const CONNECTIONS: usize = 12;
/// What is known of a bundle.
enum Fate {
    /// It was never answered; perhaps it was never sent.
    Open,
    /// It was refused as used up, after a try that was not answered: its verdict must be there.
    Used,
    /// There is a receipt.
    Acknowledged(Box<Proven>),
}

/// What the bank knows of its decision on a verdict.
struct Decided {
    call: Call,
    /// The entry, once it is acknowledged.
    index: Option<u64>,
}

struct Campaign<'f> {
    service: Service,
    fixture: &'f Fixture,
    token: String,
    fates: Vec<Fate>,
    decisions: BTreeMap<usize, Decided>,
    /// The greatest checkpoint that anybody saw.
    seen: Option<SignedCheckpoint>,
}

/// What a round came to.
struct Outcome {
    in_flight: usize,
    fuse: Fuse,
    answered: usize,
    restart: Duration,
}

/// Bundles of even numbers go out under an idempotency key, the others under none.
fn key(n: usize) -> Option<String> {
    n.is_multiple_of(2).then(|| format!("bundle-{n}"))
}

impl<'f> Campaign<'f> {
    fn new(fixture: &'f Fixture) -> Self {
        let service = Service::started(fixture.origin().as_str());
        let token = service.bank_token(&fixture.bank(), "Banque Exemple");
        service.seed(fixture, &token);
        Self {
            fates: fixture.bundles.iter().map(|_| Fate::Open).collect(),
            decisions: BTreeMap::new(),
            seen: None,
            service,
            fixture,
            token,
        }
    }

    fn open(&self) -> Vec<usize> {
        let fates = self.fates.iter().enumerate();
        fates
            .filter_map(|(n, fate)| matches!(fate, Fate::Open).then_some(n))
            .collect()
    }

    fn acknowledged(&self) -> usize {
        let bundles = self.fates.iter().filter(|fate| matches!(fate, Fate::Acknowledged(_)));
        bundles.count() + self.decisions.values().filter(|d| d.index.is_some()).count()
    }

    fn proof(&self, n: usize) -> Request {
        Request::post("/v1/proofs", None, key(n).as_deref(), &self.fixture.bundles[n].body)
    }

    fn filing(&self, call: &Call) -> Request {
        let Record::Decision(filed) = &call.record else {
            panic!("a {}", call.record.kind());
        };
        let key = format!("decision-{}", filed.filing.unverified().number);
        Request::post(call.path, Some(&self.token), Some(&key), &call.body)
    }

    /// Sends what is open on many connections, and kills the service.
    fn round(&mut self, rng: &mut ChaCha20Rng) -> Outcome {
        let mut waiting = self.open();
        // A bundle that was not answered may go first or last.
        for place in (1..waiting.len()).rev() {
            waiting.swap(place, rng.gen_range(0..=place));
        }
        let decision = self.next_decision();
        let fuse = Fuse::random(rng);
        let round = Round::new(waiting);
        let in_flight = {
            let (this, round) = (&*self, &round);
            thread::scope(|scope| {
                for _ in 0..CONNECTIONS {
                    scope.spawn(|| this.send_bundles(round));
                }
                if let Some(n) = decision {
                    scope.spawn(move || this.send_decision(round, n));
                }
                light_the_fuse(round, fuse, || this.service.kill())
            })
        };
        self.service.bury();
        let Round { answers, decided, .. } = round.into_inner().unwrap_or_else(PoisonError::into_inner);
        let answered = answers.len() + usize::from(decided.is_some());
        for (n, answer) in answers {
            self.learn(n, &answer);
        }
        if let Some((n, answer)) = decided {
            self.learn_decision(n, &answer);
        }
        let restart = self.service.start();
        Outcome {
            in_flight,
            fuse,
            answered,
            restart,
        }
    }

    fn send_bundles(&self, round: &Mutex<Round>) {
        loop {
            let Some(n) = next(round) else { return };
            let Ok(answer) = self.send(round, &self.proof(n)) else {
                return;
            };
            lock(round).answers.push((n, answer));
        }
    }

    fn send_decision(&self, round: &Mutex<Round>, n: usize) {
        if let Ok(answer) = self.send(round, &self.filing(&self.decisions[&n].call)) {
            lock(round).decided = Some((n, answer));
        }
    }

    /// A call that counts as in flight from when all of it has left until all of the answer has come.
    fn send(&self, round: &Mutex<Round>, request: &Request) -> io::Result<Answer> {
        let waiting = Connection::open(self.service.address())?.send(request)?;
        lock(round).in_flight += 1;
        let answer = waiting.answer();
        lock(round).in_flight -= 1;
        answer
    }

    /// Signs the next decision, on a verdict that was acknowledged. The bank's acts are numbered, so there is one at a time.
    fn next_decision(&mut self) -> Option<usize> {
        let n = (0..self.fates.len()).find(|n| !self.decisions.contains_key(n) && self.receipt(*n).is_some())?;
        let verdict = self.receipt(n)?.verdict.clone();
        let number = self.fixture.next_number() + self.decisions.len() as u64;
        let now = host::now().expect("a clock");
        let call = self.fixture.decision(n, &verdict, number, now).expect("a decision");
        self.decisions.insert(n, Decided { call, index: None });
        Some(n)
    }

    fn receipt(&self, n: usize) -> Option<&Proven> {
        match &self.fates[n] {
            Fate::Acknowledged(proven) => Some(proven),
            Fate::Open | Fate::Used => None,
        }
    }

    /// Takes an answer to a bundle to heart.
    fn learn(&mut self, n: usize, answer: &Answer) {
        if answer.status == 409 && matches!(self.fates[n], Fate::Open) {
            assert_eq!(answer.code(), "request-used", "bundle {n}");
            assert_eq!(
                key(n),
                None,
                "under its key, a bundle that was recorded gets its verdict again"
            );
            self.fates[n] = Fate::Used;
            return;
        }
        let proven = self.service.proven(&self.fixture.bundles[n].body, answer);
        self.see(&proven.receipt.checkpoint);
        self.fates[n] = Fate::Acknowledged(Box::new(proven));
    }

    fn learn_decision(&mut self, n: usize, answer: &Answer) {
        assert!(matches!(answer.status, 200 | 201), "{}", answer.json());
        let filed: Filed = serde_json::from_slice(&answer.body).expect("a receipt");
        let checked = receipt::check(&filed.receipt, &self.service.trust().log_key).expect("a receipt that holds");
        self.see(&filed.receipt.checkpoint);
        self.decisions.get_mut(&n).expect("it was signed").index = Some(checked.index);
    }

    fn see(&mut self, note: &str) {
        let checkpoint = SignedCheckpoint::open(note, &self.service.trust().log_key).expect("a checkpoint");
        if self.seen.as_ref().is_none_or(|seen| seen.size() < checkpoint.size()) {
            self.seen = Some(checkpoint);
        }
    }

    /// Demands that the log continues what anybody saw of it.
    fn continues(&mut self) -> Result<(), Refusal> {
        let client = self.service.client(None);
        let now = client.checkpoint(&self.service.trust().log_key)?;
        if let Some(seen) = &self.seen {
            client.continues(seen, &now)?;
        }
        self.seen = Some(now);
        Ok(())
    }

    /// Holds everything that was acknowledged against the log as it is now; how much of it is lost.
    fn lost(&self) -> usize {
        let client = self.service.client(None);
        let key = &self.service.trust().log_key;
        let mut lost = 0;
        for proven in self.fates.iter().filter_map(|fate| match fate {
            Fate::Acknowledged(proven) => Some(proven),
            Fate::Open | Fate::Used => None,
        }) {
            let verified = proven.receipt.verify(key).expect("a receipt stays true");
            let found = client.entry(proven.index);
            lost += usize::from(!found.is_ok_and(|entry| entry == verified.entry));
        }
        for decided in self.decisions.values() {
            if let Some(index) = decided.index {
                let receipt = self.service.client(Some(&self.token)).receipt(index);
                let held = receipt.ok().and_then(|receipt| receipt.opening);
                let record = held.and_then(|opening| Record::from_bytes(&opening.body).ok());
                lost += usize::from(record.as_ref() != Some(&decided.call.record));
            }
        }
        lost
    }

    /// How many of the open bundles have a verdict in the log that nobody was told of.
    fn untold(&self) -> usize {
        let states = self.open().into_iter().map(|n| {
            let path = format!("/v1/requests/{}", self.fixture.bundles[n].request);
            self.service.get(&path, None)["state"].clone()
        });
        states.filter(|state| state != "open").count()
    }

    /// Files the decision that was not answered once more: the same call gives the same answer, or is done now.
    fn settle_decision(&mut self) {
        let open = self.decisions.iter().find(|(_, decided)| decided.index.is_none());
        if let Some((n, request)) = open.map(|(n, decided)| (*n, self.filing(&decided.call))) {
            let answer = call(self.service.address(), &request).expect("an answer");
            self.learn_decision(n, &answer);
        }
    }

    /// Sends every bundle again; what is open is answered now.
    fn resubmit(&mut self) {
        let address = self.service.address();
        let send = |request: &Request| call(address, request).expect("an answer");
        for n in 0..self.fates.len() {
            let plain = Request::post("/v1/proofs", None, None, &self.fixture.bundles[n].body);
            let again = send(&self.proof(n));
            match (&self.fates[n], key(n)) {
                (Fate::Acknowledged(first), Some(_)) if again.status == 200 => {
                    let proven = self.service.proven(&self.fixture.bundles[n].body, &again);
                    assert_eq!(
                        (proven.index, &proven.verdict),
                        (first.index, &first.verdict),
                        "bundle {n}"
                    );
                }
                (Fate::Acknowledged(_) | Fate::Used, Some(_)) => panic!("bundle {n}: {}", again.json()),
                (Fate::Acknowledged(_) | Fate::Used, None) => assert_eq!(again.code(), "request-used", "bundle {n}"),
                (Fate::Open, _) => self.learn(n, &again),
            }
            let last = send(&plain);
            assert_eq!((last.status, last.code().as_str()), (409, "request-used"), "bundle {n}");
        }
    }

    /// Ends the campaign: every bundle is sent again, each request has exactly one verdict, and the auditor finds the log sound.
    fn end(mut self) -> usize {
        self.resubmit();
        let mut verdicts: BTreeMap<Hex32, Vec<(u64, Hex32)>> = BTreeMap::new();
        for event in self.service.events(&self.token) {
            if let Record::Verdict { verdict, .. } = event.record {
                let id = verdict.unverified().id().expect("an id");
                let of = verdicts.entry(verdict.unverified().request).or_default();
                of.push((event.index, id));
            }
        }
        assert_eq!(
            verdicts.len(),
            self.fixture.bundles.len(),
            "a request without a verdict"
        );
        for (n, proved) in self.fixture.bundles.iter().enumerate() {
            let found = &verdicts[&proved.request];
            assert_eq!(found.len(), 1, "the request of bundle {n} has several verdicts");
            if let Some(proven) = self.receipt(n) {
                let id = proven.verdict.unverified().id().expect("an id");
                assert_eq!(found[0], (proven.index, id), "bundle {n}");
            }
        }
        assert_eq!((self.continues(), self.lost()), (Ok(()), 0));
        let export = self.service.export(Some(self.service.auditor()), "log.export");
        self.service.stop();
        let trust = self
            .service
            .trust_file(&[self.fixture.key_id()], &[self.fixture.bank()]);
        let report = self.service.audit(&export, Some(&trust), 0);
        assert_eq!(report["result"], "sound", "{report:#}");
        assert_eq!(report["proofs"], self.fixture.bundles.len());
        verdicts.len()
    }
}

fn kills() -> usize {
    let named = std::env::var("COVENANT_KILLS").ok();
    named.map_or(KILLS, |text| text.parse().expect("COVENANT_KILLS is a number"))
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_accepted_twice() {
    let fixture = Fixture::load(BUNDLES, APPLICANTS);
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let (mut kills_left, mut kill, mut campaigns, mut resubmitted) = (kills(), 0, 0, 0);
    let mut restarts: Vec<Duration> = Vec::new();
    let began = Instant::now();
    while kills_left > 0 {
        campaigns += 1;
        let mut campaign = Campaign::new(&fixture);
        while kills_left > 0 && campaign.open().len() > CONNECTIONS {
            let outcome = campaign.round(&mut rng);
            let counts = outcome.in_flight >= IN_FLIGHT_MIN;
            kills_left -= usize::from(counts);
            kill += usize::from(counts);
            let untold = campaign.untold();
            campaign.settle_decision();
            let (lost, acknowledged) = (campaign.lost(), campaign.acknowledged());
            println!(
                "kill {kill:2}{} (campaign {campaigns}, {:4.1} ms after answer {:2}): in flight {:2}, answered {:2}, of the unanswered \
                 {untold} recorded; acknowledged so far {acknowledged:2}, lost {lost}; restart {:3} ms",
                if counts { ' ' } else { '*' },
                outcome.fuse.time.as_secs_f64() * 1e3,
                outcome.fuse.answers,
                outcome.in_flight,
                outcome.answered,
                outcome.restart.as_millis(),
            );
            assert_eq!((campaign.continues(), lost), (Ok(()), 0));
            restarts.push(outcome.restart);
        }
        resubmitted += campaign.end();
    }
    restarts.sort();
    println!(
        "{kill} kills in {campaigns} campaigns, {resubmitted} bundles sent again, {:.1} s; restart: median {} ms, longest {} ms",
        began.elapsed().as_secs_f64(),
        restarts[restarts.len() / 2].as_millis(),
        restarts[restarts.len() - 1].as_millis(),
    );
}

/// What the campaigns look for is found where it happens: a service that comes back with a directory of before.
#[test]
fn a_log_that_forgets_is_caught() {
    let fixture = Fixture::load(4, 2);
    let mut campaign = Campaign::new(&fixture);
    let copy = |from: &str, to: &str, world: &Path| {
        Programs::done(Command::new("cp").arg("-r").arg(world.join(from)).arg(world.join(to)));
    };
    campaign.service.stop();
    copy("service", "before", campaign.service.world());
    campaign.service.start();
    for n in 0..3 {
        let answer = call(campaign.service.address(), &campaign.proof(n)).expect("an answer");
        campaign.learn(n, &answer);
    }
    assert_eq!((campaign.continues(), campaign.lost()), (Ok(()), 0));
    campaign.service.kill();
    campaign.service.bury();
    let world = campaign.service.world();
    fs::remove_dir_all(world.join("service")).expect("removed");
    copy("before", "service", world);
    campaign.service.start();
    assert_eq!(campaign.lost(), 3);
    assert_eq!(
        campaign.continues().map_err(|refusal| refusal.code()),
        Err("log-rewound")
    );
    assert_eq!(
        campaign.untold(),
        0,
        "request 3 is open, and nothing of the others is known"
    );
}
