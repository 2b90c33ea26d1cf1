//! `GET /v1/invitations/{id}`: an invitation, for whoever holds its id.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::documents::Invitation;
use covenant_api::log::View;
use covenant_api::sign::Signed;

use crate::app::App;
use crate::http::Problem;
use crate::http::extract::Path;
use crate::http::id;
use crate::records::Records;

/// An invitation, signed by its bank.
#[utoipa::path(
    get,
    path = "/v1/invitations/{id}",
    tag = "enterprise",
    params(("id" = String, Path, description = "The invitation's id, 64 hexadecimal digits")),
    responses((status = 200, description = "A signed document of type invitation", body = Object, content_type = "application/json")),
)]
pub async fn invitation(
    State(app): State<Arc<App>>,
    Path(text): Path<String>,
) -> Result<Json<Signed<Invitation>>, Problem> {
    let id = id::whole(&text)?;
    app.blocking(move |app| {
        let records = Records(app.log.ledger());
        let (invitation, _) = View::new(&records, &app.shelf).invitation(&id)?;
        Ok(Json(invitation.to_signed()))
    })
    .await
}
