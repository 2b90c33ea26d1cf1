//! What a bank files. Each call brings a document and its filing, both signed, as `covenant-bank sign` writes them, and is answered
//! with a receipt. The rules of the log decide; see the crate `covenant-api`, module `log`.

use std::sync::Arc;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::documents::{
    AttestorGrant, AttestorRevocation, Bank as BankDocument, Decision, Enrolled, Filing, Invitation, PinnedKey, Policy,
    Request,
};
use covenant_api::log::{self, FiledKey, Record};
use covenant_api::refusals::MALFORMED_DOCUMENT;
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::endpoints::answers::{Answer, Filed, Repeatable, filed};
use crate::http::extract::{DocumentBody, Json, KeyBody, Kind, PolicyBody};
use crate::http::{Bank, Problem};
use crate::idempotency::IdempotencyKey;
use crate::records::write::{Call, blob_name, record};
use crate::refusals::ANOTHER_BANKS_DATA;

/// A document that a bank files.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what is read as the record's own type")]
pub struct FilingBody {
    /// The signed filing: log, stream, number, the document's id.
    #[schema(value_type = Object)]
    filing: (),
    /// The signed document.
    #[schema(value_type = Object)]
    document: (),
}

/// A verifying key that a bank pins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFiling {
    /// The signed filing.
    #[schema(value_type = Object)]
    filing: Signed<Filing>,
    /// The signed document of type pinned-key.
    #[schema(value_type = Object)]
    document: Signed<PinnedKey>,
    /// The key's bytes in base64.
    key: String,
}

/// The token is that of the bank that filed.
fn expect_own(bank: &Hex32, filing: &Signed<Filing>) -> Result<(), Refusal> {
    if filing.claimed_signer() == *bank {
        return Ok(());
    }
    Err(Refusal::new(&ANOTHER_BANKS_DATA, "the filing's signer is another bank")
        .at("filing: signer")
        .expected(format!("{bank}, whose token this is")))
}

async fn file<T, K: Kind>(
    app: &Arc<App>,
    Bank(bank): Bank,
    key: IdempotencyKey,
    body: Json<log::Filed<T>, K>,
    as_record: fn(log::Filed<T>) -> Record,
) -> Result<Answer<Filed>, Problem> {
    expect_own(&bank, &body.value.filing)?;
    let call = Call {
        caller: Bank(bank).into(),
        key,
        body: body.bytes,
    };
    filed(record(app, call, as_record(body.value), None).await?)
}

/// A handler for a document that stands for itself.
macro_rules! filing {
    ($(#[doc = $doc:literal])* $name:ident $path:literal $document:ident $body:ident $record:ident) => {
        $(#[doc = $doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "bank",
            params(Repeatable),
            request_body = FilingBody,
            responses(
                (status = 201, description = "It stands in the log", body = Filed),
                (status = 200, description = "It stands there since the same call before", body = Filed),
            ),
            security(("token" = [])),
        )]
        pub async fn $name(
            State(app): State<Arc<App>>,
            bank: Bank,
            key: IdempotencyKey,
            body: Json<log::Filed<$document>, $body>,
        ) -> Result<Answer<Filed>, Problem> {
            file(&app, bank, key, body, Record::$record).await
        }
    };
}

filing! {
    /// A bank takes part: its name and first key. This is its act number 0, and begins its stream.
    participants "/v1/participants" BankDocument DocumentBody Participant
}

filing! {
    /// A bank admits an attestor's key, or changes its grant.
    grant "/v1/attestors" AttestorGrant DocumentBody AttestorGrant
}

filing! {
    /// A bank strikes an attestor's key, for good. Requests that count on it can no longer be answered.
    revocations "/v1/revocations" AttestorRevocation DocumentBody AttestorRevocation
}

filing! {
    /// A bank publishes a policy. It is compiled again and must give the program that was signed.
    publish "/v1/policies" Policy PolicyBody Policy
}

filing! {
    /// A bank invites a company. The filing begins the applicant's stream.
    invitations "/v1/invitations" Invitation DocumentBody Invitation
}

filing! {
    /// A bank recognises its applicant: an enrolment whose one-time code was right.
    applicants "/v1/applicants" Enrolled DocumentBody Enrolled
}

filing! {
    /// A bank asks its applicant for a proof.
    requests "/v1/requests" Request DocumentBody Request
}

filing! {
    /// A bank decides on a verdict, once.
    decisions "/v1/decisions" Decision DocumentBody Decision
}

/// A bank relies on a verifying key. The key is decoded and examined before it is recorded.
#[utoipa::path(
    post,
    path = "/v1/keys",
    tag = "bank",
    params(Repeatable),
    request_body = KeyFiling,
    responses(
        (status = 201, description = "It stands in the log", body = Filed),
        (status = 200, description = "It stands there since the same call before", body = Filed),
    ),
    security(("token" = [])),
)]
pub async fn pin(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    key: IdempotencyKey,
    body: Json<KeyFiling, KeyBody>,
) -> Result<Answer<Filed>, Problem> {
    let Json { value, bytes, .. } = body;
    expect_own(&bank, &value.filing)?;
    let blob = STANDARD.decode(&value.key).map_err(|error| {
        Refusal::new(&MALFORMED_DOCUMENT, error.to_string())
            .at("key")
            .expected("base64")
    })?;
    let pinned = FiledKey {
        filing: value.filing,
        document: value.document,
        blob: blob_name(&blob),
    };
    let call = Call {
        caller: Bank(bank).into(),
        key,
        body: bytes,
    };
    filed(record(&app, call, Record::PinnedKey(pinned), Some(blob)).await?)
}
