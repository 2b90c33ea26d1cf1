//! Every code that an importer can refuse with. The error reference under `docs/` is generated from this list.

use covenant_policy::refusal::{Catalogue, Entry};

macro_rules! entries {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $meaning:literal, $advice:literal;)*) => {
        $($(#[$doc])* pub const $name: Entry = Entry { code: $code, meaning: $meaning, advice: $advice };)*
        /// Every code of this crate, in the order in which a reader meets them.
        pub const CATALOGUE: Catalogue = &[$($name),*];
    };
}

entries! {
    /// The file could not be read.
    UNREADABLE = "unreadable-file", "The file could not be read to its end.",
        "Check that the file exists, that you may read it and that the disk is sound.";
    /// No importer knows the file.
    FORMAT_UNKNOWN = "format-unknown", "The file is none of the formats that can be imported.",
        "Export a FEC (France), a SIE 4 file (Sweden), SAF-T (Norway, Portugal) or a trial balance as CSV, and declare the CSV's format.";
    /// A line does not have the format's form.
    MALFORMED_LINE = "malformed-line", "A line does not have the form that its format prescribes.",
        "Export the file again from the accounting system; do not edit exports by hand.";
    /// A line is beyond any sensible length.
    LINE_TOO_LONG = "line-too-long", "A line is longer than any that the format can contain.",
        "This is probably not a text export: check that you chose the right file.";
    /// The file stops in the middle of something.
    TRUNCATED = "truncated-file", "The file ends in the middle of a line or of an entry.",
        "The export or its transfer was cut short: export or copy it again.";
    /// The XML is not XML.
    XML_MALFORMED = "xml-malformed", "The file is not well-formed XML.",
        "Export the file again from the accounting system; do not edit exports by hand.";
    /// The XML defines or uses entities.
    XML_FORBIDDEN = "xml-forbidden", "The file has a document type or refers to an entity, which can read other files or grow without bounds.",
        "No accounting export or invoice needs either: export the file again, or ask its sender for one without them.";
    /// The XML is deeper or longer than any export.
    XML_LIMIT = "xml-limit", "Elements are nested deeper, or a tag or text is longer, than in any file of this format.",
        "This is probably not an accounting export: check that you chose the right file.";
    /// The XML is of another kind.
    XML_NAMESPACE = "xml-namespace", "The document is not of the kind and version that the importer reads.",
        "Export the version that is expected; the namespace on the first lines says which one a file is.";
    /// An element that is needed is missing.
    MISSING_ELEMENT = "missing-element", "An element that the format prescribes, and that figures need, is missing or stands twice.",
        "Export the file again with all that the format prescribes.";
    /// A column that is needed is missing.
    MISSING_COLUMN = "missing-column", "The header lacks a column that is needed.",
        "Export with all columns that the format prescribes, or correct the declared column names.";
    /// A column appears twice.
    DUPLICATE_COLUMN = "duplicate-column", "The header names a column twice.",
        "Remove the second column, so that it is clear which one counts.";
    /// An amount is not a number in the format's notation.
    BAD_AMOUNT = "bad-amount", "An amount is not a number in the notation of its format. Amounts are never guessed.",
        "Correct the amount in the accounting system, or declare the number format that the file really has.";
    /// A date is not one.
    BAD_DATE = "bad-date", "A date is not a day of the calendar in the notation of its format.",
        "Correct the date in the accounting system and export again.";
    /// An account number is not one.
    BAD_ACCOUNT = "bad-account", "An account number is missing or contains characters that no chart of accounts has.",
        "Correct the entry in the accounting system and export again.";
    /// An entry's debits and credits differ.
    UNBALANCED_ENTRY = "unbalanced-entry", "The debits and credits of an entry differ.",
        "Find the entry in the accounting system: an amount was changed, or a line is missing from the export.";
    /// The books as a whole do not balance.
    UNBALANCED_BOOKS = "unbalanced-books", "The balances of all accounts do not add up to zero.",
        "An account is missing from the export, or an amount was changed: export the whole ledger again.";
    /// A stated closing balance is not what the entries give.
    BALANCE_MISMATCH = "balance-mismatch", "A closing balance in the file is not its opening balance plus its entries.",
        "The balance or an entry was changed after the export: export again.";
    /// A sub-ledger and its control account differ.
    UNTIED = "sub-ledger-untied", "The customers or suppliers of an account do not add up to the account's own balance.",
        "Export the ledger with the sub-account on every line, opening entries included, or correct the entries that lack it; customers without any sub-accounts can be imported, and are then not told apart.";
    /// The months of a series do not fit.
    SERIES_PERIOD = "series-period", "A monthly series needs a period of twelve whole calendar months.",
        "Export a year of twelve months; short and long financial years give a statement, but no series.";
    /// There are no entries to make a series of.
    NO_ENTRIES = "no-entries", "The books do not contain the entries that a monthly series is made of.",
        "Export the ledger with its entries and their dates: a FEC, or SIE of type 4.";
    /// The months do not add up to the year.
    SERIES_UNTIED = "series-untied", "The months of a series do not add up to the year's figure.",
        "Accounts of income or money were opened, or closed, outside the entries: export the whole ledger of the year again.";
    /// A control total is not that of the entries.
    CONTROL_TOTAL = "control-total-mismatch", "A control total in the file is not the total of its entries or documents.",
        "Entries were added, changed or lost after the export: export again.";
    /// A document's totals are not those of its lines.
    DOCUMENT_TOTAL = "document-total-mismatch", "A total of a document differs from its lines by more than their rounding.",
        "The document was changed after it was issued, or a line is missing: export again.";
    /// An account or a customer is used and not listed.
    UNLISTED = "not-listed", "An entry, a document or a party names an account or a customer that the file does not list.",
        "Export all accounts, customers and suppliers together with the entries.";
    /// A sum is finer than the currency.
    FRACTION = "fractional-total", "A balance, or the sum of an account's entries, is not a whole number of minor units.",
        "Amounts are never rounded here: post the rounding difference in the accounting system and export again.";
    /// There are documents and no ledger.
    NO_LEDGER = "no-ledger", "The file has sales documents and no general ledger, so that no figures can be made from it.",
        "Export the accounting file of the year; this file can be read as a list of invoices.";
    /// The income statement began before the period.
    MID_YEAR = "mid-year-books", "Income or expense accounts were brought forward with balances, so that the result covers more than the period.",
        "Export the books from the first day of the financial year.";
    /// An account appears twice where each must appear once.
    DUPLICATE_ACCOUNT = "duplicate-account", "A balance is given twice.",
        "Remove the repeated row, or give the sub-accounts a column of their own and declare it as `auxiliary`.";
    /// Income and expense accounts were already closed.
    CLOSED_BOOKS = "closed-books", "All income and expense accounts have been closed to zero, so that the income statement is gone.",
        "Export the ledger before the closing entries of the year, as the French and Swedish formats prescribe.";
    /// There is nothing in the books.
    EMPTY_BOOKS = "empty-books", "The file contains no balances and no entries.",
        "Choose the export of the whole year with its balances.";
    /// An amount is beyond 64 bits.
    AMOUNT_TOO_LARGE = "amount-too-large", "An amount or a sum does not fit 64 bits of minor units.",
        "Check the amount: it is beyond 92 quadrillion units of most currencies.";
    /// The bytes are not what the declared encoding allows.
    WRONG_ENCODING = "wrong-encoding", "The file is not in the encoding that was declared.",
        "Declare the encoding that the file really has.";
    /// The period cannot be told from the file.
    PERIOD_UNCLEAR = "period-unclear", "The file does not say for certain which period it covers.",
        "State the period yourself, with its first and its last day.";
    /// Entries lie outside the period.
    OUTSIDE_PERIOD = "entry-outside-period", "An entry is dated outside the period of the books.",
        "State the period that the entries really cover, or export the period that you stated.";
    /// The currency is not the expected one.
    BOOKS_CURRENCY = "books-currency", "The books are kept in another currency than the one asked for.",
        "Amounts are not converted: ask for the currency in which the books are kept.";
    /// The declaration of a CSV's format is wrong.
    CSV_FORMAT = "csv-format-invalid", "The declaration of the CSV's format is not valid.",
        "Declare separator, decimal, encoding and columns as docs/formats describes.";
    /// A field of an invoice is missing or not in its form.
    INVOICE_FIELD = "invoice-field-invalid", "A field of a document is missing, too long or not in its form.",
        "Correct the document in the system that issued it and export again.";
    /// A document's sum is not that of its parts.
    INVOICE_SUM = "invoice-sum-mismatch", "A sum in a document is not the sum of its parts.",
        "An amount was changed, or a line is missing: issue or export the document again.";
    /// The type of a document is not one of the standard's.
    INVOICE_TYPE = "invoice-type-unknown", "A document's type is not one that the standard has for such a document.",
        "Use the type codes of EN 16931 (UNTDID 1001): 380 for an invoice, 381 for a credit note, 384 for a correction.";
    /// One list holds one currency.
    INVOICE_CURRENCY = "invoice-currency", "Amounts are in different currencies.",
        "Amounts are not converted: make one list for each currency, and state it.";
    /// One list has one seller.
    SELLER_UNCLEAR = "seller-unclear", "It is not clear whose invoices these are.",
        "Name the seller by an identifier that stands in the documents, such as its endpoint or its registration number.";
    /// No due date and no term.
    DUE_DATE_MISSING = "due-date-missing", "A document states no due date, and no term was stated.",
        "State the term in days that holds for documents without a due date.";
    /// One number, two documents.
    DUPLICATE_DOCUMENT = "duplicate-document", "Two different documents have the same number.",
        "Find out which of the two counts, and leave the other out.";
    /// Nothing to list.
    NO_INVOICES = "no-invoices", "The files contain no document that counts.",
        "Choose the files of the enterprise's own sales, and check how the seller and the currency were named.";
    /// More documents than a list holds.
    MANY_DOCUMENTS = "too-many-documents", "There are more documents than a list may hold.",
        "Make one list for each year or each ledger.";
    /// A written list is not one.
    INVOICE_LIST = "invoice-list-invalid", "The file is not an invoice list as this program writes it.",
        "Make the list again from its sources; lists are not edited by hand.";
    /// The mapping file is wrong.
    MAPPING_INVALID = "mapping-invalid", "The account mapping file is not valid.",
        "Correct the file at the place shown; docs/formats describes every field.";
    /// The mapping file names something that does not exist.
    MAPPING_NAME = "mapping-unknown-name", "The account mapping names a position, a figure or a chart that does not exist.",
        "Use one of the names listed.";
    /// Two entries of the mapping file claim the same accounts.
    MAPPING_AMBIGUOUS = "mapping-ambiguous", "Two entries of one account mapping file claim the same accounts with the same prefix.",
        "Keep one of the two.";
    /// A declared reclassification cannot be done.
    RECLASSIFICATION = "reclassification-invalid", "A declared reclassification does not fit the books.",
        "Move at most the amount that lies in the position, between two positions of the same side of the balance sheet.";
    /// Accounts with balances have no place in the figures.
    UNMAPPED_ACCOUNT = "unmapped-account", "An account with a balance belongs to no position, so that figures would be incomplete.",
        "Write an account mapping file with an entry for each account listed, and pass it to the import.";
    /// A figure that cannot be negative is.
    FIGURE_NEGATIVE = "figure-negative", "A figure that the schema defines as non-negative would be negative.",
        "Look at the accounts of this figure in the review sheet; correct the books or map the accounts to other positions.";
    /// The sample's parameters are wrong.
    SAMPLE_INVALID = "sample-invalid", "The sample books cannot be made with these parameters.",
        "Choose a size between 100 and 100,000,000 entries and a year between 1971 and 2400.";
    /// The sample could not be written.
    UNWRITABLE = "unwritable-file", "The sample books could not be written.",
        "Check that the folder exists, that you may write to it and that the disk has room.";
}
