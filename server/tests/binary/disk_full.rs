//! A disk that is full for a while: keys are verified throughout, and writes work again once there is room.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::server::{Server, root_token};

/// A separate file system, if mounting is permitted.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }

    fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a file");
        for size in [64 * 1024, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn is_ready(server: &Server) -> bool {
    server.ask("GET", "/readyz", &[], "").expect("answered").starts_with("HTTP/1.1 200")
}

/// Root tokens are created by another process; here the server itself has to write.
fn writes(server: &Server, token: &str) -> bool {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = serde_json::json!({ "name": "Focus", "plan": "pro" }).to_string();
    server.ask("POST", "/v1/orgs", &headers, &body).expect("answered").starts_with("HTTP/1.1 201")
}

fn managing_token(data: &Path) -> String {
    let made = crate::server::sallyport(data, &["token", "create", "--name", "manager", "--manage"]);
    crate::server::stdout(&made).trim().to_owned()
}

/// `tests/store/faults.rs` injects the same fault, for machines that can't mount.
#[test]
fn verification_goes_on_and_writes_come_back() {
    let Some(small) = Small::mount() else {
        eprintln!("not run: mounting is not allowed here");
        return;
    };
    let data = small.0.path().join("data");
    let mut server = Server::start(&data);
    server.set_up();
    let app = server.make_app();
    let (token, manager) = (root_token(&data), managing_token(&data));
    let key = server.generate(&app).expect("a key");
    let is_valid = || assert_eq!(server.verify(&token, &key)["code"], "valid");
    is_valid();
    for _ in 0..2 {
        small.fill();
        // The WAL may have room for some.
        let failed = (0..2_000).find(|_| !writes(&server, &manager));
        assert!(failed.is_some(), "the disk is full");
        is_valid();
        assert!(!writes(&server, &manager) && !is_ready(&server));
        is_valid();
        fs::remove_file(small.filler()).expect("removed");
        let room = Instant::now();
        while !writes(&server, &manager) {
            assert!(room.elapsed() < Duration::from_secs(1), "writes are not back");
            is_valid();
        }
        assert!(is_ready(&server));
    }
    server.kill();
}
