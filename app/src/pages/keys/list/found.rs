//! A list of what was found among the keys of an organization: without filters, and without a button that generates one.

use sallyport::store::{KeyFilter, KeyPage};

use super::{KeyList, ListQuery, ListSource, Viewer};
use crate::{access::OrgAccess, context::Context};

impl KeyList {
    /// Of a page of keys. `path` is that of the page, without what is found.
    pub fn found(
        context: &Context,
        access: &OrgAccess,
        path: String,
        (page, filter): (KeyPage, KeyFilter),
        source: ListSource,
        query: &ListQuery,
    ) -> Self {
        Self {
            path,
            chosen: format!("/orgs/{}/keys/chosen", access.org.id),
            source,
            page,
            filter,
            creator: None,
            creators: Vec::new(),
            views: Vec::new(),
            viewer: Viewer::from(access),
            of_org: true,
            can_generate: false,
            archived: access.org.archived_at.is_some(),
            hides: false,
            can_revoke_all: false,
            unknown: false,
            done: query.done_on(source),
            waiting: Vec::new(),
            approvals: None,
            remedy: None,
            tenant: None,
            next: None,
            public_url: context.public_url.clone(),
            profile: context.store.profile().clone(),
            now: context.store.now(),
        }
    }
}
