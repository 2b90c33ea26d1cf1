//! Asking witnesses for cosignatures (C2SP `tlog-witness`): a thread for each, so that a slow one delays nobody, and none is waited for
//! once enough have answered.

use std::fmt::Write as _;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::files;
use covenant_ledger::witness::POLICY_BYTES_MAX;
use covenant_ledger::{Hash, LogKey, SignedCheckpoint, Tree, WitnessPolicy, Witnesses, Witnessing};
use covenant_policy::refusal::Refusal;
use ureq::Agent;
use ureq::http::header::CONTENT_TYPE;

use crate::refusals::{CONFIG_INVALID, INTERNAL_FAULT};
use crate::settings::Settings;

/// The largest answer of a witness.
const ANSWER_BYTES_MAX: u64 = 1 << 16;
/// The media type of the size that a witness has seen last.
const SIZE: &str = "text/x.tlog.size";

/// The policy that the settings name, if they name one.
///
/// # Errors
/// `config-invalid` where it is malformed; what keeps the file from being read.
pub fn policy(settings: &Settings) -> Result<Option<WitnessPolicy>, Refusal> {
    let Some(path) = &settings.witness_policy else {
        return Ok(None);
    };
    let invalid = |what: String| Refusal::new(&CONFIG_INVALID, what).at(path.display());
    let bytes = files::read(path, POLICY_BYTES_MAX)?;
    let text = String::from_utf8(bytes).map_err(|error| invalid(error.to_string()).expected("UTF-8"))?;
    WitnessPolicy::parse(&text)
        .map(Some)
        .map_err(|error| invalid(error.to_string()))
}

/// What the settings say about the witnesses of this log.
///
/// # Errors
/// `config-invalid` where the policy is malformed or about other logs, or no answer of those that have an address could meet it; what keeps the file from
/// being read; `internal-fault` where threads cannot be started.
pub fn from(settings: &Settings, log: &LogKey) -> Result<Option<Witnessing>, Refusal> {
    let (Some(path), Some(policy)) = (&settings.witness_policy, policy(settings)?) else {
        return Ok(None);
    };
    let invalid = |what: String| Refusal::new(&CONFIG_INVALID, what).at(path.display());
    if !policy.logs().is_empty() && !policy.logs().contains(log) {
        return Err(
            invalid("the policy is about other logs".to_owned()).expected(format!("a line `log {log}`, or none"))
        );
    }
    if !policy.reachable() {
        return Err(
            invalid("the witnesses with an address cannot make the quorum".to_owned())
                .expected("the submission prefix behind each witness's key"),
        );
    }
    let witnesses = Http::start(&policy, Duration::from_millis(settings.witness_timeout_ms))?;
    Ok(Some(Witnessing {
        policy,
        witnesses: Box::new(witnesses),
    }))
}

/// One checkpoint for one witness.
struct Job {
    checkpoint: SignedCheckpoint,
    tree: Tree,
    answer: Sender<String>,
}

/// Witnesses over HTTP.
struct Http {
    workers: Vec<Sender<Job>>,
    wait_max: Duration,
}

impl Http {
    fn start(policy: &WitnessPolicy, wait_max: Duration) -> Result<Self, Refusal> {
        let mut workers = Vec::new();
        for witness in policy.witnesses() {
            let Some(url) = &witness.url else { continue };
            let (jobs, queue) = mpsc::channel();
            let mut asker = Asker {
                name: witness.name.clone(),
                url: format!("{}/add-checkpoint", url.trim_end_matches('/')),
                agent: Agent::config_builder()
                    .http_status_as_error(false)
                    .max_redirects(0)
                    .timeout_global(Some(wait_max))
                    .build()
                    .into(),
                seen: 0,
            };
            thread::Builder::new()
                .name("witness".to_owned())
                .spawn(move || asker.run(&queue))
                .map_err(|error| Refusal::new(&INTERNAL_FAULT, format!("no thread to ask witnesses: {error}")))?;
            workers.push(jobs);
        }
        Ok(Self { workers, wait_max })
    }
}

impl Witnesses for Http {
    fn cosign(&mut self, checkpoint: &SignedCheckpoint, tree: &Tree, enough: &dyn Fn(&str) -> bool) -> String {
        let (answer, answers) = mpsc::channel();
        for worker in &self.workers {
            // A thread that broke down does not answer.
            let _ = worker.send(Job {
                checkpoint: checkpoint.clone(),
                tree: tree.clone(),
                answer: answer.clone(),
            });
        }
        drop(answer);
        let until = Instant::now() + self.wait_max;
        let mut lines = String::new();
        while !enough(&lines) {
            let left = until.saturating_duration_since(Instant::now());
            match answers.recv_timeout(left) {
                Ok(more) => lines.push_str(&more),
                Err(_) => break,
            }
        }
        lines
    }
}

/// Asks one witness.
struct Asker {
    name: String,
    url: String,
    agent: Agent,
    /// The size that it cosigned last, as far as is known.
    seen: u64,
}

impl Asker {
    fn run(&mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            // Nobody waits any more for what was asked before the last.
            let job = jobs.try_iter().last().unwrap_or(first);
            match self.ask(&job) {
                // Nobody may wait any more for this one either.
                Ok(lines) => drop(job.answer.send(lines)),
                Err(why) => tracing::warn!(witness = %self.name, %why, "a witness has not cosigned"),
            }
        }
    }

    /// The signature lines, or why there are none.
    fn ask(&mut self, job: &Job) -> Result<String, String> {
        let size = job.checkpoint.size();
        let mut old = self.seen.min(size);
        // The first answer may be that it has seen another size.
        for _ in 0..2 {
            let proof = if old == 0 || old == size {
                Vec::new()
            } else {
                job.tree.consistency(old, size).map_err(|error| error.to_string())?
            };
            let body = request(old, &proof, job.checkpoint.note());
            let mut response = self
                .agent
                .post(&self.url)
                .send(body)
                .map_err(|error| error.to_string())?;
            let kind = response
                .headers()
                .get(CONTENT_TYPE)
                .map(|kind| kind.as_bytes() == SIZE.as_bytes());
            let status = response.status().as_u16();
            let text = response
                .body_mut()
                .with_config()
                .limit(ANSWER_BYTES_MAX)
                .read_to_string();
            let text = text.map_err(|error| error.to_string())?;
            match status {
                200 => {
                    self.seen = size;
                    return Ok(text);
                }
                409 if kind == Some(true) => {
                    let seen: u64 = text
                        .trim_end_matches('\n')
                        .parse()
                        .map_err(|_| "it names no size".to_owned())?;
                    if seen > size {
                        return Err(format!(
                            "it has seen {seen} entries, more than the log's {size}: was the log set back?"
                        ));
                    }
                    old = seen;
                }
                _ => {
                    let said: String = text.chars().take(200).collect();
                    return Err(format!("{status}: {}", said.trim_end().escape_debug()));
                }
            }
        }
        Err("it names another size each time".to_owned())
    }
}

/// The body of `add-checkpoint`.
fn request(old: u64, proof: &[Hash], note: &str) -> String {
    let mut body = format!("old {old}\n");
    for hash in proof {
        // Writing to a string cannot fail.
        let _ = writeln!(body, "{}", STANDARD.encode(hash));
    }
    body.push('\n');
    body.push_str(note);
    body
}
