//! The requests that a list of keys shows: those that wait for a decision. There is no key of them yet, or it waits for a change.

use super::{KeyFilter, KeySort};
use crate::{
    Result,
    approval::Approval,
    fold::fold,
    id::{AppId, OrgId, UserId},
    profile::Profile,
    store::{Store, approvals::holds},
};

impl Store {
    /// The requests that wait for a decision, as a list of keys is narrowed and sorted: all of them for a person who decides
    /// them, for others their own. There are few enough for one page.
    pub async fn waiting_requests(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &KeyFilter,
        person: &UserId,
    ) -> Result<Vec<Approval>> {
        // What these ask of a key says nothing of a request.
        if filter.check.is_some() || filter.breaks.is_some() {
            return Ok(Vec::new());
        }
        let (mut more, mut values) = (String::new(), Vec::new());
        for (condition, value) in [
            ("= $", app.map(ToString::to_string)),
            ("IN (SELECT t.id FROM apps t WHERE t.tenant_id = $", filter.tenant.as_ref().map(ToString::to_string)),
            ("IN (SELECT t.id FROM apps t WHERE t.project_id = $", filter.project.as_ref().map(ToString::to_string)),
        ] {
            let Some(value) = value else { continue };
            values.push(value);
            let close = if condition.contains('(') { ")" } else { "" };
            more.push_str(&format!(" AND a.app_id {condition}{}{close}", values.len() + 3));
        }
        let mut found = self.waiting_where(org, person, &more, values).await?;
        found.retain(|request| matches(request, filter, self.profile()));
        match filter.sort {
            KeySort::Oldest => found.reverse(),
            KeySort::Label => found.sort_by_key(|request| fold(&request.label)),
            KeySort::Newest | KeySort::LastUsed | KeySort::Expires => {}
        }
        Ok(found)
    }
}

/// As [`KeyFilter`] narrows keys.
fn matches(request: &Approval, filter: &KeyFilter, profile: &Profile) -> bool {
    let scopes = request.wish.scopes_then();
    let granted = |names: &[&str]| names.iter().any(|name| scopes.iter().any(|scope| scope == name));
    (filter.label.is_empty() || holds(&request.label, &filter.label))
        && (filter.environment.is_empty() || request.environment == filter.environment)
        && (filter.scope.is_empty() || profile.granting(&filter.scope).iter().all(|names| granted(names)))
        && filter.created_by.as_ref().is_none_or(|person| request.asked_by.id == person.as_str())
}
