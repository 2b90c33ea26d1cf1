//! Every code that this crate refuses with; the error reference under `docs/` is generated from this table.

use crate::refusal::{Catalogue, Entry};

macro_rules! codes {
    ($list:ident, $list_doc:literal: $($name:ident $code:literal $meaning:literal $advice:literal)*) => {
        $(#[doc = concat!("`", $code, "`: ", $meaning)]
        pub const $name: Entry = Entry { code: $code, meaning: $meaning, advice: $advice };)*

        #[doc = $list_doc]
        pub const $list: Catalogue = &[$($name),*];
    };
}

codes! {
    CATALOGUE, "The refusal codes of this crate.":
    SCHEMA_UNKNOWN "schema-unknown" "There is no schema of this name." "Use a schema that this version knows."
    CURRENCY_UNKNOWN "currency-unknown" "This is no active ISO 4217 currency." "Write the three-letter code, such as EUR."
    DATE_INVALID "date-invalid" "This is no date that can be represented." "Write ISO 8601 dates, YYYY-MM-DD, from 1970 on."
    PERIOD_INVALID "period-invalid" "The period's days are out of order or out of range." "Check the start and the end of the period."
    ASSURANCE_UNKNOWN "assurance-unknown" "This is no assurance level." "Use self-declared, compiled, reviewed, audited or authority."
    BASIS_UNKNOWN "basis-unknown" "This is no basis of accounting." "Use solo or consolidated."
    AMOUNT_INVALID "amount-invalid" "This is no exact amount in this currency." "Write digits with a decimal point and no thousands separators."
    FIGURE_OUT_OF_RANGE "figure-out-of-range" "A figure has the wrong sign or more than 63 bits." "Check the figure's sign and the account mapping that produced it."
    FIGURE_UNCOVERED "figure-uncovered" "A figure has a value although the coverage does not list it." "List it in the coverage, or leave it 0."
    FIGURE_NOT_COVERED "figure-not-covered" "The policy reads a figure that the books do not give; absent is not zero." "Supply the figure from other records, or ask the bank for a policy without it."
    IDENTITY_BROKEN "identity-broken" "A sum that every statement keeps does not hold." "Check the account mapping; statements in whole units use rounding_difference."
    SCHEMA_MISMATCH "schema-mismatch" "The statement has another schema than the policy asks for." "Prove with a statement of the policy's schema."
    CURRENCY_MISMATCH "currency-mismatch" "The statement is in another currency than the policy." "Prove with a statement in the policy's currency; amounts are never converted."
    BASIS_MISMATCH "basis-mismatch" "The statement has another basis than the policy asks for." "Use the solo or the consolidated statement, as the policy says."
    PERIOD_LENGTH "period-length" "The period is shorter or longer than the policy accepts." "Prove with a statement over a period of the accepted length."
    PERIOD_STALE "period-stale" "The period ended too long ago." "Prove with the latest statement."
    PERIOD_IN_FUTURE "period-in-future" "The period ends after the day that the request is as of." "Prove with a period that has ended."
    RESTATEMENT_LIMIT "restatement-limit" "The statement was restated more often than the policy accepts." "Talk to the bank: further restatements need its consent."
    ASSURANCE_TOO_LOW "assurance-too-low" "The attestation gives less assurance than the policy demands." "Have the statement attested at the demanded level."
    SECOND_MISSING "second-statement-missing" "The policy reads a second statement, and none was given." "Give the statement that the policy names."
    SECOND_UNEXPECTED "second-statement-unexpected" "A second statement was given, and the policy reads none." "Leave it out: it would not be looked at."
    NOT_THE_PRIOR_PERIOD "not-the-prior-period" "The second statement is not of the period directly before." "Give the statement that ends on the day before the first one starts, of the same length."
    NOT_A_COMPANION "not-a-companion" "The second statement does not end on the same day." "Give the companion statement of the same period end."
    POLICY_NOT_TEXT "policy-not-text" "The policy's source is not UTF-8 text." "Save the file as UTF-8."
    POLICY_SYNTAX "policy-syntax" "The policy is not well-formed TOML." "Correct the line shown."
    POLICY_TOO_LONG "policy-too-long" "The policy's source or one of its texts is too long." "Shorten it; a policy is a page, not a book."
    POLICY_UNKNOWN_FIELD "policy-unknown-field" "The policy has a field that does not exist." "Correct the field's name, or remove it."
    POLICY_MISSING_FIELD "policy-missing-field" "The policy lacks a field that it must have." "Add the field."
    POLICY_BAD_VALUE "policy-bad-value" "A field has a value of the wrong type or outside its bounds." "Correct the value."
    POLICY_EXPRESSION "policy-expression" "An expression cannot be read." "Write for example `current_assets / current_liabilities >= 1.2`."
    POLICY_UNKNOWN_FIGURE "policy-unknown-figure" "The schema has no figure of this name." "Use a figure's name or one of its aliases."
    POLICY_UNKNOWN_RULE "policy-unknown-rule" "No earlier rule has this name." "Name a rule of this policy; combinations come after what they combine."
    POLICY_DUPLICATE "policy-duplicate" "A name or an entry appears twice." "Keep one of them."
    POLICY_UNITS "policy-units" "The two sides of an expression have different units." "Compare money with money, counts with counts and ratios with numbers."
    POLICY_DIVISION "policy-division" "The expression divides by what cannot be guarded." "Divide by one linear expression, or by a product of them, that can be above zero."
    POLICY_EQUALITY "policy-equality" "Equality is only available between linear expressions without a division." "Ask for `between a and b`, or multiply out the division."
    POLICY_NEGATED_RATIO "policy-negated-ratio" "`not` over a rule that divides would pass where the denominator is zero or negative." "Write the opposite comparison as a rule of its own."
    POLICY_NO_SECOND "policy-no-second-statement" "A rule reads a second statement that the policy does not ask for." "Add a [second] table whose relation is that prefix."
    POLICY_SPANS "policy-spans-proofs" "Something reads the second and the third statement at once; one proof looks at two statements." "Write one rule for each further statement, and have the tier require both."
    POLICY_TOO_LARGE "policy-too-large" "The policy needs more rows, product slots or degrees than a proof has." "Use fewer rules, or multiply out divisions by hand."
    POLICY_OVER_BUDGET "policy-over-budget" "A coefficient, bound or weight is beyond the overflow budget." "Use thresholds with fewer digits."
    POLICY_NEVER "policy-rule-never-passes" "No statement can pass this rule." "Check the direction of the comparison and the sign of the figures."
    POLICY_CONTRADICTORY "policy-contradictory" "A tier asks for rules that exclude each other." "Check the directions of the comparisons."
    POLICY_UNCONDITIONAL "policy-tier-unconditional" "A tier asks for nothing, so that there is nothing to prove." "Give it a requirement, or leave it out: who proves no tier has none."
    POLICY_UNATTAINABLE "policy-tier-unattainable" "A grade asks for more points than there are." "Lower the grade's minimum, or add points."
    POLICY_ATTESTORS "policy-attestors" "The accepted attestors do not fit the statements' sources." "List attestors, or write attestors = \"registry\", exactly where a statement is attested."
    PROGRAM_INVALID "program-invalid" "A compiled program breaks a rule that the verifier demands of every program." "Compile the policy with this version; do not edit compiled policies."
    POLICY_BYTES "policy-bytes-invalid" "The bytes are not the canonical encoding of a compiled policy." "Fetch the compiled policy again, or compile it from its source."
}

codes! {
    WARNINGS, "What the author of a policy should know, and what may be meant: nothing is refused for it.":
    ALWAYS_HOLDS "policy-always-holds" "No statement fails this rule." "Check the direction of the comparison; a rule that everybody passes decides nothing."
    SAME_RULE "policy-same-rule" "Two rules pass and fail together." "Keep one of them."
    IMPLIED "policy-implied" "A tier demands a rule that its other rules imply." "Leave it out of the tier, or check the thresholds."
    UNUSED_RULE "policy-unused-rule" "No tier and no other rule names this rule." "Use it, or remove it: it decides nothing."
    NEVER_BEST "policy-tier-never-best" "Whoever reaches this tier reaches a better one." "Check the order of the tiers, which are listed best first, and their thresholds."
    ZERO_DENOMINATOR "policy-zero-denominator" "A rule divides by a figure that can be 0 in sound companies, which then fail." "Multiply out the division if they should pass."
    UNREAD_SECOND "policy-unread-second" "A second statement is asked for, and no rule reads it." "Remove the [second] table, or use it."
    NOT_DECIDED "policy-not-decided" "A question about the policy was too large to be decided." "Nothing is wrong for certain; fewer rows per tier make it decidable."
}
