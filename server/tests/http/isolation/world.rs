//! An organization with one of everything, and a person of each kind.

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor, SYSTEM},
    id::OrgId,
    invitation::NewInvitations,
    job::NewJob,
    member::Role,
    password_reset,
    picture::Picture,
    place::{PlaceKind, PlaceRef},
    project::NewProject,
    store::{EventFilter, Reader},
    tenant::NewTenant,
    testing::picture::png,
    user::{NewUser, User},
};
use sallyport_app::routes::{ROUTES, Route};

use super::{
    levels::level,
    people::{Expected, Kind, OWNER, Spot},
    queries::QUERIES,
    rules::{ActRule, RULES, Rule, Who},
};
use crate::{
    account::passkeys::made_elsewhere,
    client::{Answer, Client, ORIGIN},
    portal::{PASSWORD, TestPortal},
};

pub struct Person {
    pub kind: Kind,
    pub browser: Client,
    user: Option<User>,
}

pub struct World {
    pub people: Vec<Person>,
    /// The names of ids in addresses, and their values.
    ids: Vec<(&'static str, String)>,
    org: OrgId,
    spare: User,
    /// The organization, tenant and project of the main branch.
    main: [String; 3],
    /// A tenant beside it, and a project beside it in its tenant.
    beside: [String; 2],
}

impl World {
    /// Ada's organization with everything in it, and people with every role at every place.
    pub async fn new(portal: &TestPortal) -> Self {
        portal.set_up().await;
        let app = portal.app().await;
        let (key, secret) = portal.key(&app).await;
        let refused = portal.auth("?scope=write", &[("x-api-key", &secret)]).await;
        assert_eq!(refused.status, 403);
        let json = portal.get(&format!("/apps/{app}/identifiers.json")).await.json();
        let id = |name: &str| json[name].as_str().expect("text").to_owned();
        let org = OrgId::parse(&id("org_id")).expect("an id");
        let beside = beside(portal, &org).await;
        // One hash for all of them, because hashing is slow on purpose.
        let password = NewUser::check("Any", "any@example.com", PASSWORD).expect("checked").password;
        let hash = portal.state.context.passwords.hash(&password).await.expect("hashed");
        let act = Act::by(Actor::CommandLine);
        let main = [id("org_id"), id("tenant_id"), id("project_id")];
        let (mut people, mut personal_token) = (Vec::new(), String::new());
        for kind in Kind::all() {
            if kind == Kind::Nobody {
                people.push(Person { kind, browser: portal.another(), user: None });
                continue;
            }
            let new = NewUser::check(&format!("{kind:?}"), &kind.email(), PASSWORD).expect("checked");
            let user = portal.store.create_user(&act, new, hash.clone(), kind == Kind::Operator).await.expect("made");
            if kind == OWNER {
                personal_token = portal.personal_token(&user, "Laptop").await.0.id.to_string();
            }
            let person = Person { kind, browser: portal.another(), user: Some(user) };
            person.sign_in().await;
            people.push(person);
        }
        // A person whom others can remove.
        let new = NewUser::check("Spare", "spare@example.com", PASSWORD).expect("checked");
        let spare = portal.store.create_user(&Act::by(Actor::CommandLine), new, hash, false).await.expect("made");
        let names = ["org_id", "tenant_id", "project_id", "app_id"];
        let mut ids: Vec<_> = names.map(|name| (name, id(name))).into();
        ids.push(("key_id", key));
        ids.push(("user_id", spare.id.to_string()));
        let token = portal.store.create_token(&Act::by(Actor::CommandLine), "Automation", false, None).await;
        ids.push(("token_id", token.expect("made").0.id.to_string()));
        ids.push(("personal_token_id", personal_token));
        ids.push(("passkey_id", made_elsewhere(portal, &spare).await.to_string()));
        ids.push(("digest", logo(portal, &org).await));
        ids.push(("invitation_id", invited(portal, &org).await));
        ids.push(("approval_id", portal.waiting(&app).await.to_string()));
        ids.push(("import_id", portal.import(&app).await.to_string()));
        let (webhook, delivery) = portal.webhook(&org).await;
        ids.push(("webhook_id", webhook.to_string()));
        ids.push(("trust_rule_id", portal.trust_rule(&app).await.to_string()));
        ids.push(("delivery_id", delivery.to_string()));
        let (account, token, _) = portal.service_account(&org).await;
        ids.push(("service_account_id", account.id.to_string()));
        ids.push(("service_token_id", token.id.to_string()));
        ids.push(("issuer_id", "nobodys-issuer".to_owned()));
        ids.push(("handover_id", "hnd_unknown".to_owned()));
        // Due later, so that it can be run now.
        let later = portal.store.now() + std::time::Duration::from_secs(60);
        let job = NewJob::once("mail", serde_json::json!({}), later, portal.store.entropy());
        ids.push(("job_id", job.id.to_string()));
        portal.store.enqueue(vec![job]).await.expect("added");
        ids.push(("request_id", refused.header("x-request-id").to_owned()));
        ids.push(("token", ended_reset(portal, &spare).await));
        let made = EventFilter { target: id("app_id"), action: "app.created".to_owned(), ..EventFilter::default() };
        let made = portal.store.events(&org, None, &made).await.expect("read").events;
        ids.push(("seq", made[0].seq.to_string()));
        let world = Self { people, ids, org, spare, main, beside };
        for person in &world.people {
            world.give_role(portal, person).await;
        }
        let own = [("name", "Elsewhere"), ("description", ""), ("plan", "pro"), ("tenant", "Development")];
        assert_eq!(world.person(Kind::Stranger).post("/orgs/new", &own).await.status, 303);
        world.add_spare(portal).await;
        // A proof changes nothing where a checkpoint covers the event; the first checkpoint makes a key, which is an event.
        for chain in [SYSTEM, world.org.as_str()] {
            portal.store.checkpoint("127.0.0.1:3000/audit", chain).await.expect("made");
        }
        world
    }

    /// Gives a person their role, if they lost it.
    pub async fn give_role(&self, portal: &TestPortal, person: &Person) {
        let (Kind::With(role, spot), Some(user)) = (person.kind, &person.user) else { return };
        let (act, [org, tenant, project]) = (Act::by(Actor::CommandLine), &self.main);
        let id = match spot {
            Spot::Org => org,
            Spot::Tenant => tenant,
            Spot::Project => project,
            Spot::OtherTenant => &self.beside[0],
            Spot::OtherProject => &self.beside[1],
        };
        let place = PlaceRef { kind: spot.kind(), id, org_id: &self.org };
        portal.store.add_member(&act, place, user, role).await.expect("given");
    }

    /// Gives the spare person a role at each level, if they have none.
    pub async fn add_spare(&self, portal: &TestPortal) {
        let act = Act::by(Actor::CommandLine);
        let kinds = [PlaceKind::Org, PlaceKind::Tenant, PlaceKind::Project];
        for (kind, id) in kinds.into_iter().zip(&self.main) {
            let role = if kind == PlaceKind::Org { Role::Member } else { Role::Viewer };
            let place = PlaceRef { kind, id, org_id: &self.org };
            portal.store.add_member(&act, place, &self.spare, role).await.expect("added");
        }
    }

    pub fn person(&self, kind: Kind) -> &Client {
        &self.people.iter().find(|person| person.kind == kind).expect("one of each kind").browser
    }

    pub fn id(&self, name: &str) -> &str {
        let id = self.ids.iter().find(|(known, _)| *known == name).map(|(_, id)| id.as_str());
        id.unwrap_or_else(|| {
            panic!("{{{name}}} stands for nothing: add its id in server/tests/http/isolation/world.rs")
        })
    }

    /// The address with its ids, bare and with each query that opens something.
    pub fn paths(&self, route: &Route) -> Vec<String> {
        let path = fill(route.path, |name| self.id(name).to_owned());
        let opened = queries(route).map(|(_, query, _)| {
            let filled = self.ids.iter();
            let query = filled.fold((*query).to_owned(), |query, (name, id)| query.replace(&format!("{{{name}}}"), id));
            format!("{path}?{query}")
        });
        [path.clone()].into_iter().chain(opened).collect()
    }

    /// What each of these shows to a person.
    pub fn expected(&self, kind: Kind, route: &Route, who: Who) -> Vec<Expected> {
        let at = level(route.path);
        let page = kind.expects(who, at);
        let opened = queries(route).map(|(_, query, who)| match who {
            Some(who) if page == Expected::Taken => {
                kind.expects(*who, if query.contains('{') { level(query) } else { at })
            }
            _ => page,
        });
        [page].into_iter().chain(opened).collect()
    }

    /// The form of an act with its ids.
    pub fn form(&self, rule: &ActRule) -> Vec<(&'static str, String)> {
        let filled = rule.form.iter().map(|(field, value)| (*field, fill(value, |name| self.id(name).to_owned())));
        filled.collect()
    }

    /// The same, once for each id of the address, with an unknown one in its place.
    pub fn made_up(&self, route: &Route) -> Vec<Vec<String>> {
        let mut addresses = Vec::new();
        for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            // Between slashes: a number may also be a part of an id.
            let named = |id: &str| if is_number(id) { format!("/{id}/") } else { id.to_owned() };
            let (id, other) = (named(self.id(name)), named(&nobodys(self.id(name))));
            addresses.push(self.paths(route).iter().map(|path| path.replace(&id, &other)).collect());
        }
        addresses
    }
}

/// The digest of the organization's logo.
async fn logo(portal: &TestPortal, org: &OrgId) -> String {
    let logo = Picture::check(png(64, 64), Picture::OF_PEOPLE).expect("a logo");
    assert_eq!(portal.post_file(&format!("/orgs/{org}/settings/logo"), "logo", &logo.bytes).await.status, 303);
    logo.digest
}

/// The id of an invitation to the organization.
async fn invited(portal: &TestPortal, org: &OrgId) -> String {
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let new = NewInvitations::check(PlaceKind::Org, ["invited@example.com"], "viewer", "").expect("checked");
    let made = portal.store.invite(&portal.store.act(&ada), org, new).await.expect("invited");
    made[0].id.to_string()
}

/// The token of a link that was used.
async fn ended_reset(portal: &TestPortal, user: &User) -> String {
    let act = Act::by(Actor::CommandLine);
    let reset = portal.store.create_password_reset(&act, user).await.expect("made");
    portal.store.reset_password(&act, &reset, "none".to_owned()).await.expect("used");
    password_reset::url(portal.store.vault(), "", &reset).trim_start_matches("/reset/").to_owned()
}

fn queries(route: &Route) -> impl Iterator<Item = &'static (&'static str, &'static str, Option<Who>)> {
    QUERIES.iter().filter(move |(of, ..)| *of == route.path)
}

/// An unknown id of the same form.
pub fn nobodys(id: &str) -> String {
    if is_number(id) {
        return format!("{id}999999");
    }
    format!("{}XXXXXX", &id[..id.len() - 6])
}

fn is_number(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address with a value for each `{name}`.
pub fn fill(path: &str, id: impl Fn(&str) -> String) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => id(name),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

impl Person {
    pub async fn sign_in(&self) {
        let fields = [("email", self.kind.email()), ("password", PASSWORD.to_owned())];
        let answer =
            self.browser.post("/sign-in", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert_eq!(answer.status, 303, "{:?}: {}", self.kind, answer.body);
    }
}

/// What is beside the main branch: all of it is called *Hidden*. Returns the ids of a tenant and of a project.
async fn beside(portal: &TestPortal, org: &OrgId) -> [String; 2] {
    let (store, act) = (&portal.store, Act::by(Actor::CommandLine));
    let found = store.find(Reader::All, org).await.expect("asked").expect("there");
    // In the first tenant.
    let sibling = store.app(&act, &found, "Hidden").await;
    store.key(&act, &sibling, "Hidden key").await;
    let tenant = store.create_tenant(&act, org, NewTenant { name: "Hidden tenant".to_owned() }).await.expect("made");
    let new = NewProject { name: "Hidden too".to_owned() };
    store.create_project(&act, &tenant, new).await.expect("made");
    [tenant.id.to_string(), sibling.project_id.to_string()]
}

/// A request like that of our own page, with an empty form.
pub async fn ask(browser: &Client, method: &Method, path: &str) -> Answer {
    send(browser, method, path, &[]).await
}

pub async fn send(browser: &Client, method: &Method, path: &str, form: &[(&str, &str)]) -> Answer {
    if *method == Method::POST {
        return browser.post(path, form).await;
    }
    let request = Client::request(method.clone(), path).header(header::ORIGIN, ORIGIN);
    browser.send(request.body(Body::empty()).expect("a request")).await
}

/// Every address of the portal with its rule.
pub fn routes() -> Vec<(&'static Route, &'static Rule)> {
    let ruled = ROUTES.iter().map(|route| {
        let rule = RULES.iter().find(|rule| rule.path == route.path);
        let path = route.path;
        let rule = rule.unwrap_or_else(|| {
            panic!("{path} has no rule: say in RULES of server/tests/http/isolation/rules.rs who may look and send")
        });
        for (method, who) in [(Method::GET, rule.get), (Method::POST, rule.post)] {
            let takes = route.methods.contains(&method);
            assert_eq!(takes, who.is_some(), "{path} takes {:?}: its rule has to say so", route.methods);
        }
        (route, rule)
    });
    let ruled: Vec<_> = ruled.collect();
    for rule in RULES {
        assert!(ROUTES.iter().any(|route| route.path == rule.path), "{} has a rule, but is no address", rule.path);
    }
    ruled
}
