//! The refusal codes of the compliance statement.

use covenant_policy::refusal::{Catalogue, Entry};

macro_rules! entries {
    ($($name:ident = $code:literal, $meaning:literal, $advice:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $name: Entry = Entry { code: $code, meaning: $meaning, advice: $advice };
        )+
        /// Every code of this module.
        pub const CATALOGUE: Catalogue = &[$($name,)+];
    };
}

entries! {
    REGISTRY_ID_INVALID = "registry-id-invalid", "A company's registry id cannot be committed to.",
        "Write it as country, register and number without spaces, for example FR-SIREN:123456789.";
    UNKNOWN_TIER = "unknown-tier", "The policy has no such tier.",
        "Run `covenant check` to see the policy's tiers, and claim one of them.";
    NO_ATTESTOR = "no-attestor", "The policy asks for attested figures, but the registry grants no attestor that it accepts.",
        "Grant an attestor with `covenant-bank attestor grant`, or name another one in the policy.";
    TOO_MANY_ATTESTORS = "too-many-attestors", "More attestors are accepted than one proof can hide among.",
        "Name the attestors in the policy, 32 at most.";
    KEY_OF_ANOTHER_CIRCUIT = "key-of-another-circuit", "A key belongs to another version of the compliance circuit.",
        "Use a key made for this version, or the version of the program that the key was made for.";
}
