//! Breached passwords: a Bloom filter that is part of the program.
//!
//! It is made by `scripts/breached-passwords` of the million most common passwords of Mark Burnett's ten million, as SecLists
//! distributes them: those of 12 characters and more, and those of 6 and more that begin and end with a letter, in lower case,
//! 421,726 in all. It has 843,452 bytes, and takes a password that is not among them for one of them with a probability of 0.046 %.

use sha2::{Digest, Sha256};

static FILTER: &[u8] = include_bytes!("breached.bin");

/// Bits of the filter for each password.
const HASHES: u64 = 11;

/// Whether a text in lower case is among them, as far as the filter knows.
pub(super) fn is_breached(text: &str) -> bool {
    let digest = Sha256::digest(text.as_bytes());
    let number =
        |at: usize| digest[at..at + 8].iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    let (first, step, bits) = (number(0), number(8) | 1, FILTER.len() as u64 * 8);
    (0..HASHES).all(|at| {
        let bit = first.wrapping_add(at.wrapping_mul(step)) % bits;
        let byte = usize::try_from(bit / 8).map_or(0, |at| FILTER[at]);
        byte & (1 << (bit % 8)) != 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_breached_is_in_it() {
        for password in ["samsungkoze176351", "retsamoen123", "paralelepipedo", "alexandru", "blackberry", "sunshine"] {
            assert!(is_breached(password), "{password}");
        }
        for password in ["", "marlboro1", "Sunshine", "correct horse battery staple", "walls have small doors"] {
            assert!(!is_breached(password), "{password}");
        }
    }

    /// The stated probability is that of 4.6 in 10,000.
    #[test]
    fn hardly_anything_else_is() {
        let wrong = (0..100_000).filter(|number| is_breached(&format!("no password {number}"))).count();
        assert!((20..90).contains(&wrong), "{wrong} of 100,000");
    }
}
