//! A real mail server on loopback, and what arrived there.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp/server.py");
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/aiosmtpd");

pub const USER: &str = "sallyport";
pub const PASSWORD: &str = "the password of the mail server";

/// A mail that the server took.
#[derive(Clone, Debug, Deserialize)]
pub struct Arrived {
    pub from: String,
    pub to: Vec<String>,
    /// By their names in lower case.
    pub headers: std::collections::BTreeMap<String, String>,
    pub text: String,
    pub html: String,
    pub encrypted: bool,
    pub signed_in: bool,
}

impl Arrived {
    /// The link to a path of the portal, in the text.
    pub fn link(&self, path: &str) -> String {
        let line = self.text.lines().find(|line| line.starts_with("http") && line.contains(path));
        line.unwrap_or_else(|| panic!("no link to {path} in {}", self.text)).to_owned()
    }
}

/// How the server is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup {
    /// `starttls` or `tls`.
    pub tls: Option<&'static str>,
    pub signs_in: bool,
    /// 0 picks a free port.
    pub port: u16,
    /// How many seconds it waits before it confirms a mail.
    pub wait: f32,
}

pub struct Smtp {
    child: Child,
    pub port: u16,
    folder: TempDir,
    setup: Setup,
    arrived: UnboundedReceiver<Arrived>,
}

impl Smtp {
    pub fn start(setup: Setup) -> Self {
        let installed = std::env::var_os("TEST_AIOSMTPD").map_or_else(|| PathBuf::from(INSTALLED), PathBuf::from);
        assert!(installed.is_dir(), "aiosmtpd is missing; scripts/aiosmtpd installs it");
        let folder = tempfile::tempdir().expect("a folder");
        if setup.tls.is_some() {
            certify(folder.path(), "ca");
            certify(folder.path(), "other");
        }
        let path = |name: &str| folder.path().join(name);
        let mut options = json!({
            "certificate": path("server.pem"), "key": path("server.key"), "tls": setup.tls, "port": setup.port,
            "wait": setup.wait,
        });
        if setup.signs_in {
            options["user"] = USER.into();
            options["password"] = PASSWORD.into();
        }
        let mut command = Command::new("python3");
        command.arg(SCRIPT).arg(options.to_string()).env("PYTHONPATH", installed).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let port = lines.next().and_then(|line| line.parse().ok()).expect("a port");
        let (tell, arrived) = unbounded_channel();
        std::thread::spawn(move || {
            for line in lines {
                let _ = tell.send(serde_json::from_str(&line).expect("a mail"));
            }
        });
        Self { child, port, folder, setup, arrived }
    }

    /// The authority that issued its certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Another authority.
    pub fn other_authority(&self) -> PathBuf {
        self.folder.path().join("other.pem")
    }

    /// The section of the settings file for this server.
    pub fn section(&self) -> String {
        let tls = self.setup.tls.unwrap_or("none");
        let mut section = format!(
            "[mail]\nserver = \"127.0.0.1\"\nport = {}\ntls = \"{tls}\"\nfrom = \"Focus Keys <keys@example.com>\"\n",
            self.port
        );
        if self.setup.tls.is_some() {
            section += &format!("ca_file = {:?}\n", self.authority());
        }
        if self.setup.signs_in {
            let file = self.folder.path().join("password");
            std::fs::write(&file, format!("{PASSWORD}\n")).expect("written");
            section += &format!("user = \"{USER}\"\npassword_file = {file:?}\n");
        }
        section
    }

    /// The next mail.
    pub async fn next(&mut self) -> Arrived {
        let next = tokio::time::timeout(Duration::from_secs(60), self.arrived.recv());
        next.await.expect("a mail within a minute").expect("the server runs")
    }

    /// Those that arrived and were not looked at.
    pub fn rest(&mut self) -> Vec<Arrived> {
        std::iter::from_fn(|| self.arrived.try_recv().ok()).collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority, and a certificate of it for this machine.
pub fn certify(folder: &Path, authority: &str) {
    let openssl = |arguments: String| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let output = output.expect("openssl runs");
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let of_authority = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign";
    openssl(format!(
        "req -x509 {key} -keyout {authority}.key -out {authority}.pem -days 2 -subj /CN={authority} {of_authority}"
    ));
    if authority != "ca" {
        return;
    }
    std::fs::write(folder.join("server.ext"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").expect("written");
    openssl(format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"));
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile server.ext -out server.pem".to_owned());
}
