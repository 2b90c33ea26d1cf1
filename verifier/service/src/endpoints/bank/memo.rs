//! `GET /v1/applications/{id}/memo`: the decision memo.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use covenant_api::documents::AcceptedAttestor;
use covenant_api::host;
use covenant_api::ids::{self, prefix};
use covenant_api::log::View;
use covenant_api::refusals::UNKNOWN_PARTICIPANT;
use covenant_api::types::Hex32;
use covenant_ledger::Hash;
use covenant_policy::refusal::Refusal;

use super::application::find;
use crate::app::App;
use crate::http::extract::Path;
use crate::http::id::Wanted;
use crate::http::{Bank, Problem};
use crate::memo::{Attestor, Entered, Memo, Standing};
use crate::records::Records;
use crate::records::applications::{self, OnRecord};

/// The decision memo: one printable page about an application.
#[utoipa::path(
    get,
    path = "/v1/applications/{id}/memo",
    tag = "bank",
    params(("id" = String, Path, description = "The request's id: 64 hexadecimal digits, or as people see it (req_…)")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
    security(("token" = [])),
)]
pub async fn memo(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Path(id): Path<String>,
) -> Result<Html<String>, Problem> {
    let wanted = Wanted::parse(&id, prefix::REQUEST)?;
    app.blocking(move |app| page(app, &bank, &find(app, &bank, &wanted, &id)?))
        .await
}

fn page(app: &App, bank: &Hex32, found: &OnRecord) -> Result<Html<String>, Problem> {
    let ledger = app.log.ledger();
    let participant = applications::participant(ledger, bank)?;
    let participant = participant.ok_or_else(|| Refusal::new(&UNKNOWN_PARTICIPANT, bank.to_string()))?;
    let log_key = ledger.key().to_string();
    let checkpoint = ledger.checkpoint();
    let standing = match &found.verdict {
        None => None,
        Some(verdict) => Some(Standing {
            log_key: &log_key,
            size: checkpoint.size(),
            root: checkpoint.root().to_string(),
            leaf: Hash::leaf(&ledger.entry(verdict.index)?.encode()).to_string(),
        }),
    };
    let memo = Memo {
        bank: participant.document(),
        invitation: &found.invitation.document,
        policy: &found.policy,
        request: Entered {
            index: found.request.index,
            document: &found.request.document,
        },
        attestors: attestors(app, bank, &found.request.document.attestors),
        verdict: found.verdict.as_ref().map(|verdict| Entered {
            index: verdict.index,
            document: &verdict.document,
        }),
        decision: found.decision.as_ref().map(|decision| Entered {
            index: decision.index,
            document: &decision.document,
        }),
        standing,
        printed: host::now()?,
    };
    Ok(Html(memo.page()?.into_string()))
}

/// Attestors with the names in their grants; one that was struck since has its key for a name.
fn attestors(app: &App, bank: &Hex32, accepted: &[AcceptedAttestor]) -> Vec<Attestor> {
    let records = Records(app.log.ledger());
    let view = View::new(&records, &app.shelf);
    let named = accepted.iter().map(|accepted| Attestor {
        name: match view.grant(bank, &accepted.attestor) {
            Ok(grant) => grant.name.to_string(),
            Err(_) => ids::display(prefix::ATTESTOR, &accepted.attestor),
        },
        accepted: accepted.clone(),
    });
    named.collect()
}
