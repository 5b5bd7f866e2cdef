//! Permissions as extractors: a handler that has an app was called with a token or key that may access it.
//!
//! Resources of other organizations appear not to exist.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath, Path},
    http::{StatusCode, request::Parts},
};
use sallyport::{
    Error, Result,
    app::App,
    audit::{Act, Actor, Credential},
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{Ask, Key, Verdict},
    member::Permission,
    org::Org,
    personal_token::{self, PersonalToken},
    place::Place,
    profile::{Mode, Profile},
    project::Project,
    request::Client,
    root_token::RootToken,
    scope::Request,
    service_account::{PREFIX as SERVICE_PREFIX, ServiceCaller},
    store::{ClosedOrg, Reader, Sight, Store},
    tenant::Tenant,
    user::User,
    verifier::Judged,
};

use crate::{
    api::{
        caller::{personal_token, root_token, service_account},
        credential::bearer,
        problem::Problem,
    },
    middleware::client,
    state::AppState,
};

/// A caller with a root token that may manage, with a key that manages its organization, with a personal token, or with a token
/// of a service account.
#[derive(Clone)]
pub struct Manager {
    client: Client,
    actor: Actor,
    reach: Reach,
}

/// What a caller sees.
#[derive(Clone)]
enum Reach {
    All,
    Org(OrgId),
    /// What the person sees.
    Person(Arc<Bearer>),
    /// What the role of the service account shows.
    Account(Arc<ServiceCaller>),
}

/// A person and their token.
pub struct Bearer {
    pub user: User,
    pub token: PersonalToken,
    /// The organizations whose demands the token does not meet.
    closed: Vec<ClosedOrg>,
}

impl Manager {
    /// On whose behalf the store is read.
    pub fn reader(&self) -> Reader<'_> {
        match &self.reach {
            Reach::All => Reader::All,
            Reach::Org(org) => Reader::Org(org),
            Reach::Person(bearer) => Reader::Bearer { user: &bearer.user.id, closed: &bearer.closed },
            Reach::Account(caller) => Reader::Account(&caller.account_id),
        }
    }

    /// The person who calls, with which token.
    pub fn bearer(&self) -> Option<&Bearer> {
        match &self.reach {
            Reach::Person(bearer) => Some(bearer),
            _ => None,
        }
    }

    /// The part of an organization whose apps, keys and activity the caller sees: all of it, if a role at the organization
    /// shows it.
    pub async fn seen(&self, store: &Store, org: &OrgId) -> Result<Sight, Problem> {
        match self.subject() {
            Some(subject) if !store.subject_may(subject, org, Permission::SeeKeys).await? => {
                Ok(Sight::of_subject(subject, Permission::SeeKeys))
            }
            _ => Ok(Sight::ALL),
        }
    }

    /// The id of the person or the service account that calls: what they may do depends on their roles.
    pub fn subject(&self) -> Option<&str> {
        match &self.reach {
            Reach::Person(bearer) => Some(bearer.user.id.as_str()),
            Reach::Account(caller) => Some(caller.account_id.as_str()),
            Reach::All | Reach::Org(_) => None,
        }
    }

    /// Fails if a person or a service account lacks this permission at a place that they see. What other callers see they may
    /// also use.
    pub async fn needs(&self, store: &Store, place: &Place, permission: Permission) -> Result<(), Problem> {
        match self.subject() {
            Some(subject) if !store.subject_may(subject, place, permission).await? => {
                Err(forbidden("Your role here does not allow this. Ask an owner or an admin."))
            }
            _ => Ok(()),
        }
    }

    /// Why something is not found: it does not exist for the caller, or is in an organization that the token does not get into.
    async fn why_not<T: Reachable>(&self, store: &Store, id: &str) -> Result<Problem, Problem> {
        let Some(bearer) = self.bearer().filter(|bearer| !bearer.closed.is_empty()) else {
            return Ok(Error::NotFound.into());
        };
        // What they would see with a token that gets in everywhere.
        let reader = Reader::Bearer { user: &bearer.user.id, closed: &[] };
        let found = T::find(store, reader, id).await?;
        let closed = found.as_ref().and_then(|found| self.reader().closed(found.org()));
        let missing = closed.and_then(|closed| closed.missing.first());
        Ok(missing.map_or_else(|| Error::NotFound.into(), |missing| forbidden(missing.refusal())))
    }

    /// The actor, for the store.
    pub fn act(&self) -> Act {
        self.client.act(self.actor.clone())
    }

    pub fn is_service_account(&self) -> bool {
        self.actor.is_service_account()
    }

    /// Whether it is an API key.
    pub fn is_key(&self) -> bool {
        matches!(self.actor, Actor::Key { .. })
    }

    fn of_token(token: &RootToken, client: Client) -> Result<Self, Problem> {
        if !token.manage {
            return Err(forbidden(
                "This root token verifies keys; it may not manage anything. Make one with \
                sallyport token create --name NAME --manage.",
            ));
        }
        let actor = Actor::RootToken { id: token.id.clone(), name: token.name.clone() };
        Ok(Self { client, actor, reach: token.org_id.clone().map_or(Reach::All, Reach::Org) })
    }

    fn of_person(user: User, token: PersonalToken, closed: Vec<ClosedOrg>, client: Client) -> Self {
        let credential = Credential::Token { id: token.id.clone(), name: token.name.clone(), scopes: token.scopes };
        let actor = Actor::User { id: user.id.clone(), name: user.name.clone(), credential };
        Self { client, actor, reach: Reach::Person(Arc::new(Bearer { user, token, closed })) }
    }

    fn of_account(caller: ServiceCaller, client: Client) -> Self {
        let actor = Actor::ServiceAccount {
            id: caller.account_id.clone(),
            name: caller.account_name.clone(),
            token: caller.token.id.clone(),
            token_name: caller.token.name.clone(),
            scopes: caller.token.scopes,
        };
        Self { client, actor, reach: Reach::Account(Arc::new(caller)) }
    }

    /// Verified as for any API: a request with this method, and a key of real data.
    async fn of_key(
        presented: &str,
        scope: &str,
        parts: &Parts,
        client: Client,
        state: &AppState,
    ) -> Result<Self, Problem> {
        let (store, profile) = (&state.context.store, state.context.store.profile());
        let ask = Ask {
            plain_http: !client::is_https(&client, &parts.headers),
            scopes: vec![scope],
            mode: Some(Mode::Live),
            request: Request::new(Some(parts.method.as_str()), None),
            ip: Some(client.ip),
            cost: 1,
            ..Ask::default()
        };
        let judged = state.verifier.judge(Some(presented), &ask, &client).await?;
        let (Verdict::Valid, Some(record)) = (judged.verdict, judged.record()) else {
            return Err(refused(&judged, &ask, profile));
        };
        let key = store.find(Some(&record.owner.org_id), &record.key_id).await?.ok_or(Error::SignedOut)?;
        if !profile.manages(key.owner, key.mode, key.scopes.iter().map(String::as_str)) {
            return Err(forbidden("This API key is not an organization's, so it may not manage one."));
        }
        let actor = Actor::Key { id: key.id, label: key.label, secret_n: record.secret_n };
        Ok(Self { client, actor, reach: Reach::Org(key.org_id) })
    }

    /// A key that is about to rotate itself, where the profile allows that: it needs no scope for it. `None` if it is
    /// another key's address.
    async fn of_itself(
        presented: &str,
        parts: &mut Parts,
        client: &Client,
        state: &AppState,
    ) -> Result<Option<Self>, Problem> {
        let profile = state.context.store.profile();
        let path = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
        if !profile.rotation.by_itself || !OF_ROTATION.contains(&path.as_str()) {
            return Ok(None);
        }
        let id = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        let plain_http = !client::is_https(client, &parts.headers);
        let ask = Ask { plain_http, ip: Some(client.ip), cost: 1, ..Ask::default() };
        let judged = state.verifier.judge(Some(presented), &ask, client).await?;
        let Some(record) = judged.record().filter(|record| record.key_id.as_str() == *id) else { return Ok(None) };
        if judged.verdict != Verdict::Valid {
            return Err(refused(&judged, &ask, profile));
        }
        let (id, label) = (record.key_id.clone(), record.label.to_string());
        let actor = Actor::Key { id, label, secret_n: record.secret_n };
        let reach = Reach::Org(record.owner.org_id.clone());
        Ok(Some(Self { client: client.clone(), actor, reach }))
    }

    /// A key whose scope mints capability tokens, where these are minted. `None` elsewhere, and where no scope does. That it
    /// is the app's is checked by the store.
    async fn of_minting(
        presented: &str,
        parts: &Parts,
        client: &Client,
        state: &AppState,
    ) -> Result<Option<Self>, Problem> {
        let profile = state.context.store.profile();
        let is_there = parts.extensions.get::<MatchedPath>().is_some_and(|path| path.as_str() == OF_MINTING);
        let Some(scope) = profile.minting_scope().filter(|_| is_there) else { return Ok(None) };
        let ask = Ask {
            plain_http: !client::is_https(client, &parts.headers),
            scopes: vec![scope],
            mode: Some(Mode::Live),
            ip: Some(client.ip),
            cost: 1,
            ..Ask::default()
        };
        let judged = state.verifier.judge(Some(presented), &ask, client).await?;
        let (Verdict::Valid, Some(record)) = (judged.verdict, judged.record()) else {
            return Err(refused(&judged, &ask, profile));
        };
        let (id, label) = (record.key_id.clone(), record.label.to_string());
        let actor = Actor::Key { id, label, secret_n: record.secret_n };
        let reach = Reach::Org(record.owner.org_id.clone());
        Ok(Some(Self { client: client.clone(), actor, reach }))
    }
}

/// Where a key may mint capability tokens.
const OF_MINTING: &str = "/v1/apps/{app_id}/capabilities";

/// Where a key may act on itself.
const OF_ROTATION: [&str; 3] =
    ["/v1/keys/{key_id}/rotate", "/v1/keys/{key_id}/end-previous", "/v1/keys/{key_id}/extend-previous"];

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

fn refused(judged: &Judged, ask: &Ask<'_>, profile: &Profile) -> Problem {
    let explained = judged.explanation(profile, ask).map(Cow::into_owned);
    let detail = explained.unwrap_or_else(|| profile.sentence(judged.verdict));
    match judged.verdict.status() {
        401 => Problem::unauthorized(detail),
        429 => Problem::too_many(detail, judged.retry_after),
        _ => forbidden(&detail),
    }
}

impl FromRequestParts<AppState> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // A request is verified and charged once.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let client = parts.extensions.get::<Client>().cloned().ok_or_else(Problem::unavailable)?;
        let profile = state.context.store.profile();
        // If no scope manages, a key gets the same response as any request without a root token.
        let manager = match (bearer(&parts.headers), profile.managing_scope()) {
            (Ok(Some(presented)), _) if presented.starts_with(personal_token::PREFIX) => {
                let (user, token) = personal_token(state, &client, presented).await?;
                let closed = state.context.store.closed_to_token(&token.id).await?;
                Self::of_person(user, token, closed, client)
            }
            (Ok(Some(presented)), _) if presented.starts_with(SERVICE_PREFIX) => {
                Self::of_account(service_account(state, &client, presented).await?, client)
            }
            (Ok(Some(presented)), scope) if profile.prefix_of(presented).is_some() => {
                let presented = presented.to_owned();
                let special = match Self::of_minting(&presented, parts, &client, state).await? {
                    Some(minting) => Some(minting),
                    None => Self::of_itself(&presented, parts, &client, state).await?,
                };
                match (special, scope) {
                    (Some(special), _) => special,
                    (None, Some(scope)) => Self::of_key(&presented, scope, parts, client, state).await?,
                    (None, None) => Self::of_token(&*root_token(state, &client, &parts.headers).await?, client)?,
                }
            }
            _ => Self::of_token(&*root_token(state, &client, &parts.headers).await?, client)?,
        };
        parts.extensions.insert(manager.clone());
        Ok(manager)
    }
}

/// The resource of the address, if the caller may access it.
pub struct Within<T> {
    pub manager: Manager,
    pub it: T,
}

impl<T: Reachable> FromRequestParts<AppState> for Within<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let manager = Manager::from_request_parts(parts, state).await?;
        let id = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        let store = &state.context.store;
        if let Some(it) = T::find(store, manager.reader(), &id).await? {
            return Ok(Self { manager, it });
        }
        Err(manager.why_not::<T>(store, &id).await?)
    }
}

/// A resource that an address can contain.
pub trait Reachable: Sized {
    fn find(store: &Store, reader: Reader<'_>, id: &str) -> impl Future<Output = Result<Option<Self>>> + Send;

    /// The organization that it is in.
    fn org(&self) -> &OrgId;
}

macro_rules! reachable {
    ($($it:ty, $id:ty, $org:ident;)*) => {
        $(impl Reachable for $it {
            fn org(&self) -> &OrgId {
                &self.$org
            }

            async fn find(store: &Store, reader: Reader<'_>, id: &str) -> Result<Option<Self>> {
                match <$id>::parse(id) {
                    Some(id) => store.find(reader, &id).await,
                    None => Ok(None),
                }
            }
        })*
    };
}

reachable! {
    Org, OrgId, id;
    Tenant, TenantId, org_id;
    Project, ProjectId, org_id;
    App, AppId, org_id;
    Key, KeyId, org_id;
}
