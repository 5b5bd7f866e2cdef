//! A running binary with a profile, and direct access to its database.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use sallyport::{
    app::{App, NewApp, Os},
    audit::{Act, Actor, Credential},
    clock::SystemClock,
    entropy::OsEntropy,
    key::{Issued, NewKey, holder::Holder, new::KeyInput},
    org::{NewOrg, Org},
    plan::Plan,
    project::NewProject,
    store::Store,
    tenant::NewTenant,
    user::{NewUser, Password, User},
};
use sallyport_server::{config::DataLocation, data_dir::DataDir};
use serde_json::{Value, json};

use crate::http::{Answer, ask};

pub struct Deployment {
    server: Child,
    address: String,
    pub store: Store,
    pub user: User,
    pub act: Act,
    /// A root token that may manage.
    token: String,
    _folder: tempfile::TempDir,
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Deployment {
    pub async fn of(name: &str) -> Self {
        let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/profiles/{name}.toml"));
        let folder = tempfile::tempdir().expect("a folder");
        // Receivers of webhooks in tests are on this machine.
        let settings = folder.path().join("settings.toml");
        std::fs::write(&settings, "[webhooks]\nallow = [\"127.0.0.1\"]\n").expect("written");
        let mut server = Command::new(env!("CARGO_BIN_EXE_sallyport"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .arg("--profile")
            .arg(&profile)
            .arg("--config")
            .arg(&settings)
            .env_remove("SALLYPORT_MASTER_KEY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(server.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("listening on http://")).expect("it listens");
        let address = line.rsplit("http://").next().expect("an address").to_owned();

        let place = DataLocation { data: folder.path().to_owned(), profile: Some(profile), ..DataLocation::default() };
        let data = DataDir::find(&place).await.expect("the server made it");
        let store = data.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("opens");
        let new =
            NewUser { name: "Ada".to_owned(), email: "ada@example.com".to_owned(), password: Password::default() };
        let command_line = Act::by(Actor::CommandLine);
        let user = store.create_user(&command_line, new, "none".to_owned(), true).await.expect("a person");
        let act = Act::by(Actor::User { id: user.id.clone(), name: user.name.clone(), credential: Credential::None });
        let (_, token) = store.create_token(&command_line, "test", true, None).await.expect("a root token");
        let token = token.expose().to_owned();
        Self { server, address, store, user, act, token, _folder: folder }
    }

    pub async fn org(&self, name: &str, plan: Plan) -> Org {
        let first_tenant = Some(NewTenant { name: "Development".to_owned() });
        let new = NewOrg { name: name.to_owned(), description: String::new(), plan, first_tenant };
        self.store.create_org(&self.act, new).await.expect("an organization")
    }

    pub async fn app(&self, org: &Org) -> App {
        let tenant = self.store.tenants(&org.id).await.expect("tenants").remove(0);
        let others = self.store.apps_of_org(&org.id, &sallyport::store::Sight::ALL).await.expect("apps").len();
        let project = NewProject { name: format!("Phones {others}") };
        let project = self.store.create_project(&self.act, &tenant, project).await.expect("a project");
        let new = NewApp { name: "Focus".to_owned(), os: Os::Backend, ..NewApp::default() };
        self.store.create_app(&self.act, &project, new).await.expect("an app")
    }

    pub async fn key(&self, holder: impl Into<Holder>, environment: &str, scopes: &[&str]) -> Issued {
        let input = KeyInput { label: "CI", environment, scopes: scopes.to_vec(), ..KeyInput::default() };
        let new = NewKey::check(&input, self.store.profile(), self.store.now()).expect("a good key");
        self.store.issue_key(&self.act, holder, new, None).await.expect("a key")
    }

    /// Over HTTP, so that the server has applied it when this returns.
    pub fn revoke(&self, key: &Issued) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let revoked = ask(&self.address, "POST", &format!("/v1/keys/{}/revoke", key.key.id), &headers, "{}");
        assert_eq!(revoked.status, 200, "{}", revoked.body);
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// A management request with a root token.
    pub fn manage(&self, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        self.post(path, &[("authorization", &bearer)], body)
    }

    /// An endpoint of an organization that is sent every event, as `/v1` answers its creation.
    pub fn webhook(&self, org: &Org, url: &str) -> Value {
        let body = json!({ "url": url, "environment": "production", "events": ["*"] });
        let made = self.manage(&format!("/v1/orgs/{}/webhooks", org.id), &body);
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()
    }

    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        ask(&self.address, "POST", path, &headers, &body.to_string())
    }

    /// The same as a change.
    pub fn change(&self, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        ask(&self.address, "PATCH", path, &headers, &body.to_string())
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(&self.address, "GET", path, headers, "")
    }

    /// A gateway's request.
    pub fn auth(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        ask(&self.address, "GET", &format!("/v1/auth{query}"), headers, "")
    }

    /// A gateway's request with the client's method and path.
    pub fn forwarded(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let told = [("x-original-method", method), ("x-original-uri", path)];
        self.auth("", &[&told, headers].concat())
    }

    /// A backend's request.
    pub fn verify(&self, key: &str, more: Value) -> Value {
        self.verify_as(&self.token, key, more)
    }

    pub fn verify_as(&self, token: &str, key: &str, more: Value) -> Value {
        let mut asked = json!({ "key": key });
        if let (Value::Object(asked), Value::Object(more)) = (&mut asked, more) {
            asked.extend(more);
        }
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = ask(&self.address, "POST", "/v1/keys/verify", &headers, &asked.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub async fn end(self) {
        self.store.close().await;
    }
}

/// An unknown key with that prefix and a valid checksum.
pub fn unknown(prefix: &str) -> String {
    sallyport::key::secret::PlainSecret::mint(prefix, &OsEntropy).expose().to_owned()
}
