//! The section `[traces]` of the settings file: where spans are sent, and of how many requests.

use std::path::PathBuf;

use serde::Deserialize;

use super::collector::{CollectorSettings, Names, Receiver};

const NAMES: Names = Names {
    section: "traces",
    url: "endpoint",
    ca_file: "ca_file",
    token_file: "token_file",
    timeout: "timeout_seconds",
    variable: "SALLYPORT_TRACES_TOKEN",
};

/// The path of collectors, by OpenTelemetry's specification.
const PATH: &str = "/v1/traces";

/// One in a hundred.
const RATIO: f64 = 0.01;

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TracesSection {
    endpoint: String,
    sample_ratio: Option<f64>,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    timeout_seconds: Option<u64>,
}

/// The resolved settings.
#[derive(Clone, Debug, PartialEq)]
pub struct TracesSettings {
    pub collector: CollectorSettings,
    /// 0 to 1.
    pub ratio: f64,
}

impl TracesSection {
    pub(super) fn resolve(self) -> Result<TracesSettings, String> {
        let Self { endpoint: url, sample_ratio, token_file, ca_file, timeout_seconds } = self;
        let ratio = sample_ratio.unwrap_or(RATIO);
        if !(0.0..=1.0).contains(&ratio) {
            return Err("`sample_ratio` in [traces]: use 0 to 1; 0.01 is one request in a hundred.".to_owned());
        }
        if !url.starts_with("http") {
            return Err("`endpoint` in [traces]: it begins with https://, or with http:// on this machine.".to_owned());
        }
        let mut collector = Receiver { url, ca_file, token_file, timeout_seconds }.resolve(NAMES)?;
        if collector.path == "/" {
            PATH.clone_into(&mut collector.path);
        }
        Ok(TracesSettings { collector, ratio })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Result<TracesSettings, String> {
        toml::from_str::<TracesSection>(text).expect("parses").resolve()
    }

    #[test]
    fn an_endpoint_has_the_usual_path_and_few_requests_are_sampled() {
        let settings = resolved("endpoint = \"http://127.0.0.1:4318\"").expect("good");
        assert_eq!((settings.collector.path.as_str(), settings.ratio), ("/v1/traces", 0.01));
        let settings = resolved("endpoint = \"https://otel.example.com/other\"\nsample_ratio = 1.0").expect("good");
        assert_eq!((settings.collector.path.as_str(), settings.ratio), ("/other", 1.0));
    }

    #[test]
    fn what_is_wrong_is_named_with_a_fix() {
        for (text, about) in [
            ("endpoint = \"otel.example.com:4318\"", "it begins with https://"),
            ("endpoint = \"syslog+tls://otel.example.com\"", "it begins with https://"),
            ("endpoint = \"http://otel.example.com:4318\"", "Use https://"),
            ("endpoint = \"https://x\"\nsample_ratio = 1.5", "use 0 to 1"),
            ("endpoint = \"https://x\"\nsample_ratio = -0.1", "use 0 to 1"),
            ("endpoint = \"https://x\"\nsample_ratio = nan", "use 0 to 1"),
            ("endpoint = \"https://x\"\ntimeout_seconds = 0", "use 1 to 60"),
        ] {
            let error = resolved(text).expect_err(text);
            assert!(error.contains(" in [traces]: ") && error.contains(about), "{text}: {error}");
        }
    }
}
