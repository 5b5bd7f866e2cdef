//! Which files of the settings contain secrets, for `sallyport doctor`.

use std::path::PathBuf;

use super::Where;

impl Where {
    /// The files with passwords and tokens that the settings file names; itself, if there is a password in it.
    pub fn files_with_secrets(&self) -> Vec<PathBuf> {
        let path = self.path();
        let Ok(text) = std::fs::read_to_string(&path) else { return Vec::new() };
        let Ok(settings) = text.parse::<toml::Table>() else { return vec![path] };
        let mut files = Vec::new();
        add(&settings, &mut files);
        let url = settings.get("database_url").and_then(toml::Value::as_str).and_then(|url| url::Url::parse(url).ok());
        let of_database =
            url.is_some_and(|url| url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password"));
        // With several hosts it is no URL to a parser.
        let redis = settings.get("redis_url").and_then(toml::Value::as_str);
        if of_database || redis.is_some_and(|url| url.contains('@')) {
            files.push(path);
        }
        files
    }
}

fn add(table: &toml::Table, files: &mut Vec<PathBuf>) {
    for (name, value) in table {
        match value {
            toml::Value::Table(table) => add(table, files),
            toml::Value::String(path)
                if ["password_file", "token_file", "secret_file"].iter().any(|end| name.ends_with(end)) =>
            {
                files.push(PathBuf::from(path));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_passwords_and_tokens_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("s.toml");
        let place = Where { config: Some(config.clone()), ..Where::default() };
        let sections = "[mail]\npassword_file = \"/p\"\nca_file = \"/c\"\n[audit.forward]\ntoken_file = \"/t\"\n\
                        [single_sign_on.acme]\nclient_secret_file = \"/s\"\n";
        std::fs::write(&config, sections).expect("written");
        let mut found = place.files_with_secrets();
        found.sort();
        assert_eq!(found, ["/p", "/s", "/t"].map(PathBuf::from));
        std::fs::write(&config, "database_url = \"postgres://ada:s3cret@db/keys\"\n").expect("written");
        assert_eq!(place.files_with_secrets(), std::slice::from_ref(&config));
        std::fs::write(&config, "redis_url = \"redis+cluster://:s3cret@a:6379,b:6379\"\n").expect("written");
        assert_eq!(place.files_with_secrets(), std::slice::from_ref(&config));
        std::fs::write(&config, "redis_url = \"redis://a:6379\"\n").expect("written");
        assert!(place.files_with_secrets().is_empty());
    }
}
