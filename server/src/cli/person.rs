//! Which person a command is about. An e-mail address by position or as `--email` is the same.

use clap::Args;

use super::email;

#[derive(Args)]
#[group(id = "person", required = true, multiple = false)]
pub struct Person {
    /// E-mail address of the person
    #[arg(id = "email", value_name = "EMAIL", value_parser = email)]
    by_position: Option<String>,
    /// The same, as an option
    #[arg(id = "email_option", long = "email", value_name = "EMAIL", value_parser = email)]
    by_option: Option<String>,
}

impl Person {
    pub fn email(&self) -> &str {
        // clap takes care that one of them is there.
        self.by_position.as_deref().or(self.by_option.as_deref()).unwrap_or_default()
    }
}

/// A person, or everybody.
#[derive(Args)]
#[group(id = "people", required = true, multiple = false)]
pub struct People {
    /// E-mail address of the person
    #[arg(id = "email", value_name = "EMAIL", value_parser = email)]
    by_position: Option<String>,
    /// The same, as an option
    #[arg(id = "email_option", long = "email", value_name = "EMAIL", value_parser = email)]
    by_option: Option<String>,
    /// Everybody, yourself included
    #[arg(long)]
    all: bool,
}

impl People {
    /// Nothing for everybody.
    pub fn email(&self) -> Option<&str> {
        self.by_position.as_deref().or(self.by_option.as_deref())
    }
}
