//! The configuration, and where each of its values comes from: an argument, else the file, else the environment (only the
//! base URL), else a default.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::PathBuf,
};

use super::{
    ConfigurationError, detect, exposure,
    file::{self, ConfigurationFile},
    values::{plain, safe_url},
};

const DEFAULT_FILE: &str = "synheart.json";
const DEFAULT_BASE_URL: &str = "https://api.synheart.ai";
const BASE_URL_VARIABLE: &str = "SYNHEART_API_URL";

/// What the caller says itself. Without it, everything is looked up.
#[derive(Clone, Default)]
pub struct Options {
    /// Has to exist. Without it: the working directory, then the platform's data directory.
    pub path: Option<PathBuf>,
    /// Instead of the file's.
    pub app_id: Option<String>,
    /// Instead of the file's.
    pub org_id: Option<String>,
    /// Instead of the file's.
    pub app_api_key: Option<String>,
    /// Instead of the file's and the environment's.
    pub api_base_url: Option<String>,
    /// Instead of the file's.
    pub capability_token: Option<String>,
    /// The end user: never read from the file.
    pub subject_id: Option<String>,
    /// Instead of the one that is detected.
    pub device_id: Option<String>,
    /// `env!("CARGO_PKG_VERSION")` of the program; it can't be detected from here.
    pub app_version: Option<String>,
    /// `synheart.json` without it.
    pub file_name: Option<String>,
    /// Instead of that of this process.
    pub working_directory: Option<PathBuf>,
    /// Instead of the platform's.
    pub data_directory: Option<PathBuf>,
    /// Instead of the variables of this process.
    pub environment: Option<HashMap<String, String>>,
}

/// What an app needs to know to call, with its key.
#[derive(Clone)]
pub struct RuntimeConfiguration {
    /// The app.
    pub app_id: String,
    /// Its organization.
    pub org_id: String,
    /// Its key.
    pub app_api_key: String,
    /// Where it sends its requests, without a slash at the end.
    pub api_base_url: String,
    /// The URLs of single services, by name.
    pub enterprise: BTreeMap<String, String>,
    /// For [`crate::verify_capability`].
    pub capability_token: Option<String>,
    /// The end user, if the caller named one.
    pub subject_id: Option<String>,
    /// The same on each start on this machine.
    pub device_id: String,
    /// `linux`, for example.
    pub platform: String,
    /// What the caller said, else `unknown`.
    pub app_version: String,
    /// Where the values were read from, if there is a file.
    pub path: Option<PathBuf>,
    /// Who else may read the file: to be logged by the program.
    pub warnings: Vec<String>,
}

impl RuntimeConfiguration {
    /// The same for an end user.
    pub fn with_subject_id(self, subject_id: &str) -> Result<Self, ConfigurationError> {
        Ok(Self { subject_id: Some(plain("subject_id", subject_id)?), ..self })
    }
}

/// Without the secrets.
impl fmt::Debug for RuntimeConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeConfiguration")
            .field("app_id", &self.app_id)
            .field("org_id", &self.org_id)
            .field("api_base_url", &self.api_base_url)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Reads the file, and fills in what it does not say. An error names file, line and field.
pub fn load(options: &Options) -> Result<RuntimeConfiguration, ConfigurationError> {
    let environment = |name: &str| match &options.environment {
        Some(environment) => environment.get(name).cloned(),
        None => std::env::var(name).ok(),
    };
    let name = options.file_name.as_deref().unwrap_or(DEFAULT_FILE);
    let working = options.working_directory.clone().or_else(|| std::env::current_dir().ok());
    let data = options.data_directory.clone().or_else(|| detect::data_directory(environment));
    let found = file::find(options.path.as_deref(), [working, data], name)?;

    let value = |field: &str, given: &Option<String>| match (given, &found) {
        (Some(given), _) => plain(field, given).map(Some),
        (None, Some(file)) => file.value(field, plain),
        (None, None) => Ok(None),
    };
    let required = |field: &str, given: &Option<String>| {
        value(field, given)?.ok_or_else(|| {
            let fix = match &found {
                Some(_) => format!("Add it to the file, or pass {field}."),
                None => format!("Pass {field}, or add a file {name}."),
            };
            let path = found.as_ref().map(|file| file.path.clone());
            ConfigurationError { path, ..ConfigurationError::of_field(field, format!("{field} is missing. {fix}")) }
        })
    };
    let detected = |field: &str, given: &Option<String>, detected: fn() -> String| match given {
        Some(given) => plain(field, given),
        None => Ok(detected()),
    };
    let enterprise = found.as_ref().map_or_else(|| Ok(BTreeMap::new()), ConfigurationFile::enterprise)?;
    Ok(RuntimeConfiguration {
        app_id: required("app_id", &options.app_id)?,
        org_id: required("org_id", &options.org_id)?,
        app_api_key: required("app_api_key", &options.app_api_key)?,
        capability_token: value("capability_token", &options.capability_token)?,
        api_base_url: base_url(options, found.as_ref(), &enterprise, environment(BASE_URL_VARIABLE))?,
        enterprise,
        subject_id: options.subject_id.as_deref().map(|id| plain("subject_id", id)).transpose()?,
        device_id: detected("device_id", &options.device_id, detect::device_id)?,
        platform: detect::platform(),
        app_version: detected("app_version", &options.app_version, || "unknown".to_owned())?,
        warnings: found.as_ref().map(|file| exposure::warnings(&file.path)).unwrap_or_default(),
        path: found.map(|file| file.path),
    })
}

fn base_url(
    options: &Options,
    found: Option<&ConfigurationFile>,
    enterprise: &BTreeMap<String, String>,
    in_environment: Option<String>,
) -> Result<String, ConfigurationError> {
    // The file is checked even if something else counts.
    let in_file = found.map(|file| file.value("api_base_url", safe_url)).transpose()?.flatten();
    if let Some(given) = &options.api_base_url {
        return safe_url("api_base_url", given);
    }
    if let Some(in_file) = enterprise.get("api_base_url").cloned().or(in_file) {
        return Ok(in_file);
    }
    match in_environment.filter(|text| !text.is_empty()) {
        Some(text) => safe_url(BASE_URL_VARIABLE, &text),
        None => Ok(DEFAULT_BASE_URL.to_owned()),
    }
}
