//! A simple browser: it keeps cookies, sends its origin with forms, and does not follow redirects.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use sallyport_server::{middleware::client::Peer, server::Server};

pub const HOST: &str = "127.0.0.1:3000";
pub const ORIGIN: &str = "http://127.0.0.1:3000";

#[derive(Clone)]
pub struct Client {
    server: Server,
    peer: SocketAddr,
    cookies: Arc<Mutex<Vec<(String, String)>>>,
    /// The host of the portal, if it is another than [`HOST`]. Requests name it.
    host: Option<&'static str>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The cookies that it sets, with their attributes.
    pub fn cookies(&self) -> Vec<String> {
        let set = self.headers.get_all(header::SET_COOKIE).iter();
        set.map(|cookie| cookie.to_str().expect("text").to_owned()).collect()
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> String {
        self.after(&format!("name=\"{name}\" value=\""), '"')
    }

    /// The text between `text` and the next `end`.
    pub fn after(&self, text: &str, end: char) -> String {
        let at = self.body.find(text).unwrap_or_else(|| panic!("{text} is not in {}", self.body));
        let rest = &self.body[at + text.len()..];
        rest.split(end).next().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub fn new(server: Server) -> Self {
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        Self { server, peer, cookies: Arc::default(), host: None }
    }

    /// A browser that reaches the server at this host.
    pub fn at_host(self, host: &'static str) -> Self {
        Self { host: Some(host), ..self }
    }

    /// The same server, from another address without cookies.
    pub fn from(&self, peer: &str) -> Self {
        let peer = SocketAddr::new(peer.parse().expect("an address"), 50_000);
        Self { server: self.server.clone(), peer, cookies: Arc::default(), host: self.host }
    }

    /// The same server and address, another browser.
    pub fn another(&self) -> Self {
        Self { cookies: Arc::default(), ..self.clone() }
    }

    /// The same browser, at another server.
    pub fn with(&self, server: Server) -> Self {
        Self { server, ..self.clone() }
    }

    /// Sends the request unchanged.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<_> =
            self.cookies.lock().expect("no panic").iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().expect("a header"));
        }
        if let Some(host) = self.host {
            let headers = request.headers_mut();
            headers.insert(header::HOST, host.parse().expect("a header"));
            if headers.get(header::ORIGIN).is_some_and(|origin| origin == ORIGIN) {
                headers.insert(header::ORIGIN, format!("http://{host}").parse().expect("a header"));
            }
        }
        let (parts, body) = self.server.answer(Peer(self.peer), request).await.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().expect("text"));
        }
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a pair");
        let mut cookies = self.cookies.lock().expect("no panic");
        cookies.retain(|(kept, _)| kept != name);
        if !attributes.to_lowercase().contains("max-age=0") {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().expect("no panic");
        cookies.iter().find(|(kept, _)| kept == name).map(|(_, value)| value.clone())
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.keep(&format!("{name}={value}"));
    }

    pub fn request(method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header(header::HOST, HOST)
    }

    /// The response to a GET, with its body unread.
    pub async fn open(&self, path: &str) -> axum::http::Response<Body> {
        self.begin(Self::request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    /// The same for any request.
    pub async fn begin(&self, mut request: Request<Body>) -> axum::http::Response<Body> {
        let cookies: Vec<_> =
            self.cookies.lock().expect("no panic").iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().expect("a header"));
        self.server.answer(Peer(self.peer), request).await
    }

    /// Sends the form of the one-time dialog that downloads the secrets.
    pub async fn download(&self, dialog: &Answer) -> Answer {
        let action = dialog.after("<form id=\"credentials\" method=\"post\" action=\"", '"');
        self.post(&action, &[("sealed", &dialog.hidden("sealed"))]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Self::request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    /// Sends a form as our own page would.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Self::form(path, fields)).await
    }

    /// Confirms that it is the person of the session, who has no second factor.
    pub async fn confirm(&self, password: &str) {
        let answer = self.post("/account/confirm", &[("next", "/"), ("password", password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }

    /// Sends a form with a file as a browser would.
    pub async fn post_file(&self, path: &str, field: &str, file: &[u8]) -> Answer {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.png\"\r\n\r\n");
        let request = Self::request(Method::POST, path)
            .header(header::ORIGIN, ORIGIN)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from([head.as_bytes(), file, b"\r\n--x--\r\n"].concat()));
        self.send(request.expect("a request")).await
    }

    pub fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = Self::request(Method::POST, path)
            .header(header::ORIGIN, ORIGIN)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.finish()));
        request.expect("a request")
    }

    /// Calls the API with a root token.
    pub async fn json(&self, path: &str, token: &str, body: &serde_json::Value) -> Answer {
        self.json_by(Method::POST, path, token, body).await
    }

    /// Sends a PATCH to the API with a root token.
    pub async fn patch(&self, path: &str, token: &str, body: &serde_json::Value) -> Answer {
        self.json_by(Method::PATCH, path, token, body).await
    }

    async fn json_by(&self, method: Method, path: &str, token: &str, body: &serde_json::Value) -> Answer {
        let request = Self::request(method, path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.send(request.expect("a request")).await
    }

    /// Calls the management endpoints; with a body by POST.
    pub async fn manage(&self, path: &str, token: &str, body: Option<serde_json::Value>) -> Answer {
        match body {
            Some(body) => self.json(path, token, &body).await,
            None => {
                let request = Self::request(Method::GET, path).header(header::AUTHORIZATION, format!("Bearer {token}"));
                self.send(request.body(Body::empty()).expect("a request")).await
            }
        }
    }

    /// Calls `/v1/auth` like a gateway.
    pub async fn auth(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Self::request(Method::GET, &format!("/v1/auth{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }
}
