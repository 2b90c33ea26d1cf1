//! The JSON Schema of policy files, by which editors complete field names and mark mistakes while they are typed.
//!
//! Made from the reader's own list of fields ([`crate::policy::layout`]). It says what a file is made of; what the rules mean is for the
//! compiler. JSON Schema counts characters where the reader counts bytes, so it lets a few texts pass that the reader refuses.

use serde_json::{Map, Value, json};

use crate::expression::EXPRESSION_BYTES_MAX;
use crate::policy::layout::{ATTESTOR, Field, Kind, POLICY, Presence, Table, Token};
use crate::program::{ATTESTORS, NAME_BYTES_MAX, WEIGHT_BITS};
use crate::schema::SCHEMAS;
use crate::statement::Assurance;

/// A name of lower-case letters, digits and single hyphens.
pub const NAME_PATTERN: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
/// A packed key.
pub const KEY_PATTERN: &str = "^[0-9a-fA-F]{64}$";
/// An ISO 4217 code.
pub const CURRENCY_PATTERN: &str = "^[A-Z]{3}$";
/// A level that has only a number.
pub const LEVEL_PATTERN: &str = "^level-[0-9]{1,3}$";
/// A number as text.
pub const NUMBER_PATTERN: &str = "^-?[0-9][0-9_]*([.][0-9_]+)?[ ]*%?$";

/// The schema, in the dialect that editors' TOML tools read (draft 7).
pub fn json_schema() -> Value {
    let mut schema = table(&POLICY);
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
    }
    schema
}

fn table(table: &Table) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in table.fields {
        properties.insert(field.name.to_owned(), property(field));
        if field.presence == Presence::Required {
            required.push(field.name);
        }
    }
    json!({
        "title": table.title, "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    })
}

fn property(field: &Field) -> Value {
    let mut schema = kind(field.kind);
    let description = match field.presence {
        Presence::Required => field.meaning.to_owned(),
        Presence::Default(default) => format!("{} Default: {default}.", field.meaning),
    };
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".into(), json!(description));
    }
    schema
}

fn text(bytes_max: usize) -> Value {
    json!({ "type": "string", "maxLength": bytes_max })
}

fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "maxLength": NAME_BYTES_MAX })
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Fixed(word) => json!({ "const": word }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Name => pattern(NAME_PATTERN),
        Kind::Line(max) => json!({ "type": "string", "minLength": 1, "maxLength": max }),
        Kind::Prose(max) => text(max),
        Kind::Expression => json!({ "type": "string", "minLength": 1, "maxLength": EXPRESSION_BYTES_MAX }),
        Kind::Integer(least, greatest) => json!({ "type": "integer", "minimum": least, "maximum": greatest }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Names => json!({ "type": "array", "items": text(NAME_BYTES_MAX) }),
        Kind::Token(token) => word(token),
        Kind::Attestors => {
            let keys = json!({
                "type": "array", "minItems": 1, "maxItems": ATTESTORS,
                "items": { "oneOf": [pattern(KEY_PATTERN), table(&ATTESTOR)] },
            });
            json!({ "oneOf": [{ "const": "registry" }, keys] })
        }
        Kind::BreakPoints => {
            let number = json!({ "oneOf": [{ "type": "number" }, { "type": "string", "pattern": NUMBER_PATTERN }] });
            let points = json!({ "type": "integer", "minimum": 1, "maximum": (1 << WEIGHT_BITS) - 1 });
            let pair = json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": [number, points] });
            json!({ "type": "array", "minItems": 1, "items": pair })
        }
        Kind::Table(inner) => table(inner),
        Kind::OneOf(tables) => json!({ "oneOf": tables.iter().map(table).collect::<Vec<_>>() }),
        Kind::Tables(inner, least, most) => {
            let mut list = json!({ "type": "array", "minItems": least, "items": table(inner) });
            if let (Some(map), true) = (list.as_object_mut(), most < usize::MAX) {
                map.insert("maxItems".into(), json!(most));
            }
            list
        }
    }
}

fn word(token: Token) -> Value {
    match token {
        Token::Schema => json!({ "enum": SCHEMAS.iter().map(|schema| schema.name).collect::<Vec<_>>() }),
        Token::Currency => pattern(CURRENCY_PATTERN),
        Token::Assurance => {
            let named: Vec<String> = (0..5).map(|level| Assurance(level).to_string()).collect();
            json!({ "oneOf": [{ "enum": named }, pattern(LEVEL_PATTERN)] })
        }
        Token::Basis => json!({ "enum": ["solo", "consolidated"] }),
        Token::Key => pattern(KEY_PATTERN),
        Token::Rule => text(NAME_BYTES_MAX),
    }
}
