//! `sallyport audit`: checks the audit log, in the database or in an export.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use clap::{Args, Subcommand};
use sallyport::{
    Error,
    audit::{
        Action, NewEvent, SYSTEM, Target,
        check::Checked,
        check_export::check_export,
        checkpoint::{BadNote, Checkpoint, PublicKey, portal_name},
        hex,
        public_keys::PublicKeys,
    },
    export::ExportRow,
    id::OrgId,
    store::Store,
};

use super::{act, open, progress::Progress, said};
use crate::config::{ServeArgs, Where};

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Check the audit log: every hash, and every signed checkpoint
    #[command(after_help = "Examples:
  sallyport audit verify
  sallyport audit verify --org org_focus_labs_kB8mPx --checkpoint kept.txt
  sallyport audit verify --from-export log.jsonl --checkpoint kept.txt --public-key keys.json")]
    Verify(VerifyArgs),
    /// Print the whole log of an organization as JSON lines, from which anybody can check it
    #[command(after_help = "Example:
  sallyport audit export --org org_focus_labs_kB8mPx")]
    Export {
        /// Id of the organization; system for what belongs to none
        #[arg(long, value_name = "ORG")]
        org: String,
    },
    /// Make a checkpoint of each log now, and print it
    #[command(after_help = "Examples:
  sallyport audit checkpoint
  sallyport audit checkpoint --org org_focus_labs_kB8mPx")]
    Checkpoint {
        /// Only of the log of this organization; system for what belongs to none
        #[arg(long, value_name = "ORG")]
        org: Option<String>,
        /// URL of the portal, under whose name it is signed [default: from the settings file]
        #[arg(long, env = "SALLYPORT_PUBLIC_URL", value_name = "URL")]
        public_url: Option<String>,
    },
    /// Let a new key sign checkpoints from now on; those before stay valid
    #[command(after_help = "Example:
  sallyport audit rotate-key")]
    RotateKey,
    /// Declare a key invalid that somebody else may have; if it signs, a new one takes over
    #[command(after_help = "Example:
  sallyport audit revoke-key Oe5fI9uY2UoAL5e1hJmD4jBqYB0VtLFkLCHIDyi8N8s=")]
    RevokeKey {
        /// The public key, as at /.well-known/sallyport-audit.json
        #[arg(value_name = "PUBLIC_KEY")]
        key: String,
    },
}

#[derive(Args)]
pub struct VerifyArgs {
    /// Only the log of this organization; system for what belongs to none
    #[arg(long, value_name = "ORG", conflicts_with = "from_export")]
    org: Option<String>,
    /// An export in JSON lines instead of the database; the portal is not needed
    #[arg(long, value_name = "FILE")]
    from_export: Option<PathBuf>,
    /// A checkpoint that was kept outside, or the file in which the portal collects them
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The public keys: /.well-known/sallyport-audit.json, or one a line
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The number of the last event in the first format, if no checkpoint says it; early versions wrote such events
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(0..))]
    first_format_until: Option<i64>,
}

impl VerifyArgs {
    /// A usage error that clap can't find.
    pub fn called_wrongly(&self) -> Option<String> {
        let is_unsigned = self.from_export.is_some() && self.checkpoint.is_some() && self.public_key.is_none();
        is_unsigned.then(|| {
            "A checkpoint is worth as much as its signature: give the portal's public keys with --public-key FILE. They \
             are at /.well-known/sallyport-audit.json."
                .to_owned()
        })
    }
}

pub async fn run(settings: &Where, command: AuditCommand) -> Result<(), String> {
    if let AuditCommand::Verify(args) = &command
        && let Some(export) = &args.from_export
    {
        return verify_export(export, args);
    }
    let store = open(settings).await?;
    let ended = match command {
        AuditCommand::Verify(args) => verify(&store, &args).await,
        AuditCommand::Export { org } => export(&store, &org).await,
        AuditCommand::Checkpoint { org, public_url } => checkpoint(&store, settings, org.as_deref(), public_url).await,
        AuditCommand::RotateKey => rotate(&store).await,
        AuditCommand::RevokeKey { key } => revoke(&store, &key).await,
    };
    store.close().await;
    ended
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} can't be read: {error}.", path.display()))
}

fn keys_in(path: &Path) -> Result<PublicKeys, String> {
    let fix = "It should be /.well-known/sallyport-audit.json of the portal, or have one key a line.";
    PublicKeys::parse(&read(path)?).ok_or_else(|| format!("{} contains no public key. {fix}", path.display()))
}

fn kept(path: &Path, keys: &PublicKeys) -> Result<Vec<Checkpoint>, String> {
    let opened = keys.open_all(&read(path)?);
    let opened = opened.map_err(|error| format!("The checkpoint in {} is not accepted: {error}.", path.display()))?;
    if opened.revoked > 0 {
        note!("{} of the checkpoints are signed with a key that was revoked, and not used.", opened.revoked);
    }
    Ok(opened.checkpoints)
}

fn verify_export(export: &Path, args: &VerifyArgs) -> Result<(), String> {
    let keys = args.public_key.as_deref().map(keys_in).transpose()?.unwrap_or_default();
    let kept = args.checkpoint.as_deref().map(|path| kept(path, &keys)).transpose()?.unwrap_or_default();
    let failed = |error: io::Error| format!("{} can't be read: {error}.", export.display());
    let file = File::open(export).map_err(failed)?;
    let all = file.metadata().map_err(failed)?.len();
    let (mut progress, mut done) = (Progress::new(), 0);
    let checked = check_export(BufReader::new(file), &kept, args.first_format_until, |length| {
        done += length as u64;
        progress.show(done, all);
    });
    progress.end();
    let checked = checked.map_err(failed)?.map_err(|fault| fault.to_string())?;
    if let (0, Some(other)) = (checked.checkpoints, kept.first()) {
        return Err(format!("The checkpoint is not of {}, but of {}.", checked.chain, other.origin));
    }
    super::out::say(told(&checked))
}

async fn verify(store: &Store, args: &VerifyArgs) -> Result<(), String> {
    let keys = match &args.public_key {
        Some(path) => keys_in(path)?,
        None => store.public_keys().await.map_err(said)?,
    };
    let kept = args.checkpoint.as_deref().map(|path| kept(path, &keys)).transpose()?.unwrap_or_default();
    let mut chains = store.chains().await.map_err(said)?;
    if let Some(org) = &args.org {
        chains.retain(|chain| chain == org);
        if chains.is_empty() {
            return Err(no_log(org));
        }
    }
    let is_wanted = |chain: &str| args.org.as_deref().is_none_or(|org| org == chain);
    let mut wrong: Vec<_> = kept
        .iter()
        .filter(|of| is_wanted(of.chain()) && !chains.iter().any(|chain| chain == of.chain()))
        .map(|of| format!("{}: Event 1 is missing: the whole log of {} events is.", of.chain(), of.size))
        .collect();
    for missing in store.missing_chains().await.map_err(said)? {
        if is_wanted(&missing) && !kept.iter().any(|of| of.chain() == missing && !chains.contains(&missing)) {
            wrong.push(format!("{missing}: Event 1 is missing: the whole log is."));
        }
    }
    for chain in chains {
        match verify_chain(store, &chain, &keys, &kept, args.first_format_until).await? {
            Ok(checked) => say!("{}", told(&checked)),
            Err(fault) => wrong.push(format!("{chain}: {fault}")),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Against the checkpoints in the database, and those that were kept outside.
async fn verify_chain(
    store: &Store,
    chain: &str,
    keys: &PublicKeys,
    kept: &[Checkpoint],
    first_format: Option<i64>,
) -> Result<Result<Checked, String>, String> {
    let mut checkpoints: Vec<_> = kept.iter().filter(|kept| kept.chain() == chain).cloned().collect();
    let mut revoked = 0;
    for stored in store.checkpoints(chain).await.map_err(said)? {
        match keys.open(&stored.note) {
            Err(BadNote::Revoked) => revoked += 1,
            Ok(checkpoint) if checkpoint.chain() == chain => {
                if number(stored.size) != checkpoint.size || stored.root != checkpoint.root {
                    let why =
                        format!("The checkpoint of {} events is stored as one of {}.", checkpoint.size, stored.size);
                    return Ok(Err(why));
                }
                checkpoints.push(checkpoint);
            }
            Ok(other) => return Ok(Err(format!("The checkpoint of {} events is of {}.", stored.size, other.origin))),
            Err(error) => return Ok(Err(format!("The checkpoint of {} events is wrong: {error}.", stored.size))),
        }
    }
    if revoked > 0 {
        note!("{chain}: {revoked} checkpoints in the database are signed with a key that was revoked, and not used.");
    }
    let mut progress = Progress::new();
    let shown = |done, all| progress.show(number(done), number(all));
    let checked = store.verify_chain(chain, &checkpoints, first_format, shown).await;
    progress.end();
    Ok(checked.map_err(said)?.map_err(|fault| fault.to_string()))
}

fn number(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn told(checked: &Checked) -> String {
    let Checked { chain, events, pruned, erased, hash_only, checkpoints, root } = checked;
    let pruned = match pruned {
        0 => String::new(),
        until => format!(" Events 1 to {until} were removed because of their age: only their hashes are left."),
    };
    let erased = match erased {
        0 => String::new(),
        count => format!(" Of {count}, personal fields were erased: what they contain instead is not proven."),
    };
    let hash_only = match hash_only {
        0 => String::new(),
        count => format!(" Of {count} in the first format only the hash is left: nothing they contain is proven."),
    };
    let root = hex(root);
    format!(
        "{chain}: nothing is wrong. Events: {events}, checkpoints: {checkpoints}, root: {root}.{pruned}{erased}{hash_only}"
    )
}

fn no_log(org: &str) -> String {
    format!("There is no log of {org}. The id of an organization is in the address of its pages.")
}

/// The whole log, from the first event to the last that is there now.
async fn export(store: &Store, org: &str) -> Result<(), String> {
    let org_id = match org {
        SYSTEM => None,
        org => Some(OrgId::parse(org).ok_or_else(|| no_log(org))?),
    };
    if !store.chains().await.map_err(said)?.iter().any(|chain| chain == org) {
        return Err(no_log(org));
    }
    let target = match &org_id {
        Some(id) => Target::new("organization", id, id.as_str()),
        None => Target::new("chain", SYSTEM, SYSTEM),
    };
    let event = NewEvent { org_id, ..NewEvent::of_system(Action::ActivityExported, target) };
    let event = event.with(serde_json::json!({ "format": "jsonl", "filter": {} }));
    store.record_batch(vec![(act(), event)]).await.map_err(said)?;
    let (mut after, all) = (0, store.last_event(org).await.map_err(said)?);
    let mut progress = Progress::beside_output();
    let mut out = io::BufWriter::new(io::stdout().lock());
    if let Some(pruned) = store.pruned(org).await.map_err(said)? {
        after = pruned.until;
        out.write_all(pruned.json_line().as_bytes()).map_err(unwritten)?;
    }
    loop {
        let part = store.events_after(org, after).await.map_err(said)?;
        if store.pruned_until(org).await.map_err(said)? > after {
            return Err("Old events were removed meanwhile. Try again.".to_owned());
        }
        let Some(last) = part.last() else { break };
        after = last.event.seq;
        progress.show(number(after), number(all));
        let lines: String = part.iter().map(ExportRow::json_line).collect();
        match out.write_all(lines.as_bytes()) {
            // As with `| head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(unwritten)?,
        }
    }
    progress.end();
    out.flush().map_err(unwritten)
}

fn unwritten(error: io::Error) -> String {
    format!("Standard output can't be written: {error}.")
}

/// Under the portal's name: that of its settings or, without them, that of the last checkpoint.
async fn checkpoint(
    store: &Store,
    settings: &Where,
    org: Option<&str>,
    public_url: Option<String>,
) -> Result<(), String> {
    let serving = settings.serving(&ServeArgs { public_url, ..ServeArgs::default() })?;
    let mut chains = store.chains().await.map_err(said)?;
    if let Some(org) = org {
        chains.retain(|chain| chain == org);
        if chains.is_empty() {
            return Err(no_log(org));
        }
    }
    for chain in chains {
        let portal = match &serving.public_url {
            Some(url) => portal_name(url),
            None => {
                let last = store.last_portal().await.map_err(said)?;
                last.unwrap_or_else(|| portal_name(&format!("http://{}", serving.listen)))
            }
        };
        let made = store.checkpoint(&portal, &chain).await.map_err(said)?;
        super::out::say(made.note.trim_end())?;
    }
    Ok(())
}

async fn rotate(store: &Store) -> Result<(), String> {
    let public = store.rotate_audit_key(&act()).await.map_err(said)?;
    say!("{}", BASE64_STANDARD.encode(public.0));
    note!("This key signs checkpoints from now on. All public keys are at /.well-known/sallyport-audit.json.");
    Ok(())
}

async fn revoke(store: &Store, key: &str) -> Result<(), String> {
    let fix = "It is not a key of this portal. The keys are at /.well-known/sallyport-audit.json.";
    let key = PublicKey::parse(key).ok_or(fix)?;
    let new = store.revoke_audit_key(&act(), key).await.map_err(|error| match error {
        Error::NotFound => fix.to_owned(),
        error => said(error),
    })?;
    note!("What the key signed proves nothing any more. Tell whoever has the public keys: they need the new list.");
    if let Some(public) = new {
        say!("{}", BASE64_STANDARD.encode(public.0));
        note!("This key signs checkpoints from now on. All public keys are at /.well-known/sallyport-audit.json.");
    }
    Ok(())
}
