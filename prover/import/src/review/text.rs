//! The review sheet on paper.

use std::fmt::Write as _;

use super::{AccountLine, Review};
use crate::clip;

/// The sheet's width.
const WIDTH: usize = 126;
/// The width of an amount: 64 bits of minor units with grouping need 26.
const AMOUNT: usize = 20;

pub(super) fn render(review: &Review) -> String {
    let mut out = String::new();
    head(review, &mut out);
    warnings(review, &mut out);
    accounts(review, &mut out);
    unmapped(review, &mut out);
    untied(review, &mut out);
    reclassified(review, &mut out);
    positions(review, &mut out);
    figures(review, &mut out);
    identities(review, &mut out);
    customers(review, &mut out);
    signatures(review, &mut out);
    out
}

/// Writing to a string cannot fail; one place says so.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{
        let _ = writeln!($out, $($arg)*);
    }};
}

fn head(review: &Review, out: &mut String) {
    let year = if review.prior { " — THE YEAR BEFORE" } else { "" };
    put!(out, "REVIEW SHEET: FROM ACCOUNTS TO FIGURES{year}");
    put!(out, "{}", "=".repeat(WIDTH));
    let entries = if review.entries == 0 {
        "balances only".to_owned()
    } else {
        format!("{} entries", review.entries)
    };
    let rows = [
        (
            "Company",
            review
                .company
                .name
                .clone()
                .unwrap_or_else(|| "(not named in the file)".to_owned()),
        ),
        (
            "Registry number",
            review
                .company
                .registry
                .clone()
                .unwrap_or_else(|| "(not in the file)".to_owned()),
        ),
        ("File", format!("{}, {} lines, {entries}", review.file, review.lines)),
        ("Format", review.format.name().to_owned()),
        (
            "Period",
            format!(
                "{}{}",
                review.period,
                review.period.days().map_or(String::new(), |d| format!(" ({d} days)"))
            ),
        ),
        ("Basis, currency", format!("{}, {}", review.basis, review.currency)),
        (
            "Version",
            if review.restatement == 0 {
                "first".to_owned()
            } else {
                format!("restatement {}", review.restatement)
            },
        ),
        ("Chart of accounts", review.chart.clone()),
        (
            "Mapping file",
            review
                .mapping_file
                .clone()
                .unwrap_or_else(|| "none: the chart's defaults".to_owned()),
        ),
    ];
    for (name, value) in rows {
        put!(out, "{name:<18} {}", clip(&value, WIDTH - 19));
    }
}

fn section(title: &str, out: &mut String) {
    put!(out, "\n{title}");
    put!(out, "{}", "-".repeat(WIDTH));
}

fn warnings(review: &Review, out: &mut String) {
    if review.warnings.is_empty() {
        return;
    }
    section("TO KNOW", out);
    for w in &review.warnings {
        let line = w.line.map_or(String::new(), |l| format!(" (line {l})"));
        put!(out, "[{}] {}{line}", w.code, w.text);
    }
}

fn account(line: &AccountLine, out: &mut String) {
    let label = match &line.part {
        Some(part) => format!("{}: {part}", clip(&line.label, 56 - 2 - part.chars().count().min(40))),
        None => line.label.clone(),
    };
    let mark = if line.overridden { "  (mapping file)" } else { "" };
    let position = line.position.unwrap_or("— NO POSITION —");
    put!(
        out,
        "{:<12} {:<58} {:>AMOUNT$}  {position}{mark}",
        line.account,
        clip(&label, 57),
        line.balance
    );
}

fn accounts(review: &Review, out: &mut String) {
    section(
        &format!(
            "1. ACCOUNTS ({}; balances debit positive) AND THEIR POSITIONS",
            review.accounts.len()
        ),
        out,
    );
    for line in &review.accounts {
        account(line, out);
    }
    put!(
        out,
        "{:<12} {:<58} {:>AMOUNT$}",
        "",
        "Sum of debit balances",
        review.debit_total
    );
    put!(
        out,
        "{:<12} {:<58} {:>AMOUNT$}",
        "",
        "Sum of credit balances",
        review.credit_total
    );
}

fn unmapped(review: &Review, out: &mut String) {
    section("2. ACCOUNTS WITH A BALANCE AND WITHOUT A POSITION", out);
    if review.unmapped.is_empty() {
        put!(out, "None.");
        return;
    }
    for line in &review.unmapped {
        account(line, out);
    }
    put!(
        out,
        "NO STATEMENT CAN BE MADE UNTIL A MAPPING FILE GIVES EACH OF THEM A POSITION."
    );
}

fn untied(review: &Review, out: &mut String) {
    if review.untied.is_empty() {
        return;
    }
    section("SUB-LEDGERS THAT DO NOT TIE TO THEIR CONTROL ACCOUNTS", out);
    for u in &review.untied {
        put!(
            out,
            "{:<12} {:<38} {:>AMOUNT$}  sub-accounts {:>AMOUNT$}",
            u.account,
            clip(&u.label, 37),
            u.control,
            u.sub_ledger
        );
    }
    put!(out, "NO STATEMENT CAN BE MADE UNTIL BOTH SUMS ARE EQUAL.");
}

/// Thousandths as a percentage.
fn percent(per_mille: u32) -> String {
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

fn customers(review: &Review, out: &mut String) {
    let Some(customers) = &review.customers else { return };
    section("7. LARGEST CUSTOMERS (in no figure)", out);
    for (what, list) in [
        ("of the receivables", &customers.receivables),
        ("of what was invoiced, taxes included", &customers.invoiced),
    ] {
        if let Some(reason) = &list.reason {
            put!(out, "Shares {what}: not covered: {}", clip(reason, 200));
            continue;
        }
        put!(
            out,
            "{:<71} {:>AMOUNT$}  {:>7}",
            format!("Shares {what}, {} customers", list.customers),
            list.total,
            ""
        );
        for c in &list.largest {
            put!(
                out,
                "  {:<14} {:<54} {:>AMOUNT$}  {:>7}",
                clip(&c.who, 13),
                clip(&c.label, 53),
                c.amount,
                percent(c.per_mille)
            );
        }
        put!(
            out,
            "  {:<69} {:>AMOUNT$}  {:>7}",
            format!("the {} largest together", list.largest.len()),
            "",
            percent(list.top_per_mille)
        );
    }
}

fn reclassified(review: &Review, out: &mut String) {
    section("3. RECLASSIFIED BALANCES", out);
    if review.reclassified.is_empty() && review.moved.is_empty() {
        put!(out, "None.");
    }
    for r in &review.reclassified {
        let who = format!("{} {}", r.account, r.who);
        put!(
            out,
            "{:<36} {:>AMOUNT$}  {}, instead of {}",
            clip(&who, 35),
            r.balance,
            r.position,
            r.instead_of
        );
    }
    if review.reclassified_more > 0 {
        put!(out, "and {} more", review.reclassified_more);
    }
    for m in &review.moved {
        put!(
            out,
            "{:<36} {:>AMOUNT$}  from {} to {}",
            "declared in the mapping file",
            m.amount,
            m.from,
            m.to
        );
        put!(out, "{:<36} {}", "", clip(&m.reason, WIDTH - 37));
    }
}

fn positions(review: &Review, out: &mut String) {
    section(
        "4. POSITIONS AND THE FIGURES THEY ENTER (− where a position reduces the figure)",
        out,
    );
    let mut group = "";
    for p in &review.positions {
        if p.group != group {
            group = p.group;
            put!(out, "{group}");
        }
        // The sign of an amount is its position's; what matters here is whether a figure takes it as it is.
        let figures: Vec<String> = p
            .figures
            .iter()
            .map(|c| {
                if c.amount.minor == p.amount.minor {
                    c.figure.to_owned()
                } else {
                    format!("−{}", c.figure)
                }
            })
            .collect();
        let mut lines = wrap(&figures, WIDTH - 61 - AMOUNT).into_iter();
        put!(
            out,
            "  {:<56} {:>AMOUNT$}  {}",
            p.label,
            p.amount,
            lines.next().unwrap_or_default()
        );
        for rest in lines {
            put!(out, "  {:<56} {:>AMOUNT$}  {rest}", "", "");
        }
    }
}

/// A list in lines of a width.
fn wrap(items: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + item.chars().count() <= width => {
                line.push_str(", ");
                line.push_str(item);
            }
            _ => lines.push(item.clone()),
        }
    }
    lines
}

fn figures(review: &Review, out: &mut String) {
    section("5. FIGURES OF THE STATEMENT (enterprise-financials/v1)", out);
    for f in &review.figures {
        match &f.reason {
            None => put!(out, "{:>2} {:<32} {:>AMOUNT$}", f.index, f.name, f.amount),
            Some(reason) => put!(
                out,
                "{:>2} {:<32} {:>AMOUNT$}  {}",
                f.index,
                f.name,
                "not covered",
                clip(reason, 200)
            ),
        }
    }
}

fn identities(review: &Review, out: &mut String) {
    section("6. IDENTITIES", out);
    for i in &review.identities {
        put!(
            out,
            "{:<66} {:>AMOUNT$} = {:>AMOUNT$}  {}",
            i.text,
            i.left,
            i.right,
            if i.holds { "holds" } else { "BROKEN" }
        );
    }
}

fn signatures(review: &Review, out: &mut String) {
    let number = if review.customers.is_some() { 8 } else { 7 };
    section(&format!("{number}. SIGNATURES"), out);
    put!(
        out,
        "The figures above were taken from {} for {}.",
        clip(&review.file, 80),
        review.period
    );
    for who in ["For the enterprise", "Accountant", "Attestor"] {
        put!(
            out,
            "\n{who:<20} name {}  date {}  signature {}",
            "_".repeat(32),
            "_".repeat(12),
            "_".repeat(32)
        );
    }
}
