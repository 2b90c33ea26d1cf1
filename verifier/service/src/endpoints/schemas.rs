//! `GET /v1/schemas`: the schemas of figures that this service knows.

use axum::Json;
use covenant_policy::schema::SCHEMAS;
use serde::Serialize;
use utoipa::ToSchema;

/// The schemas.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaList {
    schemas: Vec<SchemaName>,
}

/// A schema's name.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaName {
    /// Family and version, as policies name it.
    #[schema(example = "enterprise-financials/v1")]
    name: &'static str,
    /// The family, which survives versions.
    family: &'static str,
}

/// The schemas of figures that this service knows.
#[utoipa::path(
    get,
    path = "/v1/schemas",
    tag = "service",
    responses((status = 200, description = "The schemas", body = SchemaList)),
)]
pub async fn schemas() -> Json<SchemaList> {
    let schemas = SCHEMAS
        .iter()
        .map(|schema| SchemaName {
            name: schema.name,
            family: schema.family,
        })
        .collect();
    Json(SchemaList { schemas })
}
