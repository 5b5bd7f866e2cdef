//! What each kind of mail says.

use sallyport::{
    invitation,
    leak::LeakResponse,
    mail::{About, Leaked, Letter, Origin},
    password_reset,
};

use super::{Content, Sender, approvals, keys, quoted, second_factors};
use crate::words::{count, utc};

pub(super) fn of(Letter { to, about }: &Letter, sender: &Sender) -> Content {
    let Sender { brand, url, vault } = sender;
    let hello = if to.name.is_empty() { "Hello,".to_owned() } else { format!("Hello {},", to.name) };
    match about {
        About::PasswordReset { reset, expires_at } => Content::new(format!("Reset your password for {brand}"))
            .text(hello)
            .text(format!("Someone asked to reset the password of your account at {brand}."))
            .button("Choose a new password", password_reset::url(vault, url, reset))
            .text(format!("The link works once, until {}.", utc(*expires_at)))
            .text("If it was not you, ignore this mail: your password stays as it is."),
        About::Invitation { invitation, generation, noun, place_name, role, by, message, expires_at } => {
            let by = if by.is_empty() { "Someone" } else { by };
            let quoted = (!message.is_empty()).then(|| vec![("Message", message.clone())]);
            let mail = Content::new(format!("{by} invited you to {place_name}"))
                .text(hello)
                .text(format!("{by} invited you to the {noun} {place_name} at {brand}, as {role}."));
            quoted
                .into_iter()
                .fold(mail, Content::facts)
                .button("Look at the invitation", invitation::url(vault, url, invitation, *generation))
                .text(format!("The link works once, until {}.", utc(*expires_at)))
                .text("If you do not know what this is about, ignore this mail: nothing happens without you.")
        }
        About::PasswordChanged(origin) => Content::new("Your password was changed")
            .text(hello)
            .text(format!("The password of your account at {brand} was changed, which ended its sessions."))
            .facts(facts(origin))
            .text("If it was not you, reset your password now, and tell an operator of the portal.")
            .button("Reset your password", format!("{url}/reset")),
        About::NewSignIn(origin) => Content::new(format!("New sign-in to {brand}"))
            .text(hello)
            .text(format!("Someone signed in to your account at {brand} with a browser that it did not know."))
            .facts(facts(origin))
            .text("If it was you, there is nothing to do. If not, change your password: that signs everybody else out.")
            .button("Look at my sessions", format!("{url}/account")),
        About::SecondFactorChanged { what, origin } => second_factors::changed(what, facts(origin), hello, sender),
        About::CommandLineSignedIn { name, origin } => {
            let mut what = vec![("It calls itself", name.clone())];
            what.extend(facts(origin));
            Content::new(format!("A command line signed in to {brand}"))
                .text(hello)
                .text(format!("You, or someone with your session, let a command line act for you at {brand}."))
                .facts(what)
                .text("If it was not you, sign it out in your account and change your password: that signs everybody else out.")
                .button("Look at my sessions", format!("{url}/account"))
        }
        About::GlassBroken { org, org_name, by, origin } => {
            let mut what = vec![("Owner", by.clone())];
            what.extend(facts(&Origin { by: String::new(), ..origin.clone() }));
            Content::new(format!("{org_name}: an owner got in without single sign-on"))
                .text(hello)
                .text(format!("{org_name} requires single sign-on at {brand}. An owner got in for an hour with a password and a code."))
                .facts(what)
                .text("If nobody knows why, end the sessions of that person, and look at the activity.")
                .button("Look at the activity", format!("{url}/orgs/{org}/activity"))
        }
        About::TokenCreated { name, scopes, origin } => {
            let mut what = vec![("Name", name.clone()), ("It may", scopes.join("; "))];
            what.extend(facts(origin));
            Content::new("A personal token was created")
                .text(hello)
                .text(format!("A token that acts for you was created at {brand}."))
                .facts(what)
                .text("If it was not you, revoke the token in your account, and change your password.")
                .button("Look at my tokens", format!("{url}/account"))
        }
        About::ServiceToken { account, account_name, name, scopes, org_name, expires_at, created } => {
            let mut what = vec![("Service account", account_name.clone()), ("Token", name.clone())];
            what.push(("It may", scopes.join("; ")));
            what.push(("Organization", org_name.clone()));
            what.push(("Ends", utc(*expires_at)));
            let (title, told, next) = match created {
                Some(origin) => {
                    what.extend(facts(origin));
                    (
                        format!("{org_name}: a token of a service account was created"),
                        format!("A token with which automation acts for {org_name} was created at {brand}."),
                        "If nobody knows why, revoke the token, and look at the activity.",
                    )
                }
                None => (
                    format!("{org_name}: a token of a service account ends soon"),
                    format!("A token with which automation acts for {org_name} at {brand} ends soon."),
                    "Make another token, give it to what uses this one, and revoke this one. If nothing uses it, let it end.",
                ),
            };
            Content::new(title)
                .text(hello)
                .text(told)
                .facts(what)
                .text(next)
                .text("You get this because you manage members where the account has its role.")
                .button("Look at the service account", format!("{url}/service-accounts/{account}"))
        }
        About::RoleChanged { org, place_name, from, to, by } => {
            Content::new(format!("Your role in {place_name} is {to}"))
                .text(hello)
                .text(format!("Your role in {place_name} was changed."))
                .facts(present(vec![("Before", from.clone()), ("Now", to.clone()), ("By", by.clone())]))
                .button("Open the organization", format!("{url}/orgs/{org}"))
        }
        About::KeyGenerated { key, label, environment, org_name, origin } => {
            let mut what = vec![("Label", quoted(label)), ("Environment", environment.clone())];
            what.push(("Organization", org_name.clone()));
            what.extend(facts(origin));
            Content::new("A personal key was generated")
                .text(hello)
                .text(format!("A key that acts for you was generated at {brand}."))
                .facts(what)
                .text("If it was not you, revoke the key, and change your password.")
                .button("Look at the key", format!("{url}/keys/{key}"))
        }
        About::HandoverUsedAgain { key, label, org_name, origin } => {
            let mut what = vec![("Label", quoted(label)), ("Organization", org_name.clone())];
            what.extend(facts(origin));
            Content::new("A hand-over link was used again")
                .text(hello)
                .text(format!("Somebody tried to open credentials that you handed over at {brand}, after they had been opened."))
                .facts(what)
                .text("They got nothing. If the person you gave the link to did not open it before, somebody else has the credentials: revoke the key.")
                .button("Look at the key", format!("{url}/keys/{key}"))
        }
        About::ApprovalRequested { approval, label, environment, scopes, org_name, origin } => {
            let mut what = vec![("Label", quoted(label)), ("Environment", environment.clone())];
            what.push(("Scopes", scopes.join(", ")));
            what.push(("Organization", org_name.clone()));
            what.extend(facts(origin));
            Content::new(format!("{org_name}: a key waits for approval"))
                .text(hello)
                .text(format!(
                    "Somebody asks at {brand} for a key, or for more of one, that another person has to approve."
                ))
                .facts(present(what))
                .button("Look at the request", format!("{url}/approvals/{approval}"))
        }
        About::ApprovalsWait { requests, count } => approvals::wait(requests, *count, hello, sender),
        About::ApprovalDecided { approval, label, reason, org_name, by } => {
            let done = if reason.is_some() { "refused" } else { "approved" };
            let mut what = vec![("Label", quoted(label)), ("Organization", org_name.clone()), ("By", by.clone())];
            what.push(("Reason", reason.clone().unwrap_or_default()));
            let next = match reason {
                Some(_) => "Ask again, with what the reason says.",
                None => "Claim it within 7 days: only then the key is made, and its secrets are shown once.",
            };
            Content::new(format!("Your request was {done}"))
                .text(hello)
                .text(format!("What you asked for at {brand} was {done}."))
                .facts(present(what))
                .text(next)
                .button("Look at the request", format!("{url}/approvals/{approval}"))
        }
        About::WebhookStopped { webhook, host, is_gone, org_name } => {
            let why = if *is_gone {
                "It answered that it wants nothing more (410)."
            } else {
                "Every attempt failed for five days."
            };
            Content::new(format!("{org_name}: a webhook was stopped"))
                .text(hello)
                .text(format!("An endpoint is told nothing any more by {brand}. {why}"))
                .facts(vec![("Endpoint", host.clone()), ("Organization", org_name.clone())])
                .text("Once it works again, turn it on. What failed meanwhile can be sent again.")
                .button("Look at the endpoint", format!("{url}/webhooks/{webhook}"))
        }
        About::KeysDue { keys } => keys::due(keys, hello, sender),
        About::Leaked { what, label, shown, org_name, response, others, at } => {
            let (noun, path, told) = match what {
                Leaked::Key(key) | Leaked::OldSecret(key) => {
                    ("API key", format!("/keys/{key}"), "Its page says where it was found, if the report does.")
                }
                Leaked::RootToken => {
                    ("root token", "/".to_owned(), "The activity says where it was found, if the report does.")
                }
                Leaked::PersonalToken => {
                    ("personal token", "/account".to_owned(), "If you still need one, create another.")
                }
                Leaked::ServiceToken(account) => (
                    "token of a service account",
                    format!("/service-accounts/{account}"),
                    "Make another, and give it to what used this one.",
                ),
            };
            let done = match (response, what) {
                (_, Leaked::OldSecret(_)) => {
                    "It is the old secret of a key that is being rotated, and was ended: every request with it is refused. The new \
                     one works."
                }
                (LeakResponse::Revoke, _) => "It was revoked: every request with it is refused.",
                (LeakResponse::Pause, _) => {
                    "It was paused: every request with it is refused until an owner or admin resumes it."
                }
                (LeakResponse::Announce, Leaked::RootToken) => {
                    "It still works. Make another, move its backend, and revoke this one."
                }
                (LeakResponse::Announce, _) => "It is as it was. Rotate it, or revoke it.",
            };
            let more = match others {
                0 => None,
                others => Some(match what {
                    Leaked::Key(_) | Leaked::OldSecret(_) => {
                        format!("So were {} of the organization; its activity names them.", count(*others, "other key"))
                    }
                    Leaked::RootToken => {
                        format!("So were {}; the activity names them.", count(*others, "other root token"))
                    }
                    Leaked::ServiceToken(_) => format!("So were {} of the account.", count(*others, "other token")),
                    Leaked::PersonalToken => format!("So were {} of yours.", count(*others, "other personal token")),
                }),
            };
            let facts = vec![
                ("Name", label.clone()),
                ("Shortened", shown.clone()),
                ("Organization", org_name.clone().unwrap_or_default()),
                ("When", utc(*at)),
            ];
            let mail = Content::new(format!("{label} was reported as leaked"))
                .text(hello)
                .text(format!("Somebody who has the whole {noun} reported it at {brand}."))
                .facts(present(facts))
                .text(done);
            // Not where it was found: whoever has the secret would choose what people read in a mail, and where it leads.
            more.into_iter().fold(mail, Content::text).text(told).button("Look at it", format!("{url}{path}"))
        }
        About::Test => test(brand),
    }
}

pub(super) fn test(brand: &str) -> Content {
    Content::new(format!("Test mail from {brand}"))
        .text("Hello,")
        .text(format!("This is the mail that an operator of {brand} sent to try its settings. They work."))
}

fn facts(Origin { at, by, is_own, address, device }: &Origin) -> Vec<(&'static str, String)> {
    let by = if *is_own { String::new() } else { by.clone() };
    let words = |text: &Option<String>| text.clone().unwrap_or_default();
    present(vec![("When", utc(*at)), ("By", by), ("Browser", words(device)), ("Address", words(address))])
}

fn present(facts: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}
