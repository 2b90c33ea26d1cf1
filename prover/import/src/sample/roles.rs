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

/// Number and name of each role in the French, Swedish and generic charts, in the roles' order.
#[rustfmt::skip]
const TABLE: [(Role, [(&str, &str); 3]); ROLES] = [
    (Software, [("205000", "Logiciels"), ("1040", "Licenser"), ("1700", "Software")]),
    (SoftwareAmortisation, [("280500", "Amort. logiciels"), ("1049", "Ack avskrivn licenser"), ("1790", "Software, amortisation")]),
    (Machinery, [("215400", "Matériel industriel"), ("1210", "Maskiner"), ("1600", "Machinery")]),
    (MachineryDepreciation, [("281540", "Amort. matériel industriel"), ("1219", "Ack avskrivn maskiner"), ("1690", "Machinery, depreciation")]),
    (Inventory, [("370000", "Stocks de marchandises"), ("1460", "Lager av handelsvaror"), ("1200", "Merchandise")]),
    (Customers, [("411000", "Clients"), ("1510", "Kundfordringar"), ("1100", "Customers")]),
    (Bank, [("512000", "Banque"), ("1930", "Företagskonto"), ("1000", "Bank")]),
    (ShareCapital, [("101300", "Capital souscrit, appelé, versé"), ("2081", "Aktiekapital"), ("3000", "Share capital")]),
    (Retained, [("110000", "Report à nouveau"), ("2091", "Balanserad vinst"), ("3200", "Retained earnings")]),
    (PriorResult, [("120000", "Résultat de l'exercice précédent"), ("2099", "Årets resultat"), ("3290", "Result of the year before")]),
    (Loan, [("164000", "Emprunts bancaires"), ("2350", "Banklån, långfristigt"), ("2500", "Bank loan")]),
    (Suppliers, [("401000", "Fournisseurs"), ("2440", "Leverantörsskulder"), ("2000", "Suppliers")]),
    (VatOut, [("445710", "TVA collectée"), ("2611", "Utgående moms"), ("2210", "VAT on sales")]),
    (VatIn, [("445660", "TVA déductible"), ("2641", "Ingående moms"), ("2220", "VAT on purchases")]),
    (VatDue, [("445510", "TVA à décaisser"), ("2650", "Redovisningskonto för moms"), ("2200", "VAT due")]),
    (WagesPayable, [("421000", "Personnel, rémunérations dues"), ("2821", "Löneskulder"), ("2100", "Wages payable")]),
    (SocialPayable, [("431000", "Sécurité sociale"), ("2731", "Lagstadgade sociala avgifter"), ("2110", "Social security")]),
    (TaxPayable, [("444000", "État, impôt sur les bénéfices"), ("2510", "Skatteskulder"), ("2230", "Income tax payable")]),
    (Sales, [("707000", "Ventes de marchandises"), ("3001", "Försäljning"), ("4000", "Sales")]),
    (Purchases, [("607000", "Achats de marchandises"), ("4010", "Inköp varor"), ("5000", "Purchases")]),
    (StockChange, [("603700", "Variation des stocks de marchandises"), ("4960", "Förändring av lager"), ("5090", "Change in inventory")]),
    (Rent, [("613200", "Locations immobilières"), ("5010", "Lokalhyra"), ("6100", "Rent")]),
    (Wages, [("641100", "Salaires"), ("7010", "Löner"), ("6000", "Wages")]),
    (SocialCharges, [("645100", "Cotisations sociales"), ("7510", "Arbetsgivaravgifter"), ("6010", "Social charges")]),
    (Depreciation, [("681100", "Dotations aux amortissements"), ("7832", "Avskrivningar maskiner"), ("6800", "Depreciation")]),
    (Interest, [("661100", "Intérêts des emprunts"), ("8410", "Räntekostnader"), ("7100", "Interest")]),
    (IncomeTax, [("695000", "Impôts sur les bénéfices"), ("8910", "Skatt på årets resultat"), ("9000", "Income tax")]),
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
