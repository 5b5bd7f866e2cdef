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
    let found = journals::read(journals::folders(&place), store.vault().clone()).await?;
    match command {
        JournalCommand::Check => {
            let newest = found.lines().iter().map(|line| line.revision).max();
            let Some(newest) = newest.filter(|_| found.is_any()) else {
                return match found.damage() {
                    Some(damage) => Err(format!("The revocation journal can't be read: {damage}.")),
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
                return Ok(());
            }
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
            let how = HowToRestore {
                portal: portal(settings, store).await?,
                accepted: Some(reason),
                ..HowToRestore::default()
            };
            let outcome = journals::reconcile(store, &act(), &found, how).await?;
            let found = journals::read(journals::folders(&place), store.vault().clone()).await?;
            if !journals::is_settled(store, &found).await? {
                // They can't be gone on with; what is known of them is applied.
                for folder in journals::folders(&place) {
                    journals::set_aside(&folder.join(sallyport::journal::FILE), store)?;
                }
            }
            if let Reconciled::Restored(restored) = outcome {
                tell(&restored)?;
            }
            say!("Keys are judged again. A server that runs notices within seconds.");
            Ok(())
        }
    }
}
