use super::*;

/// Counts bytes and keeps none: a year of any size is written in the memory of its customers.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn large_years_are_streamed() {
    let order = Order {
        seed: 3,
        kind: Kind::Fec,
        entries: 100_000,
        profile: Profile::Stretched,
        year: 2025,
    };
    let mut counter = Counter(0);
    let sample = generate(&order, &mut counter).unwrap();
    assert!(sample.lines > 200_000 && counter.0 > 20_000_000);
    assert!(sample.entries.abs_diff(order.entries) <= 2);
    assert_eq!(sample.file_name, format!("{}FEC20251231.txt", sample.registry));
    assert!(sample.registry.starts_with("000"));
}

#[test]
fn the_generators_books_balance() {
    for kind in [Kind::Fec, Kind::Sie] {
        let order = Order {
            seed: 9,
            kind,
            entries: 5_000,
            profile: Profile::Failing,
            year: 2023,
        };
        let period = Period::new("2023-01-01".parse().unwrap(), "2023-12-31".parse().unwrap()).unwrap();
        let mut company = Company::new(&order, period);
        let opening = company.opening_lines();
        assert_eq!(opening.iter().map(|l| l.amount).sum::<i64>(), 0);
        struct Balanced(u64);
        impl Sink for Balanced {
            fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
                assert_eq!(
                    entry.lines.iter().map(|l| l.amount).sum::<i64>(),
                    0,
                    "entry {}",
                    entry.number
                );
                self.0 += 1;
                Ok(())
            }
        }
        let mut sink = Balanced(0);
        company.run(&mut sink).unwrap();
        assert_eq!(sink.0, company.entries);
        assert_eq!(company.totals.iter().sum::<i64>(), 0);
        assert_eq!(
            company.customers.iter().sum::<i64>(),
            company.totals[roles::Role::Customers.index()]
        );
    }
}
