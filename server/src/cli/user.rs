//! `sallyport user create|list|password|disable|enable`. Whoever has a shell gets back in this way, without e-mail.

use std::sync::Arc;

use clap::Subcommand;
use sallyport::{
    entropy::OsEntropy,
    passwords::Passwords,
    store::Store,
    user::{Account, NewUser, Password, check_name},
};

use super::{account, act, checked, email, out, prompt, said};

fn name(text: &str) -> Result<String, String> {
    checked(check_name(text))
}

#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account; asks for the password, or reads it from standard input
    Create {
        /// What the person signs in with
        #[arg(long, value_parser = email)]
        email: String,
        /// What the person is called
        #[arg(long, value_parser = name)]
        name: String,
        /// Let them run this deployment, beyond any one organization
        #[arg(long)]
        operator: bool,
        /// The person chose the password: do not ask them for another when they first sign in
        #[arg(long)]
        keep: bool,
    },
    /// List everybody who has an account
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Set another password and end the person's sessions; asks for it, or reads it from standard input
    Password {
        #[arg(value_name = "EMAIL", value_parser = email)]
        email: String,
        /// The person chose the password: do not ask them for another when they sign in
        #[arg(long)]
        keep: bool,
    },
    /// End the sessions of a person, or of everybody: they sign in again
    SignOut {
        #[arg(value_name = "EMAIL", value_parser = email, required_unless_present = "all")]
        email: Option<String>,
        /// Everybody's, yours included
        #[arg(long, conflicts_with = "email")]
        all: bool,
    },
    /// Keep a person out: their sessions end at once, and they can't sign in
    Disable {
        #[arg(value_name = "EMAIL", value_parser = email)]
        email: String,
    },
    /// Let a disabled person in again, with the password they had
    Enable {
        #[arg(value_name = "EMAIL", value_parser = email)]
        email: String,
    },
}

pub async fn run(store: &Store, command: UserCommand) -> Result<(), String> {
    match command {
        UserCommand::Create { email, name, operator, keep } => create(store, &email, &name, operator, keep).await,
        UserCommand::List { json } => list(store, json).await,
        UserCommand::Password { email, keep } => password(store, &email, keep).await,
        UserCommand::SignOut { email, .. } => sign_out(store, email.as_deref()).await,
        UserCommand::Disable { email } => disable(store, &email).await,
        UserCommand::Enable { email } => enable(store, &email).await,
    }
}

async fn create(store: &Store, email: &str, name: &str, operator: bool, keep: bool) -> Result<(), String> {
    if store.account_by_email(email).await.map_err(said)?.is_some() {
        return Err(format!(
            "There is an account with the e-mail address {email} already. To get in: sallyport user password {email}"
        ));
    }
    let typed = prompt::new_password()?;
    let new = NewUser::check(name, email, &typed).map_err(|invalid| said(invalid.into()))?;
    let hash = hash(&new.password).await?;
    let made = match keep {
        true => store.create_user(&act(), new, hash, operator).await,
        false => store.create_user_to_change(&act(), new, hash, operator).await,
    };
    let user = made.map_err(said)?;
    say!("Made the account {} of {} <{}>.", user.id, user.name, user.email);
    Ok(())
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
        say!("Nobody has an account yet. Make one: sallyport user create --email EMAIL --name NAME --operator");
    }
    for Account { user, disabled_at } in accounts {
        let kind = if user.operator { "operator" } else { "user" };
        let state = if disabled_at.is_some() { "disabled" } else { "active" };
        say!("{}  {}  {kind}  {state}  {}", user.id, user.email, user.name);
    }
    Ok(())
}

fn shown(Account { user, disabled_at }: &Account) -> serde_json::Value {
    serde_json::json!({
        "user_id": user.id,
        "email": user.email,
        "name": user.name,
        "operator": user.operator,
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
    say!("{} has another password now. Sessions ended: {ended}.", user.name);
    if disabled_at.is_some() {
        note!("The account is disabled. Let them in: sallyport user enable {email}");
    }
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

async fn disable(store: &Store, email: &str) -> Result<(), String> {
    let Account { user, .. } = account(store, email).await?;
    match store.disable_user(&act(), &user).await {
        Ok(true) => say!("Disabled the account of {}. Their sessions are ended.", user.name),
        Ok(false) => say!("The account of {} was disabled already.", user.name),
        Err(error) => {
            let mend = "Make another operator first: sallyport user create --email EMAIL --name NAME --operator";
            return Err(match error {
                sallyport::Error::Forbidden(message) => format!("{message}\n{mend}"),
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
