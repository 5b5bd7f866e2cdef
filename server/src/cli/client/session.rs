//! Requests to the API of one portal, as the person who signed in or with a token from the environment.

use std::cell::Cell;

use sallyport::{
    Clock,
    entropy::{Entropy, OsEntropy},
};
use serde_json::Value;
use ureq::http::Method;

use super::{
    credentials::Tokens,
    credentials_file::CredentialsFile,
    http::{Body, NoResponse, Request, Response, Transport},
    oauth,
    portal_url::PortalUrl,
    problem::sentences,
};

/// What the commands need of their surroundings.
pub struct ClientContext<'a> {
    pub transport: &'a dyn Transport,
    pub clock: &'a dyn Clock,
    /// An error where there is no home folder, which a token from the environment does not need.
    pub file: Result<CredentialsFile, String>,
    /// `SALLYPORT_TOKEN`.
    pub token: Option<String>,
}

impl ClientContext<'_> {
    pub fn file(&self) -> Result<&CredentialsFile, String> {
        self.file.as_ref().map_err(Clone::clone)
    }

    /// Calls this portal, or that of the last sign-in.
    pub fn session(&self, url: Option<&PortalUrl>) -> Result<Session<'_>, String> {
        let (url, credential) = match (&self.token, url) {
            (Some(token), Some(url)) => (url.clone(), Credential::Token(token)),
            // It must not reach a portal that it was not meant for.
            (Some(_), None) => {
                return Err("SALLYPORT_TOKEN is set, but not the portal that it is for: set SALLYPORT_URL, or add \
                            --url https://keys.example.com."
                    .to_owned());
            }
            (None, _) => {
                let file = self.file()?;
                let url = match url {
                    Some(url) => url.clone(),
                    None => file.read()?.default_portal().ok_or_else(nowhere)?,
                };
                (url, Credential::SignIn(file))
            }
        };
        Ok(Session { transport: self.transport, clock: self.clock, url, credential })
    }
}

fn nowhere() -> String {
    "You are not signed in to a portal. Sign in: sallyport login --url https://keys.example.com".to_owned()
}

enum Credential<'a> {
    Token(&'a str),
    SignIn(&'a CredentialsFile),
}

pub struct Session<'a> {
    transport: &'a dyn Transport,
    clock: &'a dyn Clock,
    pub url: PortalUrl,
    credential: Credential<'a>,
}

/// Why a request has no response.
enum Failed {
    NoResponse(String),
    /// It was not sent: there is no token for it.
    NoToken(String),
}

impl From<Failed> for String {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NoResponse(why) | Failed::NoToken(why) => why,
        }
    }
}

/// The result of a creation.
pub enum Creation {
    New(Value),
    /// The connection broke after the first request, and the portal answers its repetition with the id alone.
    Unseen(Value),
}

impl Session<'_> {
    pub fn get(&self, path: &str) -> Result<Value, String> {
        self.call(Method::GET, path, Body::Empty)
    }

    /// The body of the response, or an error in sentences.
    pub fn call(&self, method: Method, path: &str, body: Body) -> Result<Value, String> {
        let response = self.send(&mut Request::new(method, path, body))?;
        self.body(response)
    }

    /// Creates something. If the connection breaks, it is requested once more, which can't create a second one.
    pub fn create(&self, path: &str, body: Value) -> Result<Creation, String> {
        let name: [u8; 16] = (&OsEntropy as &dyn Entropy).array();
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut request = Request::new(Method::POST, path, Body::Json(body));
        request.idempotency_key = Some(name);
        let repeated = Cell::new(false);
        let response = self.send(&mut request).or_else(|failed| match failed {
            Failed::NoResponse(_) => {
                repeated.set(true);
                self.send(&mut request)
            }
            Failed::NoToken(_) => Err(failed),
        })?;
        if repeated.get() && response.status == 409 && response.body["code"] == "already_made" {
            return Ok(Creation::Unseen(response.body));
        }
        self.body(response).map(Creation::New)
    }

    /// Creates something that can be read again, in the field `id` and at `path_of_one`.
    pub fn create_and_read(&self, path: &str, body: Value, path_of_one: &str, id: &str) -> Result<Value, String> {
        match self.create(path, body)? {
            Creation::New(created) => Ok(created),
            Creation::Unseen(problem) => {
                let id = problem[id].as_str().unwrap_or_default();
                self.get(&format!("{path_of_one}/{id}"))
            }
        }
    }

    fn body(&self, response: Response) -> Result<Value, String> {
        let is_done = (200..300).contains(&response.status);
        if is_done && (response.status == 204 || !response.body.is_null()) {
            return Ok(response.body);
        }
        let said = sentences(&self.url, &response);
        if response.status != 401 {
            return Err(said);
        }
        Err(match self.credential {
            Credential::Token(_) => format!("{said}\n{} refused the token in SALLYPORT_TOKEN.", self.url),
            Credential::SignIn(_) => format!("{said}\nSign in again: sallyport login --url {}", self.url),
        })
    }

    /// Sends a request; a second time with new tokens if the first ones are refused.
    fn send(&self, request: &mut Request) -> Result<Response, Failed> {
        let token = self.token().map_err(Failed::NoToken)?;
        request.bearer = Some(token.clone());
        let response = self.send_once(request)?;
        let Credential::SignIn(file) = self.credential else { return Ok(response) };
        if response.status != 401 {
            return Ok(response);
        }
        request.bearer = Some(self.refresh(file, &token).map_err(Failed::NoToken)?);
        self.send_once(request)
    }

    fn send_once(&self, request: &Request) -> Result<Response, Failed> {
        self.transport.send(&self.url, request).map_err(|NoResponse(why)| Failed::NoResponse(why))
    }

    fn token(&self) -> Result<String, String> {
        let file = match self.credential {
            Credential::Token(token) => return Ok(token.to_owned()),
            Credential::SignIn(file) => file,
        };
        let credentials = file.read()?;
        let Some(tokens) = credentials.of(&self.url) else {
            return Err(format!("You are not signed in to {0}. Sign in: sallyport login --url {0}", self.url));
        };
        if tokens.are_fresh(self.clock.now()) {
            return Ok(tokens.access_token.clone());
        }
        self.refresh(file, &tokens.access_token)
    }

    /// New tokens for those that expired or were refused; the access token. A refresh token is used once, and using it
    /// again would end the sign-in: commands wait for each other, and look whether another one did it.
    fn refresh(&self, file: &CredentialsFile, refused: &str) -> Result<String, String> {
        let ended = || format!("The sign-in to {0} has ended. Sign in again: sallyport login --url {0}", self.url);
        let locked = file.lock()?;
        let mut credentials = locked.read()?;
        let tokens = credentials.of(&self.url).ok_or_else(ended)?;
        if tokens.access_token != refused {
            return Ok(tokens.access_token.clone());
        }
        let old = tokens.refresh_token.clone().ok_or_else(ended)?;
        let fields = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", old.clone())];
        let response = oauth::post(self.transport, &self.url, "/oauth/token", fields);
        let response = response.map_err(|NoResponse(why)| why)?;
        if oauth::error(&response) == "invalid_grant" {
            credentials.sign_out(&self.url);
            locked.write(&credentials)?;
            return Err(ended());
        }
        let new = (response.status == 200).then(|| oauth::tokens(&response.body, self.clock.now())).flatten();
        let new = new.ok_or_else(|| sentences(&self.url, &response))?;
        // A portal that does not replace the refresh token leaves it out (RFC 6749, section 6).
        let new = Tokens { refresh_token: new.refresh_token.or(Some(old)), ..new };
        let access_token = new.access_token.clone();
        credentials.refresh(&self.url, new);
        locked.write(&credentials)?;
        Ok(access_token)
    }
}

#[cfg(test)]
mod tests;
