//! A gateway started as in its README, on other ports.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::client;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/gateways");
/// The maximum time until the first request; test machines are busy.
const START: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Nginx,
    /// nginx, as the controller of ingress-nginx configures it.
    IngressNginx,
    EnvoyHttp,
    EnvoyGrpc,
    Caddy,
    Traefik,
}

/// The addresses of the gateway, the verifier and the upstream.
pub struct Neighbours<'a> {
    pub verifier: &'a str,
    pub verifier_grpc: &'a str,
    pub upstream: &'a str,
}

pub struct Gateway {
    child: Child,
    pub address: String,
    folder: TempDir,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::IngressNginx => "ingress-nginx",
            Self::EnvoyHttp | Self::EnvoyGrpc => "envoy",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
        }
    }

    pub fn folder(self) -> PathBuf {
        Path::new(EXAMPLES).join(self.name())
    }

    fn command(self, folder: &Path) -> Command {
        let program = if matches!(self, Self::IngressNginx) { "nginx" } else { self.name() };
        let variable = format!("GATEWAY_{}", program.to_uppercase());
        let program = std::env::var_os(&variable)
            .unwrap_or_else(|| panic!("{variable} names no gateway; run this with: env $(scripts/gateways) cargo …"));
        let mut command = Command::new(program);
        command.current_dir(folder).envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name, folder)));
        match self {
            Self::Nginx | Self::IngressNginx => {
                command.args(["-p", ".", "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"])
            }
            Self::EnvoyHttp => command.args(["-c", "http.yaml"]),
            Self::EnvoyGrpc => command.args(["-c", "grpc.yaml"]),
            Self::Caddy => command.args(["run", "--config", "Caddyfile"]),
            Self::Traefik => command.arg("--configfile=traefik.yml"),
        };
        if matches!(self, Self::EnvoyHttp | Self::EnvoyGrpc) {
            command.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warn"]);
        }
        command
    }
}

impl Gateway {
    /// Waits until it calls the verifier. A port may be taken between finding and using it: then it tries again.
    pub async fn start(kind: Kind, neighbours: &Neighbours<'_>) -> Self {
        let mut said = String::new();
        for _ in 0..3 {
            match Self::try_start(kind, neighbours).await {
                Ok(gateway) => return gateway,
                Err(log) => said = log,
            }
        }
        panic!("{kind:?} does not start:\n{said}");
    }

    async fn try_start(kind: Kind, neighbours: &Neighbours<'_>) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let address = free();
        let places = [
            (3000, neighbours.verifier),
            (3002, neighbours.verifier_grpc),
            (8080, neighbours.upstream),
            (8000, &address),
            (8001, &free()),
        ];
        for file in fs::read_dir(kind.folder()).expect("the examples").map(|file| file.expect("a file").path()) {
            let name = file.file_name().expect("a name");
            let text = fs::read_to_string(&file).expect("text");
            fs::write(folder.path().join(name), moved(text, &places)).expect("written");
        }
        let log = File::create(folder.path().join("log")).expect("a log");
        let mut command = kind.command(folder.path());
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        let child = command.spawn().expect("the gateway starts");
        let mut gateway = Self { child, address, folder };
        if gateway.asks().await { Ok(gateway) } else { Err(gateway.log()) }
    }

    async fn asks(&mut self) -> bool {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let until = Instant::now() + START;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            let answer = client::send(&self.address, "GET /", &[], "").await;
            if answer.is_ok_and(|answer| answer.status == 401) {
                return true;
            }
            ticks.tick().await;
        }
        false
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// nginx ends its workers when it is terminated, but not when it is killed.
impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("What the gateway said:\n{}", self.log());
        }
        let asked = Pid::from_raw(self.child.id().cast_signed()).map(|pid| kill_process(pid, Signal::TERM));
        let until = Instant::now() + END;
        while asked.is_some() && Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::yield_now();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// The configuration with these addresses instead of those in its README.
fn moved(mut text: String, places: &[(u16, &str)]) -> String {
    for (port, address) in places {
        let (_, other) = address.rsplit_once(':').expect("an address with a port");
        text = text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1#{other}"));
        text = text.replace(&format!("127.0.0.1, port_value: {port} "), &format!("127.0.0.1, port_value# {other} "));
    }
    text.replace("127.0.0.1#", "127.0.0.1:").replace("port_value#", "port_value:")
}
