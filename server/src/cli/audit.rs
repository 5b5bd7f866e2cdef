//! `sallyport audit`: checks the audit log, in the database or in an export.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use clap::{Args, Subcommand};
use sallyport::{
    audit::{
        Action, NewEvent, SYSTEM, Target,
        check::Checked,
        check_export::check_export,
        checkpoint::{Checkpoint, PublicKey},
        hex,
    },
    export::ExportRow,
    id::OrgId,
    store::Store,
};

use super::{act, open, progress::Progress, said};
use crate::config::Where;

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
    /// Let a new key sign checkpoints from now on; those before stay valid
    #[command(after_help = "Example:
  sallyport audit rotate-key")]
    RotateKey,
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
        AuditCommand::RotateKey => rotate(&store).await,
    };
    store.close().await;
    ended
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} can't be read: {error}.", path.display()))
}

fn keys_in(path: &Path) -> Result<Vec<PublicKey>, String> {
    let fix = "It should be /.well-known/sallyport-audit.json of the portal, or have one key a line.";
    PublicKey::parse_all(&read(path)?).ok_or_else(|| format!("{} contains no public key. {fix}", path.display()))
}

fn kept(path: &Path, keys: &[PublicKey]) -> Result<Vec<Checkpoint>, String> {
    let opened = Checkpoint::open_all(&read(path)?, keys);
    opened.map_err(|error| format!("The checkpoint in {} is not accepted: {error}.", path.display()))
}

fn verify_export(export: &Path, args: &VerifyArgs) -> Result<(), String> {
    let keys = args.public_key.as_deref().map(keys_in).transpose()?.unwrap_or_default();
    let kept = args.checkpoint.as_deref().map(|path| kept(path, &keys)).transpose()?.unwrap_or_default();
    let failed = |error: io::Error| format!("{} can't be read: {error}.", export.display());
    let file = File::open(export).map_err(failed)?;
    let all = file.metadata().map_err(failed)?.len();
    let (mut progress, mut done) = (Progress::new(), 0);
    let checked = check_export(BufReader::new(file), &kept, |length| {
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
        None => store.audit_keys().await.map_err(said)?.iter().map(|key| key.public).collect(),
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
    for chain in chains {
        match verify_chain(store, &chain, &keys, &kept).await? {
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
    keys: &[PublicKey],
    kept: &[Checkpoint],
) -> Result<Result<Checked, String>, String> {
    let mut checkpoints: Vec<_> = kept.iter().filter(|kept| kept.chain() == chain).cloned().collect();
    for stored in store.checkpoints(chain).await.map_err(said)? {
        match Checkpoint::open(&stored.note, keys) {
            Ok(checkpoint) if checkpoint.chain() == chain => checkpoints.push(checkpoint),
            Ok(other) => return Ok(Err(format!("The checkpoint of {} events is of {}.", stored.size, other.origin))),
            Err(error) => return Ok(Err(format!("The checkpoint of {} events is wrong: {error}.", stored.size))),
        }
    }
    let mut progress = Progress::new();
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let checked = store.verify_chain(chain, &checkpoints, |done, all| progress.show(number(done), number(all))).await;
    progress.end();
    Ok(checked.map_err(said)?.map_err(|fault| fault.to_string()))
}

fn told(checked: &Checked) -> String {
    let Checked { chain, events, erased, checkpoints, root } = checked;
    let erased = match erased {
        0 => String::new(),
        count => format!(" Of {count}, personal fields were erased: what they contain instead is not proven."),
    };
    format!("{chain}: nothing is wrong. Events: {events}, checkpoints: {checkpoints}, root: {}.{erased}", hex(root))
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
    let mut after = 0;
    let mut out = io::BufWriter::new(io::stdout().lock());
    loop {
        let part = store.events_after(org, after).await.map_err(said)?;
        let Some(last) = part.last() else { break };
        after = last.event.seq;
        let lines: String = part.iter().map(ExportRow::json_line).collect();
        match out.write_all(lines.as_bytes()) {
            // As with `| head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(|error| format!("Standard output can't be written: {error}."))?,
        }
    }
    out.flush().map_err(|error| format!("Standard output can't be written: {error}."))
}

async fn rotate(store: &Store) -> Result<(), String> {
    let public = store.rotate_audit_key(&act()).await.map_err(said)?;
    say!("{}", BASE64_STANDARD.encode(public.0));
    note!("This key signs checkpoints from now on. All public keys are at /.well-known/sallyport-audit.json.");
    Ok(())
}
