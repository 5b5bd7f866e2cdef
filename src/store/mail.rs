//! Mail: queued in the transaction that causes it, and read when it is sent.

use serde_json::Value;
use sqlx::any::AnyRow;

use super::{Store, row::Read, tx::Tx};
use crate::{
    Result, Timestamp,
    audit::{Action, NewEvent},
    id::{ApprovalId, KeyId, OrgId, ServiceAccountId, UserId, WebhookId},
    invitation::Invitation,
    leak::LeakResponse,
    mail::{About, FactorChange, Leaked, Letter, Mail, Notice, Origin, Recipient},
    member::Role,
    personal_token::TokenScopes,
    service_account::scope_title,
    session::device,
    user::User,
};

impl Tx {
    /// Queues a mail, which is sent if this transaction commits. It is queued whether mail is on or off: the worker
    /// knows, the command line may not.
    pub(super) async fn enqueue_mail(&mut self, mail: &Mail) -> Result<()> {
        let job = mail.job(self.now(), self.store().entropy());
        self.enqueue(job).await
    }

    /// Records an event, and tells the person whom it concerns by mail.
    pub(super) async fn record_and_mail(
        &mut self,
        event: NewEvent,
        user: &UserId,
        mail: fn(Notice) -> Mail,
    ) -> Result<()> {
        self.record_and_mail_all(event, std::slice::from_ref(user), mail).await
    }

    /// The same for several people, or none.
    pub(super) async fn record_and_mail_all(
        &mut self,
        event: NewEvent,
        users: &[UserId],
        mail: fn(Notice) -> Mail,
    ) -> Result<()> {
        let chain = event.chain().to_owned();
        let seq = self.record_numbered(event).await?;
        for user in users {
            self.enqueue_mail(&mail(Notice { user_id: user.clone(), chain: chain.clone(), seq })).await?;
        }
        Ok(())
    }
}

impl Store {
    /// What a mail is about, and to whom. `None` if it is not to be sent: the account is disabled, the link has ended,
    /// or what it is about was deleted.
    pub async fn letter(&self, mail: &Mail) -> Result<Option<Letter>> {
        let (notice, about): (_, fn(&Event) -> Option<About>) = match mail {
            Mail::PasswordReset { reset_id } => {
                let open = self.open_password_reset(reset_id).await?;
                return Ok(open.map(|(to, expires_at)| {
                    let about = About::PasswordReset { reset: reset_id.clone(), expires_at };
                    Letter { to: to.into(), about }
                }));
            }
            Mail::Invitation { invitation_id, generation } => {
                let open = self.open_invitation(invitation_id).await?;
                return Ok(open.filter(|open| open.generation == *generation).map(invited));
            }
            Mail::KeysDue { user_id, told_at } => {
                return self.keys_due(user_id, Timestamp::from_micros(*told_at)).await;
            }
            Mail::ApprovalsWait { user_id } => return self.approvals_that_wait(user_id).await,
            Mail::PasswordChanged(notice) => (notice, |event| Some(About::PasswordChanged(event.origin.clone()))),
            Mail::NewSignIn(notice) => (notice, |event| Some(About::NewSignIn(event.origin.clone()))),
            Mail::SecondFactorChanged(notice) => (notice, second_factor_changed),
            Mail::CommandLineSignedIn(notice) => (notice, command_line_signed_in),
            Mail::RoleChanged(notice) => (notice, role_changed),
            Mail::GlassBroken(notice) => (notice, glass_broken),
            Mail::TokenCreated(notice) => (notice, token_created),
            Mail::ServiceTokenCreated(notice) | Mail::ServiceTokenEnds(notice) => (notice, service_token),
            Mail::KeyGenerated(notice) => (notice, key_generated),
            Mail::HandoverUsedAgain(notice) => (notice, handover_used_again),
            Mail::ApprovalRequested(notice) => (notice, approval_requested),
            Mail::ApprovalDecided(notice) => (notice, approval_decided),
            Mail::Leaked(notice) => (notice, leaked),
            Mail::WebhookStopped(notice) => (notice, webhook_stopped),
            Mail::Test(notice) => (notice, |_| Some(About::Test)),
        };
        let Some(to) = self.user(&notice.user_id).await? else { return Ok(None) };
        let about = self.mailed_event(notice, &to).await?.as_ref().and_then(about);
        // A lost role is no reason to hear of the organization's requests any more.
        let tells = match &about {
            Some(About::ApprovalRequested { approval, .. }) => self.may_still_decide(approval, &to.id).await?,
            Some(About::ApprovalDecided { approval, .. }) => self.still_asks(approval, &to.id).await?,
            _ => true,
        };
        let about = about.filter(|_| tells);
        Ok(about.map(|about| Letter { to: to.into(), about }))
    }

    /// The event of a notice, found by the primary key, with the name of its organization.
    async fn mailed_event(&self, notice: &Notice, to: &User) -> Result<Option<Event>> {
        let row = sqlx::query(
            "SELECT e.at, e.action, e.actor_kind, e.actor_id, e.actor_name, e.address, e.user_agent, e.target_kind, e.target_id, e.target_name, \
             e.details, o.name AS org_name FROM events e LEFT JOIN orgs o ON o.id = e.chain \
             WHERE e.chain = $1 AND e.seq = $2",
        );
        let row = row.bind(notice.chain.clone()).bind(notice.seq).fetch_optional(self.read()).await?;
        row.map(|row| event(&row, notice, to)).transpose()
    }
}

/// The parts of an event that mails show.
struct Event {
    chain: String,
    action: Option<Action>,
    origin: Origin,
    target_kind: String,
    target_id: String,
    target_name: String,
    details: Value,
    org_name: Option<String>,
}

impl Event {
    fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name)?.as_str()
    }
}

fn event(row: &AnyRow, notice: &Notice, to: &User) -> Result<Event> {
    let (kind, by) = (row.text("actor_kind")?, row.text("actor_name")?);
    let origin = Origin {
        at: row.time("at")?,
        is_own: row.text("actor_id")? == to.id.as_str(),
        by: match kind.as_str() {
            "anonymous" => String::new(),
            "command_line" => "An operator".to_owned(),
            _ => by,
        },
        address: row.text_opt("address")?,
        device: row.text_opt("user_agent")?.map(|user_agent| device(&user_agent)),
    };
    Ok(Event {
        chain: notice.chain.clone(),
        action: Action::parse(&row.text("action")?),
        origin,
        target_kind: row.text("target_kind")?,
        target_id: row.text("target_id")?,
        target_name: row.text("target_name")?,
        details: serde_json::from_str(&row.text("details")?).unwrap_or_default(),
        org_name: row.text_opt("org_name")?,
    })
}

fn invited(invitation: Invitation) -> Letter {
    let about = About::Invitation {
        invitation: invitation.id,
        generation: invitation.generation,
        noun: invitation.kind.noun(),
        place_name: invitation.place_name,
        role: invitation.role.title().to_owned(),
        by: invitation.inviter_name,
        message: invitation.message,
        expires_at: invitation.expires_at,
    };
    Letter { to: Recipient { name: String::new(), email: invitation.email }, about }
}

fn command_line_signed_in(event: &Event) -> Option<About> {
    let name = event.details["command_line"]["name"].as_str()?.to_owned();
    // It is no browser.
    Some(About::CommandLineSignedIn { name, origin: Origin { device: None, ..event.origin.clone() } })
}

/// Whether the person has another second factor after one was removed.
fn is_factor_left(event: &Event) -> bool {
    event.details["factor_left"].as_bool().unwrap_or_default()
}

fn second_factor_changed(event: &Event) -> Option<About> {
    let what = match event.action? {
        Action::AuthenticatorAdded => FactorChange::AuthenticatorAdded,
        Action::AuthenticatorRemoved => FactorChange::AuthenticatorRemoved(is_factor_left(event)),
        Action::PasskeyAdded => FactorChange::PasskeyAdded(event.detail("passkey")?.to_owned()),
        Action::PasskeyRemoved => {
            FactorChange::PasskeyRemoved(event.detail("passkey")?.to_owned(), is_factor_left(event))
        }
        Action::RecoveryCodesRenewed => FactorChange::CodesRenewed,
        Action::RecoveryCodeUsed => FactorChange::CodeUsed(event.details["left"].as_u64()?),
        Action::SecondFactorsReset => FactorChange::Reset,
        // Only a passkey that may have been copied has a name.
        Action::SecondFactorRefused => match event.detail("passkey") {
            Some(name) => FactorChange::PasskeyCopied(name.to_owned()),
            None => FactorChange::CodesRefused,
        },
        Action::IdentityLinked => FactorChange::SignInLinked,
        Action::IdentityUnlinked => FactorChange::SignInUnlinked,
        _ => return None,
    };
    Some(About::SecondFactorChanged { what, origin: event.origin.clone() })
}

fn glass_broken(event: &Event) -> Option<About> {
    Some(About::GlassBroken {
        org: OrgId::parse(&event.chain)?,
        org_name: event.org_name.clone()?,
        by: event.target_name.clone(),
        origin: event.origin.clone(),
    })
}

fn token_created(event: &Event) -> Option<About> {
    let scopes = TokenScopes::parse(event.detail("scopes")?).ok()?;
    Some(About::TokenCreated {
        name: event.target_name.clone(),
        scopes: scopes.iter().map(|scope| scope.title().to_owned()).collect(),
        origin: event.origin.clone(),
    })
}

fn service_token(event: &Event) -> Option<About> {
    let scopes = TokenScopes::parse(event.detail("scopes")?).ok()?;
    let account = &event.details["service_account"];
    Some(About::ServiceToken {
        account: ServiceAccountId::parse(account["id"].as_str()?)?,
        account_name: account["name"].as_str()?.to_owned(),
        name: event.target_name.clone(),
        scopes: scopes.iter().map(|scope| scope_title(scope).to_owned()).collect(),
        org_name: event.org_name.clone()?,
        expires_at: Timestamp::parse_rfc3339(event.detail("expires_at")?)?,
        created: (event.action? == Action::ServiceTokenCreated).then(|| event.origin.clone()),
    })
}

fn role_changed(event: &Event) -> Option<About> {
    // There may be several; a role that this version does not know is left as it is.
    let title = |word: &str| Role::parse(word).map_or(word.to_owned(), |role| role.title().to_owned());
    let titles = |name| event.detail(name).map(|words| words.split(' ').map(title).collect::<Vec<_>>().join(", "));
    // Below the organization the event says where.
    let below = event.details["at"]["name"].as_str().map(str::to_owned);
    Some(About::RoleChanged {
        org: OrgId::parse(&event.chain)?,
        place_name: below.or(event.org_name.clone())?,
        from: titles("from")?,
        to: titles("role")?,
        by: event.origin.by.clone(),
    })
}

fn handover_used_again(event: &Event) -> Option<About> {
    Some(About::HandoverUsedAgain {
        key: KeyId::parse(&event.target_id)?,
        label: event.target_name.clone(),
        org_name: event.org_name.clone()?,
        origin: event.origin.clone(),
    })
}

fn approval_requested(event: &Event) -> Option<About> {
    Some(About::ApprovalRequested {
        approval: ApprovalId::parse(&event.target_id)?,
        label: event.target_name.clone(),
        environment: event.detail("environment")?.to_owned(),
        scopes: words(&event.details["asked"]["scopes"]),
        org_name: event.org_name.clone()?,
        origin: event.origin.clone(),
    })
}

fn approval_decided(event: &Event) -> Option<About> {
    Some(About::ApprovalDecided {
        approval: ApprovalId::parse(&event.target_id)?,
        label: event.target_name.clone(),
        // Only a refusal has one.
        reason: event.detail("reason").map(str::to_owned),
        org_name: event.org_name.clone()?,
        by: event.origin.by.clone(),
    })
}

fn leaked(event: &Event) -> Option<About> {
    let what = match event.target_kind.as_str() {
        "key" if event.detail("ended").is_some() => Leaked::OldSecret(KeyId::parse(&event.target_id)?),
        "key" => Leaked::Key(KeyId::parse(&event.target_id)?),
        "root_token" => Leaked::RootToken,
        "service_token" => {
            Leaked::ServiceToken(ServiceAccountId::parse(event.details["service_account"]["id"].as_str()?)?)
        }
        _ => Leaked::PersonalToken,
    };
    Some(About::Leaked {
        what,
        label: event.target_name.clone(),
        shown: event.detail("shown")?.to_owned(),
        org_name: event.org_name.clone(),
        response: LeakResponse::parse(event.detail("response")?)?,
        others: event.details["others"].as_u64().unwrap_or_default(),
        at: event.origin.at,
    })
}

fn webhook_stopped(event: &Event) -> Option<About> {
    Some(About::WebhookStopped {
        webhook: WebhookId::parse(&event.target_id)?,
        host: event.target_name.clone(),
        is_gone: event.detail("why") == Some("gone"),
        org_name: event.org_name.clone()?,
    })
}

/// The texts of a list.
fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn key_generated(event: &Event) -> Option<About> {
    Some(About::KeyGenerated {
        key: KeyId::parse(&event.target_id)?,
        label: event.target_name.clone(),
        environment: event.detail("environment")?.to_owned(),
        org_name: event.org_name.clone()?,
        origin: event.origin.clone(),
    })
}
