//! `sallyport journal check|accept`: what an operator decides about a revocation journal.

use clap::Subcommand;
use sallyport::store::{HowToRestore, Reconciled, Store};

use super::{
    act,
    confirm::confirm,
    restored::{portal, tell},
    said,
};
use crate::{config::Where, journals};

#[derive(Subcommand)]
pub enum JournalCommand {
    /// Compare the revocation journal with the database; exits with 1 if something is not known
    #[command(after_help = "Example:
  sallyport journal check")]
    Check,
    /// Go on although changes are in no journal: what is known is applied, and keys are judged again
    #[command(after_help = "Example:
  sallyport journal accept --reason labels-only")]
    Accept {
        /// Why nothing else has to be taken away, for the activity
        #[arg(long)]
        reason: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(settings: &Where, store: &Store, command: JournalCommand) -> Result<(), String> {
    let place = settings.place()?;
    let found = journals::read(journals::folders(&place), store).await?;
    match command {
        JournalCommand::Check => {
            let newest = found.lines().iter().map(|line| line.revision).max();
            let Some(newest) = newest.filter(|_| found.is_any()) else {
                return match found.damage() {
                    Some(damage) => Err(format!("The revocation journal can't be read: {}.", damage.why)),
                    None if store.held().await.map_err(said)?.is_some() => held(store).await,
                    None => {
                        say!("There is no revocation journal yet; a server makes it when it starts.");
                        Ok(())
                    }
                };
            };
            let revision = store.revision().await.map_err(said)?;
            say!("The journal has changes up to {newest}, the database up to {revision}.");
            for warning in found.warnings() {
                say!("{warning}");
            }
            if journals::is_settled(store, &found).await? {
                say!("The database has everything that is in the journal.");
                if let Some(hole) = found.hole(store).await? {
                    say!(
                        "No copy has the changes after {} and before {}: make a backup now, and keep none from before these changes. \
                         Another node's journal may have them.",
                        hole.after,
                        hole.before
                    );
                }
                return Ok(());
            }
            held(store).await?;
            Err("The database lacks changes that are in the journal. A server applies them when it starts; what no journal has, \
                 an operator decides about: sallyport journal accept --reason WHY"
                .to_owned())
        }
        JournalCommand::Accept { reason, yes } => {
            if journals::is_settled(store, &found).await? {
                say!("The database has everything that is in the journal: there is nothing to decide.");
                return Ok(());
            }
            confirm("Keys that were revoked by changes in no journal will be valid again. Go on?", yes)?;
            let portal = portal(settings, store).await?;
            // What is known is applied, and that an operator has to decide is in the database, before a file is moved: whatever
            // fails from then on, no key is judged.
            let known = HowToRestore { portal: portal.clone(), ..HowToRestore::default() };
            if let Reconciled::Restored(restored) = journals::reconcile(store, &act(), &found, known).await? {
                tell(&restored)?;
            }
            // They can't be gone on with. Before the decision: a server that runs looks at what is left then.
            for path in found.useless() {
                journals::set_aside(path, store)?;
            }
            let how = HowToRestore { portal, accepted: Some(reason), ..HowToRestore::default() };
            if let Reconciled::Restored(restored) = journals::reconcile(store, &act(), &found, how).await? {
                tell(&restored)?;
            }
            let left = journals::read(journals::folders(&place), store).await?;
            if !journals::is_settled(store, &left).await? {
                return Err("A server found something else meanwhile: sallyport journal check".to_owned());
            }
            say!("Keys are judged again. A server that runs notices within seconds.");
            Ok(())
        }
    }
}

/// Why an operator has to decide, if one has to.
async fn held(store: &Store) -> Result<(), String> {
    match store.held().await.map_err(said)? {
        None => Ok(()),
        Some(held) => Err(format!(
            "{} Bring the missing journal into the data folder and start the server again, or decide: sallyport journal accept \
             --reason WHY",
            held.why
        )),
    }
}
