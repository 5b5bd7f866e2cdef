//! `sallyport login`, `logout` and `whoami`.

use std::{thread, time::Duration};

use clap::Args;
use sallyport::personal_token::TokenScopes;
use serde_json::Value;

use super::{
    call_args::CallArgs,
    credentials::Tokens,
    device::{Authorization, Device},
    http::host_name,
    oauth,
    portal_url::PortalUrl,
    session::ClientContext,
    show::{print_one, text, text_or},
};
use crate::cli::{checked, table::harmless};

#[derive(Args)]
pub struct LoginArgs {
    /// Portal to sign in to [default: that of the last sign-in]
    #[arg(long, env = "SALLYPORT_URL", value_name = "URL", value_parser = PortalUrl::parse)]
    url: Option<PortalUrl>,
    /// What the command line may do, separated by commas: read, keys, places, members [default: all]
    #[arg(long, value_name = "SCOPES", value_parser = scopes)]
    scopes: Option<TokenScopes>,
}

fn scopes(text: &str) -> Result<TokenScopes, String> {
    checked(TokenScopes::parse(&text.replace(',', " ")))
}

#[derive(Args)]
pub struct LogoutArgs {
    /// Portal to sign out of [default: that of the last sign-in]
    #[arg(long, env = "SALLYPORT_URL", value_name = "URL", value_parser = PortalUrl::parse)]
    url: Option<PortalUrl>,
}

#[derive(Args)]
pub struct WhoamiArgs {
    #[command(flatten)]
    call: CallArgs,
}

fn portal(context: &ClientContext<'_>, url: Option<&PortalUrl>, command: &str) -> Result<PortalUrl, String> {
    let url = match url {
        Some(url) => Some(url.clone()),
        None => context.file()?.read()?.default_portal(),
    };
    url.ok_or_else(|| {
        format!("Which portal? You are not signed in to one: sallyport {command} --url https://keys.example.com")
    })
}

pub fn login(context: &ClientContext<'_>, args: &LoginArgs) -> Result<(), String> {
    let url = portal(context, args.url.as_ref(), "login")?;
    // Whether the sign-in can be kept should be known before somebody approves it.
    let file = context.file()?;
    file.lock()?.read()?;
    let device =
        Device { transport: context.transport, url: &url, clock: context.clock, sleep: &|time| thread::sleep(time) };
    let name = format!("sallyport {} on {}", env!("CARGO_PKG_VERSION"), harmless(&host_name()));
    let authorization = device.authorize(&name, args.scopes)?;
    note!("{}", instructions(&authorization));
    let tokens = device.wait(&authorization)?;
    if let Err(error) = keep(context, &url, &tokens) {
        let ended = match oauth::revoke(context.transport, &url, &tokens) {
            Ok(()) => "It was ended again.".to_owned(),
            Err(other) => format!("It could not be ended again ({other}): end it on the page Account."),
        };
        return Err(format!("{error}\nThe sign-in was approved, but is not kept. {ended}"));
    }
    if context.token.is_some() {
        note!("SALLYPORT_TOKEN is set, and used instead of this sign-in.");
    }
    // It was approved: without an answer to this, only the name is missing.
    let signed_in =
        ClientContext { transport: context.transport, clock: context.clock, file: Ok(file.clone()), token: None };
    let me = signed_in.session(Some(&url)).and_then(|session| session.get("/v1/me"));
    match me.ok().and_then(|me| Some((me["name"].as_str()?.to_owned(), me["email"].as_str()?.to_owned()))) {
        Some((name, email)) => say!("Signed in to {url} as {} ({}).", harmless(&name), harmless(&email)),
        None => say!("Signed in to {url}."),
    }
    Ok(())
}

fn instructions(authorization: &Authorization) -> String {
    let (address, code) = (harmless(&authorization.verification_uri), harmless(&authorization.user_code));
    let minutes = Duration::from_secs(authorization.expires_in).as_secs().div_ceil(60);
    let mut lines = format!("Open this address in a browser, and type the code:\n\n  {address}\n  {code}\n");
    if let Some(complete) = &authorization.verification_uri_complete {
        lines += &format!("\nOr open it with the code in it:\n\n  {}\n", harmless(complete));
    }
    lines + &format!("\nWaiting for the approval; the code is valid for {minutes} min …")
}

/// Keeps a sign-in, and ends the one that it replaces.
fn keep(context: &ClientContext<'_>, url: &PortalUrl, tokens: &Tokens) -> Result<(), String> {
    let locked = context.file()?.lock()?;
    let mut credentials = locked.read()?;
    let replaced = credentials.sign_in(url, tokens.clone());
    locked.write(&credentials)?;
    drop(locked);
    if let Some(replaced) = replaced {
        // If that fails, it expires by itself, and can be ended on the page Account.
        let _ = oauth::revoke(context.transport, url, &replaced);
    }
    Ok(())
}

pub fn logout(context: &ClientContext<'_>, args: &LogoutArgs) -> Result<(), String> {
    let url = portal(context, args.url.as_ref(), "logout")?;
    let locked = context.file()?.lock()?;
    let mut credentials = locked.read()?;
    let tokens = credentials.sign_out(&url).ok_or_else(|| format!("You are not signed in to {url}."))?;
    let ended = oauth::revoke(context.transport, &url, &tokens);
    locked.write(&credentials)?;
    match ended {
        Ok(()) => say!("Signed out of {url}."),
        Err(error) => {
            note!("{error}");
            say!(
                "The sign-in to {url} was removed from this machine, but not ended there: end it on the page Account."
            );
        }
    }
    if context.token.is_some() {
        note!("SALLYPORT_TOKEN is still set.");
    }
    Ok(())
}

pub fn whoami(context: &ClientContext<'_>, args: &WhoamiArgs) -> Result<(), String> {
    let session = args.call.session(context)?;
    let me = session.get("/v1/me")?;
    let token = &me["token"];
    let orgs = me["orgs"].as_array().into_iter().flatten().map(|org| {
        let (name, id, roles) = (text(org, "name"), text(org, "org_id"), text(org, "roles"));
        format!("{name} ({id}): {roles}")
    });
    let fields = [
        ("Portal", session.url.to_string()),
        ("Name", text(&me, "name")),
        ("E-mail", text(&me, "email")),
        ("User ID", text(&me, "user_id")),
        ("Token", text(token, "name")),
        ("Scopes", text(token, "scopes")),
        ("Expires", expiry(token)),
        ("Organizations", orgs.collect::<Vec<_>>().join("; ")),
    ];
    print_one(&me, args.call.json, &fields)
}

fn expiry(token: &Value) -> String {
    text_or(token, "expires_at", "never")
}

#[cfg(test)]
mod tests {
    use sallyport::testing::TurnedClock;
    use serde_json::json;

    use super::*;
    use crate::cli::client::{
        credentials_file::CredentialsFile,
        http::NoResponse,
        testing::{Script, answer},
    };

    #[test]
    fn the_code_is_shown_without_what_commands_the_terminal() {
        let authorization = serde_json::from_value(json!({
            "device_code": "d",
            "user_code": "WDJB-MJHT",
            "verification_uri": "https://keys.example.com/device\u{1b}[2J",
            "verification_uri_complete": "https://keys.example.com/device?user_code=WDJB-MJHT",
            "expires_in": 600,
        }));
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(instructions(&authorization.expect("valid")));
        });
    }

    #[test]
    fn a_sign_in_replaces_the_earlier_one_and_ends_even_without_its_portal() {
        let settings = tempfile::tempdir().expect("a folder");
        let (file, clock) = (CredentialsFile::within(settings.path()), TurnedClock::default());
        let url = PortalUrl::parse("https://keys.example.com").expect("an address");
        let tokens = |n: u32| Tokens {
            access_token: format!("sp_pat_{n}"),
            refresh_token: Some(format!("sp_ref_{n}")),
            expires_at: None,
        };
        let unreachable = Err(NoResponse("It can't be reached.".to_owned()));
        let script = Script::new(vec![answer(200, Value::Null), unreachable]);
        let context = ClientContext { transport: &script, clock: &clock, file: Ok(file.clone()), token: None };
        keep(&context, &url, &tokens(1)).expect("kept");
        keep(&context, &url, &tokens(2)).expect("kept");
        let kept = file.read().expect("read");
        assert_eq!(kept.of(&url).map(|tokens| &*tokens.access_token), Some("sp_pat_2"));
        logout(&context, &LogoutArgs { url: None }).expect("signed out");
        assert!(file.read().expect("read").of(&url).is_none());
        let revoked = |n: u32| format!("POST /oauth/revoke client_id=sallyport-cli&token=sp_ref_{n}");
        assert_eq!(script.sent(), [revoked(1), revoked(2)]);
        let error = logout(&context, &LogoutArgs { url: Some(url) }).expect_err("signed out already");
        assert_eq!(error, "You are not signed in to https://keys.example.com.");
    }
}
