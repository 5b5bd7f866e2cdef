//! The family of a client's program, from its `User-Agent`.
//!
//! A table of our own: the crates for this (woothee, uaparser and those built on it) know browsers and crawlers in detail, and few
//! of the programs that call APIs. They search with regular expressions and allocate, and this runs for every request.

/// A family, by its index in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent(u8);

/// Families by the first product of the `User-Agent`, in lower case, and their names. The first two are not looked for.
const FAMILIES: [(&str, &str); 46] = [
    ("", "other"),
    ("", "unspecified"),
    ("curl", "curl"),
    ("wget", "Wget"),
    ("httpie", "HTTPie"),
    ("python-requests", "Python requests"),
    ("python-httpx", "Python httpx"),
    ("python-urllib3", "Python urllib"),
    ("python-urllib", "Python urllib"),
    ("python", "Python"),
    ("aiohttp", "Python aiohttp"),
    ("openai", "OpenAI"),
    ("go-http-client", "Go"),
    ("go-resty", "Go"),
    ("okhttp", "OkHttp"),
    ("java-http-client", "Java"),
    ("java", "Java"),
    ("apache-httpclient", "Java"),
    ("ktor-client", "Ktor"),
    ("axios", "axios"),
    ("node-fetch", "Node.js"),
    ("node", "Node.js"),
    ("undici", "Node.js"),
    ("got", "Node.js"),
    ("deno", "Deno"),
    ("bun", "Bun"),
    ("ruby", "Ruby"),
    ("faraday", "Ruby"),
    ("guzzlehttp", "PHP"),
    ("php", "PHP"),
    ("symfony", "PHP"),
    ("reqwest", "Rust"),
    ("ureq", "Rust"),
    ("hyper", "Rust"),
    ("dart", "Dart"),
    ("alamofire", "Apple"),
    ("cfnetwork", "Apple"),
    (".net", ".NET"),
    ("restsharp", ".NET"),
    ("postmanruntime", "Postman"),
    ("insomnia", "Insomnia"),
    ("grpc-go", "gRPC"),
    ("k6", "k6"),
    ("wrk", "wrk"),
    ("envoy", "Envoy"),
    ("sallyport", "Sallyport"),
];

/// Browsers, all of which begin with `Mozilla/5.0`, by what only they contain. In this order, since most claim to be
/// others, too.
const BROWSERS: [(&str, &str); 6] = [
    ("Firefox/", "Firefox"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];
const BROWSERS_BEGIN: u8 = FAMILIES.len() as u8;

impl Agent {
    /// A program that is not in the table.
    pub const OTHER: Self = Self(0);
    pub const UNKNOWN: Self = Self(1);

    pub fn of(user_agent: Option<&str>) -> Self {
        let Some(text) = user_agent.map(str::trim).filter(|text| !text.is_empty()) else { return Self::UNKNOWN };
        let product = text.split(['/', ' ', ';', '(']).next().unwrap_or_default();
        if product.eq_ignore_ascii_case("mozilla") {
            return index(BROWSERS.iter().position(|(sign, _)| text.contains(sign)), BROWSERS_BEGIN);
        }
        let known = FAMILIES.iter().skip(2).position(|(name, _)| product.eq_ignore_ascii_case(name));
        // An app on an Apple system begins with its own name.
        match known {
            None if text.contains(" CFNetwork/") => Self::of(Some("CFNetwork")),
            known => index(known, 2),
        }
    }

    /// The stored value.
    pub fn name(self) -> &'static str {
        let families = FAMILIES.iter().chain(&BROWSERS);
        families.map(|(_, name)| *name).nth(usize::from(self.0)).unwrap_or("other")
    }
}

/// The first of several entries with the same name, so that a family has one index.
fn index(found: Option<usize>, begin: u8) -> Agent {
    let Some(place) = found.and_then(|place| u8::try_from(place).ok()) else { return Agent::OTHER };
    let name = Agent(begin + place).name();
    let first = FAMILIES.iter().chain(&BROWSERS).position(|(_, other)| *other == name);
    first.and_then(|first| u8::try_from(first).ok()).map_or(Agent::OTHER, Agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_have_families() {
        const CHROME: &str =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36";
        for (text, family) in [
            ("curl/8.14.1", "curl"),
            ("python-requests/2.32.5", "Python requests"),
            ("Python/3.13 aiohttp/3.12.15", "Python"),
            ("Go-http-client/2.0", "Go"),
            ("node", "Node.js"),
            ("undici", "Node.js"),
            ("Faraday v2.14.0", "Ruby"),
            ("GuzzleHttp/7", "PHP"),
            ("Focus/12 CFNetwork/3826.600.41 Darwin/24.6.0", "Apple"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox"),
            (CHROME, "Chrome"),
            (&format!("{CHROME} Edg/141.0"), "Edge"),
            ("Mozilla/5.0 (compatible; Bot/1.0)", "other"),
            ("my-own-client/1.0", "other"),
            ("  ", "unspecified"),
        ] {
            assert_eq!(Agent::of(Some(text)).name(), family, "{text}");
        }
        assert_eq!(Agent::of(None), Agent::UNKNOWN);
        assert_eq!(Agent::of(Some("undici")), Agent::of(Some("node-fetch")), "one index for each family");
    }
}
