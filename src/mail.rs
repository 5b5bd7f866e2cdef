//! Mail: what is queued when something happens, and what it is about when it is sent.
//!
//! A job holds ids and a kind. Everything else is read when the mail is sent, so that nobody gets mail about what is no
//! longer theirs, and no job contains a secret.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Entropy, Timestamp,
    id::{ApprovalId, InvitationId, KeyId, OrgId, ResetId, ServiceAccountId, UserId, WebhookId},
    job::{NewJob, Retries},
    key_notice::KeyNotice,
    leak::LeakResponse,
    user::User,
};

/// The queue of mails.
pub const QUEUE: &str = "mail";

/// About half a day: mail servers are down for hours, and news of yesterday's sign-in helps nobody.
pub const RETRIES: Retries =
    Retries { limit: 22, first: Duration::from_secs(15), longest: Duration::from_secs(60 * 60) };

/// A mail to be sent: the payload of a job. One variant for each kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mail {
    /// The link that a person asked for.
    PasswordReset {
        reset_id: ResetId,
    },
    /// The link by which the invited person gets a role. A link that was replaced is not sent.
    Invitation {
        invitation_id: InvitationId,
        generation: u32,
    },
    PasswordChanged(Notice),
    /// A sign-in with a browser that did not sign in to the account before.
    NewSignIn(Notice),
    /// A second factor was set up, removed, renewed or used up, or codes of it were tried; or a sign-in with an issuer was linked or
    /// unlinked.
    SecondFactorChanged(Notice),
    /// A command line was signed in.
    CommandLineSignedIn(Notice),
    RoleChanged(Notice),
    /// An owner got into an organization without the single sign-on that it requires.
    GlassBroken(Notice),
    /// A personal token was created.
    TokenCreated(Notice),
    /// A token of a service account was created.
    ServiceTokenCreated(Notice),
    /// A token of a service account ends soon.
    ServiceTokenEnds(Notice),
    /// A personal key was generated.
    KeyGenerated(Notice),
    /// Somebody had the link and the code of a hand-over that was opened before.
    HandoverUsedAgain(Notice),
    /// A key, or a change of one, waits for the approval of the person.
    ApprovalRequested(Notice),
    /// The same for all that wait, where the person was told of one within the hour.
    ApprovalsWait {
        user_id: UserId,
    },
    /// What the person asked for was approved or refused.
    ApprovalDecided(Notice),
    /// Keys that expire, or of which something else is due: all that was told to anybody at that time (microseconds).
    KeysDue {
        user_id: UserId,
        told_at: i64,
    },
    /// Somebody reported a key, or a token, that leaked.
    Leaked(Notice),
    /// The portal stopped an endpoint of webhooks.
    WebhookStopped(Notice),
    /// An operator tries whether mail arrives.
    Test(Notice),
}

/// A mail about an event, to the person whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub user_id: UserId,
    /// The event's chain, and its number there.
    pub chain: String,
    pub seq: i64,
}

impl Mail {
    /// What it is about, in words.
    pub fn title(&self) -> &'static str {
        match self {
            Self::PasswordReset { .. } => "Password reset",
            Self::Invitation { .. } => "Invitation",
            Self::PasswordChanged(_) => "Password changed",
            Self::NewSignIn(_) => "New sign-in",
            Self::SecondFactorChanged(_) => "Second factor",
            Self::CommandLineSignedIn(_) => "Command line signed in",
            Self::RoleChanged(_) => "Role changed",
            Self::GlassBroken(_) => "Let in without single sign-on",
            Self::TokenCreated(_) => "Personal token created",
            Self::ServiceTokenCreated(_) => "Token of a service account created",
            Self::ServiceTokenEnds(_) => "Token of a service account ends soon",
            Self::KeyGenerated(_) => "Personal key generated",
            Self::HandoverUsedAgain(_) => "Hand-over link used again",
            Self::ApprovalRequested(_) | Self::ApprovalsWait { .. } => "Approval requested",
            Self::ApprovalDecided(_) => "Request decided",
            Self::KeysDue { .. } => "Keys that need attention",
            Self::Leaked(_) => "Reported leak",
            Self::WebhookStopped(_) => "Webhook stopped",
            Self::Test(_) => "Test mail",
        }
    }

    /// The id of the person to whom it goes, unless it is about a link.
    pub fn person(&self) -> Option<&UserId> {
        match self {
            Self::PasswordReset { .. } | Self::Invitation { .. } => None,
            Self::KeysDue { user_id, .. } | Self::ApprovalsWait { user_id } => Some(user_id),
            Self::PasswordChanged(notice)
            | Self::NewSignIn(notice)
            | Self::SecondFactorChanged(notice)
            | Self::CommandLineSignedIn(notice)
            | Self::RoleChanged(notice)
            | Self::GlassBroken(notice)
            | Self::TokenCreated(notice)
            | Self::ServiceTokenCreated(notice)
            | Self::ServiceTokenEnds(notice)
            | Self::KeyGenerated(notice)
            | Self::HandoverUsedAgain(notice)
            | Self::ApprovalRequested(notice)
            | Self::ApprovalDecided(notice)
            | Self::Leaked(notice)
            | Self::WebhookStopped(notice)
            | Self::Test(notice) => Some(&notice.user_id),
        }
    }

    /// The job that sends it.
    pub fn job(&self, now: Timestamp, entropy: &dyn Entropy) -> NewJob {
        let payload = serde_json::to_value(self).expect("ids and numbers are JSON");
        NewJob::once(QUEUE, payload, now, entropy)
    }
}

/// A mail whose content was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: Recipient,
    pub about: About,
}

/// To whom a mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Empty if it is not known: not every address is that of an account.
    pub name: String,
    pub email: String,
}

impl From<User> for Recipient {
    fn from(User { name, email, .. }: User) -> Self {
        Self { name, email }
    }
}

/// What a mail is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    PasswordReset {
        reset: ResetId,
        expires_at: Timestamp,
    },
    Invitation {
        invitation: InvitationId,
        generation: u32,
        /// The kind of the place: "organization".
        noun: &'static str,
        place_name: String,
        /// The title of the role.
        role: String,
        /// Empty if they are gone.
        by: String,
        /// A sentence of the person who invites; empty if there is none.
        message: String,
        expires_at: Timestamp,
    },
    PasswordChanged(Origin),
    NewSignIn(Origin),
    SecondFactorChanged {
        what: FactorChange,
        origin: Origin,
    },
    CommandLineSignedIn {
        /// What it calls itself.
        name: String,
        origin: Origin,
    },
    GlassBroken {
        org: OrgId,
        org_name: String,
        /// Who got in.
        by: String,
        origin: Origin,
    },
    TokenCreated {
        name: String,
        /// What it may do: the titles of its scopes.
        scopes: Vec<String>,
        origin: Origin,
    },
    ServiceToken {
        account: ServiceAccountId,
        account_name: String,
        name: String,
        /// What it may do: the titles of its scopes.
        scopes: Vec<String>,
        org_name: String,
        expires_at: Timestamp,
        /// Who made it just now; `None` if it ends soon.
        created: Option<Origin>,
    },
    /// The titles of the roles before and now.
    RoleChanged {
        org: OrgId,
        place_name: String,
        from: String,
        to: String,
        by: String,
    },
    KeyGenerated {
        key: KeyId,
        label: String,
        environment: String,
        org_name: String,
        origin: Origin,
    },
    HandoverUsedAgain {
        key: KeyId,
        label: String,
        org_name: String,
        origin: Origin,
    },
    ApprovalRequested {
        approval: ApprovalId,
        label: String,
        environment: String,
        scopes: Vec<String>,
        org_name: String,
        origin: Origin,
    },
    /// Those that were asked for first, of `count` in all.
    ApprovalsWait {
        requests: Vec<WaitingRequest>,
        count: usize,
    },
    ApprovalDecided {
        approval: ApprovalId,
        label: String,
        /// `None` if it was approved.
        reason: Option<String>,
        org_name: String,
        by: String,
    },
    WebhookStopped {
        webhook: WebhookId,
        host: String,
        /// Whether it answered that it wants nothing more.
        is_gone: bool,
        org_name: String,
    },
    /// Soonest first.
    KeysDue {
        keys: Vec<KeyNotice>,
    },
    Leaked {
        what: Leaked,
        label: String,
        /// The shortened secret.
        shown: String,
        /// `None` if it belongs to none.
        org_name: Option<String>,
        /// What was done about it by then.
        response: LeakResponse,
        /// How many keys of the organization were reported with it.
        others: u64,
        at: Timestamp,
    },
    Test,
}

/// What happened to the second factors of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactorChange {
    AuthenticatorAdded,
    /// Whether a passkey is left as second factor.
    AuthenticatorRemoved(bool),
    /// With this name.
    PasskeyAdded(String),
    /// The name, and whether another second factor is left.
    PasskeyRemoved(String, bool),
    /// The passkey with this name was used with a counter that went back.
    PasskeyCopied(String),
    CodesRenewed,
    /// A recovery code was used, of which so many are left.
    CodeUsed(u64),
    /// By an operator.
    Reset,
    /// Somebody with the password tried too many codes.
    CodesRefused,
    /// An identity of an issuer was linked: it signs in from now on.
    SignInLinked,
    SignInUnlinked,
}

/// What leaked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaked {
    Key(KeyId),
    /// The old secret of a key that was being rotated, which was ended: the key works on.
    OldSecret(KeyId),
    RootToken,
    /// A personal token of the person who gets the mail.
    PersonalToken,
    ServiceToken(ServiceAccountId),
}

/// A request that a person may decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRequest {
    pub label: String,
    pub org: OrgId,
    pub org_name: String,
}

/// When, by whom and from where something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub at: Timestamp,
    /// Empty if it was an unknown client.
    pub by: String,
    /// Whether the person did it who gets the mail.
    pub is_own: bool,
    pub address: Option<String>,
    /// "Firefox on Windows".
    pub device: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[test]
    fn a_job_holds_a_kind_and_ids() {
        let entropy = SeededEntropy::new(1);
        let notice = Notice { user_id: UserId::mint(&entropy), chain: "system".to_owned(), seq: 7 };
        let mails = [
            Mail::PasswordReset { reset_id: ResetId::mint(&entropy) },
            Mail::Invitation { invitation_id: InvitationId::mint(&entropy), generation: 2 },
            Mail::PasswordChanged(notice.clone()),
            Mail::NewSignIn(notice.clone()),
            Mail::SecondFactorChanged(notice.clone()),
            Mail::RoleChanged(notice.clone()),
            Mail::ServiceTokenCreated(notice.clone()),
            Mail::ServiceTokenEnds(notice.clone()),
            Mail::KeyGenerated(notice.clone()),
            Mail::HandoverUsedAgain(notice.clone()),
            Mail::ApprovalRequested(notice.clone()),
            Mail::ApprovalsWait { user_id: notice.user_id.clone() },
            Mail::ApprovalDecided(notice.clone()),
            Mail::KeysDue { user_id: notice.user_id.clone(), told_at: 1_795_327_200_000_000 },
            Mail::Leaked(notice.clone()),
            Mail::WebhookStopped(notice.clone()),
            Mail::Test(notice),
        ];
        let payloads = mails.clone().map(|mail| mail.job(Timestamp::from_seconds(1), &entropy).payload);
        insta::assert_snapshot!(payloads.each_ref().map(ToString::to_string).join("\n"));
        let read = payloads.map(|payload| serde_json::from_value::<Mail>(payload).expect("reads"));
        assert_eq!(read, mails);
    }

    #[test]
    fn it_is_given_up_within_a_day() {
        let longest: Duration = (1..RETRIES.limit)
            .map(|attempts| {
                let doubled = RETRIES.first.saturating_mul(2_u32.saturating_pow(attempts - 1));
                doubled.min(RETRIES.longest)
            })
            .sum();
        assert!(longest < Duration::from_secs(24 * 60 * 60) && longest > Duration::from_secs(12 * 60 * 60));
    }
}
