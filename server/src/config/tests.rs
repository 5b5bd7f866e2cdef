use super::*;

#[test]
fn the_example_file_and_the_docs_list_each_setting() {
    // Optional settings are commented out in the file.
    let is_setting = |line: &&str| line.contains(" = ") || line.starts_with('[');
    let uncommented = |line: &'static str| line.strip_prefix("# ").filter(is_setting).unwrap_or(line);
    let example = include_str!("../../../docs/sallyport.toml").lines().map(uncommented);
    let example = example.collect::<Vec<_>>().join("\n");
    let file: File = toml::from_str(&example).expect("every name is known");
    let File { data, database_url, profile, listen, grpc_listen, public_url, trusted_proxies, log_format, .. } = &file;
    let File { cache_keys, mail, usage, requirements, metrics_listen, .. } = &file;
    assert!(mail.is_some() && usage.is_some() && public_url.is_some() && metrics_listen.is_some());
    let told = [data.is_some(), database_url.is_some(), profile.is_some(), listen.is_some(), grpc_listen.is_some()];
    assert_eq!(told, [true; 5]);
    let told = [trusted_proxies.is_some(), log_format.is_some(), cache_keys.is_some(), !requirements.is_empty()];
    assert_eq!(told, [true; 4]);
    let names: toml::Table = toml::from_str(&example).expect("TOML");
    for name in names.keys() {
        assert!(include_str!("../../../docs/settings.md").contains(&format!("| `{name}`")), "{name} is not listed");
    }
    for section in ["mail", "usage", "audit", "leaks", "webhooks", "journal", "traces"] {
        for name in names[section].as_table().expect("a table").keys() {
            let listed = include_str!("../../../docs/settings.md").contains(&format!("| `{section}.{name}`"));
            assert!(listed, "{section}.{name} is not listed");
        }
    }
}

#[test]
fn a_flag_beats_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("s.toml");
    std::fs::write(&config, "data = \"/from/file\"\nlisten = \"127.0.0.1:1\"\n").expect("written");
    let place = Where { config: Some(config.clone()), ..Where::default() };
    assert_eq!(place.place().expect("good").data, PathBuf::from("/from/file"));
    let flag = Where { data: Some("/from/flag".into()), ..place.clone() };
    assert_eq!(flag.place().expect("good").data, PathBuf::from("/from/flag"));
    let args = ServeArgs { listen: Some("127.0.0.1:2".to_owned()), ..ServeArgs::default() };
    assert_eq!(place.serving(&args).expect("good").listen, "127.0.0.1:2");

    std::fs::write(&config, "lisen = \"127.0.0.1:1\"\n").expect("written");
    assert!(place.place().err().expect("refused").contains("lisen"));
}

#[test]
fn a_faulty_file_is_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("s.toml");
    let place = Where { config: Some(config.clone()), ..Where::default() };
    let url = "postgres://ada:s3cret@db/keys";
    for (text, at) in [
        (format!("databse_url = \"{url}\""), "line 1, column 1: unknown field `databse_url`"),
        (format!("data = \"d\"\ndatabase_url = \"{url}"), "line 2"),
        (format!("data = \"d\"\n\ndatabase_url = {url}"), "line 3"),
        (url.to_owned(), "line 1"),
        (format!("\"{url}\" = 1"), "line 1, column 1: unknown field"),
        (format!("cache_keys = \"{url}\""), "line 1, column 14: invalid type: string"),
        (format!("log_format = \"{url}\""), "line 1, column 14: unknown value"),
        (format!("trusted_proxies = \"{url}\""), "line 1, column 19: invalid type: string"),
        (format!("database_url = [\"{url}\"]"), "line 1, column 16: invalid type: sequence"),
    ] {
        std::fs::write(&config, &text).expect("written");
        let error = place.place().err().expect("refused");
        assert!(error.contains(at), "{text}: {error}");
        assert!(!error.contains("s3cret") && !error.contains("ada"), "{error}");
    }
}

#[test]
fn what_is_wrong_names_what_set_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("s.toml");
    std::fs::write(&config, "grpc_listen = \"3001\"\n").expect("written");
    let place = Where { config: Some(config.clone()), ..Where::default() };
    let refused = |args: ServeArgs| place.serving(&args).expect_err("refused");
    let of_file = format!("It is set by `grpc_listen` in {}.", config.display());
    assert!(refused(ServeArgs::default()).ends_with(&of_file), "{}", refused(ServeArgs::default()));
    let args = ServeArgs { public_url: Some("https://ada:s3cret@keys".to_owned()), ..ServeArgs::default() };
    std::fs::write(&config, "").expect("written");
    assert_eq!(refused(args), "The public URL should look like https://keys.example.com.\nIt is set by --public-url.");
    for listen in ["", "3000", "localhost", "127.0.0.1:http", "http://127.0.0.1:3000", ":3000"] {
        let args = ServeArgs { listen: Some(listen.to_owned()), ..ServeArgs::default() };
        assert!(refused(args).contains("write it like 127.0.0.1:3000.\nIt is set by --listen"), "{listen}");
    }
}
