//! Permission is an extractor: whoever has an app in hand has a token that reaches it.
//!
//! What belongs to another organization looks exactly like what does not exist.

use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
};
use sallyport::{
    Error, Result,
    app::App,
    audit::{Act, Actor},
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::Key,
    org::Org,
    project::Project,
    store::Store,
    tenant::Tenant,
};

use crate::{
    api::{caller::Caller, problem::Problem},
    state::AppState,
};

/// Whoever calls with a root token that may manage.
pub struct Manager(Caller);

impl Manager {
    /// The organization that the token is confined to.
    pub fn scope(&self) -> Option<&OrgId> {
        self.0.token.org_id.as_ref()
    }

    /// Who acts, for the store.
    pub fn act(&self) -> Act {
        let token = &self.0.token;
        self.0.client.act(Actor::RootToken { id: token.id.clone(), name: token.name.clone() })
    }
}

impl FromRequestParts<AppState> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.token.manage {
            return Ok(Self(caller));
        }
        let detail = "This root token verifies keys; it may not manage anything. Make one with \
            sallyport token create --manage.";
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
    }
}

/// What the address names, found within the token's reach.
pub struct Within<T> {
    pub manager: Manager,
    pub it: T,
}

impl<T: Reachable> FromRequestParts<AppState> for Within<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let manager = Manager::from_request_parts(parts, state).await?;
        let id = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::from(Error::NotFound))?;
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
