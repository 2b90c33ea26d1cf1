use super::*;
use crate::canonical;
use covenant_policy::statement::Day;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn both_forms<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, json: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), json);
    assert_eq!(&serde_json::from_str::<T>(json).unwrap(), value);
    assert_eq!(
        &canonical::from_slice::<T>(&canonical::to_vec(value).unwrap()).unwrap(),
        value
    );
}

fn refuses<T: DeserializeOwned + std::fmt::Debug>(cases: &[&str]) {
    for case in cases {
        let json = serde_json::to_string(case).unwrap();
        let error = serde_json::from_str::<T>(&json).unwrap_err();
        assert!(error.to_string().contains("expected"), "{case:?}: {error}");
    }
}

#[test]
fn bytes_have_one_spelling() {
    both_forms(&Hex32([0xab; 32]), &format!("\"{}\"", "ab".repeat(32)));
    both_forms(&Bytes64([0x01; 64]), &format!("\"{}\"", "01".repeat(64)));
    both_forms(&Base64([0u8, 1, 2, 3]), "\"AAECAw==\"");
    refuses::<Hex32>(&[
        &"AB".repeat(32),
        &"ab".repeat(31),
        &"ab".repeat(33),
        &"zz".repeat(32),
        "",
    ]);
    refuses::<Bytes64>(&[&"ab".repeat(32), &"AB".repeat(64)]);
    // Unpadded; stray bits in the last digit; URL-safe; a line break.
    refuses::<Base64<4>>(&["AAECAw", "AAECAx==", "AAEC_w==", "AAEC\nw=="]);
}

#[test]
fn text_is_no_byte_string_in_cbor() {
    let text = canonical::to_vec("ab".repeat(32).as_str()).unwrap();
    assert_eq!(
        canonical::from_slice::<Hex32>(&text).unwrap_err().code(),
        "not-canonical"
    );
    let short = canonical::to_vec(&Bytes64([0; 64])).unwrap();
    assert_eq!(
        canonical::from_slice::<Hex32>(&short).unwrap_err().code(),
        "not-canonical"
    );
}

#[test]
fn amounts_have_one_spelling() {
    both_forms(&Amount(-1250), "\"-1250\"");
    both_forms(&Amount(i64::MAX), "\"9223372036854775807\"");
    refuses::<Amount>(&["+1", "01", "-0", "1.0", "1e3", " 1", "", "9223372036854775808"]);
    assert!(
        serde_json::from_str::<Amount>("1250").is_err(),
        "a JSON number is not an amount"
    );
}

#[test]
fn field_elements_lie_below_the_order() {
    both_forms(&FieldElement::default(), "\"0\"");
    let last = "21888242871839275222246405745257275088548364400416034343698204186575808495616";
    both_forms(&FieldElement::parse(last).unwrap(), &format!("\"{last}\""));
    let order = "21888242871839275222246405745257275088548364400416034343698204186575808495617";
    refuses::<FieldElement>(&[order, "00", "01", "-1", "", "0x1", &"9".repeat(77), &"9".repeat(200)]);
    assert!(FieldElement::parse("0").unwrap().is_zero());
    let over = canonical::to_vec(&Hex32([0xff; 32])).unwrap();
    assert_eq!(
        canonical::from_slice::<FieldElement>(&over).unwrap_err().code(),
        "not-canonical"
    );
}

#[test]
fn dates_and_instants_have_one_spelling() {
    both_forms(&IsoDate::new(Day(20_780)).unwrap(), "\"2026-11-23\"");
    both_forms(&IsoDate::new(Day(0)).unwrap(), "\"1970-01-01\"");
    refuses::<IsoDate>(&[
        "1969-12-31",
        "2026-02-30",
        "2026-1-3",
        "+2026-11-23",
        "20261123",
        "9999-01-01",
    ]);
    assert_eq!(IsoDate::new(Day(1 << 20)), None);
    let instant = UtcTime::from_unix_seconds(1_795_444_097).unwrap();
    both_forms(&instant, "\"2026-11-23T14:28:17Z\"");
    assert_eq!(instant.day(), Day(20_780));
    assert_eq!(instant.plus_days(1).to_string(), "2026-11-24T14:28:17Z");
    refuses::<UtcTime>(&[
        "2026-11-23T14:28:17+00:00",
        "2026-11-23 14:28:17Z",
        "2026-11-23T14:28:17.0Z",
        "2026-11-23",
    ]);
}

#[test]
fn texts_are_bounded_lines() {
    both_forms(&Name::parse("Banque Générale").unwrap(), "\"Banque Générale\"");
    refuses::<Name>(&["", " x", "a\nb", &"x".repeat(201)]);
    both_forms(
        &RegistryId::parse("FR-SIREN:123456789").unwrap(),
        "\"FR-SIREN:123456789\"",
    );
    refuses::<RegistryId>(&[
        "123456789",
        ":1",
        "FR:",
        "FR:1 2",
        "FR:é",
        &format!("FR:{}", "1".repeat(60)),
    ]);
}
