//! Everything that can be called, grouped by who calls it. Route and description are registered in one step, so that no path is
//! missing from the OpenAPI document.
//!
//! To add an endpoint: a file with one handler under [`crate::endpoints`], annotated with `#[utoipa::path]`, and a line here.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::endpoints::bank::{
    application, applications, attestors, events, filings, keys, memo, participant, policies, policy,
};
use crate::endpoints::enterprise::{batch, enrolments, invitation, invitation_events, proofs, request};
use crate::endpoints::ledger::tile;
use crate::endpoints::{healthz, ledger, log, log_keys, metrics, openapi, readyz, refusals, schema, schemas};
use crate::http::layers;

type Routes = OpenApiRouter<Arc<App>>;

/// The operator's machines. These answer also when everything else is overloaded.
fn operations() -> Routes {
    OpenApiRouter::default()
        .routes(routes!(healthz::healthz))
        .routes(routes!(readyz::readyz))
        .routes(routes!(metrics::metrics))
}

/// Anybody.
fn anybody() -> Routes {
    OpenApiRouter::default()
        .routes(routes!(openapi::openapi))
        .routes(routes!(log::log))
        .routes(routes!(log_keys::log_keys))
        .routes(routes!(schemas::schemas))
        .routes(routes!(schema::schema))
        .routes(routes!(refusals::refusals))
        .routes(routes!(ledger::checkpoint::checkpoint))
        .routes(routes!(ledger::checkpoint_at::checkpoint_at))
        .routes(routes!(ledger::entries::entries))
        .routes(routes!(ledger::entry::entry))
        .routes(routes!(ledger::inclusion::inclusion))
        .routes(routes!(ledger::consistency::consistency))
        .routes(routes!(ledger::receipt::receipt))
        .routes(routes!(ledger::tlog_proof::tlog_proof))
        .routes(routes!(ledger::lookup::by_entry))
        .routes(routes!(ledger::lookup::by_commitment))
        .routes(routes!(ledger::chain::chain))
        .merge(tiles())
        .routes(routes!(ledger::export::export))
        .routes(routes!(ledger::part::part))
}

/// Tiles: their names have slashes, which the router and OpenAPI write differently.
fn tiles() -> Routes {
    OpenApiRouter::with_openapi(tile::Described::openapi()).route(tile::ROUTE, get(tile::tile))
}

/// Whoever holds the unguessable id of an invitation or a request.
fn enterprise() -> Routes {
    OpenApiRouter::default()
        .routes(routes!(invitation::invitation))
        .routes(routes!(invitation_events::invitation_events))
        .routes(routes!(enrolments::enrolments))
        .routes(routes!(request::request))
        .routes(routes!(ledger::lookup::by_request))
        .routes(routes!(proofs::proofs))
        .routes(routes!(batch::batch))
}

/// A bank, by its token.
fn bank() -> Routes {
    OpenApiRouter::default()
        .routes(routes!(filings::participants))
        .routes(routes!(participant::participant))
        .routes(routes!(filings::grant, attestors::attestors))
        .routes(routes!(filings::revocations))
        .routes(routes!(filings::publish, policies::policies))
        .routes(routes!(policy::policy))
        .routes(routes!(filings::pin, keys::keys))
        .routes(routes!(filings::invitations))
        .routes(routes!(filings::applicants))
        .routes(routes!(filings::requests))
        .routes(routes!(filings::decisions))
        .routes(routes!(applications::applications))
        .routes(routes!(application::application))
        .routes(routes!(memo::memo))
        .routes(routes!(events::events))
}

/// Every route that does work.
fn work() -> Routes {
    OpenApiRouter::default()
        .merge(anybody())
        .merge(enterprise())
        .merge(bank())
}

/// Every route, with its description.
pub fn documented() -> Routes {
    OpenApiRouter::default().merge(operations()).merge(work())
}

/// The service, ready to be called.
pub fn service(app: &Arc<App>) -> Router {
    let (operations, _) = operations().split_for_parts();
    let (work, _) = work().split_for_parts();
    let routes = operations.merge(layers::bounded(work, app));
    layers::around(routes, app).with_state(Arc::clone(app))
}
