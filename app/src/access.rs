//! Permission is an extractor: whoever has an app in hand was allowed to see it.
//!
//! What belongs to another organization looks exactly like what does not exist.

mod decision;

use axum::{
    extract::{FromRequestParts, Path},
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
    store::{LocatedApp, LocatedOrg, LocatedProject, LocatedTenant, Store},
    tenant::Tenant,
    user::User,
};

use crate::{
    context::Context,
    error::PageError,
    session::{LiveSession, Session},
};

pub use decision::DecisionAccess;

/// The browser's live session, before its person was looked up.
struct Visit {
    session: LiveSession,
    client: Client,
}

impl Visit {
    async fn find(parts: &Parts, store: &Store) -> Result<Option<Self>, PageError> {
        let (Some(session), Some(client)) = (parts.extensions.get::<Session>(), parts.extensions.get::<Client>())
        else {
            return Ok(None);
        };
        Ok(session.live(store).await?.map(|session| Self { session, client: client.clone() }))
    }

    /// Or where to sign in, and what to come back to.
    async fn of(parts: &Parts, store: &Store) -> Result<Self, PageError> {
        Self::find(parts, store).await?.ok_or_else(|| sign_in(parts))
    }

    fn user(&self) -> &UserId {
        &self.session.user
    }

    fn of_user(self, user: User) -> SignedIn {
        SignedIn { user, session: self.session.digest, client: self.client }
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
        let Some(visit) = Visit::find(parts, &context.store).await? else { return Ok(None) };
        let user = context.store.user(visit.user()).await?;
        Ok(user.map(|user| visit.of_user(user)))
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
        let (org, role) = store.org_for(&me.user.id, id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me, org, role })
    }

    async fn found(visit: Visit, store: &Store, id: &OrgId) -> Result<Self, PageError> {
        let located = store.locate_org(visit.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(visit, located))
    }

    fn at(visit: Visit, located: LocatedOrg) -> Self {
        Self { me: visit.of_user(located.user), org: located.org, role: located.role }
    }
}

/// A tenant of such an organization.
#[derive(Clone, Debug)]
pub struct TenantAccess {
    pub within: OrgAccess,
    pub tenant: Tenant,
}

impl TenantAccess {
    async fn found(visit: Visit, store: &Store, id: &TenantId) -> Result<Self, PageError> {
        let located = store.locate_tenant(visit.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(visit, located))
    }

    fn at(visit: Visit, located: LocatedTenant) -> Self {
        Self { within: OrgAccess::at(visit, located.within), tenant: located.tenant }
    }
}

/// A project of such an organization, with its tenant.
#[derive(Clone, Debug)]
pub struct ProjectAccess {
    pub within: TenantAccess,
    pub project: Project,
}

impl ProjectAccess {
    async fn found(visit: Visit, store: &Store, id: &ProjectId) -> Result<Self, PageError> {
        let located = store.locate_project(visit.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(visit, located))
    }

    fn at(visit: Visit, located: LocatedProject) -> Self {
        Self { within: TenantAccess::at(visit, located.within), project: located.project }
    }
}

/// An app of such an organization, with its project and tenant.
#[derive(Clone, Debug)]
pub struct AppAccess {
    pub within: ProjectAccess,
    pub app: App,
}

impl AppAccess {
    async fn found(visit: Visit, store: &Store, id: &AppId) -> Result<Self, PageError> {
        let located = store.locate_app(visit.user(), id).await?.ok_or(PageError::NotFound)?;
        Ok(Self::at(visit, located))
    }

    fn at(visit: Visit, located: LocatedApp) -> Self {
        Self { within: ProjectAccess::at(visit, located.within), app: located.app }
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
    async fn found(visit: Visit, store: &Store, id: &AppId) -> Result<Self, PageError> {
        let user = store.user(visit.user()).await?.ok_or(PageError::NotFound)?;
        let app = store.app_for_operator(&user.id, id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me: visit.of_user(user), app })
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
    async fn found(visit: Visit, store: &Store, id: &KeyId) -> Result<Self, PageError> {
        let key = store.key_for(visit.user(), id).await?.ok_or(PageError::NotFound)?;
        let within = match &key.app_id {
            Some(app) => KeyPlace::App(Box::new(AppAccess::found(visit, store, app).await?)),
            None => KeyPlace::Org(Box::new(OrgAccess::found(visit, store, &key.org_id).await?)),
        };
        let needed = key.needs(&within.org().me.user.id, store.profile());
        Ok(Self { within, key, needed })
    }

    /// Refuses whoever may look at it and nothing more.
    pub fn needs_change(&self) -> Result<(), PageError> {
        let org = self.within.org();
        org.needs(self.needed)
    }

    pub fn may_change(&self) -> bool {
        self.needs_change().is_ok()
    }
}

macro_rules! extracted {
    ($($access:ident by $id:ident of |$found:ident| $me:expr),* $(,)?) => {$(
        impl FromRequestParts<Context> for $access {
            type Rejection = PageError;

            async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
                let visit = Visit::of(parts, &context.store).await?;
                let user = visit.user().clone();
                let path = Path::<String>::from_request_parts(parts, context).await.ok();
                let place = match path.and_then(|Path(id)| $id::parse(&id)) {
                    Some(id) => $access::found(visit, &context.store, &id).await,
                    None => Err(PageError::NotFound),
                };
                if matches!(place, Err(PageError::NotFound)) {
                    settled(&context.store, &user).await?;
                }
                let $found = place?;
                $me.settled()?;
                Ok($found)
            }
        }
    )*};
}

extracted!(
    OrgAccess by OrgId of |found| found.me,
    TenantAccess by TenantId of |found| found.within.me,
    ProjectAccess by ProjectId of |found| found.within.within.me,
    AppAccess by AppId of |found| found.org().me,
    OperatedApp by AppId of |found| found.me,
    KeyAccess by KeyId of |found| found.within.org().me,
);
