//! Base62: the digits and letters that identifiers and keys consist of.

use std::fmt::Write;

use crate::Entropy;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The largest multiple of 62 in a byte: higher values are rejected, so that all characters are equally likely.
const FAIR: u8 = 248;

/// `count` random characters, each equally likely.
pub fn random(entropy: &dyn Entropy, count: usize) -> String {
    let mut text = String::with_capacity(count);
    push_random(&mut text, entropy, count);
    text
}

/// Appends `count` random characters, each equally likely.
pub fn push_random(text: &mut impl Write, entropy: &dyn Entropy, count: usize) {
    let mut left = count;
    let mut bytes = [0; 64];
    while left > 0 {
        entropy.fill(&mut bytes);
        // Overwrites the random bytes, so that the text is appended at once instead of a character at a time.
        let mut drawn = 0;
        for at in 0..bytes.len() {
            if drawn == left {
                break;
            }
            if bytes[at] < FAIR {
                bytes[drawn] = ALPHABET[usize::from(bytes[at] % 62)];
                drawn += 1;
            }
        }
        let _ = text.write_str(std::str::from_utf8(&bytes[..drawn]).unwrap_or_default());
        left -= drawn;
    }
    zeroize::Zeroize::zeroize(&mut bytes);
}

/// A number in exactly six characters with leading zeros; large enough for any CRC32.
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
