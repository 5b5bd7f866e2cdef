//! `sallyport member add|remove|list|any-sign-in`.

use clap::Subcommand;
use sallyport::{
    Error,
    id::OrgId,
    member::{Member, Role, RoleGiven},
    place::{Place, PlaceKind},
    sign_in_policy::SignInPolicy,
    store::{Reader, Store},
};

use super::{
    account, act,
    member_place::{PlaceArgs, option},
    person::Person,
    said,
    table::table,
};

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        "it should be owner, admin or member; tenant_admin or tenant_member; project_admin, developer or viewer"
            .to_owned()
    })
}

fn org_id(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).ok_or_else(|| "it should be the id of an organization, like org_focus_labs_kB8mPx".to_owned())
}

async fn any_sign_in(store: &Store, org: &OrgId) -> Result<(), String> {
    let found = store.find(Reader::All, org).await.map_err(said)?;
    let org = found.ok_or_else(|| format!("There is no organization {org}."))?;
    let ended = demanded(&store.end_sign_in_policy(&act(), &org).await.map_err(said)?);
    if ended.is_empty() {
        say!("{} requires nothing of sign-ins.", org.name);
    } else {
        say!("People of {} sign in as they like. It required {}.", org.name, ended.join("; "));
    }
    Ok(())
}

/// What a policy demands, in words.
fn demanded(policy: &SignInPolicy) -> Vec<String> {
    let domains = (!policy.domains.is_empty()).then(|| format!("an e-mail address of {}", policy.domains.join(", ")));
    let all = [
        policy.issuer.as_ref().map(|issuer| format!("a sign-in with {issuer}")),
        policy.factor_from.map(|from| format!("a second factor from {}", from.to_rfc3339())),
        policy.lifetime_hours.map(|hours| format!("a sign-in not older than {hours} h")),
        policy.idle_minutes.map(|minutes| format!("no pause of {minutes} min")),
        policy.most_sessions.map(|most| format!("at most {most} sessions of a person")),
        domains,
    ];
    all.into_iter().flatten().collect()
}

#[derive(Subcommand)]
pub enum MemberCommand {
    /// Give a person a role in an organization, a tenant or a project, or change it
    #[command(after_help = "Examples:
  sallyport member add ada@example.com --org org_focus_labs_kB8mPx --role owner
  sallyport member add noor@example.com --project prj_website_kB8mPx --role developer")]
    Add {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        person: Person,
        /// owner, admin or member of an organization; tenant_admin or tenant_member; project_admin, developer or viewer
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: Role,
    },
    /// Remove a person from an organization, a tenant or a project
    #[command(after_help = "Examples:
  sallyport member remove ada@example.com --org org_focus_labs_kB8mPx
  sallyport member remove ada@example.com --org org_focus_labs_kB8mPx --revoke-keys")]
    Remove {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        person: Person,
        /// Also revoke every key that the person created in the organization; this can't be undone
        #[arg(long, requires = "org")]
        revoke_keys: bool,
        /// Print JSON: the ids of the person and the organization, and how many keys were revoked
        #[arg(long)]
        json: bool,
    },
    /// End all that an organization requires of its members' sign-ins: an issuer that is gone, or what locks them out
    #[command(after_help = "Example:
  sallyport member any-sign-in --org org_focus_labs_kB8mPx")]
    AnySignIn {
        /// Id of the organization
        #[arg(long, value_name = "ORG_ID", value_parser = org_id)]
        org: OrgId,
    },
    /// List the people with a role in an organization, a tenant or a project
    #[command(after_help = "Examples:
  sallyport member list --org org_focus_labs_kB8mPx
  sallyport member list --org org_focus_labs_kB8mPx --json")]
    List {
        #[command(flatten)]
        place: PlaceArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(store: &Store, command: MemberCommand) -> Result<(), String> {
    match command {
        MemberCommand::Add { place, person, role } => add(store, &place.find(store).await?, person.email(), role).await,
        MemberCommand::Remove { place, person, revoke_keys, json } => {
            remove(store, &place.find(store).await?, person.email(), revoke_keys, json).await
        }
        MemberCommand::AnySignIn { org } => any_sign_in(store, &org).await,
        MemberCommand::List { place, json } => list(store, &place.find(store).await?, json).await,
    }
}

async fn add(store: &Store, place: &Place, email: &str, role: Role) -> Result<(), String> {
    let user = account(store, email).await?.user;
    let given = store.add_member(&act(), place, &user, role).await.map_err(said)?;
    let (who, place, role) = (&user.name, &place.name, role.title());
    match given {
        RoleGiven::Added => say!("Added {who} to {place}. Role: {role}."),
        RoleGiven::Changed => say!("Changed the role of {who} in {place}: {role}."),
        RoleGiven::Unchanged => say!("{who} has this role in {place} already: {role}."),
    }
    if user.unverified {
        note!(
            "The account was made with a link that was handed over: nobody has shown that {email} is theirs. To undo this: sallyport member remove."
        );
    }
    Ok(())
}

async fn remove(store: &Store, place: &Place, email: &str, revoke_keys: bool, json: bool) -> Result<(), String> {
    let user = account(store, email).await?.user;
    let org: &OrgId = &place.org_id;
    let removed = if revoke_keys {
        store.remove_member_and_keys(&act(), org, &user).await
    } else {
        store.remove_member(&act(), place, &user).await.map(|()| 0)
    };
    let revoked = removed.map_err(|error| match error {
        Error::NotFound => {
            format!(
                "{} is not a member of {}. To list all: sallyport member list {}",
                user.name,
                place.name,
                option(place)
            )
        }
        error => said(error),
    })?;
    if json {
        let removed = serde_json::json!({ "user_id": user.id, "org_id": org, "revoked_keys": revoked });
        say!("{removed:#}");
        return Ok(());
    }
    say!("Removed {} from {}.", user.name, place.name);
    if revoke_keys {
        let keys = if revoked == 1 { "key" } else { "keys" };
        say!("Revoked {revoked} {keys} that {} created there.", user.name);
    }
    Ok(())
}

async fn list(store: &Store, place: &Place, json: bool) -> Result<(), String> {
    let members = store.members(place).await.map_err(said)?;
    if json {
        let shown: Vec<_> = members.iter().map(as_json).collect();
        say!("{}", serde_json::to_string_pretty(&shown).map_err(|error| error.to_string())?);
        return Ok(());
    }
    if members.is_empty() {
        let (name, role) = (&place.name, if place.kind == PlaceKind::Org { "owner" } else { "developer" });
        say!("{name} has no members yet. To add one: sallyport member add EMAIL {} --role {role}", option(place));
        return Ok(());
    }
    let rows = members.into_iter().map(|member| {
        let roles: Vec<_> = member.grants.iter().map(|grant| grant.role.as_str()).collect();
        [
            member.user.id.to_string(),
            member.since.to_rfc3339(),
            member.user.email,
            roles.join(","),
            if member.disabled { "disabled" } else { "active" }.to_owned(),
            member.user.name,
        ]
    });
    say!("{}", table(["ID", "SINCE", "EMAIL", "ROLE", "STATUS", "NAME"], rows.collect()));
    Ok(())
}

fn as_json(member: &Member) -> serde_json::Value {
    let roles = member
        .grants
        .iter()
        .map(|grant| serde_json::json!({ "role": grant.role, "place": grant.kind.noun(), "place_id": grant.place_id }));
    serde_json::json!({
        "user_id": member.user.id,
        "email": member.user.email,
        "name": member.user.name,
        "role": member.role,
        "roles": roles.collect::<Vec<_>>(),
        "since": member.since,
        "disabled": member.disabled,
    })
}
