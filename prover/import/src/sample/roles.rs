//! The accounts of a sample company, by what they are for, and their numbers and names in each chart.

use super::Kind;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Software,
    SoftwareAmortisation,
    Machinery,
    MachineryDepreciation,
    Inventory,
    Customers,
    Bank,
    ShareCapital,
    Retained,
    PriorResult,
    Loan,
    Suppliers,
    VatOut,
    VatIn,
    VatDue,
    WagesPayable,
    SocialPayable,
    TaxPayable,
    Sales,
    Purchases,
    StockChange,
    Rent,
    Wages,
    SocialCharges,
    Depreciation,
    Interest,
    IncomeTax,
}

/// How many roles there are.
pub(super) const ROLES: usize = 27;

use Role::*;

/// Number and name of each role in the French, Swedish, generic and Norwegian charts, in the roles' order.
#[rustfmt::skip]
const TABLE: [(Role, [(&str, &str); 4]); ROLES] = [
    (Software, [("205000", "Logiciels"), ("1040", "Licenser"), ("1700", "Software"), ("1040", "Lisenser")]),
    (SoftwareAmortisation, [("280500", "Amort. logiciels"), ("1049", "Ack avskrivn licenser"), ("1790", "Software, amortisation"), ("1049", "Lisenser, avskrivninger")]),
    (Machinery, [("215400", "Matériel industriel"), ("1210", "Maskiner"), ("1600", "Machinery"), ("1200", "Maskiner og anlegg")]),
    (MachineryDepreciation, [("281540", "Amort. matériel industriel"), ("1219", "Ack avskrivn maskiner"), ("1690", "Machinery, depreciation"), ("1209", "Maskiner og anlegg, avskrivninger")]),
    (Inventory, [("370000", "Stocks de marchandises"), ("1460", "Lager av handelsvaror"), ("1200", "Merchandise"), ("1460", "Innkjøpte varer for videresalg")]),
    (Customers, [("411000", "Clients"), ("1510", "Kundfordringar"), ("1100", "Customers"), ("1500", "Kundefordringer")]),
    (Bank, [("512000", "Banque"), ("1930", "Företagskonto"), ("1000", "Bank"), ("1920", "Bankinnskudd")]),
    (ShareCapital, [("101300", "Capital souscrit, appelé, versé"), ("2081", "Aktiekapital"), ("3000", "Share capital"), ("2000", "Aksjekapital")]),
    (Retained, [("110000", "Report à nouveau"), ("2091", "Balanserad vinst"), ("3200", "Retained earnings"), ("2050", "Annen egenkapital")]),
    (PriorResult, [("120000", "Résultat de l'exercice précédent"), ("2099", "Årets resultat"), ("3290", "Result of the year before"), ("2051", "Fjorårets resultat")]),
    (Loan, [("164000", "Emprunts bancaires"), ("2350", "Banklån, långfristigt"), ("2500", "Bank loan"), ("2220", "Gjeld til kredittinstitusjoner")]),
    (Suppliers, [("401000", "Fournisseurs"), ("2440", "Leverantörsskulder"), ("2000", "Suppliers"), ("2400", "Leverandørgjeld")]),
    (VatOut, [("445710", "TVA collectée"), ("2611", "Utgående moms"), ("2210", "VAT on sales"), ("2700", "Utgående merverdiavgift")]),
    (VatIn, [("445660", "TVA déductible"), ("2641", "Ingående moms"), ("2220", "VAT on purchases"), ("2710", "Inngående merverdiavgift")]),
    (VatDue, [("445510", "TVA à décaisser"), ("2650", "Redovisningskonto för moms"), ("2200", "VAT due"), ("2740", "Oppgjørskonto merverdiavgift")]),
    (WagesPayable, [("421000", "Personnel, rémunérations dues"), ("2821", "Löneskulder"), ("2100", "Wages payable"), ("2930", "Skyldig lønn")]),
    (SocialPayable, [("431000", "Sécurité sociale"), ("2731", "Lagstadgade sociala avgifter"), ("2110", "Social security"), ("2770", "Skyldig arbeidsgiveravgift")]),
    (TaxPayable, [("444000", "État, impôt sur les bénéfices"), ("2510", "Skatteskulder"), ("2230", "Income tax payable"), ("2500", "Betalbar skatt")]),
    (Sales, [("707000", "Ventes de marchandises"), ("3001", "Försäljning"), ("4000", "Sales"), ("3000", "Salgsinntekt")]),
    (Purchases, [("607000", "Achats de marchandises"), ("4010", "Inköp varor"), ("5000", "Purchases"), ("4300", "Innkjøp av varer for videresalg")]),
    (StockChange, [("603700", "Variation des stocks de marchandises"), ("4960", "Förändring av lager"), ("5090", "Change in inventory"), ("4390", "Beholdningsendring")]),
    (Rent, [("613200", "Locations immobilières"), ("5010", "Lokalhyra"), ("6100", "Rent"), ("6300", "Leie lokale")]),
    (Wages, [("641100", "Salaires"), ("7010", "Löner"), ("6000", "Wages"), ("5000", "Lønn")]),
    (SocialCharges, [("645100", "Cotisations sociales"), ("7510", "Arbetsgivaravgifter"), ("6010", "Social charges"), ("5400", "Arbeidsgiveravgift")]),
    (Depreciation, [("681100", "Dotations aux amortissements"), ("7832", "Avskrivningar maskiner"), ("6800", "Depreciation"), ("6015", "Avskrivning maskiner")]),
    (Interest, [("661100", "Intérêts des emprunts"), ("8410", "Räntekostnader"), ("7100", "Interest"), ("8150", "Rentekostnad")]),
    (IncomeTax, [("695000", "Impôts sur les bénéfices"), ("8910", "Skatt på årets resultat"), ("9000", "Income tax"), ("8300", "Betalbar skatt")]),
];

impl Role {
    /// Every role, in order.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(role, _)| *role)
    }

    /// Its place in the order.
    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// Its number and name.
    pub(super) fn account(self, kind: Kind) -> (&'static str, &'static str) {
        let column = match kind {
            Kind::Fec => 0,
            Kind::Sie => 1,
            Kind::Csv => 2,
            Kind::SaftNo => 3,
        };
        TABLE[self.index()].1[column]
    }

    /// Whether it belongs to the income statement.
    pub(super) fn is_income(self) -> bool {
        self >= Sales
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_roles_order() {
        assert!(Role::all().enumerate().all(|(i, role)| role.index() == i));
    }
}
