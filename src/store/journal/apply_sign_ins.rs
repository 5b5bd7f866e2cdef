//! Ends again the sign-ins that were ended before the database was restored.

use super::{
    super::{identities::digest, row::Read, tx::Tx},
    wanted::Commit,
};
use crate::{
    Result,
    audit::{Action, NewEvent, Target},
    id::{OrgId, UserId},
    identity::Identity,
};

impl Tx {
    /// Unlinks an identity, unless it was linked later.
    pub(super) async fn unlink_again(&mut self, person: &str, wanted: &str, commit: Commit) -> Result<Vec<NewEvent>> {
        let rows = sqlx::query("SELECT provider, subject FROM identities WHERE user_id = $1 AND created_at <= $2");
        let rows = rows.bind(person.to_owned()).bind(commit.at).fetch_all(self.on()).await?;
        let mut events = Vec::new();
        for row in &rows {
            let identity = Identity { provider: row.text("provider")?, subject: row.text("subject")? };
            if digest(&identity) != wanted {
                continue;
            }
            sqlx::query("DELETE FROM identities WHERE provider = $1 AND subject = $2")
                .bind(identity.provider)
                .bind(identity.subject)
                .execute(self.on())
                .await?;
            self.end_sessions(&UserId::stored(person.to_owned())).await?;
            let event = NewEvent::of_system(Action::IdentityUnlinked, Target::new("user", person, person));
            events.push(event.with(commit.details()));
        }
        Ok(events)
    }

    /// Requires the issuer again, or none.
    pub(super) async fn require_again(
        &mut self,
        org: &str,
        provider: Option<&str>,
        resumes: bool,
        commit: Commit,
    ) -> Result<Vec<NewEvent>> {
        let row = sqlx::query(
            "SELECT o.name, rq.provider FROM orgs o LEFT JOIN required_sign_ins rq ON rq.org_id = o.id WHERE o.id = $1",
        );
        let Some(row) = row.bind(org.to_owned()).fetch_optional(self.on()).await? else { return Ok(Vec::new()) };
        if row.text_opt("provider")?.as_deref() == provider || (provider.is_none() && !resumes) {
            return Ok(Vec::new());
        }
        let old = sqlx::query("DELETE FROM required_sign_ins WHERE org_id = $1").bind(org.to_owned());
        old.execute(self.on()).await?;
        if let Some(provider) = provider {
            sqlx::query("INSERT INTO required_sign_ins (org_id, provider, set_at) VALUES ($1, $2, $3)")
                .bind(org.to_owned())
                .bind(provider.to_owned())
                .bind(commit.at)
                .execute(self.on())
                .await?;
        }
        let target = Target::new("organization", org, row.text("name")?);
        let event = NewEvent::of(&OrgId::stored(org.to_owned()), Action::SignInRequired, target);
        Ok(vec![event.with(commit.details())])
    }
}
