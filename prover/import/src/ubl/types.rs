//! Type codes of invoices and credit notes: UNTDID 1001, restricted as EN 16931 does (BR-CL-01).

use covenant_policy::refusal::Refusal;

use crate::catalogue;
use crate::clip;
use crate::invoices::{Exclusion, Kind};

/// What a type code makes of a document.
pub(super) struct Role {
    pub(super) kind: Kind,
    pub(super) excluded: Option<Exclusion>,
}

/// Codes that an Invoice may have.
const INVOICES: &[&str] = &[
    "71", "80", "82", "84", "102", "130", "202", "203", "204", "211", "218", "219", "295", "325", "326", "331", "380",
    "382", "383", "384", "385", "386", "387", "388", "389", "390", "393", "394", "395", "456", "457", "527", "553",
    "575", "623", "633", "751", "780", "817", "870", "875", "876", "877", "935",
];
/// Codes that a CreditNote may have.
const CREDIT_NOTES: &[&str] = &[
    "81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532",
];

/// The role of a document with this code.
pub(super) fn role(code: &str, credit_note: bool) -> Result<Role, Refusal> {
    let (codes, kind, usual) = if credit_note {
        (CREDIT_NOTES, Kind::CreditNote, "381")
    } else {
        (INVOICES, Kind::Invoice, "380")
    };
    if !codes.contains(&code) {
        let what = format!(
            "type code {:?} in {} (BR-CL-01)",
            clip(code, 20),
            if credit_note { "a CreditNote" } else { "an Invoice" }
        );
        return Err(Refusal::new(&catalogue::INVOICE_TYPE, what)
            .expected(format!("one of the codes of EN 16931, such as {usual}")));
    }
    let kind = if code == "384" { Kind::Correction } else { kind };
    let excluded = match code {
        "393" | "396" => Some(Exclusion::Factored),
        "325" => Some(Exclusion::NoClaim),
        _ => None,
    };
    Ok(Role { kind, excluded })
}
