//! The call that a key goes into, as each language says it. The key itself is read from the environment.

use leptos::prelude::*;

use crate::components::CodeBlock;

pub fn curl(public_url: &str, header: &str) -> String {
    format!("curl -i {public_url}/v1/auth \\\n  -H \"{header}: $API_KEY\"")
}

/// Language and code.
fn all(public_url: &str, header: &str) -> [(&'static str, String); 5] {
    let url = format!("{public_url}/v1/auth");
    [
        ("curl", curl(public_url, header)),
        (
            "JavaScript",
            format!(
                "const answer = await fetch(\"{url}\", {{\n  headers: {{ \"{header}\": process.env.API_KEY }},\n}});\nconsole.log(answer.status);"
            ),
        ),
        (
            "Python",
            format!(
                "import os, urllib.request\n\nrequest = urllib.request.Request(\n    \"{url}\",\n    headers={{\"{header}\": os.environ[\"API_KEY\"]}},\n)\nprint(urllib.request.urlopen(request).status)"
            ),
        ),
        (
            "Go",
            format!(
                "request, _ := http.NewRequest(\"GET\", \"{url}\", nil)\nrequest.Header.Set(\"{header}\", os.Getenv(\"API_KEY\"))\nanswer, err := http.DefaultClient.Do(request)\nif err != nil {{\n\tlog.Fatal(err)\n}}\nfmt.Println(answer.Status)"
            ),
        ),
        (
            "Rust",
            format!(
                "let answer = reqwest::Client::new()\n    .get(\"{url}\")\n    .header(\"{header}\", std::env::var(\"API_KEY\")?)\n    .send()\n    .await?;\nprintln!(\"{{}}\", answer.status());"
            ),
        ),
    ]
}

/// One is open at a time, with scripts or without.
#[component]
pub fn Snippets(public_url: String, header: String) -> impl IntoView {
    let snippets = all(&public_url, &header).into_iter().enumerate().map(|(at, (language, code))| {
        let name = format!("Copy {language}");
        view! {
            <details name="snippets" open=at == 0>
                <summary>{language}</summary>
                <CodeBlock text=code name/>
            </details>
        }
    });
    view! { <div class="snippets">{snippets.collect_view()}</div> }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_language_sends_the_header() {
        for (language, code) in super::all("https://keys.example", "x-api-key") {
            assert!(code.contains("https://keys.example/v1/auth") && code.contains("x-api-key"), "{language}");
            assert!(code.contains("API_KEY"), "{language}");
        }
    }
}
