//! Claiming what was approved: only then there is a secret, and who asked and the rules are judged again.

use super::{changed_since, conflict, ended, governs, target, told};
use crate::{
    Error, Result,
    approval::{Approval, ApprovalStatus, Decision, Wish, WishedChange, WishedKey},
    audit::{Act, Action, Actor, NewEvent},
    id::{ApprovalId, KeyId},
    key::{Holder, Issued, Key, KeySettings},
    member::Permission,
    store::{Store, detached, tx::Tx},
    user::User,
};

/// What was claimed.
#[derive(Debug)]
pub enum Claimed {
    /// A new key, with its secrets.
    Issued(Box<Issued>),
    /// A key that was changed.
    Changed(KeyId),
}

impl Store {
    /// Makes the key that was approved, or changes the one that it is about: once, for who asked.
    pub async fn claim_approval(&self, act: &Act, id: &ApprovalId) -> Result<Claimed> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let found = store.approval(&id).await?.ok_or(Error::NotFound)?;
            // Everything is read before the transaction begins: it would wait for a second connection.
            match &found.wish {
                Wish::Key(wish) => {
                    let holder = store.holder_of(&found).await?.ok_or(Error::NotFound)?;
                    store.begin(&act).await?.claim_key(&store, &found, holder, wish).await
                }
                Wish::Change(wish) => {
                    let key = found.key_id.as_ref().ok_or(Error::NotFound)?;
                    let key = store.find(Some(&found.org_id), key).await?.ok_or(Error::NotFound)?;
                    store.begin(&act).await?.claim_change(&found, &key, wish).await
                }
            }
        })
        .await
    }

    /// Whose the key would be, as it is now.
    async fn holder_of(&self, approval: &Approval) -> Result<Option<Holder>> {
        let org = Some(&approval.org_id);
        if let Some(app) = &approval.app_id {
            return Ok(self.find(org, app).await?.map(Holder::App));
        }
        let Some(found) = self.find(org, &approval.org_id).await? else { return Ok(None) };
        let Some(owner) = &approval.owner_id else { return Ok(Some(Holder::Organization(found))) };
        Ok(self.user(owner).await?.map(|user: User| Holder::Member(found, user)))
    }
}

impl Tx {
    async fn claim_key(mut self, store: &Store, found: &Approval, holder: Holder, wish: &WishedKey) -> Result<Claimed> {
        // Before the holder is locked, too.
        self.needs_own(found).await?;
        // In the order of everything that makes keys: the holder, then what is made of it.
        self.hold(&holder).await?;
        let approval = self.hold_approved(&found.id).await?;
        self.needs(&holder, Permission::ManageKeys).await?;
        let (profile, now) = (self.profile().clone(), self.now());
        if holder.owner() != profile.keys.owner {
            return Err(outdated(Error::field("", profile.keys.owner.who_generates())));
        }
        let new = wish.check(&profile, now).map_err(|invalid| outdated(invalid.into()))?;
        self.needs_to_issue(&holder, &new).await?;
        self.judge_new(&holder, &new).await.map_err(outdated)?;
        let issued = self.insert_key(store, holder, new, None).await?;
        self.end_claim(&approval, &issued.key.id).await?;
        self.commit().await?;
        Ok(Claimed::Issued(Box::new(issued)))
    }

    async fn claim_change(mut self, found: &Approval, key: &Key, wish: &WishedChange) -> Result<Claimed> {
        self.needs_own(found).await?;
        let key = self.held_to_change(key).await?;
        let approval = self.hold_approved(&found.id).await?;
        self.needs_another_key(&key)?;
        let before = KeySettings::from(&key);
        if !wish.is_asked_on(&before) {
            return Err(changed_since());
        }
        let profile = self.profile().clone();
        let change = wish.change(&profile).map_err(|invalid| outdated(invalid.into()))?;
        let after = change.applied(&key, self.now()).map_err(outdated)?;
        self.makes(key.id.as_str()).await?;
        self.may_have(&key, &before, &after).await?;
        self.judge_change(&key, &before, &after).await.map_err(outdated)?;
        self.change_settings(&key, &after, after.changes_since(&before)).await?;
        self.end_claim(&approval, &key.id).await?;
        self.commit().await?;
        Ok(Claimed::Changed(key.id))
    }

    /// The request, locked, if it can be claimed by this actor now.
    async fn hold_approved(&mut self, id: &ApprovalId) -> Result<Approval> {
        let approval = self.hold_own_approval(id).await?;
        let now = self.now();
        if approval.status(now) != ApprovalStatus::Approved {
            return Err(ended(&approval, now));
        }
        if !self.approver_still_may(&approval).await? {
            let message = "Who approved this may not approve any more. Withdraw it, and ask again.";
            return Err(conflict("approval_outdated", message));
        }
        Ok(approval)
    }

    /// Whether the person or the token that approved it could do so now: an approval does not outlive that.
    async fn approver_still_may(&mut self, approval: &Approval) -> Result<bool> {
        let Some(Decision { by, .. }) = &approval.decision else { return Ok(false) };
        let may = match by.kind.as_str() {
            "user" => {
                format!("SELECT 1 FROM users u WHERE u.id = $2 AND u.disabled_at IS NULL AND {}", governs("$1", "$2"))
            }
            "root_token" => "SELECT 1 FROM root_tokens WHERE id = $2 AND COALESCE(org_id, $1) = $1 AND manage = 1 \
                AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)"
                .to_owned(),
            // The command line may do everything.
            _ => return Ok(by.kind == Actor::CommandLine.kind()),
        };
        let query = sqlx::query(sqlx::AssertSqlSafe(may)).bind(approval.org_id.to_string()).bind(by.id.clone());
        let query = if by.kind == "user" { query } else { query.bind(self.now().micros()) };
        Ok(query.fetch_optional(self.on()).await?.is_some())
    }

    async fn end_claim(&mut self, approval: &Approval, key: &KeyId) -> Result<()> {
        sqlx::query("UPDATE approvals SET claimed_at = $2, key_id = $3 WHERE id = $1")
            .bind(approval.id.to_string())
            .bind(self.now().micros())
            .bind(key.to_string())
            .execute(self.on())
            .await?;
        let mut details = told(approval);
        details["key"] = key.as_str().into();
        self.record(NewEvent::of(&approval.org_id, Action::ApprovalClaimed, target(approval)).with(details)).await
    }
}

/// What was approved is not possible any more: the rules, the profile or the key are others by now.
fn outdated(error: Error) -> Error {
    match error {
        Error::Invalid(invalid) => {
            let message = format!("What was approved is not allowed any more: {invalid} Withdraw it, and ask again.");
            conflict("approval_outdated", message)
        }
        other => other,
    }
}
