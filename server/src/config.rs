//! Settings, in order of precedence: flag, environment (`SALLYPORT_…`), `sallyport.toml`, default. clap handles the
//! first two.

mod addresses;
pub mod audit;
pub mod collector;
mod journal;
mod leaks;
mod log_format;
pub mod mail;
mod master_key;
mod public_url;
mod redis;
mod requirements;
mod secret;
mod secret_files;
mod set_by;
pub mod single_sign_on;
pub mod traces;
pub mod usage;
pub mod webhooks;

use std::{
    collections::{BTreeMap, HashMap},
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::Args;
use ipnet::IpNet;
use sallyport::{over_redis::RedisSettings, profile::Fault};
use serde::Deserialize;

use self::{
    addresses::{check_cidr, check_listen},
    audit::{AuditSection, AuditSettings},
    journal::JournalSection,
    leaks::LeaksSection,
    mail::{MailSection, MailSettings},
    master_key::{master_key_of_environment, old_master_key_of_environment},
    public_url::check_public_url,
    redis::RedisArgs,
    requirements::check_names,
    single_sign_on::{IssuerSection, IssuerSettings},
    traces::{TracesSection, TracesSettings},
    usage::{UsageSection, UsageSettings},
    webhooks::{WebhookSettings, WebhooksSection},
};
pub use self::{
    log_format::LogFormat,
    master_key::MasterKeyText,
    set_by::{SetBy, blaming},
};
use crate::{api::requirement::Requirement, partner_keys::KeySource, site};

/// The `--help` heading after a command's own options.
const GLOBAL: &str = "Global options";

/// Settings of every command: where the data is.
#[derive(Args, Clone, Default)]
pub struct Where {
    /// Settings file [default: ./sallyport.toml, if it exists]
    #[arg(long, global = true, help_heading = GLOBAL, env = "SALLYPORT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the database, the master key and the lock [default: ./data]
    #[arg(long, global = true, help_heading = GLOBAL, env = "SALLYPORT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// PostgreSQL instead of the built-in SQLite: postgres://user@host/database
    #[arg(long, global = true, help_heading = GLOBAL, env = "SALLYPORT_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Profile of this deployment: scopes, prefixes, headers, errors, limits [default: built in]
    #[arg(long, global = true, help_heading = GLOBAL, env = "SALLYPORT_PROFILE", value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// The master key in base64, instead of the file master.key in the data folder. Environment only: a flag would be
    /// visible to every user of the machine.
    #[arg(skip)]
    pub master_key: Option<MasterKeyText>,
}

/// Settings of `serve`.
#[allow(rustdoc::bare_urls, reason = "clap prints these sentences as they stand")]
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free port [default: 127.0.0.1:3000]
    #[arg(long, env = "SALLYPORT_LISTEN", value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address for Envoy's ext_authz over gRPC [default: off]
    #[arg(long, env = "SALLYPORT_GRPC_LISTEN", value_name = "ADDR")]
    pub grpc_listen: Option<String>,
    /// Address for Prometheus, which reads /metrics there and nowhere else [default: off]
    #[arg(long, env = "SALLYPORT_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<String>,
    /// URL under which browsers reach the portal, such as https://keys.example.com
    #[arg(long, env = "SALLYPORT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-… headers are used, as CIDR blocks [default: loopback]
    #[arg(long, env = "SALLYPORT_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxies: Vec<String>,
    /// Log format: text or json [default: text]
    #[arg(long, env = "SALLYPORT_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Number of keys that the verifier keeps in memory [default: 100000]
    #[arg(long, env = "SALLYPORT_CACHE_KEYS", value_name = "COUNT")]
    pub cache_keys: Option<usize>,
    /// Fill a fresh database with an example company, and print a sign-in; loopback only
    #[arg(long)]
    pub demo: bool,
    #[command(flatten)]
    pub redis: RedisArgs,
}

/// `sallyport.toml`: the same names as the flags.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    database_url: Option<String>,
    profile: Option<PathBuf>,
    listen: Option<String>,
    grpc_listen: Option<String>,
    metrics_listen: Option<String>,
    public_url: Option<String>,
    trusted_proxies: Option<Vec<String>>,
    log_format: Option<LogFormat>,
    cache_keys: Option<usize>,
    redis_url: Option<String>,
    redis_prefix: Option<String>,
    redis_signatures: Option<redis::Signatures>,
    redis_timeout_ms: Option<u64>,
    redis_ca_file: Option<PathBuf>,
    breached_passwords: Option<PathBuf>,
    /// Only in the file, like the requirements.
    mail: Option<MailSection>,
    usage: Option<UsageSection>,
    #[serde(default)]
    audit: AuditSection,
    #[serde(default)]
    journal: JournalSection,
    leaks: Option<LeaksSection>,
    traces: Option<TracesSection>,
    webhooks: Option<WebhooksSection>,
    #[serde(default)]
    single_sign_on: BTreeMap<String, IssuerSection>,
    #[serde(default)]
    requirements: HashMap<String, Requirement>,
}

/// The resolved location of the data. Without `Debug`, because the URL may contain a password.
#[derive(Clone, Default)]
pub struct DataLocation {
    pub data: PathBuf,
    pub database_url: Option<String>,
    pub profile: Option<PathBuf>,
    pub master_key: Option<MasterKeyText>,
    /// The one of before, while `sallyport rekey` replaces it.
    pub old_master_key: Option<MasterKeyText>,
    /// Of the second copy of the revocation journal.
    pub journal: Option<PathBuf>,
    pub set_by: SetBy,
}

/// The resolved settings of `serve`.
#[derive(Clone, Debug)]
pub struct Serving {
    pub listen: String,
    pub grpc_listen: Option<String>,
    pub metrics_listen: Option<String>,
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub log_format: LogFormat,
    pub cache_keys: usize,
    /// `None` if each node counts for itself.
    pub redis: Option<RedisSettings>,
    /// `None` if mail is off.
    pub mail: Option<MailSettings>,
    pub usage: UsageSettings,
    pub audit: AuditSettings,
    pub partner_keys: Option<KeySource>,
    /// `None` if no spans are sent.
    pub traces: Option<TracesSettings>,
    pub breached_passwords: Option<PathBuf>,
    pub webhooks: WebhookSettings,
    /// With whom people sign in.
    pub issuers: Vec<IssuerSettings>,
    /// The names in Envoy's paths.
    pub requirements: HashMap<String, Requirement>,
    pub demo: bool,
}

const DEFAULT_FILE: &str = "sallyport.toml";

impl Where {
    fn path(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| DEFAULT_FILE.into())
    }

    /// The flag, the variable or the file that sets a value.
    fn source(&self, setting: &str, given: Option<impl AsRef<OsStr>>) -> String {
        let variable = format!("SALLYPORT_{}", setting.to_uppercase());
        match given {
            None => format!("`{setting}` in {}", self.path().display()),
            Some(given) if env::var_os(&variable).as_deref() == Some(given.as_ref()) => variable,
            Some(_) => format!("--{}", setting.replace('_', "-")),
        }
    }

    fn file(&self) -> Result<File, String> {
        let path = self.path();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.config.is_none() => {
                return Ok(File::default());
            }
            Err(error) => {
                let source = self.config.as_ref().map(|path| self.source("config", Some(path)));
                return Err(blaming(
                    format!("The settings file {} can't be read: {error}.", path.display()),
                    source.as_deref(),
                ));
            }
        };
        // Without the line itself, which the TOML parser would show: it may contain a password.
        toml::from_str(&text).map_err(|error| {
            format!("The settings file {} is wrong: {}", path.display(), Fault::of_toml(&text, &error))
        })
    }

    pub fn place(&self) -> Result<DataLocation, String> {
        let file = self.file()?;
        let source = |setting: &str, given: Option<OsString>, in_file: bool| {
            (given.is_some() || in_file).then(|| self.source(setting, given))
        };
        let os = |path: &Option<PathBuf>| path.clone().map(OsString::from);
        let set_by = SetBy {
            data: source("data", os(&self.data), file.data.is_some()),
            database_url: source(
                "database_url",
                self.database_url.clone().map(OsString::from),
                file.database_url.is_some(),
            ),
            profile: source("profile", os(&self.profile), file.profile.is_some()),
        };
        Ok(DataLocation {
            set_by,
            data: self.data.clone().or(file.data).unwrap_or_else(|| "data".into()),
            database_url: self.database_url.clone().or(file.database_url),
            profile: self.profile.clone().or(file.profile),
            journal: file.journal.folder,
            master_key: self.master_key.clone().or_else(master_key_of_environment),
            old_master_key: old_master_key_of_environment(),
        })
    }

    pub fn serving(&self, args: &ServeArgs) -> Result<Serving, String> {
        let file = self.file()?;
        let given = if args.trusted_proxies.is_empty() {
            file.trusted_proxies.unwrap_or_else(|| vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()])
        } else {
            args.trusted_proxies.clone()
        };
        let (listen, grpc_listen) =
            (args.listen.clone().or(file.listen), args.grpc_listen.clone().or(file.grpc_listen));
        let metrics_listen = args.metrics_listen.clone().or(file.metrics_listen);
        let public_url = args.public_url.clone().or(file.public_url);
        let proxies = (!args.trusted_proxies.is_empty()).then(|| args.trusted_proxies.join(","));
        let from = |setting: &'static str, given: Option<&String>| {
            let source = self.source(setting, given);
            move |sentence: String| blaming(sentence, Some(&source))
        };
        listen.as_deref().map(check_listen).transpose().map_err(from("listen", args.listen.as_ref()))?;
        let wrong_grpc = from("grpc_listen", args.grpc_listen.as_ref());
        grpc_listen.as_deref().map(check_listen).transpose().map_err(wrong_grpc)?;
        let redis = args.redis.clone().or(RedisArgs {
            redis_url: file.redis_url,
            redis_prefix: file.redis_prefix,
            redis_signatures: file.redis_signatures,
            redis_timeout_ms: file.redis_timeout_ms,
            redis_ca_file: file.redis_ca_file,
        });
        let source = |setting: &str, given| self.source(setting, given);
        let redis = redis.resolve(&args.redis, source)?;
        if let Some(listen) = &metrics_listen {
            check_listen(listen).map_err(from("metrics_listen", args.metrics_listen.as_ref()))?;
        }
        let webhooks = file.webhooks.unwrap_or_default().resolve()?;
        let trusted_proxies: Result<_, String> = given.iter().map(|cidr| check_cidr(cidr)).collect();
        Ok(Serving {
            listen: listen.unwrap_or_else(site::default_address),
            grpc_listen,
            metrics_listen,
            public_url: public_url
                .map(|url| check_public_url(&url))
                .transpose()
                .map_err(from("public_url", args.public_url.as_ref()))?,
            trusted_proxies: trusted_proxies.map_err(from("trusted_proxies", proxies.as_ref()))?,
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
            cache_keys: args.cache_keys.or(file.cache_keys).unwrap_or(100_000).max(1),
            redis,
            mail: file.mail.map(MailSection::resolve).transpose()?,
            usage: file.usage.unwrap_or_default().resolve(),
            audit: file.audit.resolve()?,
            partner_keys: file.leaks.unwrap_or_default().resolve()?,
            traces: file.traces.map(TracesSection::resolve).transpose()?,
            breached_passwords: file.breached_passwords,
            issuers: single_sign_on::resolve(file.single_sign_on, webhooks.proxy.as_ref())?,
            webhooks,
            requirements: check_names(file.requirements)?,
            demo: args.demo,
        })
    }
}

#[cfg(test)]
mod tests;
