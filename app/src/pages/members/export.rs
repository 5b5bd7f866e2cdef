//! `/orgs/{org_id}/members.csv`, `/orgs/{org_id}/members.jsonl`: the members as a file.

use axum::extract::State;
use sallyport::{
    audit::Action,
    id::OrgId,
    member::{Member, Permission},
    store::Store,
};

use crate::{
    access::OrgAccess,
    context::Context,
    error::PageResult,
    export::{Download, FormatName, Rows},
};

pub async fn get<F: FormatName>(State(context): State<Context>, access: OrgAccess) -> PageResult {
    let download = Download::of_org("members", Action::MembersExported, &access, F::FORMAT);
    access.needs(Permission::SeePlace)?;
    let download = download.that_needs(Permission::SeePlace);
    let (act, event) = download.event(std::iter::empty());
    let answer = download.answer(&context.store, Members::of(access.org.id.clone())).await?;
    context.pending_events.note(act, event);
    Ok(answer)
}

/// Everybody with a role in an organization.
pub(crate) struct Members {
    org: OrgId,
    last: Option<Member>,
}

impl Members {
    pub(crate) fn of(org: OrgId) -> Self {
        Self { org, last: None }
    }
}

impl Rows for Members {
    type Row = Member;

    async fn next(&mut self, store: &Store) -> sallyport::Result<Vec<Member>> {
        let chunk = store.members_after(&self.org, self.last.as_ref()).await?;
        self.last = chunk.last().cloned().or(self.last.take());
        Ok(chunk)
    }
}
