//! A verifier with an app, an upstream, and a gateway before both.

use sallyport::{key::SigningSecret, testing::signing_secret};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    client::{self, Answer},
    gateway::{Gateway, Kind, Neighbours},
    server::{Server, between, shown},
    upstream,
};

pub struct Stage {
    pub kind: Kind,
    pub server: Option<Server>,
    gateway: Gateway,
    pub app: String,
    _data: TempDir,
}

impl Stage {
    pub async fn set(kind: Kind) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let settings = Kind::EnvoyHttp.folder().join("sallyport.toml");
        let settings = settings.to_str().expect("text");
        // Not all of loopback as by default, because the client is on loopback too but not a trusted proxy.
        let arguments = ["--config", settings, "--grpc-listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1/32"];
        let (mut server, said) = Server::start_with(data.path(), &arguments, |line| line.contains("gRPC at "));
        let grpc = between(said.last().expect("a line"), "gRPC at ", ' ');
        server.set_up();
        let app = server.make_app();

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let upstream = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move { axum::serve(listener, upstream::router()).await });
        let neighbours = Neighbours { verifier: &server.address, verifier_grpc: &grpc, upstream: &upstream };
        let gateway = Gateway::start(kind, &neighbours).await;
        Self { kind, server: Some(server), gateway, app, _data: data }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it was not killed")
    }

    pub fn key(&self, environment: &str, scopes: &[&str]) -> String {
        self.server().generate_key(&self.app, environment, scopes).expect("a key")
    }

    /// A key that requires signatures, with its signing secret.
    pub async fn signing_key(&self, scopes: &[&str]) -> (String, SigningSecret) {
        let page = self.server().generated(&self.app, "production", scopes, &[("signing_secret", "on")]);
        let page = page.expect("answered");
        let [key, signing] = ["secret-key", "signing-secret"].map(|id| shown(&page, id).expect("it is shown"));
        let id = self.id(&key).await;
        self.restrict(&id, &[("require_signed", "on"), ("address_mode", "monitor")]);
        (key, signing_secret(&signing))
    }

    /// The key's id as the upstream receives it.
    pub async fn id(&self, secret: &str) -> String {
        let arrived = self.send("GET /echo", &[("x-api-key", secret)], "").await.json();
        arrived["headers"]["x-auth-key-id"][0].as_str().expect("an id").to_owned()
    }

    /// Sends the form *Restrictions* of the key's page.
    pub fn restrict(&self, id: &str, fields: &[(&str, &str)]) {
        let answer = self.server().form(&format!("/keys/{id}/restrictions"), fields).expect("answered");
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    }

    /// Rotates a key, with a day until its old secret ends. Returns the new one.
    pub fn rotate(&self, id: &str) -> String {
        let path = format!("/keys/{id}/rotate");
        let dialog = self.server().ask("GET", &path, &[], "").expect("answered");
        let seen = between(&dialog, "name=\"seen\" value=\"", '"');
        let rotated = self.server().form(&path, &[("seen", &seen), ("grace", "day")]).expect("answered");
        shown(&rotated, "secret-key").expect("it is shown")
    }

    /// Through the gateway: `"GET /notes"`.
    pub async fn send(&self, request: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        client::send(&self.gateway.address, request, headers, body).await.expect("an answer")
    }

    pub async fn status(&self, request: &str, key: &str) -> u16 {
        self.send(request, &[("x-api-key", key)], "").await.status
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
    }
}
