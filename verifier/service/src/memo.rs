//! The decision memo: one printable page that a credit officer signs off and an auditor can follow back to the log.
//!
//! A pure function from what is on record to HTML. Everything on the page comes from signed documents; the policy's text is
//! rendered from the program that proofs are checked against. All text is escaped by construction (maud).

use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::documents::{
    AcceptedAttestor, Bank, Decision, Invitation, Outcome, Request, StatementBasis, Verdict,
};
use covenant_api::ids::{self, prefix};
use covenant_api::sign::Verified;
use covenant_api::types::{Hex32, UtcTime};
use covenant_policy::refusal::Refusal;
use covenant_policy::render::Rendering;
use covenant_policy::statement::Assurance;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The page's style: for paper first.
const STYLE: &str = include_str!("memo/style.css");

/// A document with its place in the log.
pub struct Entered<'a, T> {
    /// The entry's index.
    pub index: u64,
    /// The document.
    pub document: &'a Verified<T>,
}

/// An attestor that counts, as the bank's grant names it.
pub struct Attestor {
    /// The name in the bank's grant.
    pub name: String,
    /// Key and greatest assurance.
    pub accepted: AcceptedAttestor,
}

/// Under which checkpoint the verdict can be shown.
pub struct Standing<'a> {
    /// The log's key, in C2SP's form.
    pub log_key: &'a str,
    /// Entries under the checkpoint.
    pub size: u64,
    /// The checkpoint's root.
    pub root: String,
    /// The verdict's leaf hash.
    pub leaf: String,
}

/// What is on record about an application.
pub struct Memo<'a> {
    /// The bank.
    pub bank: &'a Bank,
    /// Whom it invited.
    pub invitation: &'a Verified<Invitation>,
    /// The policy.
    pub policy: &'a CheckedPolicy,
    /// What was asked.
    pub request: Entered<'a, Request>,
    /// Whose attestations count.
    pub attestors: Vec<Attestor>,
    /// What was shown, if anything was.
    pub verdict: Option<Entered<'a, Verdict>>,
    /// What the bank decided, if it has.
    pub decision: Option<Entered<'a, Decision>>,
    /// Where the verdict stands.
    pub standing: Option<Standing<'a>>,
    /// When this page was made.
    pub printed: UtcTime,
}

impl Memo<'_> {
    /// The page.
    ///
    /// # Errors
    /// None that a checked policy can bring about.
    pub fn page(&self) -> Result<Markup, Refusal> {
        let text = self.policy.plain_language()?;
        let company = self.invitation.registry_id.as_str();
        Ok(html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Decision memo: " (company) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        p.kind { "Decision memo" }
                        h1 { (company) }
                        p.bank { (self.bank.name) " · as of " (self.request.document.as_of) }
                    }
                    (self.outcome())
                    main {
                        div.beside {
                            section.shown { h2 { "What was shown" } (self.shown()) }
                            section.limits { h2 { "What this does not prove" } (self.limits()) }
                        }
                        section.policy { h2 { "Policy: " (text.title) } (policy(&text)) }
                        section.record { h2 { "On record" } (self.record()) }
                        section.recheck { h2 { "How to recheck" } (self.recheck()) }
                    }
                    footer { "Made " (self.printed) " from signed records. Figures were not disclosed to the bank and stand nowhere in the log." }
                }
            }
        })
    }

    /// The one thing to see from across the room.
    fn outcome(&self) -> Markup {
        let tier = self.verdict.as_ref().map(|verdict| verdict.document.tier.to_string());
        let (class, word) = match (&self.decision, &self.verdict) {
            (Some(d), _) if d.document.outcome == Outcome::Approved => ("approved", "Approved"),
            (Some(_), _) => ("refused", "Refused"),
            (None, Some(_)) => ("open", "Not decided yet"),
            (None, None) if self.printed > self.request.document.expires => ("open", "Expired without an answer"),
            (None, None) => ("open", "No proof yet"),
        };
        let development = self.verdict.as_ref().is_some_and(|v| v.document.development_key);
        html! {
            div class={ "outcome " (class) } {
                div { span.label { "Decision" } strong { (word) } }
                div { span.label { "Tier" } strong { (tier.as_deref().unwrap_or("none")) } }
                @if let Some(decision) = &self.decision {
                    div.words {
                        @if let Some(terms) = &decision.document.terms { p { (terms) } }
                        p.reason { (decision.document.reason) }
                        p.officer { (decision.document.officer) ", " (decision.document.decided) }
                    }
                }
            }
            @if development {
                p.warning { "Proven under a development key: anybody could have made this proof. It shows nothing." }
            }
        }
    }

    fn shown(&self) -> Markup {
        let Some(verdict) = &self.verdict else {
            return html! { p { "Nothing yet: the request has not been answered." } };
        };
        let v = verdict.document;
        let restated = match v.restated_or_shopped {
            0 => "No other version of these figures was accepted before.".to_owned(),
            1 => "One other version of these figures was accepted before.".to_owned(),
            n => format!("{n} other versions of these figures were accepted before."),
        };
        html! {
            dl {
                dt { "Applicant" }
                dd { (v.registry_id) ", recognised by the bank's invitation and its one-time code" }
                dt { "Tier" }
                dd { (v.tier) ": every condition of this tier holds. Which rules of better tiers fail stays hidden." }
                dt { "Period" }
                dd { "ended between " (v.ends_from) " and " (v.ends_to) }
                dt { "Statements" }
                dd { @for line in statements(v) { (line) br; } }
                dt { "Attested by" }
                dd {
                    "one of: "
                    @for (i, attestor) in self.attestors.iter().enumerate() {
                        @if i > 0 { "; " }
                        (attestor.name) " (up to " (Assurance(attestor.accepted.assurance_max)) ")"
                    }
                    @if self.attestors.is_empty() { "nobody; the figures are the enterprise's own word" }
                    @else { ". Which of them signed stays hidden." }
                }
                dt { "Versions" }
                dd { (restated) }
            }
        }
    }

    fn limits(&self) -> Markup {
        html! {
            ul {
                li { "That the figures are true: that rests on whoever attested them, up to the assurance stated." }
                li { "That nothing is left out of the books, such as a debt that was never recorded." }
                li { "Anything about the time after the period, or about what no rule of the policy reads." }
                li { "That buyer and seller did not collude; that goods exist; that a pledge is perfected in law." }
            }
        }
    }

    fn record(&self) -> Markup {
        let request = &self.request;
        html! {
            table {
                tr { th { "Document" } th { "Id" } th { "Entry" } th { "Signed by" } }
                (row("Request", &ids::display(prefix::REQUEST, &request.document.id()), request.index, &self.bank_key()))
                @if let Some(v) = &self.verdict {
                    (row("Verdict", &ids::display(prefix::DOCUMENT, &v.document.id()), v.index, &key("operator", &v.document.signer())))
                }
                @if let Some(d) = &self.decision {
                    (row("Decision", &ids::display(prefix::DOCUMENT, &d.document.id()), d.index, &self.bank_key()))
                }
            }
            p.ids {
                "Policy " code { (ids::display(prefix::POLICY, &self.policy.id())) }
                " · verifying key " code { (ids::display(prefix::KEY, &request.document.verifying_key)) }
                @if let Some(standing) = &self.standing {
                    br; "Log " code { (standing.log_key) }
                    br; "Leaf " code { (standing.leaf) } " in the tree of " (standing.size) " entries, root " code { (standing.root) }
                }
            }
        }
    }

    fn recheck(&self) -> Markup {
        let index = self.verdict.as_ref().map(|verdict| verdict.index);
        html! {
            @if let Some(index) = index {
                p {
                    "Keep the receipt of entry " (index) ": it shows offline, to anybody, that this verdict stands in the log ("
                    code { "covenant-audit receipt receipt.json --trust trust.json" }
                    "). An auditor rechecks every proof, signature and link of the log's export with a program of its own ("
                    code { "covenant-audit export.bin --trust trust.json" } ")."
                }
            } @else {
                p { "There is no verdict to recheck." }
            }
        }
    }

    fn bank_key(&self) -> String {
        key("bank", &self.bank.key)
    }
}

fn key(role: &str, key: &Hex32) -> String {
    let digits = key.to_string();
    format!("{role} {}…", digits.get(..16).unwrap_or(&digits))
}

fn row(what: &str, id: &str, index: u64, signer: &str) -> Markup {
    html! { tr { td { (what) } td { code { (id) } } td.number { (index) } td { code { (signer) } } } }
}

/// What is known of each statement that a verdict rests on.
fn statements(verdict: &Verdict) -> Vec<String> {
    let known = verdict.statements().into_iter().enumerate();
    known
        .map(|(k, (basis, floor))| {
            let basis = match basis {
                StatementBasis::Solo => "of the legal person alone",
                StatementBasis::Consolidated => "of the group",
            };
            let which = match k {
                0 => "the statement",
                1 => "the second statement",
                _ => "the third statement, by a linked proof",
            };
            format!("{which}, {basis}: at least {}", Assurance(floor))
        })
        .collect()
}

/// The policy in plain words.
fn policy(text: &Rendering) -> Markup {
    let mut definitions: Vec<&(String, String)> = text.rules.iter().flat_map(|rule| &rule.definitions).collect();
    definitions.sort();
    definitions.dedup();
    html! {
        @if !text.purpose.is_empty() { p.purpose { (text.purpose) } }
        div.columns {
            @for rule in &text.rules {
                p { b { (rule.name) } " " (rule.sentence) @if !rule.why.is_empty() { " " em { (rule.why) } } }
            }
        }
        h3 { "Tiers, best first" }
        table.tiers {
            @for tier in &text.tiers {
                tr { th { (tier.name) @if let Some(margin) = &tier.margin { " [" (margin) "]" } } td { (tier.takes) } }
            }
            @for (name, points) in &text.points {
                tr { th { (points) " points" } td { (name) } }
            }
        }
        h3 { "Terms" }
        p.small { @for term in text.terms.iter().chain(&text.notes) { (term) " " } }
        h3 { "Definitions" }
        p.small { @for (label, definition) in definitions { b { (label) } ": " (definition) " " } }
    }
}

#[cfg(test)]
mod tests;
