//! The fields of an event that may name a person. The event's hash contains a salted commitment to each of them instead of
//! the field, so that what is about a person can be erased and the chain can still be verified.

use sha2::{Digest as _, Sha256};

/// Stands in place of a name that was erased.
pub const ERASED: &str = "Erased person";

/// The fields to which the hash contains a commitment, in their order there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonalField {
    ActorName,
    TargetName,
    Address,
    UserAgent,
    Details,
}

impl PersonalField {
    pub const ALL: [Self; 5] = [Self::ActorName, Self::TargetName, Self::Address, Self::UserAgent, Self::Details];

    /// Its name in exports; the salt is derived with it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActorName => "actor_name",
            Self::TargetName => "target_name",
            Self::Address => "address",
            Self::UserAgent => "user_agent",
            Self::Details => "details",
        }
    }
}

/// What the commitments of an event are made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Salts {
    /// The event is in the first format, without commitments.
    First,
    /// The same, and personal fields were erased.
    ErasedFirst,
    /// Each salt is derived from these random bytes.
    Seed([u8; 16]),
    /// Some fields were erased, and the seed with them.
    Each([Salt; 5]),
}

/// The salt of a field, or what is left after the field was erased: the commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salt {
    Kept([u8; 32]),
    Erased([u8; 32]),
}

impl Salt {
    const LENGTH: usize = 33;

    fn to_bytes(self) -> [u8; Self::LENGTH] {
        let (kind, rest) = match self {
            Self::Kept(salt) => (0, salt),
            Self::Erased(commitment) => (1, commitment),
        };
        let mut bytes = [kind; Self::LENGTH];
        bytes[1..].copy_from_slice(&rest);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let rest = rest.try_into().ok()?;
        match kind {
            0 => Some(Self::Kept(rest)),
            1 => Some(Self::Erased(rest)),
            _ => None,
        }
    }
}

impl Salts {
    pub(super) fn is_unsalted(&self) -> bool {
        matches!(self, Self::First | Self::ErasedFirst)
    }

    /// SHA-256 of the salt and the field as JSON: a string or `null`. The salt is SHA-256 of the seed and the field's name.
    pub(super) fn commitment(&self, field: PersonalField, value: Option<&str>) -> String {
        hex(&match self.salt(field) {
            Salt::Kept(salt) => commit(&salt, value),
            Salt::Erased(commitment) => commitment,
        })
    }

    /// The salt of a field, or its commitment.
    pub fn salt(&self, field: PersonalField) -> Salt {
        match self {
            Self::Seed(seed) => {
                Salt::Kept(Sha256::new().chain_update(seed).chain_update(field.name()).finalize().into())
            }
            Self::Each(salts) => salts[field as usize],
            Self::First | Self::ErasedFirst => Salt::Kept([0; 32]),
        }
    }

    /// The same without the salt of a field that contained `value`.
    pub(super) fn without(&self, field: PersonalField, value: Option<&str>) -> Self {
        if self.is_unsalted() {
            return Self::ErasedFirst;
        }
        let mut salts = PersonalField::ALL.map(|field| self.salt(field));
        let salt = &mut salts[field as usize];
        if let Salt::Kept(bytes) = *salt {
            *salt = Salt::Erased(commit(&bytes, value));
        }
        Self::Each(salts)
    }

    /// As stored: nothing or no bytes for the first format, the seed, or all salts.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::First => None,
            Self::ErasedFirst => Some(Vec::new()),
            Self::Seed(seed) => Some(seed.to_vec()),
            Self::Each(salts) => Some(salts.iter().flat_map(|salt| salt.to_bytes()).collect()),
        }
    }

    /// `None` if no event is stored like this.
    pub fn from_bytes(bytes: Option<&[u8]>) -> Option<Self> {
        match bytes {
            None => Some(Self::First),
            Some([]) => Some(Self::ErasedFirst),
            Some(bytes) => match bytes.try_into() {
                Ok(seed) => Some(Self::Seed(seed)),
                Err(_) => {
                    let salts: Option<Vec<_>> = bytes.chunks(Salt::LENGTH).map(Salt::from_bytes).collect();
                    salts?.try_into().ok().map(Self::Each)
                }
            },
        }
    }
}

fn commit(salt: &[u8; 32], value: Option<&str>) -> [u8; 32] {
    let json = serde_json::to_vec(&value).expect("a text is JSON");
    Sha256::new().chain_update(salt).chain_update(json).finalize().into()
}

/// Lower-case hexadecimal, as hashes are written in JSON.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_as_they_are_stored() {
        let seed = Salts::Seed([7; 16]);
        let each = seed.without(PersonalField::Address, Some("127.0.0.1"));
        assert!(matches!(&each, Salts::Each(salts) if salts[2] != seed.salt(PersonalField::Address)));
        for salts in [Salts::First, Salts::ErasedFirst, seed, each] {
            assert_eq!(Salts::from_bytes(salts.to_bytes().as_deref()), Some(salts));
        }
        for odd in [&[0; 15][..], &[0; 33], &[2; 165], &[0; 198]] {
            assert_eq!(Salts::from_bytes(Some(odd)), None, "{odd:?}");
        }
    }
}
