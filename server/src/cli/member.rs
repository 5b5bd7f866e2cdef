//! `sallyport member add|remove|list`.

use clap::Subcommand;
use sallyport::{
    Error,
    id::OrgId,
    member::{Role, RoleGiven},
    org::Org,
    store::{Reader, Store},
};

use super::{account, act, person::Person, said, table::table};

fn org(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).ok_or_else(|| "it should look like org_focus_labs_kB8mPx; its page shows it".to_owned())
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "it should be owner, admin or member".to_owned())
}

#[derive(Subcommand)]
pub enum MemberCommand {
    /// Add a person to an organization, or change their role in it
    #[command(after_help = "Example:
  sallyport member add ada@example.com --org org_focus_labs_kB8mPx --role owner")]
    Add {
        /// Id of the organization, as its page shows it
        #[arg(long, value_name = "ORG", value_parser = org)]
        org: OrgId,
        #[command(flatten)]
        person: Person,
        /// owner, admin or member
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: Role,
    },
    /// Remove a person from an organization
    #[command(after_help = "Examples:
  sallyport member remove ada@example.com --org org_focus_labs_kB8mPx
  sallyport member remove ada@example.com --org org_focus_labs_kB8mPx --revoke-keys")]
    Remove {
        /// Id of the organization, as its page shows it
        #[arg(long, value_name = "ORG", value_parser = org)]
        org: OrgId,
        #[command(flatten)]
        person: Person,
        /// Revoke every key that the person made in the organization, too; this can't be undone
        #[arg(long)]
        revoke_keys: bool,
        /// Print JSON: the ids of the person and the organization, and how many keys were revoked
        #[arg(long)]
        json: bool,
    },
    /// List the members of an organization
    #[command(after_help = "Examples:
  sallyport member list --org org_focus_labs_kB8mPx
  sallyport member list --org org_focus_labs_kB8mPx --json")]
    List {
        /// Id of the organization, as its page shows it
        #[arg(long, value_name = "ORG", value_parser = org)]
        org: OrgId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(store: &Store, command: MemberCommand) -> Result<(), String> {
    match command {
        MemberCommand::Add { org, person, role } => add(store, &org, person.email(), role).await,
        MemberCommand::Remove { org, person, revoke_keys, json } => {
            remove(store, &org, person.email(), revoke_keys, json).await
        }
        MemberCommand::List { org, json } => list(store, &org, json).await,
    }
}

async fn known(store: &Store, id: &OrgId) -> Result<Org, String> {
    let org = store.find(Reader::All, id).await.map_err(said)?;
    org.ok_or_else(|| format!("There is no organization {id}. Its page in the portal shows its id."))
}

async fn add(store: &Store, org: &OrgId, email: &str, role: Role) -> Result<(), String> {
    let org = known(store, org).await?;
    let user = account(store, email).await?.user;
    let given = store.add_member(&act(), &org.id, &user, role).await.map_err(said)?;
    let (who, place, role) = (&user.name, &org.name, role.title());
    match given {
        RoleGiven::Added => say!("{who} belongs to {place} now. Role: {role}."),
        RoleGiven::Changed => say!("{who} has another role in {place} now: {role}."),
        RoleGiven::Unchanged => say!("{who} has that role in {place} already: {role}."),
    }
    Ok(())
}

async fn remove(store: &Store, org: &OrgId, email: &str, revoke_keys: bool, json: bool) -> Result<(), String> {
    let org = known(store, org).await?;
    let user = account(store, email).await?.user;
    let removed = if revoke_keys {
        store.remove_member_and_keys(&act(), &org.id, &user).await
    } else {
        store.remove_member(&act(), &org.id, &user).await.map(|()| 0)
    };
    let revoked = removed.map_err(|error| match error {
        Error::NotFound => {
            format!("{} is no member of {}. See who is: sallyport member list --org {}", user.name, org.name, org.id)
        }
        error => said(error),
    })?;
    if json {
        let removed = serde_json::json!({ "user_id": user.id, "org_id": org.id, "revoked_keys": revoked });
        say!("{removed:#}");
        return Ok(());
    }
    say!("{} does not belong to {} any more.", user.name, org.name);
    if revoke_keys {
        let keys = if revoked == 1 { "key" } else { "keys" };
        say!("Revoked {revoked} {keys} that {} made there.", user.name);
    }
    Ok(())
}

async fn list(store: &Store, org: &OrgId, json: bool) -> Result<(), String> {
    let org = known(store, org).await?;
    let members = store.members(&org.id).await.map_err(said)?;
    if json {
        let shown = members.iter().map(|member| {
            serde_json::json!({
                "user_id": member.user.id,
                "email": member.user.email,
                "name": member.user.name,
                "role": member.role,
                "since": member.since,
                "disabled": member.disabled,
            })
        });
        let shown: Vec<_> = shown.collect();
        say!("{}", serde_json::to_string_pretty(&shown).map_err(|error| error.to_string())?);
        return Ok(());
    }
    if members.is_empty() {
        say!("{} has no member yet. Add one: sallyport member add EMAIL --org {} --role owner", org.name, org.id);
        return Ok(());
    }
    let rows = members.into_iter().map(|member| {
        [
            member.user.id.to_string(),
            member.since.to_rfc3339(),
            member.user.email,
            member.role.as_str().to_owned(),
            if member.disabled { "disabled" } else { "active" }.to_owned(),
            member.user.name,
        ]
    });
    say!("{}", table(["ID", "SINCE", "EMAIL", "ROLE", "STATUS", "NAME"], rows.collect()));
    Ok(())
}
