use std::os::unix::fs::symlink;

use sallyport::{clock::SystemClock, entropy::OsEntropy, testing::SeededEntropy};
use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn place(folder: &Path) -> DataLocation {
    DataLocation { data: folder.to_owned(), ..DataLocation::default() }
}

async fn prepared(folder: &Path, wanted: Wanted) -> Result<DataDir, String> {
    DataDir::prepare(&place(folder), &SeededEntropy::new(1), wanted).await
}

async fn refused(folder: &Path, wanted: Wanted) -> String {
    let before = names(folder);
    let error = prepared(folder, wanted).await.err().expect("refused");
    assert_eq!(names(folder), before, "nothing is written before it is sure");
    error
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

async fn open(data: &DataDir) -> Result<Store, String> {
    data.open_and_migrate(Arc::new(SystemClock), Arc::new(OsEntropy)).await
}

/// A folder in which a portal ran.
async fn used() -> TempDir {
    let folder = folder();
    let data = prepared(folder.path(), Wanted::Known).await.expect("made");
    open(&data).await.expect("opens").close().await;
    folder
}

#[tokio::test]
async fn a_missing_key_of_a_database_is_not_created() {
    let folder = folder();
    fs::write(folder.path().join("sallyport.db"), "").expect("written");
    let error = refused(folder.path(), Wanted::Known).await;
    assert!(error.contains("no master key"), "{error}");
}

#[tokio::test]
async fn a_missing_database_of_a_key_is_not_created() {
    let folder = used().await;
    let database = folder.path().join("sallyport.db");
    fs::remove_file(&database).expect("removed");
    let error = refused(folder.path(), Wanted::Known).await;
    assert!(error.contains("There is no database at") && error.contains("master.key is still there"), "{error}");
    assert!(error.contains("sallyport migrate --new"), "the fix: {error}");

    // An empty file counts as missing.
    fs::write(&database, "").expect("written");
    assert!(refused(folder.path(), Wanted::Known).await.contains("migrate --new"));
    let data = prepared(folder.path(), Wanted::New).await.expect("it was said");
    open(&data).await.expect("opens").close().await;
    prepared(folder.path(), Wanted::Known).await.expect("there is one now");
    let error = refused(folder.path(), Wanted::New).await;
    assert!(error.contains("leave --new out"), "{error}");
}

#[tokio::test]
async fn what_sqlite_left_is_never_written_over() {
    for left in ["sallyport.db-wal", "sallyport.db-journal"] {
        let folder = folder();
        fs::write(folder.path().join(left), "what was answered last").expect("written");
        for wanted in [Wanted::Known, Wanted::New] {
            let error = refused(folder.path(), wanted).await;
            assert!(error.contains(left) && error.contains("move"), "{error}");
        }
    }
    let folder = folder();
    symlink("/nowhere/sallyport.db", folder.path().join("sallyport.db")).expect("linked");
    let error = refused(folder.path(), Wanted::New).await;
    assert!(error.contains("Is its disk mounted"), "{error}");
}

/// The master key is in the environment, so that only the lock shows that there was a server.
#[tokio::test]
async fn a_lock_is_a_trace_too() {
    let folder = folder();
    ServerLock::take(folder.path()).expect("taken");
    let master_key = Some(crate::config::MasterKeyText(MasterKey::mint(&SeededEntropy::new(1)).expose().to_string()));
    let place = DataLocation { master_key, ..place(folder.path()) };
    let ended = DataDir::prepare(&place, &SeededEntropy::new(1), Wanted::Known).await;
    assert!(ended.err().expect("refused").contains("sallyport.lock is still there"));
    DataDir::prepare(&place, &SeededEntropy::new(1), Wanted::New).await.expect("it was said");
    assert_eq!(names(folder.path()), ["sallyport.db", "sallyport.lock"]);
}

#[tokio::test]
async fn a_start_that_is_refused_leaves_no_key() {
    let folder = folder();
    let nobody = "postgres://ada:s3cret@127.0.0.1:1/keys".to_owned();
    let place = DataLocation { database_url: Some(nobody), ..place(&folder.path().join("data")) };
    let error = DataDir::prepare(&place, &SeededEntropy::new(1), Wanted::Known).await.err().expect("refused");
    assert!(error.contains("nothing listens there"), "{error}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn what_could_not_be_used_is_taken_back() {
    let folder = folder();
    let data = prepared(folder.path(), Wanted::Known).await.expect("made");
    // A folder in place of the WAL prevents the store from opening.
    fs::create_dir(folder.path().join("sallyport.db-wal")).expect("made");
    open(&data).await.expect_err("refused");
    assert_eq!(names(folder.path()), ["sallyport.db-wal"]);
}

#[tokio::test]
async fn key_and_database_are_the_owners_alone() {
    let folder = used().await;
    let key = folder.path().join("master.key");
    for file in [&key, &folder.path().join("sallyport.db")] {
        let mode = fs::metadata(file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    let error = refused(folder.path(), Wanted::Known).await;
    assert!(error.contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn a_key_that_is_not_needed_keeps_no_server_from_starting() {
    let folder = used().await;
    let place = place(folder.path());
    for file in [new_key_path(&place), old_key_path(&place)] {
        // Others may read it, it is damaged, and it is no file.
        fs::write(&file, MasterKey::mint(&OsEntropy).expose().as_bytes()).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
        assert!(read_key(&file).is_err());
        open(&prepared(folder.path(), Wanted::Known).await.expect("starts")).await.expect("opens").close().await;
        fs::write(&file, "cut").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
        assert_eq!(read_keys(&place).expect("the one that is needed").len(), 1);
        fs::remove_file(&file).expect("removed");
        fs::create_dir(&file).expect("made");
        open(&prepared(folder.path(), Wanted::Known).await.expect("starts")).await.expect("opens").close().await;
    }
    // The one of today is needed.
    fs::set_permissions(key_path(&place), fs::Permissions::from_mode(0o644)).expect("set");
    let error = refused(folder.path(), Wanted::Known).await;
    assert!(error.contains("chmod 600"), "{error}");
}

#[test]
fn a_key_belongs_to_who_the_folder_belongs_to() {
    use std::os::unix::fs::MetadataExt;
    let folder = folder();
    // Only root can give it to somebody.
    let owner = if rustix::process::geteuid().is_root() { 4_711 } else { rustix::process::geteuid().as_raw() };
    std::os::unix::fs::chown(folder.path(), Some(owner), None).expect("given");
    let file = folder.path().join("master.key.new");
    write_whole(&file, "key").expect("written");
    assert_eq!(fs::metadata(&file).expect("there").uid(), owner);
}

#[tokio::test]
async fn a_folder_in_which_others_write_is_warned_about() {
    for (mode, who) in [(0o777, "Everybody"), (0o1777, "Everybody"), (0o702, "Everybody"), (0o770, "The group")] {
        let folder = folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("set");
        let data = prepared(folder.path(), Wanted::Known).await.expect("made");
        let fix = format!("chmod 700 {}", folder.path().display());
        assert!(data.made[0].contains(who) && data.made[0].contains(&fix), "{:?}", data.made);
    }
    let data = prepared(folder().path(), Wanted::Known).await.expect("made");
    assert!(data.made.iter().all(|said| !said.contains("can write")), "{:?}", data.made);
}

#[tokio::test]
async fn what_a_link_beside_the_database_points_to_keeps_its_mode() {
    let folder = used().await;
    let victim = folder.path().join("victim");
    fs::write(&victim, "").expect("written");
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o644)).expect("set");
    symlink(&victim, folder.path().join("sallyport.db-shm")).expect("linked");
    prepared(folder.path(), Wanted::Known).await.expect("prepared");
    assert_eq!(fs::metadata(&victim).expect("there").permissions().mode() & 0o777, 0o644);
}

mod postgres {
    use sallyport::testing::TestStore;

    use super::*;

    #[tokio::test]
    async fn a_database_without_its_key_is_refused_and_no_other_is_made() {
        let store = TestStore::postgres().await;
        let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
        let folder = folder();
        let place = DataLocation { database_url: Some(url), ..place(folder.path()) };
        for wanted in [Wanted::Known, Wanted::New] {
            let error = DataDir::prepare(&place, &SeededEntropy::new(1), wanted).await.err().expect("refused");
            assert!(error.contains("no master key at"), "{error}");
        }
        assert_eq!(names(folder.path()), Vec::<String>::new());
        store.end().await;
    }

    #[tokio::test]
    async fn an_empty_one_beside_a_key_is_refused() {
        let folder = used().await;
        let url = std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL names a PostgreSQL");
        let place = DataLocation { database_url: Some(url), ..place(folder.path()) };
        let before = names(folder.path());
        let error = DataDir::prepare(&place, &SeededEntropy::new(1), Wanted::Known).await.err().expect("refused");
        assert!(error.contains("shows that there was one") && error.contains("migrate --new"), "{error}");
        assert_eq!(names(folder.path()), before);
        DataDir::prepare(&place, &SeededEntropy::new(1), Wanted::New).await.expect("it was said");
    }
}
