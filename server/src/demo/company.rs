//! Two organizations, three people, and their apps.

use sallyport::{
    Error, Timestamp,
    app::{App, NewApp, Os},
    audit::{Act, Actor},
    member::Role,
    org::{NewOrg, Org},
    plan::Plan,
    project::{NewProject, Project},
    store::Store,
    tenant::{NewTenant, Tenant},
    user::{NewUser, User},
};

use super::{DAY, HOUR, SIGN_IN, actor, clock::StoryClock, from};

/// What the history of the keys refers to.
pub struct Company {
    pub ada: Act,
    pub sam: Act,
    pub focus: App,
    pub watch: App,
    pub ingest: App,
    pub landing: App,
    clinics: Tenant,
}

struct Founding<'a> {
    store: &'a Store,
}

impl Founding<'_> {
    async fn person(&self, name: &str, email: &str, hash: &str) -> Result<User, Error> {
        let new = NewUser::check(name, email, SIGN_IN.password)?;
        self.store.create_user(&Act::by(Actor::CommandLine), new, hash.to_owned(), false).await
    }

    async fn org(&self, act: &Act, name: &str, description: &str, plan: Plan, tenant: &str) -> Result<Org, Error> {
        let first_tenant = Some(NewTenant { name: tenant.to_owned() });
        let new = NewOrg { name: name.to_owned(), description: description.to_owned(), plan, first_tenant };
        self.store.create_org(act, new).await
    }

    async fn tenant(&self, act: &Act, org: &Org, name: &str) -> Result<Tenant, Error> {
        self.store.create_tenant(act, &org.id, NewTenant { name: name.to_owned() }).await
    }

    async fn first_tenant(&self, org: &Org) -> Result<Tenant, Error> {
        self.store.tenants(&org.id).await?.into_iter().next().ok_or(Error::NotFound)
    }

    async fn project(&self, act: &Act, tenant: &Tenant, name: &str) -> Result<Project, Error> {
        self.store.create_project(act, tenant, NewProject { name: name.to_owned() }).await
    }

    async fn app(&self, act: &Act, project: &Project, name: &str, os: Os, about: &str) -> Result<App, Error> {
        let bundle_id = matches!(os, Os::Ios | Os::Android).then(|| "com.example.focus".to_owned());
        let new = NewApp { name: name.to_owned(), os, bundle_id, description: about.to_owned() };
        self.store.create_app(act, project, new).await
    }
}

pub async fn found(
    store: &Store,
    story: &StoryClock,
    now: Timestamp,
    ada: &User,
    hash: &str,
) -> Result<Company, Error> {
    let founding = Founding { store };
    let by_ada = from("203.0.113.9", actor(ada));
    let labs = founding.org(&by_ada, "Focus Labs", "Measures attention, kindly.", Plan::Pro, "Development").await?;
    let development = founding.first_tenant(&labs).await?;
    let clinics = founding.tenant(&by_ada, &labs, "Clinics").await?;
    story.set(now - 44 * DAY);
    let biosignals = founding.project(&by_ada, &development, "Biosignals").await?;
    let website = founding.project(&by_ada, &development, "Website").await?;
    let focus = founding.app(&by_ada, &biosignals, "Focus and calm", Os::Ios, "The app on the phone.").await?;
    let watch = founding.app(&by_ada, &biosignals, "Focus on the watch", Os::Android, "").await?;
    let ingest = founding.app(&by_ada, &biosignals, "Ingest", Os::Backend, "Takes what the phones measured.").await?;
    let landing = founding.app(&by_ada, &website, "Landing page", Os::Web, "").await?;

    story.set(now - 43 * DAY);
    let sam = founding.person("Sam Rivera", "sam@focus.example", hash).await?;
    let noor = founding.person("Noor Haddad", "noor@focus.example", hash).await?;
    store.add_member(&by_ada, &labs.id, &sam, Role::Admin).await?;
    store.add_member(&by_ada, &labs.id, &noor, Role::Developer).await?;
    let by_sam = from("198.51.100.40", actor(&sam));
    Ok(Company { ada: by_ada, sam: by_sam, focus, watch, ingest, landing, clinics })
}

/// Later additions: a pilot study, and another organization of Sam's, where Ada helps. Its app is restored.
pub async fn grow(
    store: &Store,
    story: &StoryClock,
    now: Timestamp,
    ada: &User,
    company: &Company,
) -> Result<App, Error> {
    let (founding, sam) = (Founding { store }, &company.sam);
    story.set(now - 9 * DAY - 4 * HOUR);
    let pilot = founding.project(sam, &company.clinics, "Pilot study").await?;
    founding.app(sam, &pilot, "Ward tablets", Os::Android, "Twelve tablets on two wards.").await?;

    story.set(now - 8 * DAY);
    let harbor = founding.org(sam, "Harbor Health", "Clinics by the sea.", Plan::Enterprise, "Production").await?;
    store.add_member(sam, &harbor.id, ada, Role::Developer).await?;
    let production = founding.first_tenant(&harbor).await?;
    let desk = founding.project(sam, &production, "Front desk").await?;
    founding.app(sam, &desk, "Intake", Os::Web, "Patients fill it in before they come.").await
}
