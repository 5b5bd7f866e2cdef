//! Restrictions of a key beyond its scopes: signatures, addresses, and its own limits.

use crate::{Invalid, key::Addresses};

/// Overrides of the plan's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitOverride {
    pub per_minute: Option<u32>,
    pub per_day: Option<u32>,
}

impl LimitOverride {
    /// Parses input; empty means the plan's limit.
    pub fn check(per_minute: &str, per_day: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let per_minute = invalid.take(limit("limit_per_minute", per_minute, MOST_PER_MINUTE));
        let per_day = invalid.take(limit("limit_per_day", per_day, MOST_PER_DAY));
        invalid.or(Self { per_minute, per_day })
    }
}

const MOST_PER_MINUTE: u32 = 1_000_000;
const MOST_PER_DAY: u32 = 1_000_000_000;

/// Checks a limit per minute.
pub fn check_per_minute(limit: u32) -> Result<u32, Invalid> {
    bounded("limit_per_minute", limit, MOST_PER_MINUTE)
}

/// Checks a limit per day.
pub fn check_per_day(limit: u32) -> Result<u32, Invalid> {
    bounded("limit_per_day", limit, MOST_PER_DAY)
}

fn bounded(field: &'static str, limit: u32, most: u32) -> Result<u32, Invalid> {
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(Invalid::field(field, format!("Write a number from 1 to {most}, or null for the plan’s limit.")))
    }
}

fn limit(field: &'static str, text: &str, most: u32) -> Result<Option<u32>, Invalid> {
    // People write 10,000 and 10 000.
    let digits: String = text.chars().filter(|character| !matches!(character, ' ' | ',' | '_' | '\u{a0}')).collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(limit) if whole && (1..=most).contains(&limit) => Ok(Some(limit)),
        _ => Err(Invalid::field(field, format!("Write a number from 1 to {most}, or nothing for the plan’s limit."))),
    }
}

/// Fails if signatures are required of a key without a signing secret.
pub fn can_sign(has_signing_secret: bool) -> Result<(), Invalid> {
    if has_signing_secret {
        return Ok(());
    }
    Err(Invalid::field("require_signed", "This key has no signing secret; generate one first."))
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Refuses requests that are not signed with the signing secret.
    pub require_signed: bool,
    /// Empty allows every address.
    pub addresses: Addresses,
    /// If not, requests from other addresses are only recorded.
    pub addresses_enforced: bool,
    pub limits: LimitOverride,
}

/// Restrictions as entered.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestrictionsInput<'a> {
    pub require_signed: bool,
    pub addresses: &'a str,
    /// `monitor` or `enforce`.
    pub address_mode: &'a str,
    pub limit_per_minute: &'a str,
    pub limit_per_day: &'a str,
}

impl Restrictions {
    /// A key without a signing secret can't sign.
    pub fn check(input: &RestrictionsInput<'_>, has_signing_secret: bool) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        if input.require_signed {
            invalid.take(can_sign(has_signing_secret));
        }
        let addresses = invalid.take(Addresses::check(input.addresses));
        let addresses_enforced = match input.address_mode {
            "monitor" => false,
            "enforce" => true,
            _ => {
                invalid.push("address_mode", "Choose Monitor only or Enforce.");
                false
            }
        };
        let limits = invalid.take(LimitOverride::check(input.limit_per_minute, input.limit_per_day));
        invalid.or(Self { require_signed: input.require_signed, addresses, addresses_enforced, limits })
    }

    pub const fn address_mode(&self) -> &'static str {
        if self.addresses_enforced { "enforce" } else { "monitor" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(input: &RestrictionsInput<'_>, has_signing_secret: bool) -> Vec<&'static str> {
        let Err(Invalid(errors)) = Restrictions::check(input, has_signing_secret) else {
            panic!("{input:?} was taken")
        };
        errors.iter().map(|error| error.field).collect()
    }

    #[test]
    fn restrictions_come_as_typed() {
        let input = RestrictionsInput {
            require_signed: true,
            addresses: "203.0.113.0/24",
            address_mode: "enforce",
            limit_per_minute: " 1,200 ",
            limit_per_day: "",
        };
        let restrictions = Restrictions::check(&input, true).expect("good");
        assert!(restrictions.require_signed && restrictions.addresses_enforced);
        assert_eq!(restrictions.limits, LimitOverride { per_minute: Some(1_200), per_day: None });
        assert_eq!(restrictions.address_mode(), "enforce");
        let none = RestrictionsInput { address_mode: "monitor", ..RestrictionsInput::default() };
        assert_eq!(Restrictions::check(&none, false), Ok(Restrictions::default()));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let wrong = RestrictionsInput {
            require_signed: true,
            addresses: "moon",
            address_mode: "moon",
            limit_per_minute: "0",
            limit_per_day: "many",
        };
        let all = ["require_signed", "addresses", "address_mode", "limit_per_minute", "limit_per_day"];
        assert_eq!(fields(&wrong, false), all);
        for limit in ["-1", "+1", "1.5", "1e3", "1000001", "99999999999999999999", "٣"] {
            let wrong =
                RestrictionsInput { address_mode: "monitor", limit_per_minute: limit, ..RestrictionsInput::default() };
            assert_eq!(fields(&wrong, true), ["limit_per_minute"], "{limit}");
        }
    }
}
