//! Two banks on one log, and one enterprise that answers both: played with the real programs, so that every key, pseudonym, link and
//! salt comes from where it comes from in earnest. The banks publish the same policy and admit the same attestor, and the
//! enterprise proves the same attested statement to both, which is when two answers are most alike.

use std::fs;

use covenant_tests::company::sample_policy;
use covenant_tests::offices;
use covenant_tests::service::Service;
use serde_json::Value;

/// The log that both file with.
pub const ORIGIN: &str = "unlinkable.example/log";
/// The policy that both publish.
pub const POLICY: &str = "supplier-screen";

/// A bank, after its applicant was approved.
pub struct BankSide {
    /// Its name, which is its folder's.
    pub name: &'static str,
    /// Its token.
    pub token: String,
    /// The id of its request.
    pub request: String,
}

/// Everybody.
pub struct Scene {
    /// The service, running.
    pub service: Service,
    /// The two banks.
    pub banks: [BankSide; 2],
    /// The attestor's public key.
    pub attestor: String,
    /// The verifying key's bytes.
    pub key: Vec<u8>,
    /// Its id.
    pub key_id: String,
}

impl Scene {
    /// Plays it.
    pub fn play() -> Self {
        let service = Service::started(ORIGIN);
        let attestor = offices::prepare(&service, &["bank-a", "bank-b"]);
        let statement = offices::import(&service, "2025", &[]);
        offices::attest(&service, &statement, "2");
        let key = offices::verifying_key(&service.world().join("keys"));
        let banks = [("bank-a", "A. Aubert"), ("bank-b", "B. Berger")].map(|(name, officer)| {
            let token = offices::open(&service, name, (&attestor, "3"), &sample_policy(POLICY));
            let proven = offices::apply(&service, name, &token, (ORIGIN, officer));
            let request = proven.verdict.unverified().request.to_string();
            BankSide { name, token, request }
        });
        Self {
            attestor,
            key_id: offices::key_id(&key),
            key: fs::read(key).expect("the verifying key"),
            service,
            banks,
        }
    }

    /// What a bank keeps in its own files, its secret key aside: by file.
    pub fn files(&self, bank: &BankSide) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        let mut folders = vec![self.service.world().join(bank.name)];
        while let Some(folder) = folders.pop() {
            for item in fs::read_dir(folder).expect("a folder") {
                let path = item.expect("an item").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "json") {
                    let value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
                    found.push((path.file_name().expect("a name").to_string_lossy().into_owned(), value));
                }
            }
        }
        found
    }
}
