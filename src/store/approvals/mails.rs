//! Mails to those who decide: of the first request at once, of all others together once an hour.

use super::{governs, is_open};
use crate::{
    Result, Timestamp,
    approval::{Approval, ApprovalStatus},
    id::{ApprovalId, JobId, OrgId, UserId},
    job::NewJob,
    mail::{About, Letter, Mail, Notice, WaitingRequest},
    member::Permission,
    store::{Store, row::Read, sight::roles_with, tx::Tx},
};

/// The most people who are told that somebody asks.
const MOST_TOLD: i64 = 20;

/// The requests that a mail names.
const NAMED: i64 = 20;

/// In microseconds.
const HOUR: i64 = 3_600_000_000;

impl Tx {
    /// Tells those who may decide a request, which is the event with this number. Whoever got a mail within the hour gets one at
    /// its end, about all that wait by then: so many requests are no way to send many mails.
    pub(super) async fn tell_approvers(&mut self, approval: &Approval, seq: i64) -> Result<()> {
        let hour = approval.asked_at.micros().div_euclid(HOUR);
        let people = self.approvers(approval).await?;
        let first = |person: &UserId| {
            let chain = approval.org_id.to_string();
            (Mail::ApprovalRequested(Notice { user_id: person.clone(), chain, seq }), approval.asked_at)
        };
        let told = self.tell_each(people.iter().collect(), hour, first).await?;
        let next = Timestamp::from_micros((hour + 1) * HOUR);
        let later = |person: &UserId| (Mail::ApprovalsWait { user_id: person.clone() }, next);
        self.tell_each(told, hour + 1, later).await.map(drop)
    }

    /// Queues a mail for each of these people who has none in that hour. Returns the others.
    async fn tell_each<'a>(
        &mut self,
        people: Vec<&'a UserId>,
        hour: i64,
        mail: impl Fn(&UserId) -> (Mail, Timestamp),
    ) -> Result<Vec<&'a UserId>> {
        let entropy = self.store().clone();
        let job = |person: &&UserId| {
            let (mail, run_at) = mail(person);
            NewJob { id: JobId::of_approver(person, hour), ..mail.job(run_at, entropy.entropy()) }
        };
        let jobs: Vec<_> = people.iter().map(job).collect();
        let added = self.enqueue_once(&jobs).await?;
        let has_one = |job: &NewJob| !added.contains(job.id.as_str());
        Ok(people.into_iter().zip(&jobs).filter(|(_, job)| has_one(job)).map(|(person, _)| person).collect())
    }

    /// The people who may approve it and are told, but not who asked.
    async fn approvers(&mut self, approval: &Approval) -> Result<Vec<UserId>> {
        let sql = format!(
            "SELECT DISTINCT g.subject AS id FROM grants g JOIN users u ON u.id = g.subject AND u.disabled_at IS NULL \
             WHERE g.org_id = $1 AND g.place_id = $1 AND g.role IN ({}) AND g.subject <> $2 ORDER BY id LIMIT {MOST_TOLD}",
            roles_with(Permission::GovernKeys)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(approval.org_id.to_string());
        let rows = query.bind(approval.person_id.clone().unwrap_or_default()).fetch_all(self.on()).await?;
        rows.iter().map(|row| Ok(UserId::stored(row.text("id")?))).collect()
    }
}

impl Store {
    /// Whether a person who is told of a request may still decide it, and somebody has to.
    pub(in crate::store) async fn may_still_decide(&self, id: &ApprovalId, user: &UserId) -> Result<bool> {
        let Some(approval) = self.approval(id).await? else { return Ok(false) };
        let waits = approval.status(self.now()) == ApprovalStatus::Waiting;
        Ok(waits && self.may(user, &approval.org_id, Permission::GovernKeys).await?)
    }

    /// Whether a person whose request was decided still sees the organization.
    pub(in crate::store) async fn still_asks(&self, id: &ApprovalId, user: &UserId) -> Result<bool> {
        let Some(approval) = self.approval(id).await? else { return Ok(false) };
        Ok(self.find(user, &approval.org_id).await?.is_some())
    }

    /// The mail about all requests that a person may decide. `None` if none waits any more.
    pub(in crate::store) async fn approvals_that_wait(&self, user: &UserId) -> Result<Option<Letter>> {
        let Some(to) = self.user(user).await? else { return Ok(None) };
        let sql = format!(
            "SELECT a.label, a.org_id, o.name AS org_name, COUNT(*) OVER () AS n \
             FROM approvals a JOIN orgs o ON o.id = a.org_id \
             WHERE {} AND a.approved IS NULL AND COALESCE(a.person_id, '') <> $1 AND {} \
             ORDER BY a.asked_at, a.id LIMIT {NAMED}",
            is_open("a", "$2"),
            governs("a.org_id", "$1"),
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.to_string()).bind(self.now().micros());
        let (mut requests, mut count) = (Vec::new(), 0);
        for row in query.fetch_all(self.read()).await? {
            count = usize::try_from(row.int("n")?).unwrap_or(usize::MAX);
            let org = OrgId::stored(row.text("org_id")?);
            requests.push(WaitingRequest { label: row.text("label")?, org, org_name: row.text("org_name")? });
        }
        let about = About::ApprovalsWait { requests, count };
        Ok((count > 0).then(|| Letter { to: to.into(), about }))
    }
}
