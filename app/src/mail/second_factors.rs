//! What the mail about a second factor says.

use sallyport::mail::FactorChange;

use super::{Content, Sender, quoted};
use crate::words::count;

pub(super) fn changed(
    what: &FactorChange,
    facts: Vec<(&'static str, String)>,
    hello: String,
    Sender { brand, url, .. }: &Sender,
) -> Content {
    let (subject, about) = match what {
        FactorChange::AuthenticatorAdded => (
            "An authenticator app was set up",
            format!("Signing in to your account at {brand} now needs a code of the app."),
        ),
        FactorChange::AuthenticatorRemoved(false) => (
            "Your authenticator app was removed",
            format!("Signing in to your account at {brand} needs the password alone. Its recovery codes ended."),
        ),
        FactorChange::AuthenticatorRemoved(true) => (
            "Your authenticator app was removed",
            format!("Signing in to your account at {brand} now needs a passkey or a recovery code."),
        ),
        FactorChange::PasskeyAdded(name) => (
            "A passkey was added",
            format!("Your account at {brand} can be signed in to with a new passkey: {}.", quoted(name)),
        ),
        FactorChange::PasskeyRemoved(name, true) => (
            "A passkey was removed",
            format!("The passkey {} does not sign in to your account at {brand} any more.", quoted(name)),
        ),
        FactorChange::PasskeyRemoved(name, false) => (
            "A passkey was removed",
            format!(
                "The passkey {} does not sign in to your account at {brand} any more. Signing in needs the password alone, and \
                 the recovery codes ended.",
                quoted(name)
            ),
        ),
        FactorChange::PasskeyCopied(name) => (
            "A passkey was refused",
            format!(
                "The passkey {} of your account at {brand} was used with a counter that went back. There may be a copy of it, \
                 so the sign-in was refused. It does not sign in by itself until it was used beside your password.",
                quoted(name)
            ),
        ),
        FactorChange::CodesRenewed => (
            "Your recovery codes were renewed",
            format!("Your account at {brand} has ten new recovery codes; those from before do not work any more."),
        ),
        FactorChange::CodeUsed(left) => (
            "A recovery code was used",
            format!("A recovery code of your account at {brand} was used. {} left.", count(*left, "code")),
        ),
        FactorChange::Reset => (
            "Your second factors were removed by an operator",
            format!("Signing in to your account at {brand} needs the password alone. Your sessions were ended."),
        ),
        FactorChange::CodesRefused => (
            "Somebody with your password tried codes",
            format!(
                "Several wrong codes were entered for your account at {brand}, so further ones are refused for a while."
            ),
        ),
        FactorChange::SignInLinked => (
            "A sign-in was linked to your account",
            format!("An account at another service can now sign in to your account at {brand}, without your password."),
        ),
        FactorChange::SignInUnlinked => (
            "A sign-in was unlinked from your account",
            format!("It can no longer sign in to your account at {brand}. Your sessions were ended."),
        ),
    };
    let advice = match what {
        FactorChange::CodesRefused => {
            "If it was you, there is nothing to do. If not, somebody knows your password: choose another."
        }
        FactorChange::Reset => {
            "Set up an authenticator app or a passkey again. If you did not ask for this, tell an operator of the portal."
        }
        FactorChange::PasskeyAdded(_) => {
            "If it was not you, remove it on your account, change your password, and tell an operator of the portal."
        }
        FactorChange::PasskeyCopied(_) => {
            "Remove this passkey on your account, and make a new one. If you did not use it, tell an operator of the portal."
        }
        FactorChange::SignInLinked => {
            "If it was not you, unlink it on your account, change your password, and tell an operator of the portal."
        }
        _ => "If it was not you, change your password, and tell an operator of the portal.",
    };
    Content::new(subject)
        .text(hello)
        .text(about)
        .facts(facts)
        .text(advice)
        .button("Look at my account", format!("{url}/account"))
}
