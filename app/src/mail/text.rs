//! The plain text of a mail.

use super::{Content, Part};

pub(super) fn render(content: &Content, brand: &str, url: &str) -> String {
    let mut text = String::new();
    for part in &content.parts {
        match part {
            Part::Text(words) => text += &format!("{words}\n\n"),
            Part::Facts(facts) => {
                let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
                for (name, value) in facts {
                    text += &format!("  {:width$}  {value}\n", format!("{name}:"), width = width + 1);
                }
                text.push('\n');
            }
            Part::Button { label, url } => text += &format!("{label}:\n{url}\n\n"),
        }
    }
    text + &format!("{brand}\n{url}\n")
}
