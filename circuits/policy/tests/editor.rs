//! The JSON Schema for editors: pinned, true of every sample, and false of every structural mistake of the corpus.

use std::path::Path;

use covenant_policy::compile;
use covenant_policy::editor::{
    CURRENCY_PATTERN, KEY_PATTERN, LEVEL_PATTERN, NAME_PATTERN, NUMBER_PATTERN, json_schema,
};
use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn golden_schema() {
    let path = root().join("docs/formats/policy.schema.json");
    let text = format!("{:#}\n", json_schema());
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|v| v == "write") {
        std::fs::write(&path, &text).expect("written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "docs/formats/policy.schema.json is not what the reader's list of fields says; `make golden` rewrites it"
    );
}

fn value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::Table(inner) => table(inner),
        DeValue::Array(items) => items.iter().map(|item| self::value(item.get_ref())).collect(),
        DeValue::String(text) => json!(text),
        DeValue::Boolean(b) => json!(b),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(json!({ "number": "large" }), |n| json!(n))
        }
        DeValue::Float(number) => number
            .as_str()
            .parse::<serde_json::Number>()
            .map_or(json!({ "number": "none" }), Value::Number),
        DeValue::Datetime(time) => json!({ "date": time.to_string() }),
    }
}

fn table(table: &DeTable<'_>) -> Value {
    let fields = table
        .iter()
        .map(|(key, inner)| (key.get_ref().to_string(), value(inner.get_ref())));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// What the patterns of the schema say.
fn matches(pattern: &str, text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    match pattern {
        NAME_PATTERN => text
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())),
        KEY_PATTERN => text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()),
        CURRENCY_PATTERN => text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
        LEVEL_PATTERN => text.strip_prefix("level-").is_some_and(|n| n.len() <= 3 && digits(n)),
        NUMBER_PATTERN => covenant_policy::expression::parse_decimal(text.trim_end_matches('%').trim_end()).is_some(),
        other => panic!("no pattern {other}"),
    }
}

/// Whether a value is what a schema says: the keywords of draft 7 that our schema uses, and no others.
fn valid(schema: &Value, value: &Value) -> bool {
    let number = |v: &Value| v.as_i64();
    let length = |v: &Value| v.as_str().map(|text| text.chars().count());
    schema
        .as_object()
        .expect("a schema")
        .iter()
        .all(|(keyword, said)| match keyword.as_str() {
            "$schema" | "title" | "description" | "required" if keyword != "required" => true,
            "const" => value == said,
            "enum" => said.as_array().expect("a list").contains(value),
            "type" => match said.as_str().expect("a word") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                other => panic!("no type {other}"),
            },
            "properties" => value.as_object().is_none_or(|fields| {
                fields
                    .iter()
                    .all(|(name, inner)| said.get(name).is_none_or(|schema| valid(schema, inner)))
            }),
            "additionalProperties" => {
                let known = schema["properties"].as_object().expect("properties");
                value
                    .as_object()
                    .is_none_or(|fields| fields.keys().all(|name| known.contains_key(name)))
            }
            "required" => value.as_object().is_none_or(|fields| {
                said.as_array()
                    .expect("a list")
                    .iter()
                    .all(|name| fields.contains_key(name.as_str().expect("a name")))
            }),
            "oneOf" => {
                said.as_array()
                    .expect("a list")
                    .iter()
                    .filter(|schema| valid(schema, value))
                    .count()
                    == 1
            }
            "items" => value.as_array().is_none_or(|items| match said.as_array() {
                Some(each) => items.iter().zip(each).all(|(item, schema)| valid(schema, item)),
                None => items.iter().all(|item| valid(said, item)),
            }),
            "minItems" => value
                .as_array()
                .is_none_or(|items| items.len() as i64 >= number(said).expect("a number")),
            "maxItems" => value
                .as_array()
                .is_none_or(|items| items.len() as i64 <= number(said).expect("a number")),
            "minLength" => length(value).is_none_or(|n| n as i64 >= number(said).expect("a number")),
            "maxLength" => length(value).is_none_or(|n| n as i64 <= number(said).expect("a number")),
            "minimum" => number(value).is_none_or(|n| n >= number(said).expect("a number")),
            "maximum" => number(value).is_none_or(|n| n <= number(said).expect("a number")),
            "pattern" => value
                .as_str()
                .is_none_or(|text| matches(said.as_str().expect("a pattern"), text)),
            other => panic!("no keyword {other}"),
        })
}

fn policies(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(policies(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
    found
}

#[test]
fn every_sample_keeps_the_schema() {
    let schema = json_schema();
    let samples = policies(&root().join("policies"));
    assert!(samples.len() >= 5);
    for (name, bytes) in samples {
        let text = String::from_utf8(bytes).expect("text");
        if compile(&text).is_ok() {
            let document = DeTable::parse(&text).expect("a table");
            assert!(valid(&schema, &table(document.get_ref())), "{name}");
        }
    }
}

/// Mistakes that a schema of single fields cannot see: they are between fields, in the order of items, or in characters.
const BEYOND: &[&str] = &[
    "factor-out-of-order",
    "factor-points-fall",
    "field-assurance-without-attestor",
    "field-lengths-out-of-order",
    "field-prior-on-another-basis",
    "grid-nothing-to-prove",
    "grid-worst-has-requirements",
    "name-reserved",
    "name-turned-round",
    "text-control-character",
    "text-direction-override",
    "title-of-two-lines",
    "expression-turned-round",
    "bytes-nul",
];

#[test]
fn every_structural_mistake_of_the_corpus_breaks_the_schema() {
    let schema = json_schema();
    let structural = ["policy-unknown-field", "policy-missing-field", "policy-bad-value"];
    let mut tried = 0;
    for (path, bytes) in policies(&root().join("circuits/policy/tests/malformed")) {
        let name = Path::new(&path)
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let Ok(document) = DeTable::parse(&text) else { continue };
        let Some(refusal) = compile(&text).err() else { continue };
        if structural.contains(&refusal.code()) && !BEYOND.contains(&name.as_str()) {
            assert!(!valid(&schema, &table(document.get_ref())), "{name}: {refusal}");
            tried += 1;
        }
    }
    assert!(tried >= 25, "{tried}");
}
