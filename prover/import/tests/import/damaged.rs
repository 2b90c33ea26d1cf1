//! Damaged books: whatever happens to a file's bytes, the importers refuse or import, and never panic; what they do import keeps
//! every identity.

use covenant_import::sample::Kind;
use covenant_import::{CsvFormat, Mapping, Options, csv, fec, saft, sie, to_statement};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::generated::{made, order};

/// Everything that can be done with a file, in each format. Gives the number of readings that ended in a statement.
fn everything(bytes: &[u8], name: &str, format: &CsvFormat, wanted: Options) -> usize {
    let readings = [
        fec::read(bytes, name, &mut |_| {}),
        sie::read(bytes, name, &mut |_| {}),
        saft::norway::read(bytes, name, &mut |_| {}),
        saft::portugal::read(bytes, name, &mut |_| {}),
        csv::read(bytes, name, format, &mut |_| {}),
    ];
    let mut statements = 0;
    for books in readings.into_iter().flatten() {
        let mapping = Mapping::chart(books.format.default_chart()).unwrap();
        match to_statement(&books, &mapping, &wanted) {
            Ok(imported) => {
                assert_eq!(imported.statement.validate(), Ok(()));
                assert!(imported.review.render_text().contains("SIGNATURES"));
                statements += 1;
            }
            Err(refusal) => assert!(!refusal.what.is_empty()),
        }
    }
    statements
}

fn csv_format() -> CsvFormat {
    CsvFormat::from_toml(made(&order(Kind::Csv, 1)).0.csv_format.as_deref().unwrap(), "f.toml").unwrap()
}

/// Characters that mean something in one of the formats.
const TELLING: &[u8] = b"0123456789-+,.;\t|#{}\" \r\n";

/// One random change: a byte, a cut, a doubled piece, a removed piece, swapped lines.
pub fn damage(bytes: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..rng.gen_range(1..4) {
        if out.is_empty() {
            break;
        }
        let at = rng.gen_range(0..out.len());
        let piece = (at..(at + rng.gen_range(1..80)).min(out.len())).collect::<Vec<_>>();
        match rng.gen_range(0..6) {
            0 => out[at] = rng.gen_range(0..=255),
            1 => out[at] = TELLING[rng.gen_range(0..TELLING.len())],
            2 => out.truncate(at),
            3 => {
                let copy = out[piece[0]..=piece[piece.len() - 1]].to_vec();
                out.splice(at..at, copy);
            }
            4 => {
                out.drain(piece[0]..=piece[piece.len() - 1]);
            }
            _ => {
                let mut lines: Vec<&[u8]> = out.split_inclusive(|b| *b == b'\n').collect();
                let (a, b) = (rng.gen_range(0..lines.len()), rng.gen_range(0..lines.len()));
                lines.swap(a, b);
                out = lines.concat();
            }
        }
    }
    out
}

#[test]
fn mutated_books_never_panic() {
    let mut rng = ChaCha20Rng::seed_from_u64(20_261_123);
    let format = csv_format();
    let (mut statements, mut readings) = (0, 0);
    for kind in [Kind::Fec, Kind::Sie, Kind::SaftNo, Kind::Csv] {
        let (sample, bytes) = made(&covenant_import::sample::Order {
            entries: 100,
            ..order(kind, 5)
        });
        let options = Options {
            period: Some(sample.period),
            ..Options::default()
        };
        assert_eq!(everything(&bytes, &sample.file_name, &format, options), 1);
        for _ in 0..400 {
            statements += everything(&damage(&bytes, &mut rng), &sample.file_name, &format, options);
            readings += 1;
        }
    }
    // Some damage touches only names, and imports; most is refused.
    assert!(
        statements > 20 && statements < readings / 2,
        "{statements} of {readings}"
    );
}

#[test]
fn random_bytes_are_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let format = csv_format();
    for _ in 0..400 {
        let length = rng.gen_range(0..2_000);
        let ascii = rng.gen_range(0..2) == 0;
        let mut bytes: Vec<u8> = (0..length)
            .map(|_| rng.gen_range(if ascii { 9..=126 } else { 0..=255 }))
            .collect();
        for start in [
            "",
            "#FLAGGA 0\n",
            "<AuditFile xmlns='urn:StandardAuditFile-Taxation-Financial:NO'>",
            "JournalCode\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tDebit\tCredit\n",
        ] {
            let mut file = start.as_bytes().to_vec();
            file.append(&mut bytes.clone());
            assert_eq!(everything(&file, "x", &format, Options::default()), 0);
        }
        bytes.clear();
    }
}

#[test]
fn every_cut_is_noticed() {
    let (sample, bytes) = made(&covenant_import::sample::Order {
        entries: 100,
        ..order(Kind::Fec, 9)
    });
    let whole = fec::read(&bytes[..], &sample.file_name, &mut |_| {}).unwrap();
    let ends: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'\n')
        .map(|(i, _)| i + 1)
        .collect();
    for cut in ends
        .iter()
        .copied()
        .chain((0..bytes.len()).step_by(97))
        .filter(|c| *c < bytes.len())
    {
        if let Ok(books) = fec::read(&bytes[..cut], &sample.file_name, &mut |_| {}) {
            // A cut between two entries cannot be seen in this format; one that only takes the last line end is none.
            let between = ends.contains(&cut) || bytes[cut..].iter().all(|b| matches!(b, b'\r' | b'\n'));
            let last_field = bytes[cut..].starts_with(b"\r\n") || bytes[cut..].starts_with(b"\n");
            assert!(between || last_field, "cut at byte {cut}");
            assert!(books.entries <= whole.entries);
        }
    }
}
