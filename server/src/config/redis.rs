//! Settings of Redis, over which several nodes share limits and signatures.

use std::{ffi::OsString, fs, path::PathBuf, time::Duration};

use clap::Args;
use sallyport::over_redis::{RedisSettings, WithoutRedis};
use serde::Deserialize;

use super::blaming;

#[allow(rustdoc::bare_urls, reason = "clap prints these sentences as they stand")]
#[derive(Args, Clone, Default)]
pub struct RedisArgs {
    /// Redis or Valkey, over which nodes share limits and signatures: redis://host:6379 [default: each node has its part]
    #[arg(long, env = "SALLYPORT_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// Beginning of all keys in Redis [default: sallyport:]
    #[arg(long, env = "SALLYPORT_REDIS_PREFIX", value_name = "TEXT")]
    pub redis_prefix: Option<String>,
    /// Signed requests while Redis is away: refuse (503), or local (accepted once by each node) [default: refuse]
    #[arg(long, env = "SALLYPORT_REDIS_SIGNATURES", value_name = "CHOICE")]
    pub redis_signatures: Option<Signatures>,
    /// Milliseconds that a request waits for Redis, 10 to 5000 [default: 100]
    #[arg(long, env = "SALLYPORT_REDIS_TIMEOUT_MS", value_name = "NUMBER")]
    pub redis_timeout_ms: Option<u64>,
    /// Certificates in PEM of the only authorities trusted for Redis [default: those of the system]
    #[arg(long, env = "SALLYPORT_REDIS_CA_FILE", value_name = "FILE")]
    pub redis_ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Signatures {
    Refuse,
    Local,
}

/// Without the URL, which may contain a password.
impl std::fmt::Debug for RedisArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisArgs(…)")
    }
}

impl RedisArgs {
    /// What is missing here is taken from there.
    pub(super) fn or(self, file: Self) -> Self {
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Self {
            redis_url: given(self.redis_url).or(given(file.redis_url)),
            redis_prefix: given(self.redis_prefix).or(file.redis_prefix),
            redis_signatures: self.redis_signatures.or(file.redis_signatures),
            redis_timeout_ms: self.redis_timeout_ms.or(file.redis_timeout_ms),
            redis_ca_file: self.redis_ca_file.or(file.redis_ca_file),
        }
    }

    /// An error names what set the value: `given`, or else the file.
    pub(super) fn resolve(
        self,
        given: &Self,
        source: impl Fn(&str, Option<OsString>) -> String,
    ) -> Result<Option<RedisSettings>, String> {
        let wrong = |setting: &str, given: Option<OsString>| {
            let source = source(setting, given);
            move |sentence: String| blaming(sentence, Some(&source))
        };
        let Some(url) = self.redis_url else { return Ok(None) };
        let of_url = given.redis_url.clone().map(OsString::from);
        let mut settings = RedisSettings::new(&url).map_err(wrong("redis_url", of_url))?;
        if let Some(prefix) = self.redis_prefix {
            let of_prefix = given.redis_prefix.clone().map(OsString::from);
            settings = settings.with_prefix(&prefix).map_err(wrong("redis_prefix", of_prefix))?;
        }
        if let Some(millis) = self.redis_timeout_ms {
            let of_timeout = given.redis_timeout_ms.map(|millis| millis.to_string().into());
            if !(10..=5_000).contains(&millis) {
                let sentence = "A request waits for Redis for 10 to 5000 milliseconds.".to_owned();
                return Err(wrong("redis_timeout_ms", of_timeout)(sentence));
            }
            settings = settings.with_timeout(Duration::from_millis(millis));
        }
        if let Some(path) = self.redis_ca_file {
            let of_file = given.redis_ca_file.clone().map(OsString::from);
            let unreadable =
                |error: std::io::Error| format!("The certificates {} can't be read: {error}.", path.display());
            let pem = fs::read(&path).map_err(unreadable).map_err(wrong("redis_ca_file", of_file))?;
            settings = settings.with_authorities(pem);
        }
        Ok(Some(settings.with_signatures(match self.redis_signatures {
            Some(Signatures::Local) => WithoutRedis::Local,
            Some(Signatures::Refuse) | None => WithoutRedis::Refuse,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(args: RedisArgs) -> Result<Option<RedisSettings>, String> {
        args.clone().resolve(&args, |setting, _| setting.to_owned())
    }

    #[test]
    fn a_wrong_value_says_what_set_it_and_no_password() {
        let url = Some("redis://:s3cret@localhost".to_owned());
        let good = RedisArgs { redis_url: url, ..RedisArgs::default() };
        assert!(resolved(good.clone()).is_ok_and(|settings| settings.is_some()));
        assert!(resolved(RedisArgs::default()).is_ok_and(|settings| settings.is_none()));
        for (args, setting) in [
            (RedisArgs { redis_url: Some("http://:s3cret@localhost".to_owned()), ..good.clone() }, "redis_url"),
            (RedisArgs { redis_prefix: Some("{a}".to_owned()), ..good.clone() }, "redis_prefix"),
            (RedisArgs { redis_timeout_ms: Some(0), ..good.clone() }, "redis_timeout_ms"),
            (RedisArgs { redis_ca_file: Some("/nowhere".into()), ..good.clone() }, "redis_ca_file"),
        ] {
            let error = resolved(args).expect_err(setting);
            assert!(error.ends_with(&format!("It is set by {setting}.")) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_flag_beats_the_file_and_an_empty_one_counts_as_none() {
        let url = |text: &str| RedisArgs { redis_url: Some(text.to_owned()), ..RedisArgs::default() };
        assert_eq!(url("redis://a").or(url("redis://b")).redis_url.as_deref(), Some("redis://a"));
        assert_eq!(url(" ").or(url("redis://b")).redis_url.as_deref(), Some("redis://b"));
    }
}
