//! Scopes, from the profile's catalogue.

use crate::profile::path::{CleanPath, PathPattern};

/// One entry of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Its name in requests and JSON: `read`.
    pub name: String,
    /// Its title on pages: `Read`.
    pub title: String,
    pub description: String,
    /// Scopes that this one includes.
    pub implies: Vec<String>,
    /// The requests it allows: by method, by path, or by both. With neither it allows none by itself.
    pub methods: Vec<Method>,
    pub paths: Vec<PathPattern>,
    /// Keys with it may use the management endpoints of their organization.
    pub manages: bool,
    /// Keys with it may mint capability tokens for any subject.
    pub mints_capabilities: bool,
}

impl Scope {
    /// The methods that it allows, by their HTTP names: a scope that allows PATCH allows PUT.
    pub fn method_names(&self) -> impl Iterator<Item = &'static str> {
        self.methods.iter().flat_map(|method| method.names()).copied()
    }

    /// Whether it has rules for requests.
    pub fn judges(&self) -> bool {
        !self.methods.is_empty() || !self.paths.is_empty()
    }

    /// Whether it allows such a request. A rule about a part of the request that was not sent does not allow it.
    pub fn allows(&self, request: &Request<'_>) -> bool {
        let method = || request.method.and_then(Method::judged).is_some_and(|method| self.methods.contains(&method));
        let path = || {
            let path = request.path.as_ref().and_then(Option::as_ref);
            path.is_some_and(|path| self.paths.iter().any(|pattern| pattern.matches(path)))
        };
        self.judges() && (self.methods.is_empty() || method()) && (self.paths.is_empty() || path())
    }
}

/// The client's request to the API, as far as the caller sent it.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    pub method: Option<&'a str>,
    /// The path as sent, possibly with a query.
    pub target: Option<&'a str>,
    /// The inner value is `None` for an ambiguous path.
    pub path: Option<Option<CleanPath<'a>>>,
    /// The caller accepts ambiguous paths.
    pub any_path: bool,
}

impl<'a> Request<'a> {
    pub fn new(method: Option<&'a str>, path: Option<&'a str>) -> Self {
        Self { method, target: path, path: path.map(CleanPath::parse), any_path: false }
    }

    /// Whether the upstream may read the path differently than scopes and limits do.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self.path, Some(None)) && !self.any_path
    }

    pub fn is_unknown(&self) -> bool {
        self.method.is_none() && self.path.is_none()
    }

    pub fn is_options(&self) -> bool {
        self.method.is_some_and(|method| method.eq_ignore_ascii_case("OPTIONS"))
    }
}

/// A method in scopes; others are treated as one of these, or not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    /// HEAD is treated as GET, and PUT as PATCH.
    pub fn judged(text: &str) -> Option<Self> {
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        match () {
            () if is("GET") || is("HEAD") => Some(Self::Get),
            () if is("POST") => Some(Self::Post),
            () if is("PATCH") || is("PUT") => Some(Self::Patch),
            () if is("DELETE") => Some(Self::Delete),
            () => None,
        }
    }

    /// Its names for display. HEAD is implied by GET, as in HTTP.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Get => &["GET"],
            Self::Post => &["POST"],
            Self::Patch => &["PUT", "PATCH"],
            Self::Delete => &["DELETE"],
        }
    }
}
