//! The site's files inside the binary: css, js and wasm under a path derived from their content.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos_config::LeptosOptions;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// The output of `cargo leptos build`, each file with its `.br` and `.gz`.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Files;

struct Asset {
    content_type: &'static str,
    plain: Encoded,
    brotli: Option<Encoded>,
    gzip: Option<Encoded>,
}

struct Encoded {
    /// Borrowed from the binary, which the system loads on demand; a debug build reads the folder.
    bytes: Cow<'static, [u8]>,
    /// Computed at build time: hashing at the start would load the whole site into memory.
    sha256: [u8; 32],
    etag: HeaderValue,
}

/// The options that the site was built with.
static OPTIONS: LazyLock<LeptosOptions> = LazyLock::new(|| {
    leptos_config::get_config_from_str(include_str!("../../Leptos.toml")).expect("Leptos.toml is tested")
});

/// The default address of the server.
pub fn default_address() -> String {
    OPTIONS.site_addr.to_string()
}

struct Site {
    base: String,
    assets: HashMap<String, Asset>,
}

static SITE: LazyLock<Site> = LazyLock::new(Site::load);

impl Site {
    fn load() -> Self {
        let mut names: Vec<_> = Files::iter().collect();
        names.sort();
        let folder = format!("{}/", OPTIONS.site_pkg_dir);
        let mut hash = Sha256::new();
        let mut assets = HashMap::new();
        for name in &names {
            let Some(content_type) = content_type(name) else { continue };
            let Some(plain) = encoded(name) else { continue };
            hash.update(name.as_bytes());
            hash.update(plain.sha256);
            let asset = Asset {
                content_type,
                plain,
                brotli: encoded(&format!("{name}.br")),
                gzip: encoded(&format!("{name}.gz")),
            };
            let name = name.strip_prefix(&*folder).unwrap_or(name);
            assets.insert(name.to_owned(), asset);
        }
        Self { base: format!("/{folder}{}", hex(&hash.finalize()[..6])), assets }
    }
}

fn encoded(name: &str) -> Option<Encoded> {
    let file = Files::get(name)?;
    let sha256 = file.metadata.sha256_hash();
    let etag = format!("\"{}\"", hex(&sha256[..12]));
    Some(Encoded { bytes: file.data, sha256, etag: HeaderValue::from_str(&etag).ok()? })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit('.').next()? {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// The path of css, js and wasm. It changes with any of them.
pub fn base() -> &'static str {
    &SITE.base
}

/// `GET /pkg/{hash}/{file}`: immutable under the current hash; files for older pages are served, but not cached.
pub async fn asset(Path((hash, file)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let current = SITE.base.ends_with(&format!("/{hash}"));
    let cache = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer(&file, &headers, cache)
}

/// `GET /favicon.svg`, `/favicon.ico`, `/robots.txt`: files with fixed names.
pub async fn favicon(headers: HeaderMap) -> Response {
    answer("favicon.svg", &headers, "public, max-age=86400")
}

pub async fn robots(headers: HeaderMap) -> Response {
    answer("robots.txt", &headers, "public, max-age=86400")
}

fn answer(file: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let Some(asset) = SITE.assets.get(file) else { return StatusCode::NOT_FOUND.into_response() };
    let accepted = accepted(headers);
    let (encoded, encoding) = match (&asset.brotli, &asset.gzip) {
        (Some(brotli), _) if accepted.brotli => (brotli, Some("br")),
        (_, Some(gzip)) if accepted.gzip => (gzip, Some("gzip")),
        _ => (&asset.plain, None),
    };
    let mut answer = HeaderMap::new();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(header::ETAG, encoded.etag.clone());
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_known(headers, &encoded.etag) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    (answer, encoded.bytes.as_ref()).into_response()
}

#[derive(Default)]
struct Accepted {
    brotli: bool,
    gzip: bool,
}

/// RFC 9110 §12.5.3; a weight of zero means no.
fn accepted(headers: &HeaderMap) -> Accepted {
    let mut accepted = Accepted::default();
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for offer in values.flat_map(|value| value.split(',')) {
        let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        match name.trim() {
            "br" => accepted.brotli = !refused,
            "gzip" => accepted.gzip = !refused,
            _ => {}
        }
    }
    accepted
}

/// RFC 9110 §13.1.2.
fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let (Some(known), Ok(etag)) = (headers.get(header::IF_NONE_MATCH), etag.to_str()) else { return false };
    known.to_str().is_ok_and(|known| {
        known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deployed_options_are_those_of_the_build() {
        let deployed: toml::Table = toml::from_str(include_str!("../../Leptos.toml")).expect("TOML");
        let built: toml::Table = toml::from_str(include_str!("../../Cargo.toml")).expect("TOML");
        let options = |table: &toml::Table| table["workspace"]["metadata"]["leptos"][0].as_table().cloned();
        let (deployed, built) = (options(&deployed).expect("options"), options(&built).expect("options"));
        for (name, value) in deployed.iter().filter(|(name, _)| *name != "env") {
            assert_eq!(Some(value), built.get(name), "{name}");
        }
        assert_eq!(OPTIONS.output_name.as_ref(), "sallyport");
        assert_eq!(default_address(), "127.0.0.1:3000");
    }
}
