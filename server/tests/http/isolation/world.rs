//! An organization with one of everything, and a person of each kind.

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
    user::{NewUser, User},
};
use sallyport_app::routes::{ROUTES, Route};

use super::rules::{ActRule, QUERIES, RULES, Rule, Who};
use crate::{
    client::{Answer, Client, ORIGIN},
    portal::{PASSWORD, TestPortal},
};

/// Who sends the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not signed in.
    Nobody,
    /// The owner of another organization.
    Stranger,
    Member,
    Admin,
    Owner,
    /// An operator of the portal who is not a member of anything.
    Operator,
}

pub struct Person {
    pub kind: Kind,
    pub browser: Client,
}

/// The response of an address to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Taken,
    Status(u16),
    /// A redirect to the sign-in.
    SignIn,
    /// As if it did not exist.
    NotFound,
    Forbidden,
}

impl Kind {
    pub fn expects(self, who: Who) -> Expected {
        use Kind::{Admin, Member, Nobody, Operator, Owner, Stranger};
        match (who, self) {
            (Who::Everybody(status), _) => Expected::Status(status),
            (Who::Guests, Nobody) => Expected::Status(200),
            (Who::Guests, _) => Expected::Status(303),
            (_, Nobody) => Expected::SignIn,
            (Who::SignedIn, _) | (Who::Operators, Operator) => Expected::Taken,
            (Who::Operators, _) | (_, Stranger | Operator) => Expected::NotFound,
            (Who::Members, Member | Admin | Owner) => Expected::Taken,
            (Who::Admins, Admin | Owner) | (Who::Owners, Owner) => Expected::Taken,
            (Who::Admins | Who::Owners, _) => Expected::Forbidden,
        }
    }
}

impl Expected {
    pub fn check(self, answer: &Answer, what: &str) {
        let status = answer.status.as_u16();
        let to_sign_in = status == 303 && answer.location().starts_with("/sign-in");
        let held = match self {
            Self::Taken => matches!(status, 200 | 303 | 400 | 409 | 422) && !to_sign_in,
            Self::Status(expected) => status == expected,
            Self::SignIn => to_sign_in && answer.body.is_empty(),
            Self::NotFound => status == 404,
            Self::Forbidden => status == 403 && answer.body.contains("Your role here is"),
        };
        assert!(held, "{what}: {self:?} was expected, not {status} {}\n{}", answer.location(), answer.body);
    }
}

pub struct World {
    pub people: Vec<Person>,
    /// The names of ids in addresses, and their values.
    ids: Vec<(&'static str, String)>,
    org: OrgId,
    spare: User,
}

impl World {
    /// Ada's organization with everything in it, and others.
    pub async fn new(portal: &TestPortal) -> Self {
        portal.set_up().await;
        let app = portal.app().await;
        let (key, secret) = portal.key(&app).await;
        let refused = portal.auth("?scope=write", &[("x-api-key", &secret)]).await;
        assert_eq!(refused.status, 403);
        let json = portal.get(&format!("/apps/{app}/identifiers.json")).await.json();
        let id = |name: &str| json[name].as_str().expect("text").to_owned();
        let org = OrgId::parse(&id("org_id")).expect("an id");
        let mut people = vec![Person { kind: Kind::Nobody, browser: portal.another() }];
        // One hash for all of them, because hashing is slow on purpose.
        let password = NewUser::check("Any", "any@example.com", PASSWORD).expect("checked").password;
        let hash = portal.state.context.passwords.hash(&password).await.expect("hashed");
        for (kind, role) in [
            (Kind::Stranger, None),
            (Kind::Member, Some(Role::Member)),
            (Kind::Admin, Some(Role::Admin)),
            (Kind::Owner, Some(Role::Owner)),
            (Kind::Operator, None),
        ] {
            let act = Act::by(Actor::CommandLine);
            let new = NewUser::check(&format!("{kind:?}"), &email(kind), PASSWORD).expect("checked");
            let user = portal.store.create_user(&act, new, hash.clone(), kind == Kind::Operator).await.expect("made");
            if let Some(role) = role {
                portal.store.add_member(&act, &org, &user, role).await.expect("added");
            }
            let person = Person { kind, browser: portal.another() };
            person.sign_in().await;
            people.push(person);
        }
        // A person whom others can remove.
        let new = NewUser::check("Spare", "spare@example.com", PASSWORD).expect("checked");
        let spare = portal.store.create_user(&Act::by(Actor::CommandLine), new, hash, false).await.expect("made");
        let stranger = &people[1].browser;
        let own = [("name", "Elsewhere"), ("description", ""), ("plan", "pro"), ("tenant", "Development")];
        assert_eq!(stranger.post("/orgs/new", &own).await.status, 303);
        let names = ["org_id", "tenant_id", "project_id", "app_id"];
        let mut ids: Vec<_> = names.map(|name| (name, id(name))).into();
        ids.push(("key_id", key));
        ids.push(("user_id", spare.id.to_string()));
        ids.push(("request_id", refused.header("x-request-id").to_owned()));
        let world = Self { people, ids, org, spare };
        world.add_spare(portal).await;
        world
    }

    /// Adds the spare person, if they are not a member.
    pub async fn add_spare(&self, portal: &TestPortal) {
        let act = Act::by(Actor::CommandLine);
        portal.store.add_member(&act, &self.org, &self.spare, Role::Member).await.expect("added");
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
        let queries = QUERIES.iter().filter(|(of, _)| *of == route.path);
        let opened: Vec<_> = queries
            .map(|(_, query)| {
                let query = self
                    .ids
                    .iter()
                    .fold((*query).to_owned(), |query, (name, id)| query.replace(&format!("{{{name}}}"), id));
                format!("{path}?{query}")
            })
            .collect();
        [path].into_iter().chain(opened).collect()
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
            let id = self.id(name);
            addresses.push(self.paths(route).iter().map(|path| path.replace(id, &nobodys(id))).collect());
        }
        addresses
    }
}

/// An unknown id of the same form.
pub fn nobodys(id: &str) -> String {
    format!("{}XXXXXX", &id[..id.len() - 6])
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
        let fields = [("email", email(self.kind)), ("password", PASSWORD.to_owned())];
        let answer =
            self.browser.post("/sign-in", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert_eq!(answer.status, 303, "{:?}: {}", self.kind, answer.body);
    }
}

fn email(kind: Kind) -> String {
    format!("{kind:?}@example.com").to_lowercase()
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
