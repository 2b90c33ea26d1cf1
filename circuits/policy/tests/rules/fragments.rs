//! The rule fragments of `policies/rules`: each a policy of its own, with what its header says of it.

use std::path::Path;

use covenant_policy::compiler::{Compiled, compile};
use covenant_policy::program::{COLUMNS, FIGURES, Relation};
use covenant_policy::schema::{ENTERPRISE_FINANCIALS, Schema, Unit};
use covenant_policy::statement::{Assurance, Coverage, Day, Figures, Period, Statement, parse_amount};

/// The figures of both statements.
pub type Columns = [i64; COLUMNS];

/// One file of `policies/rules`.
pub struct Fragment {
    /// The file's name, without its ending.
    pub name: String,
    /// The rule's number.
    pub number: u32,
    /// What the rule is about.
    pub about: String,
    /// Further lines of the header.
    pub notes: Vec<String>,
    /// The rule's class.
    pub class: String,
    /// `customary` or `published`.
    pub threshold: String,
    /// Companies, and the tier that each reaches.
    pub companies: Vec<(Columns, Option<String>)>,
    /// The policy.
    pub compiled: Compiled,
}

/// All fragments, by name.
pub fn all() -> Vec<Fragment> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/rules");
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("policies/rules")
        .map(|entry| entry.expect("a file of policies/rules").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    paths.sort();
    paths.iter().map(|path| Fragment::read(path)).collect()
}

impl Fragment {
    fn read(path: &Path) -> Self {
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name")
            .to_owned();
        let source = std::fs::read_to_string(path).expect("a fragment");
        let compiled = compile(&source).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let mut lines = source.lines().map_while(|line| line.strip_prefix("# "));
        let title = lines
            .next()
            .and_then(|line| line.strip_prefix("Rule "))
            .expect("# Rule n: …");
        let (number, about) = title.split_once(": ").expect("# Rule n: …");
        let mut fragment = Self {
            number: number.parse().expect("a number"),
            about: about.to_owned(),
            notes: Vec::new(),
            class: String::new(),
            threshold: String::new(),
            companies: Vec::new(),
            compiled,
            name,
        };
        for line in lines {
            let (key, value) = line.split_once(": ").unwrap_or((line, ""));
            let best = fragment.compiled.program.tiers.first().map(|tier| tier.name.clone());
            match key.split_once(' ').unwrap_or((key, "")) {
                ("class", "") => fragment.class = value.to_owned(),
                ("threshold", "") => fragment.threshold = value.to_owned(),
                ("passes", "") => fragment.company(value, best),
                ("fails", "") => fragment.company(value, None),
                ("reaches", tier) if !value.is_empty() => fragment.company(value, Some(tier.to_owned())),
                _ => fragment.notes.push(line.to_owned()),
            }
        }
        fragment
    }

    /// The schema of a statement.
    pub fn schema(&self, statement: usize) -> Option<&'static Schema> {
        self.compiled.program.schema(statement)
    }

    /// The column of a name with its prefix.
    pub fn column(&self, name: &str) -> Option<usize> {
        let (statement, name) = match name.split_once('.') {
            Some((_, name)) => (1, name),
            None => (0, name),
        };
        Some(statement * FIGURES + self.schema(statement)?.index_of(name)?)
    }

    /// Notes a company by its named figures, in major units; twelve numbers are the months of a series.
    fn company(&mut self, figures: &str, tier: Option<String>) {
        let mut columns = [0; COLUMNS];
        let mut given = [false; COLUMNS];
        for (name, value) in figures
            .split(", ")
            .map(|part| part.split_once(" = ").expect("figure = amount"))
        {
            let months: Vec<&str> = value.split(' ').collect();
            let names: Vec<String> = match months.len() {
                1 => vec![name.to_owned()],
                _ => (1..=months.len()).map(|month| format!("{name}_{month}")).collect(),
            };
            for (name, value) in names.iter().zip(months) {
                let column = self
                    .column(name)
                    .unwrap_or_else(|| panic!("{}: no figure {name}", self.name));
                let currency = self.compiled.program.currency;
                columns[column] = match self.compiled.program.figure(column).map(|f| f.unit) {
                    Some(Unit::Money) => parse_amount(&value.replace('_', ""), currency).expect("an amount"),
                    _ => value.parse().expect("a count"),
                };
                given[column] = true;
            }
        }
        for statement in 0..2 {
            if self.schema(statement) == Some(&ENTERPRISE_FINANCIALS) {
                let range = statement * FIGURES..(statement + 1) * FIGURES;
                balance(&mut columns[range.clone()], &given[range]);
            }
        }
        self.companies.push((columns, tier));
    }

    /// The statements that these columns are the figures of: two calendar years, or one.
    pub fn statements(&self, columns: &Columns) -> (Statement, Option<Statement>) {
        let program = &self.compiled.program;
        let statement = |k: usize| {
            let terms = &program.statements[k];
            let prior = k == 1 && program.relation == Relation::Prior;
            let (start, end) = if prior { (19_723, 20_088) } else { (20_089, 20_453) };
            Statement {
                schema: terms.schema,
                period: Period {
                    start: Day(start),
                    end: Day(end),
                },
                basis: terms.basis,
                currency: program.currency,
                restatement: 0,
                assurance: Assurance::AUTHORITY,
                coverage: Coverage(u32::MAX),
                figures: Figures(std::array::from_fn(|j| columns[k * FIGURES + j])),
            }
        };
        let second = (program.relation != Relation::None).then(|| statement(1));
        (statement(0), second)
    }
}

/// Completes a balance sheet of which some figures are given.
fn balance(x: &mut [i64], given: &[bool]) {
    let index = |name: &str| ENTERPRISE_FINANCIALS.index_of(name).expect("a figure");
    let [ca, nca, ta] = ["current_assets", "non_current_assets", "total_assets"].map(index);
    let [cl, ncl, tl] = ["current_liabilities", "non_current_liabilities", "total_liabilities"].map(index);
    let [e, rounding] = ["equity", "rounding_difference"].map(index);
    match (given[ta], given[tl], given[e]) {
        (true, true, _) => {}
        (true, false, true) => x[tl] = x[ta] - x[e] - x[rounding],
        (true, false, false) => x[tl] = x[cl],
        (false, true, true) => x[ta] = x[tl] + x[e] + x[rounding],
        (false, true, false) => x[ta] = x[ca].max(x[tl]),
        (false, false, true) => {
            x[ta] = x[ca].max(x[cl] + x[e] + x[rounding]);
            x[tl] = x[ta] - x[e] - x[rounding];
        }
        (false, false, false) => (x[ta], x[tl]) = (x[ca], x[cl]),
    }
    x[e] = x[ta] - x[tl] - x[rounding];
    x[nca] = x[ta] - x[ca];
    x[ncl] = x[tl] - x[cl];
}
