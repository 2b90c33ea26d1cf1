//! `GET /v1/schemas/{family}/{version}`: one schema, figure by figure.

use axum::Json;
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::{Figure, SCHEMAS, Schema, Sign, Unit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::extract::Path;
use crate::refusals::NOT_FOUND;

/// A schema: which figures a statement holds, and which sums must agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaDescription {
    /// Family and version.
    name: &'static str,
    /// The figures, in their order.
    figures: Vec<FigureDescription>,
    /// The equalities that every statement keeps.
    identities: Vec<IdentityDescription>,
    /// The text that statements commit to.
    canonical_text: String,
}

/// A figure.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureDescription {
    /// Its place, counted from 0.
    index: usize,
    /// Its name in policies.
    name: &'static str,
    /// Other names that policies may use.
    aliases: &'static [&'static str],
    /// Its name in sentences.
    label: &'static str,
    /// Whether it can be negative.
    signed: bool,
    /// `money`, in minor units, or `count`.
    unit: &'static str,
    /// What it is.
    definition: &'static str,
}

/// An equality.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityDescription {
    /// Its name.
    name: &'static str,
    /// As an accountant writes it.
    text: &'static str,
}

/// One schema, figure by figure.
#[utoipa::path(
    get,
    path = "/v1/schemas/{family}/{version}",
    tag = "service",
    params(
        ("family" = String, Path, description = "The family", example = "enterprise-financials"),
        ("version" = String, Path, description = "The version", example = "v1"),
    ),
    responses((status = 200, description = "The schema", body = SchemaDescription)),
)]
pub async fn schema(Path((family, version)): Path<(String, String)>) -> Result<Json<SchemaDescription>, Problem> {
    let name = format!("{family}/{version}");
    let found = SCHEMAS.iter().find(|schema| schema.name == name).ok_or_else(|| {
        let known: Vec<_> = SCHEMAS.iter().map(|schema| schema.name).collect();
        Refusal::new(&NOT_FOUND, "there is no schema of this name").expected(known.join(", "))
    })?;
    Ok(Json(describe(found)))
}

fn describe(schema: &Schema) -> SchemaDescription {
    let identities = schema.identities.iter().map(|identity| IdentityDescription {
        name: identity.name,
        text: identity.text,
    });
    SchemaDescription {
        name: schema.name,
        figures: schema.figures.iter().enumerate().map(figure).collect(),
        identities: identities.collect(),
        canonical_text: schema.canonical_text(),
    }
}

fn figure((index, figure): (usize, &Figure)) -> FigureDescription {
    FigureDescription {
        index,
        name: figure.name,
        aliases: figure.aliases,
        label: figure.label,
        signed: figure.sign == Sign::Signed,
        unit: match figure.unit {
            Unit::Money => "money",
            Unit::Count => "count",
        },
        definition: figure.definition,
    }
}
