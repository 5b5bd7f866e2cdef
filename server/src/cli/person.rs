//! The person that a command applies to, as an argument or as `--email`.

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
        // clap requires exactly one of them.
        self.by_position.as_deref().or(self.by_option.as_deref()).unwrap_or_default()
    }
}

/// A person, or everyone.
#[derive(Args)]
#[group(id = "people", required = true, multiple = false)]
pub struct People {
    /// E-mail address of the person
    #[arg(id = "email", value_name = "EMAIL", value_parser = email)]
    by_position: Option<String>,
    /// The same, as an option
    #[arg(id = "email_option", long = "email", value_name = "EMAIL", value_parser = email)]
    by_option: Option<String>,
    /// Everyone, including yourself
    #[arg(long)]
    all: bool,
}

impl People {
    /// `None` for everyone.
    pub fn email(&self) -> Option<&str> {
        self.by_position.as_deref().or(self.by_option.as_deref())
    }
}
