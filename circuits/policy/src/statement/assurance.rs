//! Assurance levels by name, and bases by name.

use std::fmt;
use std::str::FromStr;

use super::{Assurance, Basis};
use crate::catalogue::{ASSURANCE_UNKNOWN, BASIS_UNKNOWN};
use crate::refusal::Refusal;

/// The customary levels, ascending.
const LEVELS: [(Assurance, &str); 5] = [
    (Assurance::SELF_DECLARED, "self-declared"),
    (Assurance::COMPILED, "compiled"),
    (Assurance::REVIEWED, "reviewed"),
    (Assurance::AUDITED, "audited"),
    (Assurance::AUTHORITY, "authority"),
];

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match LEVELS.iter().find(|(level, _)| level == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "level-{}", self.0),
        }
    }
}

impl FromStr for Assurance {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let named = LEVELS.iter().find(|(_, name)| *name == text).map(|(level, _)| *level);
        let numbered = || {
            let digits = text.strip_prefix("level-")?;
            let level = Assurance(digits.parse().ok()?);
            (level.to_string() == text).then_some(level)
        };
        named.or_else(numbered).ok_or_else(|| {
            Refusal::new(
                &ASSURANCE_UNKNOWN,
                format!("`{}` is no assurance level", text.escape_debug()),
            )
            .expected("self-declared, compiled, reviewed, audited, authority, or level-5 to level-255")
        })
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Solo => "solo",
            Self::Consolidated => "consolidated",
        })
    }
}

impl FromStr for Basis {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text {
            "solo" => Ok(Self::Solo),
            "consolidated" => Ok(Self::Consolidated),
            _ => Err(
                Refusal::new(&BASIS_UNKNOWN, format!("`{}` is no basis", text.escape_debug()))
                    .expected("solo or consolidated"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_reads_back() {
        for level in (0..=255).map(Assurance) {
            assert_eq!(level.to_string().parse::<Assurance>(), Ok(level));
        }
        for wrong in ["", "Audited", "level-3", "level-256", "level-05", "level-+7"] {
            assert_eq!(
                wrong.parse::<Assurance>().map_err(|r| r.code()),
                Err("assurance-unknown"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn bases_read_back() {
        for basis in [Basis::Solo, Basis::Consolidated] {
            assert_eq!(basis.to_string().parse::<Basis>(), Ok(basis));
        }
        assert_eq!("none".parse::<Basis>().map_err(|r| r.code()), Err("basis-unknown"));
    }
}
