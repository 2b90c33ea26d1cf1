//! Books that the sample generator makes: every format imports without overrides, and gives exactly the generator's own totals.

use covenant_import::position::figure_name;
use covenant_import::sample::{Kind, Order, Profile, Sample, generate};
use covenant_import::{Books, CsvFormat, Options, csv};

use crate::data;

pub fn order(kind: Kind, seed: u64) -> Order {
    Order {
        seed,
        kind,
        entries: 600,
        profile: Profile::Healthy,
        year: 2025,
    }
}

pub fn made(order: &Order) -> (Sample, Vec<u8>) {
    let mut bytes = Vec::new();
    let sample = generate(order, &mut bytes).unwrap();
    (sample, bytes)
}

pub fn read(sample: &Sample, bytes: &[u8]) -> Books {
    match &sample.csv_format {
        Some(format) => {
            let format = CsvFormat::from_toml(format, "format.toml").unwrap();
            csv::read(bytes, &sample.file_name, &format, &mut |_| {}).unwrap()
        }
        None => data::books_of(bytes, &sample.file_name).unwrap(),
    }
}

#[test]
fn imports_equal_the_generators_totals() {
    for kind in [Kind::Fec, Kind::Sie, Kind::SaftNo, Kind::Csv] {
        for profile in [Profile::Healthy, Profile::Stretched, Profile::Failing] {
            for (seed, entries) in [(1, 100), (2, 333), (3, 2_000), (4, 20_000)] {
                let order = Order {
                    seed,
                    kind,
                    entries,
                    profile,
                    year: 2024,
                };
                let (sample, bytes) = made(&order);
                let books = read(&sample, &bytes);
                let options = Options {
                    period: Some(sample.period),
                    ..Options::default()
                };
                let imported = data::import(&books, &options).unwrap();
                for (j, expected) in sample.figures.iter().enumerate() {
                    assert_eq!(
                        imported.statement.figures.0[j],
                        *expected,
                        "{} of {order:?}",
                        figure_name(j)
                    );
                }
                let prior = imported.prior.map(|(statement, _)| statement.figures.0);
                assert_eq!(prior, sample.prior_figures, "{order:?}");
                assert_eq!(books.warnings, []);
                if kind != Kind::Csv {
                    // The period is in the file.
                    assert_eq!(
                        data::import(&books, &Options::default()).unwrap().statement.period,
                        sample.period
                    );
                    let opening = u64::from(kind == Kind::Fec);
                    assert_eq!((books.lines, books.entries), (sample.lines, sample.entries + opening));
                    assert!(sample.entries.abs_diff(entries) <= 2, "{} of {order:?}", sample.entries);
                }
            }
        }
    }
}

#[test]
fn the_same_order_gives_the_same_bytes() {
    for kind in [Kind::Fec, Kind::Sie, Kind::SaftNo, Kind::Csv] {
        let (sample, bytes) = made(&order(kind, 7));
        assert_eq!((sample, bytes.clone()), made(&order(kind, 7)));
        assert_ne!(bytes, made(&order(kind, 8)).1);
    }
}

#[test]
fn profiles_differ_as_their_names_say() {
    use covenant_import::position::figure as f;
    let figures = |profile| {
        made(&Order {
            profile,
            entries: 2_000,
            ..order(Kind::Fec, 11)
        })
        .0
        .figures
    };
    let (healthy, stretched, failing) = (
        figures(Profile::Healthy),
        figures(Profile::Stretched),
        figures(Profile::Failing),
    );
    assert!(healthy[f::NET_INCOME] > stretched[f::NET_INCOME] && stretched[f::NET_INCOME] > failing[f::NET_INCOME]);
    assert!(healthy[f::NET_INCOME] > 0 && failing[f::NET_INCOME] < 0);
    assert!(healthy[f::FINANCIAL_DEBT] < stretched[f::FINANCIAL_DEBT]);
    assert_eq!(failing[f::CASH], 0);
}

#[test]
fn bad_orders_are_refused() {
    for order in [
        Order {
            entries: 99,
            ..order(Kind::Fec, 1)
        },
        Order {
            entries: 100_000_001,
            ..order(Kind::Fec, 1)
        },
        Order {
            year: 1970,
            ..order(Kind::Fec, 1)
        },
        Order {
            year: 2401,
            ..order(Kind::Fec, 1)
        },
    ] {
        assert_eq!(generate(&order, &mut Vec::new()).unwrap_err().code(), "sample-invalid");
    }
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert_eq!(
        generate(&order(Kind::Sie, 1), &mut Full).unwrap_err().code(),
        "unwritable-file"
    );
}
