//! A secret key at rest: a bank's Ed25519 seed or an attestor's Baby Jubjub key, sealed under a passphrase where one is given.

use covenant_gadgets::eddsa;
use covenant_policy::refusal::Refusal;
use data_encoding::{BASE64, HEXLOWER};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::document::Document;
use crate::limits;
use crate::refusals::{KEY_MISMATCH, MALFORMED_DOCUMENT, PASSPHRASE_MISSING, SEAL_MALFORMED, WRONG_KEY_ROLE};
use crate::seal::{self, Cost, Passphrase};
use crate::sign::Signer;
use crate::types::Hex32;

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Ed25519: signs documents.
    Bank,
    /// EdDSA over Baby Jubjub: signs statements of figures.
    Attestor,
}

impl Role {
    /// As written in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Attestor => "attestor",
        }
    }
}

/// How the secret lies in the file. It has no `Debug` and wipes itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "kebab-case")]
pub enum StoredSecret {
    /// 64 hexadecimal digits, readable by whoever reads the file.
    Clear(String),
    /// A seal (see [`crate::seal`]) in base64.
    Sealed(String),
}

/// A secret key's file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKeyFile {
    /// Whose key it is.
    pub role: Role,
    /// The public key: Ed25519, or Baby Jubjub as circomlib packs it.
    pub public: Hex32,
    /// The secret.
    pub secret: StoredSecret,
}

impl Document for SecretKeyFile {
    const TYPE: &'static str = "secret-key";
    const BYTES_MAX: usize = limits::SECRET_KEY_BYTES_MAX;
}

/// A secret key in memory. It has no `Debug` and wipes itself.
pub struct SecretKey {
    role: Role,
    seed: Zeroizing<[u8; 32]>,
}

impl SecretKey {
    /// A new key.
    pub fn random<R: RngCore + CryptoRng>(role: Role, rng: &mut R) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self { role, seed }
    }

    /// Whose key it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The public key.
    pub fn public(&self) -> Hex32 {
        match self.role {
            Role::Bank => Signer::from_seed(&self.seed).public(),
            Role::Attestor => Hex32(eddsa::SecretKey::from_seed(&self.seed).public().packed()),
        }
    }

    /// The bank's signer.
    ///
    /// # Errors
    /// `wrong-key-role`.
    pub fn signer(&self) -> Result<Signer, Refusal> {
        self.need(Role::Bank).map(Signer::from_seed)
    }

    /// The attestor's signing key.
    ///
    /// # Errors
    /// `wrong-key-role`.
    pub fn attestor(&self) -> Result<eddsa::SecretKey, Refusal> {
        self.need(Role::Attestor).map(eddsa::SecretKey::from_seed)
    }

    fn need(&self, role: Role) -> Result<&[u8; 32], Refusal> {
        if self.role == role {
            return Ok(&self.seed);
        }
        Err(
            Refusal::new(&WRONG_KEY_ROLE, format!("a secret key of role {}", self.role.name()))
                .at("secret-key: role")
                .expected(role.name()),
        )
    }

    /// What to write to disk: sealed where there is a passphrase.
    ///
    /// # Errors
    /// Those of [`seal::seal`].
    pub fn store<R: RngCore + CryptoRng>(
        &self,
        passphrase: Option<(&Passphrase, Cost)>,
        rng: &mut R,
    ) -> Result<SecretKeyFile, Refusal> {
        let secret = match passphrase {
            None => StoredSecret::Clear(HEXLOWER.encode(self.seed.as_ref())),
            Some((passphrase, cost)) => {
                let sealed = seal::seal(self.seed.as_ref(), &purpose(self.role), passphrase, cost, rng)?;
                StoredSecret::Sealed(BASE64.encode(&sealed))
            }
        };
        Ok(SecretKeyFile {
            role: self.role,
            public: self.public(),
            secret,
        })
    }

    /// Reads what was on disk.
    ///
    /// # Errors
    /// `passphrase-missing`, `wrong-passphrase`, `seal-malformed`, `malformed-document`, and `key-mismatch` where secret and
    /// public key do not belong together.
    pub fn load(file: &SecretKeyFile, passphrase: Option<&Passphrase>) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(&MALFORMED_DOCUMENT, "not a secret key of 32 bytes").at("secret-key: secret");
        let bytes = match &file.secret {
            StoredSecret::Clear(hex) => Zeroizing::new(HEXLOWER.decode(hex.as_bytes()).map_err(|_| malformed())?),
            StoredSecret::Sealed(base64) => {
                let passphrase =
                    passphrase.ok_or_else(|| Refusal::new(&PASSPHRASE_MISSING, "the secret key is sealed"))?;
                let sealed = BASE64
                    .decode(base64.as_bytes())
                    .map_err(|_| Refusal::new(&SEAL_MALFORMED, "not base64").at("secret-key: secret"))?;
                seal::open(&sealed, &purpose(file.role), passphrase)?
            }
        };
        let seed: [u8; 32] = bytes.as_slice().try_into().map_err(|_| malformed())?;
        let key = Self {
            role: file.role,
            seed: Zeroizing::new(seed),
        };
        if key.public() != file.public {
            return Err(
                Refusal::new(&KEY_MISMATCH, "the secret belongs to another public key").at("secret-key: public")
            );
        }
        Ok(key)
    }
}

fn purpose(role: Role) -> String {
    format!("covenant/secret-key/{}/v1", role.name())
}
