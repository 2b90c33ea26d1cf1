//! Who asks. [`Caller`] is whoever it is; [`Bank`] and [`Auditor`] are extractors for handlers that answer only them.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;

use super::Problem;
use crate::app::App;
use crate::refusals::{HEADER_MALFORMED, ROLE_NOT_ALLOWED, TOKEN_MISSING, TOKEN_UNKNOWN};
use crate::tokens::Role;

/// Whoever asks, by the token that came along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Somebody without a token.
    Nobody,
    /// The bank of this first key.
    Bank(Hex32),
    /// An auditor, who may read everything.
    Auditor,
}

impl Caller {
    /// The caller's name where callers must not be mistaken for each other.
    pub fn principal(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Bank(bank) => format!("bank {bank}"),
            Self::Auditor => "auditor".to_owned(),
        }
    }
}

impl From<Role> for Caller {
    fn from(role: Role) -> Self {
        match role {
            Role::Bank { bank } => Self::Bank(bank),
            Role::Auditor {} => Self::Auditor,
        }
    }
}

/// A bank, by its first key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bank(pub Hex32);

/// An auditor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auditor;

/// The place that refusals about tokens name. What stood there is never repeated.
const PLACE: &str = "the header Authorization";

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(AUTHORIZATION).iter();
        let Some(value) = given.next() else {
            return Ok(Self::Nobody);
        };
        if given.next().is_some() {
            let refusal = Refusal::new(&HEADER_MALFORMED, "the header stands there twice").at(PLACE);
            return Err(refusal.into());
        }
        let unknown = |what| Refusal::new(&TOKEN_UNKNOWN, what).at(PLACE);
        // RFC 7235: the scheme's name is written in any case.
        let token = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token)
            .ok_or_else(|| unknown("not a bearer token").expected("Bearer and a token"))?;
        let role = app.tokens.role_of(token).ok_or_else(|| unknown("no such token"))?;
        let caller = Self::from(role);
        app.rates.count(&caller, Instant::now())?;
        Ok(caller)
    }
}

/// The refusal for a caller who is not of this role.
fn not(role: &str, caller: &Caller) -> Problem {
    match caller {
        Caller::Nobody => Refusal::new(&TOKEN_MISSING, format!("only a {role} may ask this")).at(PLACE),
        Caller::Bank(_) => {
            Refusal::new(&ROLE_NOT_ALLOWED, "the token is a bank's").expected(format!("a token of role {role}"))
        }
        Caller::Auditor => {
            Refusal::new(&ROLE_NOT_ALLOWED, "the token is an auditor's").expected(format!("a token of role {role}"))
        }
    }
    .into()
}

impl FromRequestParts<Arc<App>> for Bank {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, app).await? {
            Caller::Bank(bank) => Ok(Self(bank)),
            other => Err(not("bank", &other)),
        }
    }
}

impl FromRequestParts<Arc<App>> for Auditor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, app).await? {
            Caller::Auditor => Ok(Self),
            other => Err(not("auditor", &other)),
        }
    }
}

impl From<Bank> for Caller {
    fn from(bank: Bank) -> Self {
        Self::Bank(bank.0)
    }
}
