//! `covenant-verifier token`: who may call as a bank or an auditor.

use serde_json::{Value, json};

use super::args::{RoleName, TokenVerb};
use super::output::{Failure, Report, fields};
use crate::refusals::CONFIG_INVALID;
use crate::settings::Settings;
use crate::startup;
use crate::tokens::{Role, Token, Tokens};
use covenant_policy::refusal::Refusal;

pub fn run(settings: &Settings, verb: TokenVerb) -> Result<Report, Failure> {
    startup::expect_key(settings)?;
    let mut tokens = Tokens::open(&settings.directory, settings.tokens_max)?;
    match verb {
        TokenVerb::New { role, bank, name } => {
            let role = match (role, bank) {
                (RoleName::Bank, Some(bank)) => Role::Bank { bank },
                (RoleName::Auditor, None) => Role::Auditor {},
                _ => {
                    let refusal = Refusal::new(&CONFIG_INVALID, "--bank goes with --role bank").at("--bank");
                    return Err(refusal.into());
                }
            };
            let (kept, text) = tokens.create(name, role)?;
            let mut lines = rows(&kept);
            lines.push(("token", text.to_string()));
            let mut shown = describe(&kept);
            shown["token"] = Value::from(text.as_str());
            let advice = "The token is shown this once: hand it to its holder by a way that you trust.";
            Ok(Report::new(format!("{}{advice}", fields(&lines)), shown))
        }
        TokenVerb::List => {
            let list = tokens.list();
            let texts: Vec<String> = list.iter().map(|token| fields(&rows(token))).collect();
            let text = if texts.is_empty() {
                "no tokens".to_owned()
            } else {
                texts.join("\n")
            };
            Ok(Report::new(text, list.iter().map(describe).collect()))
        }
        TokenVerb::Revoke { id } => {
            let token = tokens.revoke(&id)?;
            let text = format!(
                "revoked {} of {}; a running server refuses it from now on",
                token.id, token.name
            );
            Ok(Report::new(text, describe(&token)))
        }
    }
}

fn rows(token: &Token) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("id", token.id.clone()),
        ("name", token.name.to_string()),
        ("role", token.role.name().to_owned()),
    ];
    if let Role::Bank { bank } = token.role {
        rows.push(("bank", bank.to_string()));
    }
    rows.push(("made", token.created.to_string()));
    rows
}

fn describe(token: &Token) -> Value {
    let bank = match token.role {
        Role::Bank { bank } => Some(bank),
        Role::Auditor {} => None,
    };
    json!({
        "id": token.id,
        "name": token.name,
        "role": token.role.name(),
        "bank": bank,
        "created": token.created,
    })
}
