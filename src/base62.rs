//! Digits, upper and lower case letters: what identifiers and keys are written in.

use crate::Entropy;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The largest multiple of 62 in a byte: what lies above is drawn again, so that no character is likelier.
const FAIR: u8 = 248;

/// `count` random characters, each equally likely.
pub fn random(entropy: &dyn Entropy, count: usize) -> String {
    let mut text = String::with_capacity(count);
    push_random(&mut text, entropy, count);
    text
}

/// Adds `count` random characters, each equally likely.
pub fn push_random(text: &mut impl Extend<char>, entropy: &dyn Entropy, count: usize) {
    let mut left = count;
    let mut bytes = [0; 64];
    while left > 0 {
        entropy.fill(&mut bytes);
        let fair = bytes.iter().filter(|byte| **byte < FAIR).take(left);
        text.extend(fair.clone().map(|byte| ALPHABET[usize::from(byte % 62)] as char));
        left -= fair.count();
    }
    zeroize::Zeroize::zeroize(&mut bytes);
}

/// A number in exactly six characters, zeros in front: any CRC32 fits.
pub fn six(mut number: u32) -> [u8; 6] {
    let mut text = [b'0'; 6];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    text
}

/// Whether each byte is one of the 62.
pub fn is_base62(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[test]
    fn six_holds_every_crc32() {
        assert_eq!(&six(0), b"000000");
        assert_eq!(&six(61), b"00000z");
        assert_eq!(&six(u32::MAX), b"4gfFC3");
    }

    #[test]
    fn every_character_is_about_as_likely() {
        let text = random(&SeededEntropy::new(7), 62_000);
        assert!(is_base62(text.as_bytes()));
        for character in ALPHABET {
            let seen = text.bytes().filter(|byte| byte == character).count();
            assert!((800..1200).contains(&seen), "{} was seen {seen} times", *character as char);
        }
    }
}
