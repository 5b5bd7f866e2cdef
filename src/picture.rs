//! Logos: pictures whose format and size are checked. They are never decoded here, and served as they were given.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

/// The maximum size of a logo in bytes.
pub const LIMIT: usize = 64 * 1024;

pub const TOO_LARGE: &str = "A logo has at most 64 KB. Make the picture smaller, 256 pixels wide for example.";

/// The width and height of a logo in pixels.
const SIDES: RangeInclusive<usize> = 16..=1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    WebP,
    /// Has no size in pixels, and may contain scripts, which browsers run only if it is opened by itself.
    Svg,
}

impl Format {
    const ALL: [Self; 4] = [Self::Png, Self::Jpeg, Self::WebP, Self::Svg];

    /// The format by its first bytes; a file's name and what a browser says of it are not used.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => is_svg(bytes).then_some(Self::Svg),
        }
    }

    pub fn parse(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Svg => "SVG",
        }
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    ["<svg", "<?xml", "<!--"].iter().any(|start| text.starts_with(start)) && text.contains("<svg")
}

/// A checked picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub format: Format,
    pub bytes: Vec<u8>,
    /// Names its content in addresses, so that browsers can keep it forever.
    pub digest: String,
}

impl Picture {
    /// Formats for people, who are trusted less than the operators of a portal.
    pub const OF_PEOPLE: &[Format] = &[Format::Png, Format::Jpeg, Format::WebP];
    /// Formats in a profile.
    pub const OF_PROFILES: &[Format] = &[Format::Svg, Format::Png, Format::WebP];

    /// Checks a picture, or returns the error as a sentence.
    pub fn check(bytes: Vec<u8>, formats: &[Format]) -> Result<Self, String> {
        if bytes.len() > LIMIT {
            return Err(TOO_LARGE.to_owned());
        }
        let format = Format::of(&bytes).filter(|format| formats.contains(format));
        let Some(format) = format else {
            let titles: Vec<_> = formats.iter().map(|format| format.title()).collect();
            return Err(format!("This is no picture of these formats: {}. Choose one that is.", titles.join(", ")));
        };
        if format != Format::Svg {
            check_sides(&bytes)?;
        }
        let digest = Sha256::digest(&bytes)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { format, bytes, digest })
    }
}

fn check_sides(bytes: &[u8]) -> Result<(), String> {
    let Ok(size) = imagesize::blob_size(bytes) else {
        return Err("The size of this picture can’t be read: the file is damaged. Save the picture again.".to_owned());
    };
    if SIDES.contains(&size.width) && SIDES.contains(&size.height) {
        return Ok(());
    }
    let (width, height, least, most) = (size.width, size.height, SIDES.start(), SIDES.end());
    Err(format!("A logo is {least} to {most} pixels wide and high; this is {width} × {height}. Resize the picture."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::picture::{jpeg, png, webp};
    use proptest::prelude::*;

    const SVG: &[u8] = b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>";

    #[test]
    fn the_content_decides_the_format() {
        let all = &Format::ALL;
        for (bytes, format) in [
            (png(16, 1024), Format::Png),
            (jpeg(64, 64), Format::Jpeg),
            (webp(64, 32), Format::WebP),
            (SVG.to_vec(), Format::Svg),
        ] {
            let picture = Picture::check(bytes.clone(), all).expect("a picture");
            assert_eq!((picture.format, &picture.bytes), (format, &bytes));
            assert_eq!(Format::parse(format.media_type()), Some(format));
            assert!(picture.digest.len() == 32 && picture.digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }

    #[test]
    fn other_pictures_are_refused_with_what_to_do() {
        let refused = |bytes: Vec<u8>| Picture::check(bytes, Picture::OF_PEOPLE).expect_err("refused");
        for other in [&b""[..], b"GIF89a", b"<html><svg>", SVG, b"\x89PNG"] {
            assert!(refused(other.to_vec()).contains("PNG, JPEG, WebP"), "{other:?}");
        }
        for (width, height) in [(15, 64), (64, 15), (1025, 64), (64, 1025), (0, 0), (u32::MAX, u32::MAX)] {
            let said = refused(png(width, height));
            assert!(said.contains("16 to 1024") && said.contains(&format!("{width} × {height}")), "{said}");
        }
        assert!(refused(png(64, 64)[..12].to_vec()).contains("damaged"));
        let of_size = |size: usize| [png(64, 64), vec![0; size]].concat()[..size].to_vec();
        assert!(Picture::check(of_size(LIMIT), Picture::OF_PEOPLE).is_ok());
        assert_eq!(refused(of_size(LIMIT + 1)), TOO_LARGE);
    }

    proptest! {
        #[test]
        fn no_file_is_too_strange(start in 0_usize..4, cut in 0_usize..40, rest in proptest::collection::vec(any::<u8>(), 0..400)) {
            let start = [png(64, 64), jpeg(64, 64), webp(64, 64), SVG.to_vec()][start].clone();
            let bytes = [&start[..cut.min(start.len())], &rest].concat();
            let _ = Picture::check(bytes, &Format::ALL);
        }
    }
}
