//! From arguments to an act: the clock is read once, and the act is given all that it needs.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use covenant_api::document;
use covenant_api::documents::{SecretKey, SecretKeyFile, StoredSecret};
use covenant_api::refusals::PASSPHRASE_MISSING;
use covenant_api::registry::Registry;
use covenant_api::seal::Passphrase;
use covenant_api::sign::Signer;
use covenant_api::types::UtcTime;
use covenant_api::{files, host, limits};
use covenant_policy::refusal::Refusal;

use crate::args::{Args, LogVerb, Office, Policy, RegistryVerb, Verb};
use crate::output::Report;
use crate::{attest, bank, calibrate, export, keys, log, manifest, policy, pricing, show, verify};

/// The surroundings of one act.
pub struct Context {
    /// The present instant.
    pub now: UtcTime,
    /// Whether programs read the answer.
    pub json: bool,
    passphrase_file: Option<PathBuf>,
}

/// Does what was asked.
pub fn run(args: Args) -> Result<Report, Refusal> {
    let now = match args.now {
        Some(now) => now,
        None => host::now()?,
    };
    let context = Context {
        now,
        json: args.json,
        passphrase_file: args.passphrase_file,
    };
    match args.verb {
        Verb::Key(verb) => keys::run(&context, verb),
        Verb::Registry(RegistryVerb::New { name, out, office }) => {
            bank::registry_new(&context, name, out.as_deref(), &office)
        }
        Verb::Registry(RegistryVerb::Pin {
            file,
            manifest,
            manifest_key,
            allow_development_keys,
            out,
            office,
        }) => {
            let vouched = manifest.as_deref().map(|path| (path, manifest_key));
            bank::pin(
                &context,
                &file,
                vouched,
                allow_development_keys,
                out.as_deref(),
                &office,
            )
        }
        Verb::Registry(RegistryVerb::Retire {
            key_id,
            cause,
            reason,
            out,
            office,
        }) => manifest::retire(
            &context,
            key_id.as_deref(),
            cause.into(),
            reason,
            out.as_deref(),
            &office,
        ),
        Verb::Registry(RegistryVerb::Show { registry }) => show::registry(&registry),
        Verb::Manifest(verb) => manifest::run(&context, verb),
        Verb::Attestor(verb) => bank::attestor(&context, verb),
        Verb::Policy(Policy::Sign { source, out, office }) => policy::sign(&context, &source, &out, &office),
        Verb::Policy(Policy::Show { file }) => policy::show(&file),
        Verb::Policy(Policy::Calibrate {
            policies,
            table,
            columns,
        }) => calibrate::run(&policies, &table, columns.as_deref()),
        Verb::Invite(args) => bank::invite(&context, args),
        Verb::Enrol(args) => bank::enrol(&context, &args),
        Verb::Request(args) => bank::request(&context, args),
        Verb::Attest(args) => attest::run(&context, &args),
        Verb::Verify(args) => verify::run(&context, &args),
        Verb::Export(args) => export::run(&args),
        Verb::Log(LogVerb::Trust {
            log_key,
            operator,
            out,
            office,
        }) => log::trust(&context, &log_key, operator, out.as_deref(), &office),
        Verb::Sign(args) => log::sign(&context, &args),
        Verb::Decide(args) => log::decide(&context, args),
        Verb::Pricing(args) => pricing::run(&context, &args),
    }
}

impl Context {
    /// The bank's registry, and its signer.
    pub fn office(&self, office: &Office) -> Result<(Registry, Signer), Refusal> {
        let registry = Registry::open(&office.registry)?;
        Ok((registry, self.secret_key(&office.key)?.signer()?))
    }

    /// A secret key, opened with its passphrase where it is sealed.
    pub fn secret_key(&self, path: &Path) -> Result<SecretKey, Refusal> {
        let file: SecretKeyFile = document::from_json(&files::read(path, limits::SECRET_KEY_BYTES_MAX)?)?;
        let passphrase = match file.secret {
            StoredSecret::Clear(_) => None,
            StoredSecret::Sealed(_) => Some(self.passphrase(&format!("Passphrase of {}: ", path.display()))?),
        };
        SecretKey::load(&file, passphrase.as_ref())
    }

    /// The passphrase from the file that was named, or asked for in the terminal.
    pub fn passphrase(&self, prompt: &str) -> Result<Passphrase, Refusal> {
        if let Some(path) = &self.passphrase_file {
            return Passphrase::from_file_bytes(files::read(path, limits::PASSPHRASE_BYTES_MAX + 2)?);
        }
        let missing = |what: &str| Refusal::new(&PASSPHRASE_MISSING, what);
        if !std::io::stdin().is_terminal() {
            return Err(missing("no --passphrase-file, and no terminal to ask in"));
        }
        Passphrase::new(rpassword::prompt_password(prompt).map_err(|e| missing(&e.to_string()))?)
    }

    /// Whether a passphrase was given as a file.
    pub fn asks_for_passphrase(&self) -> bool {
        self.passphrase_file.is_none()
    }
}
