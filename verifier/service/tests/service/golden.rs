//! The OpenAPI document is pinned: `COVENANT_GOLDEN=write` regenerates it, and a change shows in review.

use std::path::Path;

use crate::world::World;

#[test]
fn golden_openapi() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/openapi.json");
    let printed = covenant_verifier::openapi::json();
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&page, printed).unwrap();
    }
    let kept = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        kept == printed,
        "golden/openapi.json is not what the handlers say: regenerate it with COVENANT_GOLDEN=write"
    );
    let served = World::new().start().get("/v1/openapi.json");
    assert!(served.text() == printed);
}

#[test]
fn the_description_is_complete() {
    let document: serde_json::Value = serde_json::from_str(covenant_verifier::openapi::json()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let said = |field: &str| operation[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(
                said("operationId") && (said("summary") || said("description")),
                "{method} {path}"
            );
            assert_eq!(
                operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"],
                "#/components/schemas/Problem",
                "{method} {path}"
            );
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
        }
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}
