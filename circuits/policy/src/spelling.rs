//! The name that was probably meant, for advice on misspelt ones.

/// Characters of a name that are compared.
const COMPARED: usize = 64;

/// The known name that is nearest to a misspelt one, where one is near: at most a third of its characters differ.
pub(crate) fn nearest<'n>(misspelt: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = |name: &&str| distance(misspelt, name) * 3 <= name.chars().count().max(3);
    known.filter(near).min_by_key(|name| distance(misspelt, name))
}

/// Edit distance.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(COMPARED).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(COMPARED).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let up = row.get(j + 1).copied().unwrap_or(0);
            let best = (diagonal + usize::from(x != *y)).min(up + 1).min(left + 1);
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            (diagonal, left) = (up, best);
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_found_and_what_is_far_is_not() {
        let known = ["require", "name", "why"];
        let of = |word: &str| nearest(word, known.into_iter());
        assert_eq!(of("requires"), Some("require"));
        assert_eq!(of("nane"), Some("name"));
        assert_eq!(of("weight"), None);
        assert_eq!(of(&"x".repeat(100_000)), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
