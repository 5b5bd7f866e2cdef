//! Hashes of keys, as other stores have them.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The longest text that is looked at.
const MOST: usize = 200;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// How slow hashes begin, and what they are called.
const SLOW: [(&str, &str); 14] = [
    ("$2a$", "bcrypt"),
    ("$2b$", "bcrypt"),
    ("$2x$", "bcrypt"),
    ("$2y$", "bcrypt"),
    ("bcrypt", "bcrypt"),
    ("$argon2", "argon2"),
    ("argon2", "argon2"),
    ("$scrypt$", "scrypt"),
    ("$7$", "scrypt"),
    ("$s0$", "scrypt"),
    ("scrypt", "scrypt"),
    ("$pbkdf2", "PBKDF2"),
    ("pbkdf2", "PBKDF2"),
    ("{pbkdf2", "PBKDF2"),
];

/// Reads a SHA-256 in hex or base64; fails with the reason.
pub fn sha256(text: &str) -> Result<[u8; 32], String> {
    let text = text.trim();
    let lower: String = text.chars().take(16).collect::<String>().to_ascii_lowercase();
    if let Some((_, name)) = SLOW.iter().find(|(start, _)| lower.starts_with(start)) {
        return Err(format!(
            "This is a {name} hash. Such a hash has a salt of its own and is slow to check, so a presented key can't be found by \
             it. Import the key itself or its SHA-256, or issue a new key."
        ));
    }
    let text = text.strip_prefix("sha256:").or_else(|| text.strip_prefix("sha256-")).unwrap_or(text);
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.len() {
        64 if is_hex => {
            let nibble = |byte: u8| (byte as char).to_digit(16).unwrap_or_default() as u8;
            let bytes = text.as_bytes();
            return Ok(std::array::from_fn(|at| nibble(bytes[2 * at]) << 4 | nibble(bytes[2 * at + 1])));
        }
        32 if is_hex => return Err(other("MD5")),
        40 if is_hex => return Err(other("SHA-1")),
        128 if is_hex => return Err(other("SHA-512")),
        0..=MOST => {}
        _ => return Err(unknown()),
    }
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).map_err(|_| unknown())?;
    decoded.try_into().map_err(|_| unknown())
}

fn other(name: &str) -> String {
    format!("This looks like {name}. Only SHA-256 is imported: of the whole key, without a salt.")
}

fn unknown() -> String {
    "Write the SHA-256 of the whole key: 64 hexadecimal digits, or 43 or 44 characters of base64.".to_owned()
}
