//! `sallyport mail test ADDRESS`.

use clap::Subcommand;
use sallyport::{Clock, clock::SystemClock, entropy::OsEntropy, id::JobId, mail::Recipient};
use sallyport_app::mail::test_mail;

use super::email;
use crate::{
    config::{ServeArgs, Where, mail::Tls},
    data_dir::profile,
    mail::{Mailer, Step, message},
};

#[derive(Subcommand)]
pub enum MailCommand {
    /// Send a test mail, step by step; says what to change in the settings file if that fails
    #[command(after_help = "Examples:
  sallyport mail test ada@example.com
  sallyport mail test ada@example.com --config /etc/sallyport/sallyport.toml")]
    Test {
        /// E-mail address to send to
        #[arg(value_name = "ADDRESS", value_parser = email)]
        address: String,
    },
}

/// It needs neither the database nor the master key.
pub async fn run(place: &Where, command: MailCommand) -> Result<(), String> {
    let MailCommand::Test { address } = command;
    let serving = place.serving(&ServeArgs::default())?;
    let settings = serving.mail.ok_or_else(|| {
        "Mail is off: the settings file has no [mail]. See docs/settings.md, and docs/sallyport.toml for an example."
            .to_owned()
    })?;
    let brand = profile(&place.place()?)?.brand.name.clone();
    let url = serving.public_url.unwrap_or_else(|| format!("http://{}", serving.listen));
    let mailer = Mailer::new(settings)?;
    let settings = mailer.settings();
    let to = Recipient { name: String::new(), email: address.clone() };
    let message = message(&settings.from, &to, test_mail(&brand, &url), &JobId::mint(&OsEntropy), SystemClock.now())?;
    say!("Sending a mail from {} to {address} over {}:{} …", settings.from, settings.server, settings.port);
    let told = |step| match step {
        Step::Connect => "The server answers.",
        Step::Encrypt => "The connection is encrypted, and the server's certificate is valid.",
        Step::SignIn => "The server accepted user name and password.",
        Step::Send => "The server took the mail.",
    };
    let sent = mailer.send_in_steps(&message, |step| note!("  {}", told(step))).await;
    let answer = sent.map_err(|failure| format!("{failure}\n{}", failure.fix()))?;
    if settings.tls == Tls::None {
        note!("  It was not encrypted: `tls` in [mail] is \"none\".");
    }
    say!("Sent. The server said: {answer}");
    Ok(())
}
