//! Ids in paths: all 64 hexadecimal digits, or what people see of one (`req_…`), where the caller's own list can tell which is meant.

use covenant_api::ids;
use covenant_api::types::Hex32;
use covenant_ledger::Ledger;
use covenant_policy::refusal::Refusal;

use super::Problem;
use crate::refusals::PARAMETER_MALFORMED;

/// Bytes of an id that are shown.
const SHOWN_BYTES: usize = 20;

/// An id as a path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The whole id.
    Whole(Hex32),
    /// As much as is shown.
    Shown([u8; SHOWN_BYTES]),
}

/// A whole id.
///
/// # Errors
/// `parameter-malformed`.
pub fn whole(text: &str) -> Result<Hex32, Refusal> {
    Hex32::parse(text).map_err(|expected| malformed(text).expected(expected.trim_start_matches("expected ")))
}

fn malformed(text: &str) -> Refusal {
    let shown: String = text.chars().take(80).collect();
    Refusal::new(&PARAMETER_MALFORMED, format!("{shown:?} is no id")).at("the path")
}

impl Wanted {
    /// Reads an id, of which this prefix may be shown.
    ///
    /// # Errors
    /// `parameter-malformed`.
    pub fn parse(text: &str, prefix: &str) -> Result<Self, Refusal> {
        let Some(letters) = text.strip_prefix(prefix) else {
            return whole(text).map(Self::Whole);
        };
        let bytes = ids::base32().decode(letters.as_bytes()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self::Shown)
            .ok_or_else(|| malformed(text).expected(format!("{prefix} and 32 letters and digits in lower case")))
    }

    /// The whole id, among cells whose names are this prefix and an id; `None` where nothing fits.
    ///
    /// # Errors
    /// What the ledger says where it cannot be read.
    pub fn among(&self, ledger: &Ledger, prefix: &[u8]) -> Result<Option<Hex32>, Problem> {
        let begin: &[u8] = match self {
            Self::Whole(id) => &id.0,
            Self::Shown(bytes) => bytes,
        };
        let name = [prefix, begin].concat();
        let mut found = ledger.cells(&name);
        let Some(first) = found.next() else { return Ok(None) };
        // 160 bits that fit two ids would have to be looked for; then the whole id is needed.
        if found.next().is_some() {
            return Ok(None);
        }
        Ok(covenant_api::log::cells::last_id(&first?.0))
    }
}

#[cfg(test)]
mod tests {
    use covenant_api::ids;

    use super::*;

    #[test]
    fn an_id_is_read_whole_or_as_it_is_shown() {
        let id = Hex32(std::array::from_fn(|i| i as u8 * 7));
        let read = |text: &str| Wanted::parse(text, "req_").map_err(|refusal| refusal.code());
        assert_eq!(read(&id.to_string()), Ok(Wanted::Whole(id)));
        let shown = ids::display("req_", &id);
        assert_eq!(read(&shown), Ok(Wanted::Shown(id.0[..20].try_into().unwrap())));
        for bad in [
            "",
            "req_",
            &shown[..35],
            &format!("{shown}a"),
            &shown.to_uppercase(),
            &shown.replace("req_", "pol_"),
            &format!("req_{}", shown[4..].to_uppercase()),
            &id.to_string().to_uppercase(),
            &id.to_string()[1..],
            "req_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
        ] {
            assert_eq!(read(bad), Err("parameter-malformed"), "{bad:?}");
        }
    }
}
