//! Permission is an extractor: whoever has an app in hand was allowed to see it.
//!
//! What belongs to another organization looks exactly like what does not exist.

mod admit;
mod decision;

use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};
use sallyport::{
    Result,
    app::App,
    audit::{Act, Actor},
    id::{AppId, KeyId, OrgId, ProjectId, TenantId, UserId},
    key::Key,
    member::{Permission, Role},
    org::Org,
    project::Project,
    request::Client,
    store::{LocatedApp, LocatedHolder, LocatedKey, LocatedOrg, LocatedProject, LocatedTenant, Store},
    tenant::Tenant,
    user::User,
};

use crate::{
    context::Context,
    error::PageError,
    session::{BrowserSession, Live},
};

pub(crate) use admit::admit;
pub use admit::{Access, Addressed};
pub use decision::DecisionAccess;

/// A session that is alive, before its person was looked up.
pub struct LiveSession {
    live: Live,
    client: Client,
}

impl LiveSession {
    async fn find(parts: &Parts) -> Result<Option<Self>, PageError> {
        match (BrowserSession::of(parts), parts.extensions.get::<Client>()) {
            (Some(session), Some(client)) => Self::with(&session, client).await,
            _ => Ok(None),
        }
    }

    /// The one that a request's cookie names.
    pub(crate) async fn with(session: &BrowserSession, client: &Client) -> Result<Option<Self>, PageError> {
        Ok(session.live().await?.map(|live| Self { live, client: client.clone() }))
    }

    /// Or where to sign in, and what to come back to.
    async fn of(parts: &Parts) -> Result<Self, PageError> {
        Self::find(parts).await?.ok_or_else(|| sign_in(parts))
    }

    pub(crate) fn user(&self) -> &UserId {
        &self.live.user
    }

    pub(crate) fn of_user(self, user: User) -> SignedIn {
        SignedIn { user, session: self.live.digest, client: self.client }
    }
}

fn sign_in(parts: &Parts) -> PageError {
    // Coming back to a POST would show its page, not repeat it; better to start at the beginning.
    let here = parts.uri.path_and_query().map(|here| here.as_str().to_owned());
    PageError::SignIn { next: here.filter(|here| parts.method == Method::GET && here != "/") }
}

/// A person with a live session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: User,
    pub session: [u8; 32],
    client: Client,
}

impl SignedIn {
    /// Who acts, for the store.
    pub fn act(&self) -> Act {
        self.client.act(Actor::User {
            id: self.user.id.clone(),
            name: self.user.name.clone(),
            session: Some(self.session),
        })
    }

    /// Refuses who has to choose another password before anything else.
    pub(crate) fn settled(&self) -> Result<(), PageError> {
        if self.user.must_change_password { Err(PageError::ChangePassword) } else { Ok(()) }
    }

    /// The person of this session, if it is alive.
    pub async fn find(parts: &mut Parts, context: &Context) -> Result<Option<Self>, PageError> {
        let Some(session) = LiveSession::find(parts).await? else { return Ok(None) };
        let user = context.store.user(session.user()).await?;
        Ok(user.map(|user| session.of_user(user)))
    }
}

/// Refuses them, too, where what they asked for is not there: whether it is, they learn once they chose a password.
async fn settled(store: &Store, user: &UserId) -> Result<(), PageError> {
    match store.user(user).await? {
        Some(user) if user.must_change_password => Err(PageError::ChangePassword),
        _ => Ok(()),
    }
}

impl FromRequestParts<Context> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        let me = Self::find(parts, context).await?.ok_or_else(|| sign_in(parts))?;
        me.settled()?;
        Ok(me)
    }
}

/// The same before the password of somebody else is changed: there is nothing but that to do, or to sign out.
pub struct JustSignedIn(pub SignedIn);

impl FromRequestParts<Context> for JustSignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        SignedIn::find(parts, context).await?.map(Self).ok_or_else(|| sign_in(parts))
    }
}

/// An organization that the person is a member of.
#[derive(Clone, Debug)]
pub struct OrgAccess {
    pub me: SignedIn,
    pub org: Org,
    pub role: Role,
}

impl OrgAccess {
    /// Refuses what the role may not do.
    pub fn needs(&self, permission: Permission) -> Result<(), PageError> {
        if self.role.may(permission) {
            return Ok(());
        }
        Err(PageError::Role { org: self.org.id.clone(), name: self.org.name.clone(), role: self.role })
    }

    pub(crate) async fn of(me: SignedIn, store: &Store, id: &OrgId) -> Result<Self, PageError> {
        let located = store.locate_org(&me.user.id, id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me, org: located.org, role: located.role })
    }

    async fn found(session: LiveSession, store: &Store, id: &OrgId) -> Result<Self, PageError> {
        let located = store.locate_org(session.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(session, located))
    }

    fn at(session: LiveSession, located: LocatedOrg) -> Self {
        Self { me: session.of_user(located.user), org: located.org, role: located.role }
    }
}

/// A tenant of such an organization.
#[derive(Clone, Debug)]
pub struct TenantAccess {
    pub within: OrgAccess,
    pub tenant: Tenant,
}

impl TenantAccess {
    async fn found(session: LiveSession, store: &Store, id: &TenantId) -> Result<Self, PageError> {
        let located = store.locate_tenant(session.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(session, located))
    }

    fn at(session: LiveSession, located: LocatedTenant) -> Self {
        Self { within: OrgAccess::at(session, located.within), tenant: located.tenant }
    }
}

/// A project of such an organization, with its tenant.
#[derive(Clone, Debug)]
pub struct ProjectAccess {
    pub within: TenantAccess,
    pub project: Project,
}

impl ProjectAccess {
    async fn found(session: LiveSession, store: &Store, id: &ProjectId) -> Result<Self, PageError> {
        let located = store.locate_project(session.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(session, located))
    }

    fn at(session: LiveSession, located: LocatedProject) -> Self {
        Self { within: TenantAccess::at(session, located.within), project: located.project }
    }
}

/// An app of such an organization, with its project and tenant.
#[derive(Clone, Debug)]
pub struct AppAccess {
    pub within: ProjectAccess,
    pub app: App,
}

impl AppAccess {
    async fn found(session: LiveSession, store: &Store, id: &AppId) -> Result<Self, PageError> {
        let located = store.locate_app(session.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(session, located))
    }

    fn at(session: LiveSession, located: LocatedApp) -> Self {
        Self { within: ProjectAccess::at(session, located.within), app: located.app }
    }

    pub fn org(&self) -> &OrgAccess {
        &self.within.within.within
    }

    /// Whether it, or a place above it, is out of use.
    pub fn is_archived(&self) -> bool {
        let (project, tenant) = (&self.within.project, &self.within.within.tenant);
        let archived = [self.app.archived_at, project.archived_at, tenant.archived_at, self.org().org.archived_at];
        archived.iter().any(Option::is_some)
    }
}

/// An app as an operator of the portal has it in hand. To others there is no such thing.
#[derive(Clone, Debug)]
pub struct OperatedApp {
    pub me: SignedIn,
    pub app: App,
}

impl OperatedApp {
    async fn found(session: LiveSession, store: &Store, id: &AppId) -> Result<Self, PageError> {
        let user = store.user(session.user()).await?.ok_or(PageError::NotFound)?;
        let app = store.app_for_operator(&user.id, id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me: session.of_user(user), app })
    }
}

/// A key of such an organization, with what it is in.
#[derive(Clone, Debug)]
pub struct KeyAccess {
    pub within: KeyPlace,
    pub key: Key,
    /// To change it.
    pub needed: Permission,
}

/// Where a key is: in its app, or in the organization where it is a person's or the organization's own.
#[derive(Clone, Debug)]
pub enum KeyPlace {
    App(Box<AppAccess>),
    Org(Box<OrgAccess>),
}

impl KeyPlace {
    pub fn org(&self) -> &OrgAccess {
        match self {
            Self::App(app) => app.org(),
            Self::Org(org) => org,
        }
    }

    /// Whether it is out of use.
    pub fn is_archived(&self) -> bool {
        match self {
            Self::App(app) => app.is_archived(),
            Self::Org(org) => org.org.archived_at.is_some(),
        }
    }
}

impl KeyAccess {
    async fn found(session: LiveSession, store: &Store, id: &KeyId) -> Result<Self, PageError> {
        let LocatedKey { within, key } = store.locate_key(session.user(), id).await?.ok_or(PageError::NotFound)?;
        let within = match within {
            LocatedHolder::App(app) => KeyPlace::App(Box::new(AppAccess::at(session, *app))),
            LocatedHolder::Org(org) => KeyPlace::Org(Box::new(OrgAccess::at(session, *org))),
        };
        let needed = key.needs(&within.org().me.user.id, store.profile());
        Ok(Self { within, key, needed })
    }

    /// Refuses whoever may look at it and nothing more.
    pub fn needs_change(&self) -> Result<(), PageError> {
        let org = self.within.org();
        org.needs(self.needed)
    }

    /// Who acts, for the store.
    pub fn act(&self) -> Act {
        self.within.org().me.act()
    }

    pub fn may_change(&self) -> bool {
        self.needs_change().is_ok()
    }
}

macro_rules! extracted {
    ($($access:ident by $id:ident of |$found:ident| $me:expr),* $(,)?) => {$(
        impl Access for $access {
            type Id = $id;

            fn parse(id: &str) -> Option<$id> {
                $id::parse(id)
            }

            async fn found(session: LiveSession, store: &Store, id: &$id) -> Result<Self, PageError> {
                $access::found(session, store, id).await
            }

            fn me(&self) -> &SignedIn {
                let $found = self;
                $me
            }
        }

        impl FromRequestParts<Context> for $access {
            type Rejection = PageError;

            async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
                let session = LiveSession::of(parts).await?;
                let id = admit::id_of::<$access>(parts, context).await;
                admit(session, &context.store, id.as_ref()).await
            }
        }
    )*};
}

extracted!(
    OrgAccess by OrgId of |found| &found.me,
    TenantAccess by TenantId of |found| &found.within.me,
    ProjectAccess by ProjectId of |found| &found.within.within.me,
    AppAccess by AppId of |found| &found.org().me,
    OperatedApp by AppId of |found| &found.me,
    KeyAccess by KeyId of |found| &found.within.org().me,
);
