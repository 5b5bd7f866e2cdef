//! Permission is an extractor: whoever has an app in hand has a root token, or a key, that reaches it.
//!
//! What belongs to another organization looks exactly like what does not exist.

use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use sallyport::{
    Error, Result,
    app::App,
    audit::{Act, Actor},
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{Ask, Key, Verdict},
    org::Org,
    profile::Mode,
    project::Project,
    scope::Request,
    store::Store,
    tenant::Tenant,
};
use sallyport_app::context::Client;

use crate::{
    api::{
        caller::{Caller, bearer},
        problem::Problem,
        shown::Shown,
    },
    middleware::client::Trusted,
    state::AppState,
};

/// Whoever calls with a root token that may manage, or with a key that manages its organization.
pub struct Manager {
    client: Client,
    actor: Actor,
    org: Option<OrgId>,
}

impl Manager {
    /// The organization that the caller is confined to.
    pub fn scope(&self) -> Option<&OrgId> {
        self.org.as_ref()
    }

    /// Who acts, for the store.
    pub fn act(&self) -> Act {
        self.client.act(self.actor.clone())
    }

    fn of_token(Caller { token, client }: Caller) -> Result<Self, Refused> {
        if !token.manage {
            let detail = "This root token verifies keys; it may not manage anything. Make one with \
                sallyport token create --manage.";
            return Err(forbidden(detail).about(&client).into());
        }
        let actor = Actor::RootToken { id: token.id.clone(), name: token.name.clone() };
        Ok(Self { client, actor, org: token.org_id.clone() })
    }

    /// The verifier judges it as it would for any API: a request of this method, with a key of real data.
    async fn of_key(presented: &str, parts: &Parts, client: Client, state: &AppState) -> Result<Self, Refused> {
        let profile = state.context.store.profile();
        let trusted = parts.extensions.get::<Trusted>().copied().unwrap_or_default();
        let ask = Ask {
            plain_http: !trusted.is_https(&parts.headers),
            mode: Some(Mode::Live),
            request: Request::new(Some(parts.method.as_str()), None),
            ip: Some(client.ip),
            cost: 1,
            ..Ask::default()
        };
        let judged = state.verifier.judge(Some(presented), &ask, &client).await?;
        let (Verdict::Valid, Some(key)) = (judged.verdict, judged.record()) else {
            return Err(Refused::Key(Shown::judged(state, &judged, state.context.store.now(), &client)));
        };
        if !profile.manages(key.granted, key.mode) {
            return Err(forbidden("No scope of this API key lets it manage its organization.").about(&client).into());
        }
        let actor = Actor::Key { id: key.key_id.clone(), label: key.label.to_string() };
        Ok(Self { org: Some(key.owner.org_id.clone()), client, actor })
    }
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

/// Why somebody may not.
pub enum Refused {
    Problem(Problem),
    /// A key's refusal, as the profile shows it everywhere.
    Key(Shown),
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Key(shown) => shown.into_response(),
        }
    }
}

impl FromRequestParts<AppState> for Manager {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refused> {
        let client = parts.extensions.get::<Client>().cloned().ok_or_else(Problem::unavailable)?;
        let profile = state.context.store.profile();
        // Where no scope manages, a key is told what everybody is who presents no root token.
        match bearer(&parts.headers) {
            Ok(Some(presented)) if profile.lets_keys_manage() && profile.prefix_of(presented).is_some() => {
                Self::of_key(presented, parts, client, state).await
            }
            _ => Self::of_token(Caller::from_request_parts(parts, state).await?),
        }
    }
}

/// What the address names, found within the token's reach.
pub struct Within<T> {
    pub manager: Manager,
    pub it: T,
}

impl<T: Reachable> FromRequestParts<AppState> for Within<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refused> {
        let manager = Manager::from_request_parts(parts, state).await?;
        let id = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        let found = T::find(&state.context.store, manager.scope(), &id).await?;
        Ok(Self { manager, it: found.ok_or(Error::NotFound)? })
    }
}

/// What an address can name.
pub trait Reachable: Sized {
    fn find(store: &Store, scope: Option<&OrgId>, id: &str) -> impl Future<Output = Result<Option<Self>>> + Send;
}

macro_rules! reachable {
    ($($it:ty, $id:ty, $find:ident;)*) => {
        $(impl Reachable for $it {
            async fn find(store: &Store, scope: Option<&OrgId>, id: &str) -> Result<Option<Self>> {
                match <$id>::parse(id) {
                    Some(id) => store.$find(scope, &id).await,
                    None => Ok(None),
                }
            }
        })*
    };
}

reachable! {
    Org, OrgId, org_within;
    Tenant, TenantId, tenant_within;
    Project, ProjectId, project_within;
    App, AppId, app_within;
    Key, KeyId, key_within;
}
