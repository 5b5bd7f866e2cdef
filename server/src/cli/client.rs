//! The commands that call a portal over HTTP, on whatever machine it is. They open no database.

mod activity;
mod apps;
mod call_args;
mod credentials;
mod credentials_file;
mod delivery;
mod device;
mod holder;
mod http;
mod key_output;
mod keys;
mod list;
mod login;
mod members;
mod new_key;
mod oauth;
mod orgs;
mod portal_url;
mod problem;
mod projects;
mod rotate_key;
mod session;
mod show;
mod tenants;
#[cfg(test)]
mod testing;
mod webhooks;

use clap::Subcommand;
use sallyport::clock::SystemClock;

use self::{
    credentials_file::{CredentialsFile, environment_token},
    http::HttpTransport,
    session::ClientContext,
};

#[derive(Subcommand)]
pub enum ClientCommand {
    /// Sign in to a portal: prints a code to approve in a browser
    #[command(after_help = "Examples:
  sallyport login --url https://keys.example.com
  sallyport login")]
    Login(login::LoginArgs),
    /// Sign out of a portal: ends the sign-in there, and forgets it here
    #[command(after_help = "Examples:
  sallyport logout
  sallyport logout --url https://keys.example.com")]
    Logout(login::LogoutArgs),
    /// Show who is signed in, with which token
    #[command(after_help = "Examples:
  sallyport whoami
  sallyport whoami --json")]
    Whoami(login::WhoamiArgs),
    /// List, show and create organizations
    #[command(subcommand)]
    Orgs(orgs::OrgsCommand),
    /// List, show and create tenants
    #[command(subcommand)]
    Tenants(tenants::TenantsCommand),
    /// List, show and create projects
    #[command(subcommand)]
    Projects(projects::ProjectsCommand),
    /// List, show and create apps
    #[command(subcommand)]
    Apps(apps::AppsCommand),
    /// List, show, create and revoke API keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// List, invite and remove members, and set their roles
    #[command(subcommand)]
    Members(members::MembersCommand),
    /// List what happened
    #[command(subcommand)]
    Activity(activity::ActivityCommand),
    /// List, show, make, test and delete endpoints of webhooks, and what was sent to them
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
}

pub fn run(command: ClientCommand) -> Result<(), String> {
    let transport = HttpTransport::new();
    let (file, token) = (CredentialsFile::own(), environment_token());
    let context = &ClientContext { transport: &transport, clock: &SystemClock, file, token };
    match command {
        ClientCommand::Login(args) => login::login(context, &args),
        ClientCommand::Logout(args) => login::logout(context, &args),
        ClientCommand::Whoami(args) => login::whoami(context, &args),
        ClientCommand::Orgs(command) => orgs::run(context, command),
        ClientCommand::Tenants(command) => tenants::run(context, command),
        ClientCommand::Projects(command) => projects::run(context, command),
        ClientCommand::Apps(command) => apps::run(context, command),
        ClientCommand::Keys(command) => keys::run(context, command),
        ClientCommand::Members(command) => members::run(context, command),
        ClientCommand::Activity(command) => activity::run(context, command),
        ClientCommand::Webhooks(command) => webhooks::run(context, command),
    }
}
