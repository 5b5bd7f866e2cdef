//! The file: where it is, and what it says. Only the fields that are asked for are looked at.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{
    ConfigurationError,
    lines::line_of,
    values::{self, Check},
};

/// A configuration has less than one KB.
const LONGEST: usize = 1024 * 1024;

pub(crate) struct ConfigurationFile {
    pub path: PathBuf,
    text: String,
    object: Map<String, Value>,
}

/// The first file that is there. An explicit one has to be.
pub(crate) fn find(
    explicit: Option<&Path>,
    folders: [Option<PathBuf>; 2],
    name: &str,
) -> Result<Option<ConfigurationFile>, ConfigurationError> {
    if let Some(path) = explicit {
        return ConfigurationFile::read(path).map(Some);
    }
    let mut paths = folders.into_iter().flatten().map(|folder| folder.join(name));
    paths.find(|path| path.is_file()).map(|path| ConfigurationFile::read(&path)).transpose()
}

impl ConfigurationFile {
    fn read(path: &Path) -> Result<Self, ConfigurationError> {
        let refuse = |message: String, line| ConfigurationError {
            message,
            line,
            path: Some(path.to_owned()),
            ..ConfigurationError::default()
        };
        let mut bytes = Vec::new();
        let opened = File::open(path).and_then(|file| file.take(LONGEST as u64 + 1).read_to_end(&mut bytes));
        opened.map_err(|error| refuse(format!("The file can't be read: {error}."), None))?;
        if bytes.len() > LONGEST {
            return Err(refuse("The file is too long for a configuration: more than 1 MB.".to_owned(), None));
        }
        let text = String::from_utf8(bytes).map_err(|_| refuse("The file is not in UTF-8.".to_owned(), None))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
        let parsed: Value = serde_json::from_str(&text).map_err(|error| {
            // Its text names what was expected, and repeats nothing of the file.
            refuse(format!("This is no JSON: {error}."), Some(error.line().max(1)))
        })?;
        let Value::Object(object) = parsed else {
            let line = text[..text.len() - text.trim_start().len()].matches('\n').count() + 1;
            return Err(refuse("The file has to be a JSON object: { … }.".to_owned(), Some(line)));
        };
        Ok(Self { path: path.to_owned(), text, object })
    }

    pub fn value(&self, field: &str, check: Check) -> Result<Option<String>, ConfigurationError> {
        values::checked(field, self.object.get(field), check).map_err(|error| self.at(&[field], error))
    }

    /// The URLs of services, by name.
    pub fn enterprise(&self) -> Result<BTreeMap<String, String>, ConfigurationError> {
        let block = match self.object.get("enterprise") {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Object(block)) => block,
            Some(_) => {
                let message = "enterprise has to be an object: the URLs of services, by name.";
                return Err(self.at(&["enterprise"], ConfigurationError::of_field("enterprise", message)));
            }
        };
        let mut urls = BTreeMap::new();
        for (name, value) in block {
            let checked = values::checked(&format!("enterprise.{name}"), Some(value), values::safe_url);
            if let Some(url) = checked.map_err(|error| self.at(&["enterprise", name], error))? {
                urls.insert(name.clone(), url);
            }
        }
        Ok(urls)
    }

    fn at(&self, names: &[&str], error: ConfigurationError) -> ConfigurationError {
        ConfigurationError { path: Some(self.path.clone()), line: line_of(&self.text, names), ..error }
    }
}
