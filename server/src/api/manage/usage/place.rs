//! What usage is counted of.

use sallyport::{app::App, id::OrgId, key::Key, org::Org, place::Place, project::Project};

pub trait CountedPlace {
    fn id(&self) -> &str;
    /// The organization that it is in.
    fn within(&self) -> Option<&OrgId>;
    /// Set if a person may see its name and not its usage.
    fn place(&self) -> Option<Place>;
}

impl CountedPlace for Key {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn within(&self) -> Option<&OrgId> {
        Some(&self.org_id)
    }

    fn place(&self) -> Option<Place> {
        None
    }
}

impl CountedPlace for App {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn within(&self) -> Option<&OrgId> {
        Some(&self.org_id)
    }

    fn place(&self) -> Option<Place> {
        None
    }
}

impl CountedPlace for Project {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn within(&self) -> Option<&OrgId> {
        Some(&self.org_id)
    }

    fn place(&self) -> Option<Place> {
        Some(Place::from(self))
    }
}

impl CountedPlace for Org {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn within(&self) -> Option<&OrgId> {
        None
    }

    fn place(&self) -> Option<Place> {
        Some(Place::from(self))
    }
}
