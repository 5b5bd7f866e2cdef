//! `sallyport members list|set-role|remove|invite`.

use clap::Subcommand;
use serde_json::{Value, json};
use ureq::http::Method;

use super::{
    call_args::CallArgs,
    http::Body,
    list::{List, ListArgs, list},
    session::{ClientContext, Creation, Session},
    show::{json_text, print_list, print_one, text, text_or},
};
use crate::cli::{
    confirm::confirm,
    email, ids,
    member_place::PlaceArgs,
    table::{harmless, table},
};

#[derive(Subcommand)]
pub enum MembersCommand {
    /// List the people with a role in an organization, a tenant or a project
    #[command(after_help = "Examples:
  sallyport members list --org org_focus_labs_kB8mPx
  sallyport members list --project prj_website_kB8mPx --json")]
    List {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        list: ListArgs,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Set a member's role in an organization, a tenant or a project
    #[command(after_help = "Examples:
  sallyport members set-role ada@example.com --org org_focus_labs_kB8mPx --role admin
  sallyport members set-role usr_5F4iGN2e1DLY --project prj_website_kB8mPx --role developer")]
    SetRole {
        /// Id of the person, or the e-mail address of a member
        #[arg(value_name = "PERSON", value_parser = person)]
        person: String,
        #[command(flatten)]
        place: PlaceArgs,
        /// owner, admin or member of an organization; tenant_admin or tenant_member; project_admin, developer or viewer
        #[arg(long)]
        role: String,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Remove a person from an organization, a tenant or a project
    #[command(after_help = "Examples:
  sallyport members remove ada@example.com --org org_focus_labs_kB8mPx
  sallyport members remove usr_5F4iGN2e1DLY --project prj_website_kB8mPx --yes")]
    Remove {
        /// Id of the person, or the e-mail address of a member
        #[arg(value_name = "PERSON", value_parser = person)]
        person: String,
        #[command(flatten)]
        place: PlaceArgs,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Invite people to an organization, a tenant or a project; prints the links if the portal sends no mail
    #[command(after_help = "Examples:
  sallyport members invite noor@example.com --org org_focus_labs_kB8mPx --role member
  sallyport members invite noor@example.com kim@example.com --project prj_website_kB8mPx --role developer")]
    Invite {
        /// Their e-mail addresses
        #[arg(value_name = "EMAIL", required = true, value_parser = email)]
        emails: Vec<String>,
        #[command(flatten)]
        place: PlaceArgs,
        /// owner, admin or member of an organization; tenant_admin or tenant_member; project_admin, developer or viewer
        #[arg(long)]
        role: String,
        /// A sentence for the mail
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
        #[command(flatten)]
        call: CallArgs,
    },
}

fn person(text: &str) -> Result<String, String> {
    if text.contains('@') {
        return email(text);
    }
    match ids::is_user(text) {
        true => Ok(text.to_owned()),
        false => Err("it should be an id such as usr_5F4iGN2e1DLY, or an e-mail address".to_owned()),
    }
}

pub fn run(context: &ClientContext<'_>, command: MembersCommand) -> Result<(), String> {
    match command {
        MembersCommand::List { place, list: args, call } => {
            let path = format!("{}/members", place.path());
            let members = list(&call.session(context)?, &path, &Vec::new(), &args)?;
            let head = ["ID", "SINCE", "EMAIL", "ROLE", "STATUS", "NAME"];
            print_list(members, call.json, "Nobody has a role there yet.", head, |member| {
                let (id, since, email) = (text(member, "user_id"), text(member, "since"), text(member, "email"));
                [id, since, email, roles(member), status(member), text(member, "name")]
            })
        }
        MembersCommand::SetRole { person, place, role, call } => {
            let session = call.session(context)?;
            let path = member_path(&session, &place, &person)?;
            let member = session.call(Method::PUT, &path, Body::Json(json!({ "role": role })))?;
            let fields = [
                ("Name", text(&member, "name")),
                ("E-mail", text(&member, "email")),
                ("ID", text(&member, "user_id")),
                ("Roles", roles(&member)),
                ("Status", status(&member)),
            ];
            print_one(&member, call.json, &fields)
        }
        MembersCommand::Remove { person, place, yes, call } => {
            let session = call.session(context)?;
            let path = member_path(&session, &place, &person)?;
            confirm(&format!("Remove {person}, with every role there and below?"), yes)?;
            session.call(Method::DELETE, &path, Body::Empty)?;
            // The API answers without a body.
            if !call.json {
                say!("Removed {person}.");
            }
            Ok(())
        }
        MembersCommand::Invite { emails, place, role, message, call } => {
            let mut body = json!({ "emails": emails, "role": role });
            if let Some(message) = message {
                body["message"] = json!(message);
            }
            let path = format!("{}/invitations", place.path());
            match call.session(context)?.create(&path, body)? {
                Creation::New(invited) => print_invitations(&invited, call.json),
                Creation::Unseen(_) => {
                    Err("The people were invited, but the connection broke before the answer came. \
                                            If the portal sends no mail, get the links on its page Members."
                        .to_owned())
                }
            }
        }
    }
}

fn print_invitations(invited: &Value, json: bool) -> Result<(), String> {
    if json {
        say!("{}", json_text(invited));
        return Ok(());
    }
    let invitations = invited["invitations"].as_array().cloned().unwrap_or_default();
    let rows = invitations.iter().map(|invitation| {
        let (id, email) = (text(invitation, "invitation_id"), text(invitation, "email"));
        let link = text_or(invitation, "url", "in the mail");
        [id, text(invitation, "expires_at"), email, link]
    });
    say!("{}", table(["ID", "EXPIRES", "EMAIL", "LINK"], rows.collect()));
    Ok(())
}

fn roles(member: &Value) -> String {
    let roles = member["roles"].as_array().into_iter().flatten().map(|grant| text(grant, "role"));
    roles.collect::<Vec<_>>().join(",")
}

fn status(member: &Value) -> String {
    if member["disabled"] == true { "disabled" } else { "active" }.to_owned()
}

/// The address of a member, who is looked up by e-mail address if needed.
fn member_path(session: &Session<'_>, place: &PlaceArgs, person: &str) -> Result<String, String> {
    let path = format!("{}/members", place.path());
    if !person.contains('@') {
        return Ok(format!("{path}/{person}"));
    }
    let List { entries, .. } = list(session, &path, &Vec::new(), &ListArgs::ALL)?;
    let found = entries.iter().find(|member| text(member, "email").eq_ignore_ascii_case(person));
    let id = found.map(|member| text(member, "user_id")).filter(|id| ids::is_user(id));
    id.map(|id| format!("{path}/{id}"))
        .ok_or_else(|| format!("Nobody there has the e-mail address {}.", harmless(person)))
}
