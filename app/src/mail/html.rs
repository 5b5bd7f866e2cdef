//! The HTML of a mail. Mail programs know neither style sheets nor variables: the styles are inline, in the colours of
//! `style/tokens.css`. Everything that was typed by somebody goes through [`Html::text`].

use super::{Content, Part};

const FONT: &str = "font-family:Inter,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const PAGE: &str = "#f9fafb";
const LINE: &str = "#e1e3e7";
const INK: &str = "#161b24";
const MUTED: &str = "#5b606b";
const ACCENT: &str = "#3559c3";

/// HTML that is being written.
struct Html(String);

impl Html {
    /// Markup of this file.
    fn markup(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, escaped for content and for attributes in double quotes.
    fn text(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                letter => self.0.push(letter),
            }
        }
        self
    }
}

pub(super) fn render(content: &Content, brand: &str, url: &str) -> String {
    let mut html = Html(String::new());
    html.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
        .text(&content.subject)
        .markup("</title>\n</head>\n")
        .markup(&format!("<body style=\"margin:0;padding:24px 12px;background:{PAGE};color:{INK};{FONT};"))
        .markup("font-size:15px;line-height:22px\">\n")
        .markup("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td align=\"center\">\n")
        .markup("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" ")
        .markup(&format!("style=\"max-width:560px;background:#ffffff;border:1px solid {LINE};border-radius:12px\">"))
        .markup("<tr><td style=\"padding:28px 28px 12px;text-align:left\">\n")
        .markup(&format!("<p style=\"margin:0 0 20px;font-size:13px;font-weight:600;color:{ACCENT}\">"))
        .text(brand)
        .markup("</p>\n")
        .markup("<h1 style=\"margin:0 0 16px;font-size:20px;line-height:28px;font-weight:600\">")
        .text(&content.subject)
        .markup("</h1>\n");
    for each in &content.parts {
        part(&mut html, each);
    }
    html.markup("</td></tr></table>\n")
        .markup(&format!("<p style=\"max-width:560px;margin:16px 0 0;font-size:12px;line-height:18px;color:{MUTED}\">"))
        .text(brand)
        .markup(" · <a href=\"")
        .text(url)
        .markup(&format!("\" style=\"color:{MUTED}\">"))
        .text(url)
        .markup("</a></p>\n</td></tr></table>\n</body>\n</html>\n");
    html.0
}

fn part(html: &mut Html, part: &Part) {
    match part {
        Part::Text(text) => {
            html.markup("<p style=\"margin:0 0 16px\">").text(text).markup("</p>\n");
        }
        Part::Facts(facts) => {
            html.markup(
                "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:0 0 16px\">\n",
            );
            for (name, value) in facts {
                html.markup(&format!("<tr><td style=\"padding:2px 16px 2px 0;color:{MUTED};vertical-align:top\">"))
                    .text(name)
                    .markup("</td><td style=\"padding:2px 0;overflow-wrap:anywhere\">")
                    .text(value)
                    .markup("</td></tr>\n");
            }
            html.markup("</table>\n");
        }
        Part::Button { label, url } => {
            html.markup("<p style=\"margin:24px 0\"><a href=\"")
                .text(url)
                .markup(&format!(
                    "\" style=\"display:inline-block;padding:10px 18px;background:{ACCENT};color:#ffffff;"
                ))
                .markup("border-radius:8px;font-weight:600;text-decoration:none\">")
                .text(label)
                .markup("</a></p>\n");
            // For programs that show no buttons, and people who look at an address before they open it.
            html.markup(&format!("<p style=\"margin:0 0 20px;font-size:12px;line-height:18px;color:{MUTED};"))
                .markup("overflow-wrap:anywhere\">")
                .text(url)
                .markup("</p>\n");
        }
    }
}
