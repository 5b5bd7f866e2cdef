//! HTML that is written straight into one buffer: for what a page repeats in each row of a table. A view allocates for each of
//! its elements.

use leptos::{
    prelude::IntoView,
    tachys::{
        html::InertElement,
        view::{Position, RenderHtml},
    },
};

/// What is not written in the program itself is escaped.
#[derive(Default)]
pub struct Html(String);

impl Html {
    pub fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Tags, as they are.
    pub fn tags(&mut self, html: &'static str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        html_escape::encode_text_to_string(text, &mut self.0);
        self
    }

    /// ` name="value"`
    pub fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.attribute_of(name, &[value])
    }

    /// An attribute whose value consists of parts.
    pub fn attribute_of(&mut self, name: &'static str, parts: &[&str]) -> &mut Self {
        self.tags(" ").tags(name).tags("=\"");
        for part in parts {
            html_escape::encode_double_quoted_attribute_to_string(part, &mut self.0);
        }
        self.tags("\"")
    }

    pub fn view(&mut self, view: impl IntoView) -> &mut Self {
        view.into_view().to_html_with_buf(&mut self.0, &mut Position::NextChild, true, false, Vec::new());
        self
    }
}

impl From<Html> for InertElement {
    fn from(html: Html) -> Self {
        InertElement::new(html.0)
    }
}

/// What `write` writes, within a view.
pub fn written(write: impl FnOnce(&mut Html)) -> InertElement {
    let mut html = Html::default();
    write(&mut html);
    html.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_values_are_escaped() {
        let mut html = Html::default();
        html.tags("<b")
            .attribute("title", "\"<i>\" & '")
            .attribute_of("id", &["a", "\""])
            .tags(">")
            .text("<i> & \"")
            .tags("</b>");
        assert_eq!(html.0, "<b title=\"&quot;&lt;i&gt;&quot; &amp; '\" id=\"a&quot;\">&lt;i&gt; &amp; \"</b>");
    }
}
