//! The OpenAPI 3.1 document, made from the handlers. `GET /v1/openapi.json` and `covenant-verifier openapi` give the same, and
//! `golden/openapi.json` pins it.

use std::sync::OnceLock;

use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use crate::http::problem;
use crate::http::problem::Body9457;
use crate::router;

/// What stands at the document's head.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Covenant verifier",
        description = "Checks zero-knowledge proofs that an enterprise's books meet a bank's policy, records verdicts in a \
                       transparent ledger, and answers with receipts. Every refusal is an RFC 9457 problem with a stable code.",
    ),
    components(schemas(Body9457)),
    tags(
        (name = "operations", description = "For the operator's machines"),
        (name = "service", description = "What this service is and speaks"),
        (name = "ledger", description = "The log, for whoever wants to check it"),
        (name = "enterprise", description = "Whoever holds the unguessable id of an invitation or a request"),
        (name = "bank", description = "A bank, by its token"),
    )
)]
struct Head;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Head::openapi();
    document.merge(router::documented().into_openapi());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            refusable(operation);
        }
    }
    document
}

/// The document as JSON, for people too: indented, with a newline at its end.
pub fn json() -> &'static str {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| {
        // Its maps have strings as keys, so it always has a JSON form.
        let mut json = serde_json::to_string_pretty(&document()).unwrap_or_default();
        json.push('\n');
        json
    })
}

/// Every operation may be refused, in one shape.
fn refusable(operation: &mut Operation) {
    let problem: Response = ResponseBuilder::new()
        .description("Refused: nothing was changed, and the problem says why")
        .content(
            problem::MEDIA_TYPE,
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build(),
        )
        .build();
    let responses = &mut operation.responses.responses;
    responses.insert("default".to_owned(), RefOr::T(problem));
}
