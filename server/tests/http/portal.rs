//! A portal to test: its state, a signed-in person, and helpers to create resources.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sallyport::{
    approval::Asked,
    audit::{Act, Actor},
    id::{AppId, ApprovalId, DeliveryId, ImportId, OrgId, TrustRuleId, WebhookId},
    import::rule::RuleInput,
    key::{Addresses, NewKey, new::KeyInput, secret::Checked},
    key_policy::KeyPolicy,
    personal_token::{NewPersonalToken, PersonalToken, TokenScopes},
    profile::Profile,
    store::Reader,
    testing::TestStore,
    trust_rule::{self, NewTrustRule},
    user::User,
    webhook::{AllowedTargets, EventTypes, NewWebhook},
};
use sallyport_app::context::DemoSignIn;
use sallyport_server::{
    api::{openapi, requirement::Requirement},
    config::webhooks::WebhookSettings,
    outside::Outside,
    partner_keys::KeySource,
    server::Server,
    state::{AppState, Deployment},
};

use serde_json::json;

use crate::client::{Answer, Client};

pub const PASSWORD: &str = "correct horse battery staple";

pub struct TestPortal {
    pub store: TestStore,
    pub state: AppState,
    pub client: Client,
    /// Seconds since the start, as the verifier counts them.
    pub elapsed: Arc<AtomicU64>,
}

impl Deref for TestPortal {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The secrets of a key, as the one-time response showed them.
pub struct Shown {
    pub secret: String,
    pub signing_secret: Option<String>,
    pub answer: Answer,
}

/// The fields of the generate panel.
#[derive(Clone)]
pub struct PanelForm(Vec<(&'static str, String)>);

impl PanelForm {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let field = self.0.iter_mut().find(|(field, _)| *field == name).expect("a field of the panel");
        field.1 = value.to_owned();
        self
    }

    pub fn without(mut self, name: &'static str) -> Self {
        self.0.retain(|(field, _)| *field != name);
        self
    }

    pub fn fields(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

impl TestPortal {
    pub async fn new(store: TestStore) -> Self {
        Self::at(store, "http://127.0.0.1:3000").await
    }

    pub async fn at(store: TestStore, public_url: &str) -> Self {
        Self::deployed(store, public_url, None, false).await
    }

    /// A demo portal with a public sign-in.
    pub async fn demo(store: TestStore, demo: DemoSignIn) -> Self {
        Self::deployed(store, "http://127.0.0.1:3000", Some(demo), false).await
    }

    /// Another server on the same database, with the profile in this file: `include_str!("….toml")`. Nobody is signed
    /// in there yet; the test that made the first one ends both.
    pub async fn with_profile(&self, file: &str) -> Self {
        let profile = Arc::new(Profile::parse(file).expect("a good profile"));
        Self::new(self.store.with_profile(profile).await).await
    }

    /// Another server on the same database, on which mail is on. Nobody is signed in there yet; the test that made the
    /// first one ends both.
    pub async fn with_mail(&self) -> Self {
        let store = self.store.with_profile(self.store.profile().clone()).await;
        Self::deployed(store, "http://127.0.0.1:3000", None, true).await
    }

    /// Another server on the same database, to which a partner with these public keys reports leaks.
    pub async fn with_partner(&self, keys: KeySource) -> Self {
        let store = self.store.with_profile(self.store.profile().clone()).await;
        let elapsed = Arc::new(AtomicU64::new(0));
        let deployment = Self::deployment("http://127.0.0.1:3000", &elapsed);
        Self::started(store, Deployment { partner_keys: Some(keys), ..deployment }, elapsed).await
    }

    /// Another server on the same database at another URL. The test that made the first one ends both.
    pub async fn at_database(&self, url: String) -> Self {
        Self::new(self.store.at(url).await).await
    }

    /// Advances the time of the verifier and the throttle.
    pub fn wait(&self, seconds: u64) {
        self.elapsed.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn deployment(public_url: &str, elapsed: &Arc<AtomicU64>) -> Deployment {
        let elapsed = Arc::clone(elapsed);
        let named =
            |scope: &str, body: bool| Requirement { scope: vec![scope.to_owned()], body, ..Requirement::default() };
        Deployment {
            public_url: public_url.to_owned(),
            describe: openapi::document,
            trusted_proxies: vec!["127.0.0.0/8".parse().expect("a block")],
            cache_keys: 1_000,
            partner_keys: None,
            breached: None,
            requirements: [("write", named("write", false)), ("signed", named("read", true))]
                .map(|(name, requirement)| (name.to_owned(), requirement))
                .into(),
            elapsed: Arc::new(move || Duration::from_secs(elapsed.load(Ordering::SeqCst))),
            redis: None,
            demo: None,
            has_mail: false,
            webhook_targets: AllowedTargets::parse(["127.0.0.1"]).expect("an address"),
            outside: Arc::new(Outside::new(WebhookSettings {
                allowed: AllowedTargets::parse(["127.0.0.1"]).expect("an address"),
                ..WebhookSettings::default()
            })),
            issuers: Vec::new(),
            listens_on_loopback: true,
        }
    }

    async fn deployed(store: TestStore, public_url: &str, demo: Option<DemoSignIn>, has_mail: bool) -> Self {
        let elapsed = Arc::new(AtomicU64::new(0));
        let deployment = Deployment { demo, has_mail, ..Self::deployment(public_url, &elapsed) };
        Self::started(store, deployment, elapsed).await
    }

    pub async fn started(store: TestStore, deployment: Deployment, elapsed: Arc<AtomicU64>) -> Self {
        let state = AppState::new(store.store.clone(), deployment).await.expect("a state");
        let client = Client::new(Server::new(state.clone()));
        Self { store, state, client, elapsed }
    }

    pub async fn end(self) {
        self.store.end().await;
    }

    /// Creates the first account and signs in.
    pub async fn set_up(&self) {
        let token = self.state.context.setup_token.as_str();
        let person = [("name", "Ada Byron"), ("email", "ada@example.com"), ("password", PASSWORD)];
        let answer = self.post("/setup", &[&person[..], &[("token", token)]].concat()).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/orgs/new"), "{}", answer.body);
    }

    /// Another person, signed in with a separate browser, without an organization.
    pub async fn stranger(&self) -> Client {
        let new = sallyport::user::NewUser::check("Eve", "eve@example.com", PASSWORD).expect("checked");
        let hash = self.state.context.passwords.hash(&new.password).await.expect("hashed");
        let act = Act::by(Actor::CommandLine);
        self.store.create_user(&act, new, hash, false).await.expect("made");
        let browser = self.client.another();
        let fields = [("email", "eve@example.com"), ("password", PASSWORD)];
        assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
        browser
    }

    /// Sends a form and returns the id of what it created, from the redirect.
    async fn make(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        answer.location().rsplit('/').next().unwrap_or_default().to_owned()
    }

    pub async fn org(&self, name: &str) -> String {
        let fields = [("name", name), ("description", ""), ("plan", "pro"), ("tenant", "Development")];
        self.make("/orgs/new", &fields).await
    }

    /// An app in a separate organization.
    pub async fn app(&self) -> AppId {
        let org = self.org("Focus Labs").await;
        self.app_in(&org, "Focus and calm").await
    }

    pub async fn app_in(&self, org: &str, name: &str) -> AppId {
        let page = self.get(&format!("/orgs/{org}")).await;
        let tenant = page.after("href=\"/tenants/", '"');
        let project = self.make(&format!("/tenants/{tenant}/projects/new"), &[("name", &format!("P {name}"))]).await;
        let fields = [("name", name), ("os", "ios"), ("bundle_id", "com.example.focus"), ("description", "")];
        let app = self.make(&format!("/projects/{project}/apps/new"), &fields).await;
        AppId::parse(&app).expect("the id of an app")
    }

    /// The generate panel of an app, filled in validly. Tests change single fields.
    pub async fn panel(&self, app: &AppId) -> PanelForm {
        let fields = [
            ("form_token", self.form_token(app).await),
            ("app_id", app.to_string()),
            ("label", "CI".to_owned()),
            ("environment", "production".to_owned()),
            ("scopes", "read".to_owned()),
            ("expires", "never".to_owned()),
        ];
        PanelForm(fields.into())
    }

    pub async fn form_token(&self, app: &AppId) -> String {
        self.get(&format!("/apps/{app}/keys?panel=generate")).await.hidden("form_token")
    }

    pub async fn generate(&self, app: &AppId, label: &str, scopes: &[&str], signing: bool) -> Shown {
        let mut form = self.panel(app).await.with("label", label).without("scopes");
        form.0.extend(scopes.iter().map(|scope| ("scopes", (*scope).to_owned())));
        if signing {
            form.0.push(("signing_secret", "on".to_owned()));
        }
        let answer = self.post(&format!("/apps/{app}/keys"), &form.fields()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Shown {
            secret: find(&answer.body, "sk_live_", 44).expect("a secret key"),
            signing_secret: find(&answer.body, "sgn_", 47),
            answer,
        }
    }

    pub async fn key(&self, app: &AppId) -> (String, String) {
        let shown = self.generate(app, "CI", &["read"], true).await;
        // Keys of one moment have no order in a list.
        let digest = self.store.digests(Checked::parse("sk_live_", &shown.secret).expect("a key")).next();
        let key = self.store.key_by_digest(&digest.expect("a digest")).await.expect("asked").expect("a key");
        (key.record.key_id.to_string(), shown.secret)
    }

    pub async fn root_token(&self) -> String {
        self.token(false, None).await
    }

    /// A root token that may manage or not; of all organizations, or of one.
    pub async fn token(&self, manage: bool, org: Option<&str>) -> String {
        let org = org.map(|org| OrgId::parse(org).expect("an id"));
        let made = self.store.create_token(&Act::by(Actor::CommandLine), "Automation", manage, org).await;
        made.expect("made").1.expose().to_owned()
    }

    /// An endpoint of an organization on loopback, where nobody listens, and a test event for it.
    pub async fn webhook(&self, org: &OrgId) -> (WebhookId, DeliveryId) {
        let act = Act::by(Actor::CommandLine);
        let new = NewWebhook {
            url: "http://127.0.0.1:9/hidden-hook".to_owned(),
            environment: "production".to_owned(),
            events: EventTypes::check(["*"]).expect("good"),
            description: String::new(),
            active: true,
        };
        let (made, _) = self.store.create_webhook(&act, org, new, true, None).await.expect("made");
        let sent = self.store.send_test_event(&act, &made.id).await.expect("made");
        (made.id, sent.id)
    }

    /// A trust rule of an app for an issuer on loopback, where nobody listens.
    pub async fn trust_rule(&self, app: &AppId) -> TrustRuleId {
        let act = Act::by(Actor::CommandLine);
        let app = self.store.find(Reader::All, app).await.expect("read").expect("there");
        let new = NewTrustRule {
            name: "Rule of the app".to_owned(),
            issuer: "http://127.0.0.1:9/hidden-issuer".to_owned(),
            audience: "https://portal.example.com".to_owned(),
            claims: [("sub".to_owned(), "repo:acme/hidden".to_owned())].into(),
            environment: "production".to_owned(),
            scopes: vec!["read".to_owned()],
            lifetime: trust_rule::LONGEST,
            addresses: Addresses::default(),
        };
        self.store.create_trust_rule(&act, &app, new, None).await.expect("made").id
    }

    /// A personal token with every scope, and its secret.
    pub async fn personal_token(&self, user: &User, name: &str) -> (PersonalToken, String) {
        let form_token = self.store.entropy().array::<16>().to_vec();
        let new = NewPersonalToken { name: name.to_owned(), scopes: TokenScopes::ALL, expires_at: None, form_token };
        let (token, secret) = self.store.issue_personal_token(&self.store.act(user), new).await.expect("made");
        (token, secret.expose().to_owned())
    }

    /// A request that waits for the approval of a key, asked for on the command line. The organization has no rules then.
    pub async fn waiting(&self, app: &AppId) -> ApprovalId {
        let act = Act::by(Actor::CommandLine);
        let app = self.store.find(None, app).await.expect("asked").expect("there");
        let org = self.store.find(None, &app.org_id).await.expect("asked").expect("there");
        let policy = KeyPolicy { approval_environments: vec!["production".to_owned()], ..KeyPolicy::default() };
        self.store.set_key_policy(&act, &org, policy, None).await.expect("set");
        let scopes = vec!["read"];
        let input = KeyInput { label: "Waiting", environment: "production", scopes, ..KeyInput::default() };
        let new = NewKey::check(&input, self.store.profile(), self.store.now()).expect("checked");
        let asked = self.store.issue_or_ask(&act, &app, new, None).await.expect("asked");
        self.store.set_key_policy(&act, &org, KeyPolicy::default(), None).await.expect("set");
        let Asked::Waits(approval) = asked else { panic!("a key was made") };
        approval
    }

    /// An import of a key into an app, which was looked through and not started.
    pub async fn import(&self, app: &AppId) -> ImportId {
        let app = self.store.find(None, app).await.expect("asked").expect("there");
        let line =
            r#"{"key":"legacy_plain_0123456789","label":"Legacy import","environment":"production","scopes":["read"]}"#;
        let (profile, now) = (self.store.profile(), self.store.now());
        let file = sallyport::import::read(line.as_bytes(), &RuleInput::default(), profile, now).expect("a file");
        let act = Act::by(Actor::CommandLine);
        self.store.create_import(&act, &app, file, false).await.expect("made")
    }

    /// Creates something over the management endpoints, and returns the id with that name.
    pub async fn made(&self, token: &str, path: &str, body: serde_json::Value, id: &str) -> String {
        let answer = self.json(path, token, &body).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.body);
        answer.json()[id].as_str().expect("an id").to_owned()
    }

    /// An organization, a tenant, a project and an app, created over HTTP: their ids.
    pub async fn managed(&self, token: &str) -> [String; 4] {
        let org = self.made(token, "/v1/orgs", json!({ "name": "Focus Labs", "plan": "pro" }), "org_id").await;
        let name = |name: &str| json!({ "name": name });
        let tenant = self.made(token, &format!("/v1/orgs/{org}/tenants"), name("Production"), "tenant_id").await;
        let project =
            self.made(token, &format!("/v1/tenants/{tenant}/projects"), name("Biosignals"), "project_id").await;
        let app = self.made(token, &format!("/v1/projects/{project}/apps"), name("Focus and calm"), "app_id").await;
        [org, tenant, project, app]
    }

    pub async fn revoke(&self, key: &str) {
        let answer = self.post(&format!("/keys/{key}/revoke"), &[("reason", "")]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}").as_str()));
    }
}

/// The first text of that length with that prefix: long enough for a secret, unlike its shortened form.
pub fn find(body: &str, prefix: &str, length: usize) -> Option<String> {
    body.match_indices(prefix).find_map(|(at, _)| {
        let text = body.get(at..at + length)?;
        text[prefix.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| text.to_owned())
    })
}

/// Makes two tests of each function that takes a [`TestPortal`]: one on SQLite, one on PostgreSQL.
#[macro_export]
macro_rules! on_both_portals {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    let portal = $crate::portal::TestPortal::new(sallyport::testing::TestStore::sqlite().await).await;
                    super::$test(&portal).await;
                    portal.end().await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    let portal = $crate::portal::TestPortal::new(sallyport::testing::TestStore::postgres().await).await;
                    super::$test(&portal).await;
                    portal.end().await;
                }
            )*
        }
    };
}
