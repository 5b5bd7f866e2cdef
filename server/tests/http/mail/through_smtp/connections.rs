//! Encryption, certificates and the sign-in at the mail server.

use sallyport::{Clock, clock::SystemClock, entropy::OsEntropy, id::JobId, mail::Recipient};
use sallyport_app::mail::test_mail;
use sallyport_server::{
    config::mail::MailSettings,
    mail::{MailFailure, Mailer, Step, message},
};

use super::super::settings;
use crate::smtp::{Setup, Smtp};

async fn send(settings: MailSettings) -> Result<Vec<Step>, MailFailure> {
    let to = Recipient { name: String::new(), email: "ada@example.com".to_owned() };
    let mail = test_mail("Focus Keys", "https://keys.example.com");
    let message = message(&settings.from, &to, mail, &JobId::mint(&OsEntropy), SystemClock.now()).expect("made");
    let mut steps = Vec::new();
    Mailer::new(settings).expect("a mailer").send_in_steps(&message, |step| steps.push(step)).await?;
    Ok(steps)
}

#[tokio::test]
async fn it_is_encrypted_and_signs_in() {
    for tls in ["starttls", "tls"] {
        let mut smtp = Smtp::start(Setup { tls: Some(tls), signs_in: true, ..Setup::default() });
        let steps = send(settings(&smtp.section())).await.expect("sent");
        assert_eq!(steps, [Step::Connect, Step::Encrypt, Step::SignIn, Step::Send], "{tls}");
        let arrived = smtp.next().await;
        assert!(arrived.encrypted && arrived.signed_in, "{tls}");
        assert_eq!(
            (arrived.from.as_str(), arrived.to.as_slice()),
            ("keys@example.com", &["ada@example.com".to_owned()][..])
        );
        assert_eq!(arrived.headers["subject"], "Test mail from Focus Keys");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    for tls in ["starttls", "tls"] {
        let mut smtp = Smtp::start(Setup { tls: Some(tls), ..Setup::default() });
        let other = std::fs::read(smtp.other_authority()).expect("read");
        // Of another authority, and of none that is public.
        for authorities in [Some(other), None] {
            let failure = send(MailSettings { authorities, ..settings(&smtp.section()) }).await.expect_err("refused");
            assert_eq!((failure.step(), failure.is_permanent()), (Step::Encrypt, false), "{tls}: {failure}");
            assert!(failure.to_string().contains("certificate") && failure.fix().contains("`ca_file`"), "{failure}");
        }
        // And for another name.
        let named = MailSettings { server: "ip6-localhost".to_owned(), ..settings(&smtp.section()) };
        assert!(send(named).await.is_err());
        assert!(smtp.rest().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_gets_nothing() {
    let mut smtp = Smtp::start(Setup::default());
    let plain = settings(&smtp.section());
    for tls in [sallyport_server::config::mail::Tls::StartTls, sallyport_server::config::mail::Tls::Tls] {
        let failure = send(MailSettings { tls, timeout: std::time::Duration::from_secs(5), ..plain.clone() }).await;
        let failure = failure.expect_err("refused");
        assert_eq!(failure.step(), Step::Encrypt, "{tls:?}: {failure}");
    }
    assert!(smtp.rest().is_empty());
    assert_eq!(send(plain).await.expect("sent"), [Step::Connect, Step::Send]);
    assert!(!smtp.next().await.encrypted);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let smtp = Smtp::start(Setup { tls: Some("starttls"), signs_in: true, ..Setup::default() });
    let mut wrong = settings(&smtp.section());
    "wrong".clone_into(&mut wrong.credentials.as_mut().expect("signs in").password);
    let failure = send(wrong).await.expect_err("refused");
    assert_eq!((failure.step(), failure.is_permanent()), (Step::SignIn, false), "the operator repairs it: {failure}");
    assert!(failure.to_string().contains("535 5.7.8"), "{failure}");
    assert!(failure.fix().contains("SALLYPORT_MAIL_PASSWORD"));
    let nothing = MailSettings { credentials: None, ..settings(&smtp.section()) };
    let failure = send(nothing).await.expect_err("refused");
    assert!(failure.to_string().contains("530 5.7.0 Authentication required"), "{failure}");
    let gone = settings(&smtp.section());
    drop(smtp);
    let failure = send(gone).await.expect_err("nobody is there");
    assert_eq!((failure.step(), failure.is_permanent()), (Step::Connect, false), "{failure}");
    assert!(failure.to_string().contains("can't be reached: Connection refused"), "{failure}");
}
