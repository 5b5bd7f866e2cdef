//! What the mail about a second factor says.

use sallyport::mail::FactorChange;

use super::{Content, Sender};
use crate::words::count;

pub(super) fn changed(
    what: FactorChange,
    facts: Vec<(&'static str, String)>,
    hello: String,
    Sender { brand, url, .. }: &Sender,
) -> Content {
    let (subject, about) = match what {
        FactorChange::AuthenticatorAdded => (
            "An authenticator app was set up",
            format!("Signing in to your account at {brand} now needs a code of the app."),
        ),
        FactorChange::AuthenticatorRemoved => (
            "Your authenticator app was removed",
            format!("Signing in to your account at {brand} needs the password alone. Its recovery codes ended."),
        ),
        FactorChange::CodesRenewed => (
            "Your recovery codes were renewed",
            format!("Your account at {brand} has ten new recovery codes; those from before do not work any more."),
        ),
        FactorChange::CodeUsed(left) => (
            "A recovery code was used",
            format!("A recovery code of your account at {brand} was used. {} left.", count(left, "code")),
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
            "Set up an authenticator app again. If you did not ask for this, tell an operator of the portal."
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
