//! A snapshot of each mail, and what all of them have in common.

use proptest::prelude::*;
use sallyport::{
    Clock,
    id::{ApprovalId, InvitationId, KeyId, OrgId, ResetId, ServiceAccountId, WebhookId},
    key_notice::{KeyNotice, KeyNoticeKind},
    leak::LeakResponse,
    mail::{About, FactorChange, Leaked, Letter, Origin, Recipient, WaitingRequest},
    testing::{SeededEntropy, TurnedClock},
    vault::{MasterKey, Vault},
};

use super::{Mail, Sender, compose, test_mail};

const URL: &str = "https://keys.example.com";

fn origin() -> Origin {
    Origin {
        at: TurnedClock::default().now(),
        by: "Ada Byron".to_owned(),
        is_own: true,
        address: Some("203.0.113.9".to_owned()),
        device: Some("Firefox on Linux".to_owned()),
    }
}

/// One of each kind, in which everything that a person typed is this text.
fn letters(typed: &str) -> [(&'static str, About); 38] {
    let entropy = SeededEntropy::new(1);
    let org = OrgId::mint("Focus Labs", &entropy);
    let reset = ResetId::mint(&entropy);
    let key = KeyId::mint(&entropy);
    let invitation = InvitationId::parse(&key.as_str().replace("key_", "inv_")).expect("an id");
    let leaked = |what, response, org: Option<&str>, others| About::Leaked {
        what,
        label: typed.to_owned(),
        shown: "sk_live_7Hq2…x9Ka".to_owned(),
        org_name: org.map(str::to_owned),
        response,
        others,
        at: TurnedClock::default().now(),
    };
    let webhook = WebhookId::parse(&key.as_str().replace("key_", "whk_")).expect("an id");
    let approval = ApprovalId::parse(&key.as_str().replace("key_", "apr_")).expect("an id");
    let due = |kind, org: &OrgId| KeyNotice {
        kind,
        key: key.clone(),
        label: typed.to_owned(),
        org: org.clone(),
        org_name: typed.to_owned(),
        at: TurnedClock::default().now(),
        is_past: false,
    };
    let mut several = KeyNoticeKind::ALL.map(|kind| due(kind, &org)).to_vec();
    several.push(KeyNotice { is_past: true, ..due(KeyNoticeKind::Rotation, &org) });
    let waiting = WaitingRequest { label: typed.to_owned(), org: org.clone(), org_name: typed.to_owned() };
    let factor = |what| About::SecondFactorChanged { what, origin: origin() };
    let one = vec![due(KeyNoticeKind::Expiry, &org)];
    let by_operator = Origin { by: "An operator".to_owned(), is_own: false, address: None, device: None, ..origin() };
    let account = ServiceAccountId::parse(&key.as_str().replace("key_", "sva_")).expect("an id");
    let service_token = |created| About::ServiceToken {
        account: account.clone(),
        account_name: typed.to_owned(),
        name: typed.to_owned(),
        scopes: vec!["See organizations".to_owned(), "Manage members".to_owned()],
        org_name: typed.to_owned(),
        expires_at: TurnedClock::default().now(),
        created,
    };
    [
        ("password_reset", About::PasswordReset { reset, expires_at: TurnedClock::default().now() }),
        ("key_leaked", leaked(Leaked::Key(key.clone()), LeakResponse::Revoke, Some(typed), 2)),
        ("old_secret_leaked", leaked(Leaked::OldSecret(key.clone()), LeakResponse::Revoke, Some(typed), 0)),
        ("root_token_leaked", leaked(Leaked::RootToken, LeakResponse::Announce, None, 0)),
        ("personal_token_leaked", leaked(Leaked::PersonalToken, LeakResponse::Revoke, None, 0)),
        ("password_changed", About::PasswordChanged(origin())),
        ("password_changed_by_an_operator", About::PasswordChanged(by_operator)),
        ("new_sign_in", About::NewSignIn(origin())),
        ("authenticator_added", factor(FactorChange::AuthenticatorAdded)),
        ("authenticator_removed", factor(FactorChange::AuthenticatorRemoved(false))),
        ("authenticator_removed_beside_a_passkey", factor(FactorChange::AuthenticatorRemoved(true))),
        ("passkey_added", factor(FactorChange::PasskeyAdded(typed.to_owned()))),
        ("passkey_removed", factor(FactorChange::PasskeyRemoved(typed.to_owned(), true))),
        ("last_passkey_removed", factor(FactorChange::PasskeyRemoved(typed.to_owned(), false))),
        ("passkey_copied", factor(FactorChange::PasskeyCopied(typed.to_owned()))),
        ("recovery_codes_renewed", factor(FactorChange::CodesRenewed)),
        ("recovery_code_used", factor(FactorChange::CodeUsed(1))),
        ("second_factors_reset", factor(FactorChange::Reset)),
        ("second_factor_refused", factor(FactorChange::CodesRefused)),
        ("sign_in_linked", factor(FactorChange::SignInLinked)),
        ("sign_in_unlinked", factor(FactorChange::SignInUnlinked)),
        (
            "command_line_signed_in",
            About::CommandLineSignedIn { name: typed.to_owned(), origin: Origin { device: None, ..origin() } },
        ),
        (
            "token_created",
            About::TokenCreated {
                name: typed.to_owned(),
                scopes: vec!["See organizations".to_owned(), "Manage members".to_owned()],
                origin: origin(),
            },
        ),
        ("service_token_created", service_token(Some(origin()))),
        ("service_token_ends", service_token(None)),
        ("service_token_leaked", leaked(Leaked::ServiceToken(account), LeakResponse::Revoke, Some(typed), 2)),
        (
            "glass_broken",
            About::GlassBroken { org: org.clone(), org_name: typed.to_owned(), by: typed.to_owned(), origin: origin() },
        ),
        (
            "role_changed",
            About::RoleChanged {
                org,
                place_name: typed.to_owned(),
                from: "Member".to_owned(),
                to: "Admin".to_owned(),
                by: typed.to_owned(),
            },
        ),
        (
            "key_generated",
            About::KeyGenerated {
                key: key.clone(),
                label: typed.to_owned(),
                environment: "production".to_owned(),
                org_name: typed.to_owned(),
                origin: origin(),
            },
        ),
        (
            "handover_used_again",
            About::HandoverUsedAgain { key, label: typed.to_owned(), org_name: typed.to_owned(), origin: origin() },
        ),
        ("keys_due", About::KeysDue { keys: several }),
        ("key_expires", About::KeysDue { keys: one }),
        (
            "approval_requested",
            About::ApprovalRequested {
                approval: approval.clone(),
                label: typed.to_owned(),
                environment: "production".to_owned(),
                scopes: vec!["read".to_owned(), "write".to_owned()],
                org_name: typed.to_owned(),
                origin: Origin { by: typed.to_owned(), is_own: false, ..origin() },
            },
        ),
        ("approvals_wait", About::ApprovalsWait { requests: vec![waiting; 2], count: 3 }),
        (
            "approval_given",
            About::ApprovalDecided {
                approval: approval.clone(),
                label: typed.to_owned(),
                reason: None,
                org_name: typed.to_owned(),
                by: typed.to_owned(),
            },
        ),
        (
            "approval_refused",
            About::ApprovalDecided {
                approval,
                label: typed.to_owned(),
                reason: Some(typed.to_owned()),
                org_name: typed.to_owned(),
                by: typed.to_owned(),
            },
        ),
        (
            "webhook_stopped",
            About::WebhookStopped { webhook, host: typed.to_owned(), is_gone: false, org_name: typed.to_owned() },
        ),
        (
            "invitation",
            About::Invitation {
                invitation,
                generation: 1,
                noun: "organization",
                place_name: typed.to_owned(),
                role: "Developer".to_owned(),
                by: typed.to_owned(),
                message: typed.to_owned(),
                expires_at: TurnedClock::default().now(),
            },
        ),
    ]
}

fn composed(typed: &str, about: About) -> Mail {
    let entropy = SeededEntropy::new(2);
    let to = Recipient { name: typed.to_owned(), email: "ada@example.com".to_owned() };
    let vault = Vault::new(&MasterKey::mint(&entropy));
    compose(&Letter { to, about }, &Sender { brand: "Focus Keys", url: URL, vault: &vault })
}

fn shown(Mail { subject, text, html }: &Mail) -> String {
    format!("Subject: {subject}\n\n{text}\n==== HTML\n\n{html}")
}

#[test]
fn each_mail_is_short_and_plain() {
    for (name, about) in letters("Ada & Co") {
        insta::assert_snapshot!(name, shown(&composed("Ada & Co", about)));
    }
    insta::assert_snapshot!("test_mail", shown(&test_mail("Focus Keys", URL)));
}

#[test]
fn nothing_is_asked_of_another_server() {
    for (name, about) in letters("Ada") {
        let mail = composed("Ada", about);
        for asks in ["<img", "<link", "<script", "<style", "url(", "src=", "background=\"", "@import"] {
            assert!(!mail.html.contains(asks), "{name}: {asks}");
        }
        let links = mail.html.matches("href=\"").count();
        assert_eq!(links, mail.html.matches(&format!("href=\"{URL}")).count(), "{name}: links lead to the portal");
        assert!(mail.html.len() < 4_000 && mail.text.len() < 1_000, "{name} is long");
        for (_, url) in mail.html.match_indices("href=\"").filter_map(|(at, _)| mail.html[at + 6..].split_once(URL)) {
            let path = url.split('"').next().unwrap_or_default();
            assert!(mail.text.contains(&format!("{URL}{path}")), "{name}: {path} is in both forms");
        }
    }
}

proptest! {
    #[test]
    fn what_was_typed_is_never_markup(typed in "[ -~]{1,40}|\\PC{1,20}") {
        for (name, about) in letters(&typed) {
            let html = composed(&typed, about).html;
            let (_, usual) = letters("Ada").into_iter().find(|(other, _)| *other == name).expect("the same kinds");
            let usual = composed("Ada", usual).html;
            for mark in ['<', '>', '"'] {
                prop_assert_eq!(html.matches(mark).count(), usual.matches(mark).count(), "{} {}", name, mark);
            }
        }
    }
}
