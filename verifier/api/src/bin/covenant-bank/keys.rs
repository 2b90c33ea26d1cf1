//! `covenant-bank key`: makes secret keys, and prints their public halves.

use covenant_api::documents::{Role, SecretKey, SecretKeyFile};
use covenant_api::ids::{self, prefix};
use covenant_api::refusals::PASSPHRASE_UNUSABLE;
use covenant_api::seal::{Cost, Passphrase};
use covenant_api::types::Hex32;
use covenant_api::{document, files, host, limits};
use covenant_policy::refusal::Refusal;
use serde_json::json;

use crate::args::Key;
use crate::output::{Report, fields};
use crate::plan::Context;

/// Makes a key, or prints a public one.
pub fn run(context: &Context, verb: Key) -> Result<Report, Refusal> {
    match verb {
        Key::New {
            role,
            out,
            no_passphrase,
        } => {
            let mut rng = host::rng()?;
            let passphrase = if no_passphrase {
                None
            } else {
                Some(new_passphrase(context)?)
            };
            let key = SecretKey::random(role.into(), &mut rng);
            let file = key.store(passphrase.as_ref().map(|p| (p, Cost::STANDARD)), &mut rng)?;
            files::create_new(&out, &document::to_json(&file)?)?;
            let sealed = if no_passphrase {
                "unsealed: whoever reads the file can sign"
            } else {
                "sealed under a passphrase"
            };
            Ok(public(
                &file,
                &[("written to", out.display().to_string()), ("secret", sealed.into())],
            ))
        }
        Key::Public { file } => {
            let file: SecretKeyFile = document::from_json(&files::read(&file, limits::SECRET_KEY_BYTES_MAX)?)?;
            Ok(public(&file, &[]))
        }
    }
}

fn public(file: &SecretKeyFile, more: &[(&str, String)]) -> Report {
    let shown = shown(file.role, &file.public);
    let mut lines = vec![
        ("role", file.role.name().to_owned()),
        ("public key", file.public.to_string()),
        ("shown as", shown.clone()),
    ];
    lines.extend(more.iter().cloned());
    Report::new(
        fields(&lines),
        json!({ "role": file.role.name(), "public": file.public, "shown": shown }),
    )
}

/// A public key as people see it.
pub fn shown(role: Role, key: &Hex32) -> String {
    let prefix = match role {
        Role::Bank => prefix::BANK,
        Role::Attestor => prefix::ATTESTOR,
    };
    ids::display(prefix, key)
}

/// A passphrase for a new key; typed ones are typed twice.
fn new_passphrase(context: &Context) -> Result<Passphrase, Refusal> {
    let first = context.passphrase("New passphrase: ")?;
    if context.asks_for_passphrase() && !first.equals(&context.passphrase("The same again: ")?) {
        return Err(Refusal::new(&PASSPHRASE_UNUSABLE, "the two passphrases differ"));
    }
    Ok(first)
}
