//! A PostgreSQL of this test's own, which can be killed, paused, and replaced by its standby.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The folder with `initdb` and the others, which Debian keeps off PATH: `scripts/with-postgres` says it.
fn binaries() -> PathBuf {
    let folder = std::env::var("TEST_POSTGRES_BIN");
    folder
        .expect("TEST_POSTGRES_BIN names the folder with initdb; `make test` and `scripts/with-postgres` set it")
        .into()
}

/// One server. It is killed when it is dropped.
pub struct Postgres {
    data: PathBuf,
    port: u16,
    child: Option<Child>,
}

/// A primary, and perhaps a standby that has every commit before it is answered.
pub struct Database {
    pub primary: Postgres,
    standby: Option<Postgres>,
    made: usize,
    folder: tempfile::TempDir,
}

/// PostgreSQL refuses to run as root, so its own user runs it.
fn user() -> Option<(u32, u32)> {
    let id = |what: &str, name: &[&str]| {
        let told = Command::new("id").arg(what).args(name).output().expect("asked");
        String::from_utf8_lossy(&told.stdout).trim().parse().ok()
    };
    (id("-u", &[]) == Some(0)).then(|| {
        (id("-u", &["postgres"]).expect("a user postgres"), id("-g", &["postgres"]).expect("a group postgres"))
    })
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(binaries().join(program));
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((user, group)) = user() {
        command.uid(user).gid(group);
    }
    command
}

fn succeeded(what: &str, output: &Output) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(20));
    }
}

impl Postgres {
    fn new(data: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        Self { data, port, child: None }
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }

    /// Starts it, and waits until it answers. Processes of one that was killed may be there for a moment: then it ends, and is
    /// started again.
    pub fn start(&mut self) {
        eventually("PostgreSQL starts", || {
            if self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None))) {
                let mut postgres = command("postgres", &self.data);
                // Processes are killed here, not the machine: what was handed to the kernel is kept.
                for option in [
                    "fsync=off",
                    "unix_socket_directories=",
                    "listen_addresses=127.0.0.1",
                    "max_connections=200",
                    "wal_retrieve_retry_interval=200ms",
                ] {
                    postgres.args(["-c", option]);
                }
                let log = fs::File::create(self.data.with_extension("log")).expect("a file");
                postgres.stderr(log).arg("-D").arg(&self.data).arg("-p").arg(self.port.to_string());
                self.child = Some(postgres.spawn().expect("started"));
            }
            let asked = self.client("pg_isready").args(["-t", "1"]).status();
            asked.expect("asked").success()
        });
    }

    fn client(&self, program: &str) -> Command {
        let mut client = command(program, self.data.parent().expect("a folder"));
        client.args(["-h", "127.0.0.1", "-U", "postgres", "-p"]).arg(self.port.to_string());
        client
    }

    pub fn sql(&self, sql: &str) -> String {
        let mut psql = self.client("psql");
        let told =
            psql.args(["-At", "-d", "postgres", "-c", sql]).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let told = told.expect("asked");
        succeeded(sql, &told);
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    }

    fn signal(&self, signal: &str, ids: &[String]) {
        let _ = Command::new("kill").arg(format!("-{signal}")).args(ids).stderr(Stdio::null()).status().expect("sent");
    }

    fn id(&self) -> String {
        self.child.as_ref().expect("it runs").id().to_string()
    }

    /// Its own processes.
    fn children(&self) -> Vec<String> {
        let told = Command::new("ps").args(["-o", "pid=", "--ppid", &self.id()]).output().expect("asked");
        String::from_utf8_lossy(&told.stdout).split_whitespace().map(str::to_owned).collect()
    }

    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("SIGKILL");
        child.wait().expect("ended");
    }

    pub fn pause(&self) {
        self.signal("STOP", &[self.id()]);
        self.signal("STOP", &self.children());
    }

    pub fn go_on(&self) {
        self.signal("CONT", &self.children());
        self.signal("CONT", &[self.id()]);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.go_on();
            self.kill();
        }
    }
}

impl Database {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some((user, group)) = user() {
            chown(folder.path(), Some(user), Some(group)).expect("given away");
        }
        let mut primary = Postgres::new(folder.path().join("0"));
        let mut initdb = command("initdb", folder.path());
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"]);
        succeeded("initdb", &initdb.arg(&primary.data).stderr(Stdio::piped()).output().expect("run"));
        primary.start();
        let mut database = Self { primary, standby: None, made: 1, folder };
        database.add_standby();
        database
    }

    /// From now on each commit is on a standby, too, before it is answered.
    pub fn add_standby(&mut self) {
        let mut standby = Postgres::new(self.folder.path().join(self.made.to_string()));
        self.made += 1;
        let mut copy = self.primary.client("pg_basebackup");
        copy.args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-D"]).arg(&standby.data).stderr(Stdio::piped());
        succeeded("pg_basebackup", &copy.output().expect("run"));
        standby.start();
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.primary.sql("SELECT pg_reload_conf()");
        // `sync` once it has all that was committed before.
        eventually("the standby follows", || {
            self.primary.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
        });
        self.standby = Some(standby);
    }

    /// The primary is killed, and its standby takes its place.
    pub fn fail_over(&mut self) {
        self.primary.kill();
        let standby = self.standby.take().expect("a standby");
        // It was copied from a primary that waits for a standby, if that one was promoted itself.
        standby.sql("ALTER SYSTEM RESET synchronous_standby_names");
        standby.sql("SELECT pg_reload_conf()");
        assert_eq!(standby.sql("SELECT pg_promote()"), "t");
        self.primary = standby;
    }
}
