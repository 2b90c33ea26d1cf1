//! `covenant invoices`: documents become a list of claims, with what is open at a day, how old it is and who owes most.
//!
//! It needs no vault and no network: files in, a table and perhaps a file out.

mod read;

use covenant_api::files;
use covenant_api::refusals::FILE_UNWRITABLE;
use covenant_import::amount::group_amount;
use covenant_import::invoices::{AgedBy, Bucket, Bucketed, Debtor, Exclusion, InvoiceList, Kind, Party, Summary};
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use crate::args::{AgedFrom, Invoices};
use crate::context::Context;
use crate::output::{Report, Table};

/// Debtors that are shown.
const TOP: usize = 5;
/// Documents left out that are shown, for each reason.
const SHOWN_MAX: usize = 5;

pub(super) fn run(context: &Context, args: &Invoices) -> Result<Report, Refusal> {
    let list = read::read(args)?;
    let as_of = args.as_of.map_or_else(|| context.now().day(), |date| date.day());
    let by = match args.aged_from {
        AgedFrom::Due => AgedBy::Due,
        AgedFrom::Issue => AgedBy::Issue,
    };
    let summary = list.summary(as_of, by);
    if let Some(out) = &args.out {
        let mut bytes = Vec::new();
        list.write(&mut bytes)
            .map_err(|e| Refusal::new(&FILE_UNWRITABLE, e.to_string()).at(out.display()))?;
        files::create_new(out, &bytes)?;
    }
    let mut report = Report::new(to_json(&list, &summary, by, args));
    report.heading(format!("Claims of {}", known_as(&list.seller)));
    report.line(format!(
        "{} from {}, in {}; {} left out.",
        counted(list.items.len(), "document"),
        counted(list.sources.len(), "file"),
        list.currency.code,
        list.excluded.len()
    ));
    report.table(kinds(&list, &summary));
    open(&mut report, &list, &summary, by);
    top(&mut report, &list, &summary);
    left_out(&mut report, &list);
    if let Some(out) = &args.out {
        report.good(format!("The list is in {}.", out.display()));
    }
    Ok(report)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A party's name, and the identifier by which registers know it best.
fn known_as(party: &Party) -> String {
    match (party.name.as_str(), party.ids.first()) {
        ("", Some(id)) => id.to_string(),
        (name, Some(id)) => format!("{name} ({id})"),
        (name, None) => name.to_owned(),
    }
}

fn kinds(list: &InvoiceList, summary: &Summary) -> Table {
    let show = |amount: i128| group_amount(amount, list.currency.minor_digits);
    let mut table = Table::new(&["kind", ">documents", ">total", ">of it tax", ">paid before", ">payable"]);
    for (kind, total) in &summary.kinds {
        let name = match kind {
            Kind::Invoice => "invoices",
            Kind::CreditNote => "credit notes",
            Kind::Correction => "corrections",
        };
        let tax = if total.without_tax == total.documents {
            "not said".to_owned()
        } else {
            show(total.tax)
        };
        table.row([
            name.to_owned(),
            total.documents.to_string(),
            show(total.total),
            tax,
            show(total.prepaid),
            show(total.payable),
        ]);
    }
    table
}

fn open(report: &mut Report, list: &InvoiceList, summary: &Summary, by: AgedBy) {
    let show = |amount: i128| group_amount(amount, list.currency.minor_digits);
    report.heading(format!("Open at the end of {}", summary.as_of));
    let days = match by {
        AgedBy::Due => "days overdue",
        AgedBy::Issue => "days since issue",
    };
    let mut table = Table::new(&[days, ">documents", ">claims", ">credits", ">open", ">of claims"]);
    let mut row = |name: &str, bucket: Bucketed| {
        let share = share(bucket.claims, summary.open.claims);
        let [claims, credits, net] = [bucket.claims, bucket.credits, bucket.net()].map(show);
        table.row([
            name.to_owned(),
            bucket.documents.to_string(),
            claims,
            credits,
            net,
            share,
        ]);
    };
    for (bucket, open) in Bucket::ALL.iter().zip(summary.ages) {
        row(bucket.words(), open);
    }
    row("all", summary.open);
    report.table(table);
    report.line(format!(
        "Settled by then: {}. Issued later: {}. Disputed claims: {}.",
        summary.settled,
        summary.later,
        show(summary.disputed)
    ));
    if summary.payments_unknown > 0 {
        report.warning(format!(
            "{} of a source that knows of no payments: they count as open until a list says otherwise.",
            counted(
                usize::try_from(summary.payments_unknown).unwrap_or(usize::MAX),
                "document"
            )
        ));
    }
}

/// A share of claims in percent with one decimal, rounded half up.
fn share(part: i128, whole: i128) -> String {
    if whole <= 0 {
        return String::new();
    }
    percent((2_000 * part + whole) / (2 * whole))
}

fn percent(permille: i128) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

fn top(report: &mut Report, list: &InvoiceList, summary: &Summary) {
    if summary.debtors.is_empty() {
        return;
    }
    let show = |amount: i128| group_amount(amount, list.currency.minor_digits);
    let shown = summary.debtors.len().min(TOP);
    report.heading(format!(
        "The largest {shown} of {}",
        counted(summary.debtors.len(), "debtor")
    ));
    let mut table = Table::new(&[
        "debtor",
        ">documents",
        ">open",
        ">of what debtors owe",
        ">claims over 90 days",
    ]);
    for debtor in summary.debtors.iter().take(TOP) {
        table.row([
            name(list, debtor),
            debtor.open.documents.to_string(),
            show(debtor.open.net()),
            summary.permille(debtor).map_or_else(String::new, percent),
            show(debtor.over_90),
        ]);
    }
    report.table(table);
}

fn name(list: &InvoiceList, debtor: &Debtor) -> String {
    list.debtors.get(debtor.debtor).map_or_else(String::new, known_as)
}

fn left_out(report: &mut Report, list: &InvoiceList) {
    if list.excluded.is_empty() {
        return;
    }
    report.heading("Left out");
    let mut table = Table::new(&["why", "document", ">payable", "where"]);
    for reason in Exclusion::ALL {
        let of: Vec<_> = list.excluded.iter().filter(|e| e.reason == reason).collect();
        for excluded in of.iter().take(SHOWN_MAX) {
            table.row([
                reason.words().to_owned(),
                format!("{} {}", excluded.kind, excluded.number.written),
                format!(
                    "{} {}",
                    group_amount(excluded.payable.into(), excluded.currency.minor_digits),
                    excluded.currency.code
                ),
                list.place(excluded.place),
            ]);
        }
        if let Some(more) = of.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            table.row([
                reason.words().to_owned(),
                format!("and {more} more"),
                String::new(),
                String::new(),
            ]);
        }
    }
    report.table(table);
}

/// Amounts are decimal strings of minor units, as in documents.
fn to_json(list: &InvoiceList, summary: &Summary, by: AgedBy, args: &Invoices) -> Value {
    let bucket = |open: Bucketed| json!({ "documents": open.documents, "claims": open.claims.to_string(), "credits": open.credits.to_string(), "open": open.net().to_string() });
    let kinds = summary.kinds.iter().map(|(kind, total)| {
        json!({
            "kind": kind.name(), "documents": total.documents, "total": total.total.to_string(), "tax": total.tax.to_string(),
            "without_tax": total.without_tax, "paid_before": total.prepaid.to_string(), "payable": total.payable.to_string(),
        })
    });
    let ages = Bucket::ALL.iter().zip(summary.ages).map(|(of, open)| {
        let mut value = bucket(open);
        value["days"] = of.words().into();
        value
    });
    let debtors = summary.debtors.iter().take(TOP).map(|debtor| {
        let mut value = bucket(debtor.open);
        value["debtor"] = name(list, debtor).into();
        value["permille"] = summary.permille(debtor).map(|p| p.to_string()).into();
        value["claims_over_90_days"] = debtor.over_90.to_string().into();
        value
    });
    let excluded = list.excluded.iter().map(|e| {
        json!({
            "reason": e.reason, "kind": e.kind.name(), "number": e.number.written, "payable": e.payable.to_string(),
            "currency": e.currency.code, "place": list.place(e.place),
        })
    });
    json!({
        "seller": list.seller, "currency": list.currency.code, "files": list.sources.len(), "documents": list.items.len(),
        "as_of": summary.as_of.to_string(), "aged_from": if by == AgedBy::Due { "due" } else { "issue" },
        "kinds": kinds.collect::<Vec<_>>(), "ages": ages.collect::<Vec<_>>(), "open": bucket(summary.open),
        "settled": summary.settled, "issued_later": summary.later, "disputed": summary.disputed.to_string(),
        "payments_unknown": summary.payments_unknown, "debtors": summary.debtors.len(),
        "largest": debtors.collect::<Vec<_>>(), "excluded": excluded.collect::<Vec<_>>(), "out": args.out,
    })
}
