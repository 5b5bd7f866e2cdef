//! What usage is counted of.

use sallyport::{
    app::App,
    id::{KeyId, OrgId},
    key::Key,
    org::Org,
    place::Place,
    project::Project,
};

pub struct CountedPlace {
    pub id: String,
    /// The organization that it is in.
    pub org: OrgId,
    /// Set for a key, of which it is also counted from where it was used.
    pub key: Option<KeyId>,
    /// Set if a person may see its name and not its usage.
    pub needs: Option<Place>,
}

impl From<&Key> for CountedPlace {
    fn from(key: &Key) -> Self {
        Self { id: key.id.to_string(), org: key.org_id.clone(), key: Some(key.id.clone()), needs: None }
    }
}

impl From<&App> for CountedPlace {
    fn from(app: &App) -> Self {
        Self { id: app.id.to_string(), org: app.org_id.clone(), key: None, needs: None }
    }
}

impl From<&Project> for CountedPlace {
    fn from(project: &Project) -> Self {
        Self { id: project.id.to_string(), org: project.org_id.clone(), key: None, needs: Some(Place::from(project)) }
    }
}

impl From<&Org> for CountedPlace {
    fn from(org: &Org) -> Self {
        Self { id: org.id.to_string(), org: org.id.clone(), key: None, needs: Some(Place::from(org)) }
    }
}
