//! Permissions as extractors: a handler that has an app was allowed to see it.
//!
//! Resources of other organizations appear not to exist.

mod admit;
mod approval;
mod decision;
mod fresh;
mod import;
mod operator;
mod own;
mod service_account;
mod trust_rule;
mod webhook;

use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};
use sallyport::{
    Result,
    app::App,
    audit::{Act, Actor, Credential},
    id::{
        AppId, ApprovalId, DeliveryId, ImportId, KeyId, OrgId, PasskeyId, PersonalTokenId, ProjectId, ServiceAccountId,
        ServiceTokenId, TenantId, TokenId, TrustRuleId, UserId, WebhookId,
    },
    key::Key,
    member::{Held, Permission},
    org::Org,
    project::Project,
    request::Client,
    store::{
        ClosedOrg, Located, LocatedApp, LocatedHolder, LocatedKey, LocatedOrg, LocatedProject, LocatedTenant, Sight,
        Store,
    },
    tenant::Tenant,
    user::User,
};

use crate::{context::Context, error::PageError, session::BrowserSession};

pub(crate) use admit::admit;
pub use admit::{Access, Addressed};
pub use approval::ApprovalAccess;
pub use decision::DecisionAccess;
pub use import::ImportAccess;
pub use operator::{OperatedApp, OperatedOrg, OperatedToken, OperatedUser, OperatorAccess};
pub use own::{OwnPasskey, OwnToken};
pub use service_account::{ServiceAccountAccess, ServiceTokenAccess};
pub use trust_rule::TrustRuleAccess;
pub use webhook::{DeliveryAccess, WebhookAccess};

/// The session of a request's cookie. Whether it is live is checked by the query that loads the resource.
pub struct SessionCookie {
    digest: [u8; 32],
    client: Client,
}

impl SessionCookie {
    fn find(parts: &Parts) -> Option<Self> {
        Self::of(&BrowserSession::of(parts)?, parts.extensions.get::<Client>()?)
    }

    pub(crate) fn of(session: &BrowserSession, client: &Client) -> Option<Self> {
        Some(Self { digest: session.digest()?, client: client.clone() })
    }

    /// The person, if the session is live.
    pub(crate) async fn person(&self, store: &Store) -> Result<Option<SignedIn>, PageError> {
        Ok(store.person(&self.digest).await?.map(|user| self.of_user(user)))
    }

    fn of_user(&self, user: User) -> SignedIn {
        SignedIn { user, session: self.digest, client: self.client.clone() }
    }

    /// The person, unless they have to change their password first.
    pub(crate) async fn settled(&self, store: &Store) -> Result<SignedIn, PageError> {
        let me = self.person(store).await?.ok_or(PageError::SignIn { next: None })?;
        me.settled()?;
        Ok(me)
    }

    /// The located resource. People who have to change their password first do not learn whether it exists.
    fn located<T>(&self, located: Option<Located<T>>) -> Result<(SignedIn, T), PageError> {
        let located = located.ok_or(PageError::SignIn { next: None })?;
        let me = self.of_user(located.user);
        me.settled()?;
        let found = located.found.ok_or(PageError::NotFound)?;
        located.closed.map_or(Ok((me, found)), |closed| Err(step_up(closed)))
    }
}

fn step_up(ClosedOrg { org_id, missing }: ClosedOrg) -> PageError {
    PageError::StepUp { org: org_id, missing }
}

fn sign_in(parts: &Parts) -> PageError {
    // Returning to a POST would show its page, not repeat it; better to start at the beginning.
    let here = parts.uri.path_and_query().map(|here| here.as_str().to_owned());
    PageError::SignIn { next: here.filter(|here| parts.method == Method::GET && here != "/") }
}

/// Redirects to the sign-in and then back to this page.
fn back_to(error: PageError, parts: &Parts) -> PageError {
    if matches!(error, PageError::SignIn { .. }) { sign_in(parts) } else { error }
}

/// A person with a live session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: User,
    pub session: [u8; 32],
    client: Client,
}

impl SignedIn {
    /// The actor, for the store.
    pub fn act(&self) -> Act {
        self.client.act(Actor::User {
            id: self.user.id.clone(),
            name: self.user.name.clone(),
            credential: Credential::Session(self.session),
        })
    }

    /// Fails if the person has to change their password first.
    pub(crate) fn settled(&self) -> Result<(), PageError> {
        if self.user.must_change_password { Err(PageError::ChangePassword) } else { Ok(()) }
    }

    /// The person of this session, if it is live.
    pub async fn find(parts: &mut Parts, context: &Context) -> Result<Option<Self>, PageError> {
        match SessionCookie::find(parts) {
            Some(cookie) => cookie.person(&context.store).await,
            None => Ok(None),
        }
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

/// The same before a required change of the password: only that and signing out are allowed.
pub struct JustSignedIn(pub SignedIn);

impl FromRequestParts<Context> for JustSignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        SignedIn::find(parts, context).await?.map(Self).ok_or_else(|| sign_in(parts))
    }
}

/// An organization in which the person has a role, at the organization or below it.
#[derive(Clone, Debug)]
pub struct OrgAccess {
    pub me: SignedIn,
    pub org: Org,
    /// At the resource that was loaded: the organization, or one within it.
    pub role: Held,
}

impl OrgAccess {
    /// Fails if the person lacks this permission at the loaded resource.
    pub fn needs(&self, permission: Permission) -> Result<(), PageError> {
        if self.role.may(permission) { Ok(()) } else { Err(self.refusal()) }
    }

    /// Fails if the person lacks this permission at the organization and everywhere in it: for lists, which contain
    /// nothing but what the person sees.
    pub fn needs_somewhere(&self, permission: Permission) -> Result<(), PageError> {
        if self.role.may_somewhere(permission) { Ok(()) } else { Err(self.refusal()) }
    }

    fn refusal(&self) -> PageError {
        PageError::Role { org: self.org.id.clone(), name: self.org.name.clone(), role: self.role }
    }

    /// The part of the organization in which the person has this permission.
    pub fn sight(&self, permission: Permission) -> Sight {
        Sight::of(&self.me.user.id, self.role, permission)
    }

    /// The part of the organization whose apps, keys and activity the person sees.
    pub fn seen(&self) -> Sight {
        self.sight(Permission::SeeKeys)
    }

    /// The part of the organization whose tenants and projects the person sees.
    pub fn named(&self) -> Sight {
        self.sight(Permission::SeePlace)
    }

    pub(crate) async fn of(me: SignedIn, store: &Store, id: &OrgId) -> Result<Self, PageError> {
        let located = store.locate_org(&me.session, id).await?.ok_or(PageError::NotFound)?;
        let found = located.found.ok_or(PageError::NotFound)?;
        match located.closed {
            Some(closed) => Err(step_up(closed)),
            None => Ok(Self::at(me, found)),
        }
    }

    async fn found(cookie: &SessionCookie, store: &Store, id: &OrgId) -> Result<Self, PageError> {
        let (me, located) = cookie.located(store.locate_org(&cookie.digest, id).await?)?;
        Ok(Self::at(me, located))
    }

    fn at(me: SignedIn, located: LocatedOrg) -> Self {
        Self { me, org: located.org, role: located.role }
    }
}

/// A tenant of such an organization.
#[derive(Clone, Debug)]
pub struct TenantAccess {
    pub within: OrgAccess,
    pub tenant: Tenant,
}

impl TenantAccess {
    async fn found(cookie: &SessionCookie, store: &Store, id: &TenantId) -> Result<Self, PageError> {
        let (me, located) = cookie.located(store.locate_tenant(&cookie.digest, id).await?)?;
        Ok(Self::at(me, located))
    }

    fn at(me: SignedIn, located: LocatedTenant) -> Self {
        Self { within: OrgAccess::at(me, located.within), tenant: located.tenant }
    }
}

/// A project of such an organization, with its tenant.
#[derive(Clone, Debug)]
pub struct ProjectAccess {
    pub within: TenantAccess,
    pub project: Project,
}

impl ProjectAccess {
    async fn found(cookie: &SessionCookie, store: &Store, id: &ProjectId) -> Result<Self, PageError> {
        let (me, located) = cookie.located(store.locate_project(&cookie.digest, id).await?)?;
        Ok(Self::at(me, located))
    }

    fn at(me: SignedIn, located: LocatedProject) -> Self {
        Self { within: TenantAccess::at(me, located.within), project: located.project }
    }
}

/// An app of such an organization, with its project and tenant.
#[derive(Clone, Debug)]
pub struct AppAccess {
    pub within: ProjectAccess,
    pub app: App,
}

impl AppAccess {
    async fn found(cookie: &SessionCookie, store: &Store, id: &AppId) -> Result<Self, PageError> {
        let (me, located) = cookie.located(store.locate_app(&cookie.digest, id).await?)?;
        Ok(Self::at(me, located))
    }

    fn at(me: SignedIn, located: LocatedApp) -> Self {
        Self { within: ProjectAccess::at(me, located.within), app: located.app }
    }

    pub fn org(&self) -> &OrgAccess {
        &self.within.within.within
    }

    /// Whether it, or a level above it, is archived.
    pub fn is_archived(&self) -> bool {
        let (project, tenant) = (&self.within.project, &self.within.within.tenant);
        let archived = [self.app.archived_at, project.archived_at, tenant.archived_at, self.org().org.archived_at];
        archived.iter().any(Option::is_some)
    }
}

/// A key of such an organization, with the levels above it.
#[derive(Clone, Debug)]
pub struct KeyAccess {
    pub within: KeyPlace,
    pub key: Key,
    /// The permission needed to change it.
    pub needed: Permission,
}

/// The levels above a key: its app's, or only the organization for a personal key or the organization's own.
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

    /// Whether it is archived.
    pub fn is_archived(&self) -> bool {
        match self {
            Self::App(app) => app.is_archived(),
            Self::Org(org) => org.org.archived_at.is_some(),
        }
    }
}

impl KeyAccess {
    async fn found(cookie: &SessionCookie, store: &Store, id: &KeyId) -> Result<Self, PageError> {
        let (me, located) = cookie.located(store.locate_key(&cookie.digest, id).await?)?;
        let LocatedKey { within, key } = located;
        let within = match within {
            LocatedHolder::App(app) => KeyPlace::App(Box::new(AppAccess::at(me, *app))),
            LocatedHolder::Org(org) => KeyPlace::Org(Box::new(OrgAccess::at(me, *org))),
        };
        let needed = key.needs(&within.org().me.user.id, store.profile());
        Ok(Self { within, key, needed })
    }

    /// Fails if the person may only view it.
    pub fn needs_change(&self) -> Result<(), PageError> {
        let org = self.within.org();
        org.needs(self.needed)
    }

    /// The actor, for the store.
    pub fn act(&self) -> Act {
        self.within.org().me.act()
    }

    pub fn may_change(&self) -> bool {
        self.needs_change().is_ok()
    }

    /// Whether the person may resume it, if it is paused: who sets the rules for keys, if that is because it leaked.
    pub fn may_resume(&self) -> bool {
        let for_leak = self.key.paused.as_ref().is_some_and(|pause| pause.for_leak);
        self.may_change() && (!for_leak || self.within.org().role.at_org.may(Permission::GovernKeys))
    }
}

macro_rules! extracted {
    ($($access:ident by $id:ident),* $(,)?) => {$(
        impl Access for $access {
            type Id = $id;

            fn parse(id: &str) -> Option<$id> {
                $id::parse(id)
            }

            async fn found(cookie: &SessionCookie, store: &Store, id: &$id) -> Result<Self, PageError> {
                $access::found(cookie, store, id).await
            }
        }

        impl FromRequestParts<Context> for $access {
            type Rejection = PageError;

            async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
                let cookie = SessionCookie::find(parts).ok_or_else(|| sign_in(parts))?;
                let id = admit::id_of::<$access>(parts, context).await;
                admit(&cookie, &context.store, id.as_ref()).await.map_err(|error| back_to(error, parts))
            }
        }
    )*};
}

extracted!(
    OrgAccess by OrgId,
    TenantAccess by TenantId,
    ProjectAccess by ProjectId,
    AppAccess by AppId,
    OperatedApp by AppId,
    OperatedOrg by OrgId,
    OperatedUser by UserId,
    OperatedToken by TokenId,
    OwnToken by PersonalTokenId,
    OwnPasskey by PasskeyId,
    KeyAccess by KeyId,
    ApprovalAccess by ApprovalId,
    ImportAccess by ImportId,
    WebhookAccess by WebhookId,
    DeliveryAccess by DeliveryId,
    TrustRuleAccess by TrustRuleId,
    ServiceAccountAccess by ServiceAccountId,
    ServiceTokenAccess by ServiceTokenId,
);
