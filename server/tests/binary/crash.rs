//! `kill -9` while keys are issued and revoked: acknowledged writes are kept, and the database is intact.

use std::{path::Path, process::Command, sync::Arc};

use sallyport::{clock::SystemClock, entropy::OsEntropy, store::Location};
use sallyport_server::{
    config::DataLocation,
    data_dir::{DataDir, Wanted},
};

use crate::server::{Server, root_token};

const KILLS: usize = 50;

#[test]
fn fifty_kills_lose_nothing_that_was_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    server.set_up();
    let app = server.make_app();
    let token = root_token(&data);

    let (mut issued, mut revoked) = (Vec::new(), Vec::new());
    for kill in 0..KILLS {
        // The kill happens between and during requests of other threads; the number of answered ones varies.
        let answers = 1 + kill % 5;
        let (new_issued, new_revoked) = work_until_killed(server, &app, &token, answers);
        server = Server::start(&data);
        server.sign_in();
        for key in &new_issued {
            let code = server.verify(&token, key)["code"].as_str().expect("a code").to_owned();
            assert!(code == "valid" || code == "revoked", "kill {kill}: an issued key is {code}");
        }
        for key in &new_revoked {
            assert_eq!(server.verify(&token, key)["code"], "revoked", "kill {kill}");
        }
        issued.extend(new_issued);
        revoked.extend(new_revoked);
    }
    for key in &issued {
        let code = server.verify(&token, key)["code"].as_str().expect("a code").to_owned();
        assert!(code == "revoked" || !revoked.contains(key), "an answered revocation is lost: the key is {code}");
        assert_ne!(code, "not_found");
    }
    assert!(issued.len() >= KILLS && revoked.len() >= KILLS / 5, "{} issued, {} revoked", issued.len(), revoked.len());
    server.kill();
    assert_whole(&data);
}

/// Four threads issue and revoke; after some responses the server is killed.
fn work_until_killed(server: Server, app: &str, token: &str, answers: usize) -> (Vec<String>, Vec<String>) {
    let (tell, told) = std::sync::mpsc::channel();
    let server = Arc::new(server);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (server, tell) = (Arc::clone(&server), tell.clone());
            let (app, token) = (app.to_owned(), token.to_owned());
            std::thread::spawn(move || {
                while let Some(key) = server.generate(&app) {
                    let id =
                        std::panic::catch_unwind(|| server.verify(&token, &key)["key_id"].as_str().map(str::to_owned));
                    let _ = tell.send((key.clone(), false));
                    let Ok(Some(id)) = id else { return };
                    let Some(answer) = server.form(&format!("/keys/{id}/revoke"), &[("reason", "")]) else { return };
                    if answer.starts_with("HTTP/1.1 303") {
                        let _ = tell.send((key, true));
                    }
                }
            })
        })
        .collect();
    drop(tell);
    let (mut issued, mut revoked) = (Vec::new(), Vec::new());
    let mut note = |(key, gone): (String, bool)| if gone { revoked.push(key) } else { issued.push(key) };
    for _ in 0..answers {
        note(told.recv().expect("somebody works"));
    }
    let pid = server.child.id().to_string();
    Command::new("kill").args(["-9", &pid]).status().expect("killed");
    told.iter().for_each(&mut note);
    for worker in workers {
        let _ = worker.join();
    }
    Arc::try_unwrap(server).ok().expect("nobody else holds it").kill();
    (issued, revoked)
}

/// SQLite finds no damage and no dangling foreign keys, and every chain of events is valid.
fn assert_whole(data: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let place = DataLocation { data: data.to_owned(), ..DataLocation::default() };
        let dir = DataDir::prepare(&place, &OsEntropy, Wanted::Known).await.expect("prepared");
        let store = dir.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("opens");
        let Location::Sqlite(_) = store.location() else { panic!("SQLite") };
        assert_eq!(store.check_integrity().await.expect("checked"), Vec::<String>::new());
        for chain in store.chains().await.expect("read") {
            assert!(store.check_chain(&chain).await.expect("read").is_ok(), "{chain}");
        }
        store.close().await;
    });
}
