//! Who owes: documents that share an identifier have one debtor, so that a debtor with three identifiers is not three small ones.

use std::collections::{BTreeMap, BTreeSet};

use super::{Party, PartyId, canonical};

/// Debtors while a list is being made.
#[derive(Debug, Default)]
pub(super) struct Debtors {
    /// Each debtor as first seen.
    parties: Vec<Party>,
    /// Every identifier of a debtor, and its name where it has none.
    keys: BTreeMap<Key, usize>,
    /// The debtor that this one turned out to be; itself where it is the first.
    same: Vec<usize>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Id(PartyId),
    Name(String),
}

impl Debtors {
    /// The debtor of this party: known by any of its identifiers, by its name where it has none, or new.
    pub(super) fn add(&mut self, party: Party) -> usize {
        let mut keys: Vec<Key> = party.ids.iter().cloned().map(Key::Id).collect();
        if keys.is_empty() {
            keys.push(Key::Name(canonical(&party.name)));
        }
        let known: Vec<usize> = keys.iter().filter_map(|k| self.keys.get(k)).copied().collect();
        let known: BTreeSet<usize> = known.into_iter().map(|i| self.root(i)).collect();
        let index = known.first().copied().unwrap_or(self.parties.len());
        match self.parties.get_mut(index) {
            Some(first) => merge(first, party),
            None => {
                let mut first = Party::default();
                merge(&mut first, party);
                self.parties.push(first);
                self.same.push(index);
            }
        }
        for other in known.into_iter().skip(1) {
            if let Some(same) = self.same.get_mut(other) {
                *same = index;
            }
            let party = self.parties.get(other).cloned().unwrap_or_default();
            if let Some(first) = self.parties.get_mut(index) {
                merge(first, party);
            }
        }
        for key in keys {
            self.keys.insert(key, index);
        }
        index
    }

    /// How many identifiers a debtor has by now.
    pub(super) fn ids(&self, index: usize) -> usize {
        self.parties.get(index).map_or(0, |party| party.ids.len())
    }

    /// The debtor that this one turned out to be; chains are halved on the way (Tarjan and van Leeuwen), so that they stay short.
    pub(super) fn root(&mut self, mut index: usize) -> usize {
        while let Some(&next) = self.same.get(index).filter(|&&next| next != index) {
            let after = self.same.get(next).copied().unwrap_or(next);
            if let Some(same) = self.same.get_mut(index) {
                *same = after;
            }
            index = after;
        }
        index
    }

    /// The debtors that are left, and for each index that was given out the one it is now.
    pub(super) fn finish(mut self) -> (Vec<Party>, Vec<usize>) {
        let roots: Vec<usize> = (0..self.parties.len()).map(|i| self.root(i)).collect();
        let mut place = BTreeMap::new();
        let mut left = Vec::new();
        for (index, party) in self.parties.into_iter().enumerate() {
            if roots.get(index) == Some(&index) {
                place.insert(index, left.len());
                left.push(party);
            }
        }
        let now = roots.iter().filter_map(|root| place.get(root).copied()).collect();
        (left, now)
    }
}

/// Adds what the other party says.
pub(super) fn merge(into: &mut Party, other: Party) {
    if into.name.is_empty() {
        into.name = other.name;
    }
    if into.country.is_none() {
        into.country = other.country;
    }
    for id in other.ids {
        if let Err(at) = into.ids.binary_search(&id) {
            into.ids.insert(at, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoices::IdSort;

    fn party(name: &str, ids: &[(IdSort, &str)]) -> Party {
        Party {
            name: name.to_owned(),
            country: None,
            ids: ids
                .iter()
                .filter_map(|(sort, id)| PartyId::new(*sort, None, id))
                .collect(),
        }
    }

    #[test]
    fn one_identifier_in_common_is_one_debtor() {
        use IdSort::{Endpoint, Registry, Tax};
        let mut debtors = Debtors::default();
        let a = debtors.add(party("A", &[(Registry, "1")]));
        let b = debtors.add(party("B", &[(Tax, "X")]));
        let c = debtors.add(party("C", &[(Registry, "2")]));
        assert_eq!((a, b, c), (0, 1, 2));
        // The number of another sort is another number.
        let d = debtors.add(party("D", &[(Endpoint, "1")]));
        assert_eq!(d, 3);
        // What links A and B makes them one, and so on in chains.
        assert_eq!(debtors.add(party("A again", &[(Registry, "1"), (Tax, "x")])), 0);
        assert_eq!(debtors.add(party("C and D", &[(Endpoint, "1"), (Registry, "2")])), 2);
        assert_eq!(debtors.add(party("B and D", &[(Tax, "X"), (Endpoint, "1")])), 0);
        let (left, now) = debtors.finish();
        assert_eq!(now, [0, 0, 0, 0]);
        assert_eq!((left.len(), left[0].name.as_str(), left[0].ids.len()), (1, "A", 4));
    }

    #[test]
    fn without_identifiers_the_name_counts() {
        let mut debtors = Debtors::default();
        let first = debtors.add(party("Müller  AG", &[]));
        assert_eq!(debtors.add(party("müller ag", &[])), first);
        assert_ne!(debtors.add(party("Müller AG", &[(IdSort::Tax, "1")])), first);
        assert_eq!(debtors.finish().0.len(), 2);
    }
}
