//! The vectors that the readers of all languages share, and what depends on the machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sallyport_client::runtime_configuration::{Options, RuntimeConfiguration, load};
use serde_json::{Value, json};

/// A folder that is removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("runtime-configuration-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("made");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        set_mode(&path, 0o600);
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

fn options(vector: &Value, folder: &Path) -> Options {
    let argument = |name: &str| vector["arguments"][name].as_str().map(str::to_owned);
    let environment = vector["environment"].as_object().into_iter().flatten();
    let environment = environment.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()));
    Options {
        path: vector["path"].as_str().map(|name| folder.join(name).join("synheart.json")),
        app_id: argument("app_id"),
        org_id: argument("org_id"),
        app_api_key: argument("app_api_key"),
        api_base_url: argument("api_base_url"),
        subject_id: argument("subject_id"),
        app_version: argument("app_version"),
        working_directory: Some(folder.join("working")),
        data_directory: Some(folder.join("data")),
        environment: Some(environment.collect()),
        ..Options::default()
    }
}

fn as_json(config: &RuntimeConfiguration) -> Value {
    json!({
        "app_id": config.app_id, "org_id": config.org_id, "app_api_key": config.app_api_key,
        "api_base_url": config.api_base_url, "enterprise": config.enterprise,
        "capability_token": config.capability_token, "subject_id": config.subject_id,
        "app_version": config.app_version,
    })
}

#[test]
fn each_vector() {
    let vectors = include_str!("../../vectors/runtime-configuration.json");
    let vectors: Value = serde_json::from_str(vectors).expect("JSON");
    let vectors = vectors["vectors"].as_array().expect("a list");
    assert!(vectors.len() > 25);
    for (at, vector) in vectors.iter().enumerate() {
        let name = vector["name"].as_str().expect("text");
        let folder = Folder::new(&at.to_string());
        for (place, text) in vector["files"].as_object().into_iter().flatten() {
            folder.write(&format!("{place}/synheart.json"), text.as_str().expect("text"));
        }
        let loaded = load(&options(vector, &folder.0));
        if let Some(expected) = vector["config"].as_object() {
            let config = loaded.unwrap_or_else(|error| panic!("{name}: {error}"));
            for (field, expected) in expected {
                assert_eq!(&as_json(&config)[field], expected, "{name}: {field}");
            }
            assert!(![&config.device_id, &config.platform, &config.app_version].iter().any(|text| text.is_empty()));
            assert!(config.warnings.is_empty() && !format!("{config:?}").contains("app_api_key"), "{name}");
            continue;
        }
        let (expected, error) = (&vector["error"], loaded.expect_err(name));
        let path = expected["file"].as_str().map(|place| folder.0.join(place).join("synheart.json"));
        let line = expected["line"].as_u64().map(|line| usize::try_from(line).expect("small"));
        let field = expected["field"].as_str().map(str::to_owned);
        assert_eq!((&error.path, error.line, &error.field), (&path, line, &field), "{name}: {error}");
        let said = error.to_string();
        let parts = [path.map(|path| path.display().to_string()), line.map(|line| format!(":{line}:")), field];
        assert!(parts.iter().flatten().all(|part| said.contains(part)), "{name}: {said}");
        assert!(!expected["no"].as_str().is_some_and(|no| said.contains(no)), "{name}: {said}");
    }
}

#[test]
fn a_file_that_others_may_read_gives_a_warning() {
    let folder = Folder::new("exposed");
    let path = folder.write("synheart.json", r#"{"app_id": "a", "org_id": "o", "app_api_key": "k"}"#);
    let told = || load(&Options { path: Some(path.clone()), ..Options::default() }).expect("good").warnings;
    assert!(told().is_empty());
    if cfg!(unix) {
        set_mode(&path, 0o640);
        assert!(matches!(&told()[..], [one] if one.contains("chmod 600")), "{:?}", told());
        set_mode(&path, 0o600);
    }
    assert!(Command::new("git").args(["init", "--quiet"]).arg(&folder.0).status().expect("git starts").success());
    assert!(matches!(&told()[..], [one] if one.contains(".gitignore")), "{:?}", told());
    folder.write(".gitignore", "synheart.json\n");
    assert!(told().is_empty());
}
