//! Where a key is in a request.

use toml::Spanned;

use super::{
    super::{Brand, Credentials, file::CredentialsEntry},
    Findings,
};

pub(super) fn credentials(entry: &Spanned<CredentialsEntry>, findings: &mut Findings) -> Credentials {
    let said = entry.get_ref();
    if said.headers.is_empty() && !said.bearer && said.query.is_none() {
        findings.refuse(entry, "A key could not be sent at all; set headers = [\"x-api-key\"], or bearer = true.");
    }
    for header in &said.headers {
        if header.get_ref().eq_ignore_ascii_case("authorization") {
            findings
                .refuse(header, "Keys in the Authorization header follow the word Bearer; set bearer = true instead.");
        }
    }
    // In lower case, as in HTTP/2.
    let lower = |text: &Spanned<String>| text.get_ref().to_ascii_lowercase();
    Credentials {
        headers: said.headers.iter().map(lower).collect(),
        bearer: said.bearer,
        query: said.query.as_ref().map(|name| findings.name(name, "-_")),
        workspace_header: said.workspace_header.as_ref().map(lower),
        https_only: said.https_only,
        pass_options: said.pass_options,
    }
}

/// The `WWW-Authenticate` header of a 401. Only Bearer is registered; keys in custom headers have no scheme.
pub(super) fn challenge(brand: &Brand, name: &str, credentials: &Credentials) -> String {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let realm = if brand.name.bytes().all(plain) { &brand.name } else { name };
    let scheme = if credentials.bearer { "Bearer" } else { "ApiKey" };
    format!("{scheme} realm=\"{realm}\"")
}
