//! `sallyport user create|list|password|reset-link|reset-factors|unlink|sign-out|disable|enable|operator|export|erase`, for an
//! operator with a shell on the server.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use sallyport::{
    entropy::OsEntropy,
    password_reset,
    passwords::Passwords,
    store::Store,
    user::{Account, NewUser, Password, User, check_name},
};

use super::{
    account, act, checked, email,
    erase::erase,
    out,
    person::{People, Person},
    prompt, said,
    table::table,
};
use crate::config::{ServeArgs, Where};

fn name(text: &str) -> Result<String, String> {
    checked(check_name(text))
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Subcommand)]
pub enum UserCommand {
    /// Create an account; asks for the password, or reads it from standard input
    #[command(after_help = "Examples:
  sallyport user create ada@example.com --name Ada --operator
  sallyport user create --email grace@example.com --name Grace < password.txt")]
    Create {
        #[command(flatten)]
        person: Person,
        /// Name of the person
        #[arg(long, value_parser = name)]
        name: String,
        /// Make them an operator of this deployment
        #[arg(long)]
        operator: bool,
        /// The person chose the password: do not ask them for another when they first sign in
        #[arg(long)]
        keep: bool,
        /// Print the account as JSON
        #[arg(long)]
        json: bool,
    },
    /// List all accounts
    #[command(after_help = "Examples:
  sallyport user list
  sallyport user list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set another password and end the person's sessions; asks for it, or reads it from standard input
    #[command(after_help = "Example:
  sallyport user password ada@example.com")]
    Password {
        #[command(flatten)]
        person: Person,
        /// The person chose the password: do not ask them for another when they sign in
        #[arg(long)]
        keep: bool,
    },
    /// Print a link to reset the password; it works once, within 30 minutes
    #[command(after_help = "Examples:
  sallyport user reset-link ada@example.com
  sallyport user reset-link ada@example.com --public-url https://keys.example.com")]
    ResetLink {
        #[command(flatten)]
        person: Person,
        /// URL under which browsers reach the portal [default: from the settings file]
        #[arg(long, env = "SALLYPORT_PUBLIC_URL", value_name = "URL")]
        public_url: Option<String>,
    },
    /// End the sessions of a person, or of everybody: they have to sign in again
    #[command(after_help = "Examples:
  sallyport user sign-out ada@example.com
  sallyport user sign-out --all")]
    SignOut {
        #[command(flatten)]
        people: People,
    },
    /// Remove the second factors of a person who lost them, and end their sessions; they are told by mail
    #[command(after_help = "Example:
  sallyport user reset-factors ada@example.com")]
    ResetFactors {
        #[command(flatten)]
        person: Person,
    },
    /// Unlink the identities with which a person signs in without a password, and end their sessions; they are told by mail
    #[command(after_help = "Examples:
  sallyport user unlink ada@example.com
  sallyport user unlink ada@example.com --issuer https://login.example.com")]
    Unlink {
        #[command(flatten)]
        person: Person,
        /// Only those of this issuer
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
    },
    /// Disable an account: its sessions end at once, and the person can't sign in
    #[command(after_help = "Example:
  sallyport user disable ada@example.com")]
    Disable {
        #[command(flatten)]
        person: Person,
    },
    /// Make a person an operator of this deployment, or no longer; their sessions end when they no longer are one
    #[command(after_help = "Examples:
  sallyport user operator ada@example.com on
  sallyport user operator ada@example.com off")]
    Operator {
        /// E-mail address of the person
        #[arg(value_name = "EMAIL", value_parser = email)]
        email: String,
        /// Whether they are one
        #[arg(value_name = "on|off")]
        switch: Switch,
    },
    /// Print what is stored about a person, as JSON
    #[command(after_help = "Example:
  sallyport user export ada@example.com")]
    Export {
        #[command(flatten)]
        person: Person,
    },
    /// Erase a person: their account and all that was theirs, and their name and addresses in every log
    #[command(after_help = "Example:
  sallyport user erase ada@example.com")]
    Erase {
        #[command(flatten)]
        person: Person,
        /// Do not ask for a confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Enable a disabled account, with the password it had
    #[command(after_help = "Example:
  sallyport user enable ada@example.com")]
    Enable {
        #[command(flatten)]
        person: Person,
    },
}

pub async fn run(place: &Where, store: &Store, command: UserCommand) -> Result<(), String> {
    match command {
        UserCommand::Create { person, name, operator, keep, json } => {
            let user = create(store, person.email(), &name, operator, keep).await?;
            match json {
                true => say!("{:#}", shown(&Account { user, disabled_at: None })),
                false => say!("Created the account {} of {} <{}>.", user.id, user.name, user.email),
            }
            Ok(())
        }
        UserCommand::List { json } => list(store, json).await,
        UserCommand::Password { person, keep } => password(store, person.email(), keep).await,
        UserCommand::ResetLink { person, public_url } => reset_link(place, store, person.email(), public_url).await,
        UserCommand::SignOut { people } => sign_out(store, people.email()).await,
        UserCommand::ResetFactors { person } => reset_factors(store, person.email()).await,
        UserCommand::Unlink { person, issuer } => unlink(store, person.email(), issuer.as_deref()).await,
        UserCommand::Disable { person } => disable(store, person.email()).await,
        UserCommand::Operator { email, switch } => operator(store, &email, switch == Switch::On).await,
        UserCommand::Export { person } => export(store, person.email()).await,
        UserCommand::Erase { person, yes } => erase(store, person.email(), yes).await,
        UserCommand::Enable { person } => enable(store, person.email()).await,
    }
}

async fn create(store: &Store, email: &str, name: &str, operator: bool, keep: bool) -> Result<User, String> {
    if store.account_by_email(email).await.map_err(said)?.is_some() {
        return Err(format!(
            "There is already an account with that address. To set its password: sallyport user password {email}"
        ));
    }
    let typed = prompt::new_password()?;
    let new = NewUser::check(name, email, &typed).map_err(|invalid| said(invalid.into()))?;
    let hash = hash(&new.password).await?;
    let made = match keep {
        true => store.create_user(&act(), new, hash, operator).await,
        false => store.create_user_to_change(&act(), new, hash, operator).await,
    };
    made.map_err(said)
}

async fn hash(password: &Password) -> Result<String, String> {
    Passwords::new(Arc::new(OsEntropy)).hash(password).await.map_err(said)
}

async fn list(store: &Store, json: bool) -> Result<(), String> {
    let accounts = store.accounts().await.map_err(said)?;
    if json {
        let shown: Vec<_> = accounts.iter().map(shown).collect();
        say!("{}", serde_json::to_string_pretty(&shown).map_err(|error| error.to_string())?);
        return Ok(());
    }
    if accounts.is_empty() {
        say!("There are no accounts yet. To create one: sallyport user create EMAIL --name NAME --operator");
        return Ok(());
    }
    let rows = accounts.into_iter().map(|Account { user, disabled_at }| {
        [
            user.id.to_string(),
            user.created_at.to_rfc3339(),
            user.email,
            if user.operator { "operator" } else { "user" }.to_owned(),
            match (disabled_at, user.unverified) {
                (Some(_), _) => "disabled",
                (None, true) => "unverified",
                (None, false) => "active",
            }
            .to_owned(),
            user.name,
        ]
    });
    say!("{}", table(["ID", "CREATED", "EMAIL", "KIND", "STATUS", "NAME"], rows.collect()));
    Ok(())
}

fn shown(Account { user, disabled_at }: &Account) -> serde_json::Value {
    serde_json::json!({
        "user_id": user.id,
        "email": user.email,
        "name": user.name,
        "operator": user.operator,
        "unverified": user.unverified,
        "created_at": user.created_at,
        "disabled_at": disabled_at,
    })
}

async fn password(store: &Store, email: &str, keep: bool) -> Result<(), String> {
    let Account { user, disabled_at } = account(store, email).await?;
    let typed = prompt::new_password()?;
    let new = Password::check(&typed, &[&user.name, &user.email]).map_err(|invalid| said(invalid.into()))?;
    let hash = hash(&new).await?;
    let changed = match keep {
        true => store.change_password(&act(), &user, hash).await,
        false => store.set_password_to_change(&act(), &user, hash).await,
    };
    let ended = changed.map_err(said)?;
    say!("The password of {} was changed. Sessions ended: {ended}.", user.name);
    if disabled_at.is_some() {
        note!("The account is disabled. To enable it: sallyport user enable {email}");
    }
    Ok(())
}

async fn reset_link(place: &Where, store: &Store, email: &str, public_url: Option<String>) -> Result<(), String> {
    let serving = place.serving(&ServeArgs { public_url, ..ServeArgs::default() })?;
    let url = serving.public_url.unwrap_or_else(|| format!("http://{}", serving.listen));
    let Account { user, .. } = account(store, email).await?;
    let reset = store.create_password_reset(&act(), &user).await.map_err(said)?;
    let link = password_reset::url(store.vault(), &url, &reset);
    out::hand_over(&link).map_err(|error| format!("Standard output can't be written ({error})."))?;
    note!("{} can set a new password with this link, once, within 30 minutes. Give it to nobody else.", user.name);
    Ok(())
}

async fn sign_out(store: &Store, email: Option<&str>) -> Result<(), String> {
    match email {
        Some(email) => {
            let Account { user, .. } = account(store, email).await?;
            let ended = store.end_sessions_of(&act(), &user).await.map_err(said)?;
            out::say(format!("{} is signed out. Sessions ended: {ended}.", user.name))
        }
        None => {
            let ended = store.end_all_sessions(&act()).await.map_err(said)?;
            out::say(format!("Everybody is signed out. Sessions ended: {ended}."))
        }
    }
}

async fn reset_factors(store: &Store, email: &str) -> Result<(), String> {
    let Account { user, .. } = account(store, email).await?;
    match store.reset_second_factors(&act(), &user).await.map_err(said)? {
        true => say!(
            "Removed the second factors of {}. Their sessions are ended; they sign in with their password.",
            user.name
        ),
        false => say!("{} has no second factor.", user.name),
    }
    Ok(())
}

async fn unlink(store: &Store, email: &str, issuer: Option<&str>) -> Result<(), String> {
    let Account { user, .. } = account(store, email).await?;
    let mut unlinked = 0;
    for identity in store.identities_of(&user.id).await.map_err(said)? {
        if issuer.is_none_or(|issuer| issuer == identity.provider)
            && store.unlink_identity(&act(), &user, identity).await.map_err(said)?
        {
            unlinked += 1;
        }
    }
    say!("Unlinked identities of {}: {unlinked}.", user.name);
    Ok(())
}

async fn disable(store: &Store, email: &str) -> Result<(), String> {
    let Account { user, .. } = account(store, email).await?;
    match store.disable_user(&act(), &user).await {
        Ok(true) => say!("Disabled the account of {}. Their sessions are ended.", user.name),
        Ok(false) => say!("The account of {} was disabled already.", user.name),
        Err(error) => {
            let fix = "Create another operator first: sallyport user create EMAIL --name NAME --operator";
            return Err(match error {
                sallyport::Error::Forbidden(message) => format!("{message}\n{fix}"),
                other => said(other),
            });
        }
    }
    Ok(())
}

async fn enable(store: &Store, email: &str) -> Result<(), String> {
    let Account { user, .. } = account(store, email).await?;
    match store.enable_user(&act(), &user).await.map_err(said)? {
        true => say!("Enabled the account of {}.", user.name),
        false => say!("The account of {} was not disabled.", user.name),
    }
    Ok(())
}

async fn export(store: &Store, email: &str) -> Result<(), String> {
    let account = account(store, email).await?;
    let held = store.held_about(&account).await.map_err(said)?;
    say!("{held:#}");
    Ok(())
}

async fn operator(store: &Store, email: &str, on: bool) -> Result<(), String> {
    let Account { user, .. } = account(store, email).await?;
    let name = &user.name;
    match (store.set_operator(&act(), &user, on).await, on) {
        (Ok(true), true) => say!("{name} is an operator now."),
        (Ok(true), false) => say!("{name} is no longer an operator. Their sessions are ended."),
        (Ok(false), true) => say!("{name} was an operator already."),
        (Ok(false), false) => say!("{name} was no operator."),
        (Err(error), _) => return Err(said(error)),
    }
    Ok(())
}
