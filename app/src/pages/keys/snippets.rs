//! Example calls with a key in several languages. The key itself is read from the environment.

use leptos::prelude::*;
use sallyport::profile::Profile;

use crate::components::CodeTabs;

/// One line, which the page breaks where it is too long: a backslash at the end of one that is broken would look lost.
pub fn curl(public_url: &str, profile: &Profile) -> String {
    let (name, scheme) = profile.key_header();
    format!("curl -i {public_url}/v1/auth -H \"{name}: {scheme}$API_KEY\"")
}

/// Language and code.
fn all(public_url: &str, profile: &Profile) -> [(&'static str, String); 5] {
    let url = format!("{public_url}/v1/auth");
    let (name, scheme) = profile.key_header();
    let [javascript, python, go, rust] = match scheme {
        "" => {
            ["process.env.API_KEY", "os.environ[\"API_KEY\"]", "os.Getenv(\"API_KEY\")", "std::env::var(\"API_KEY\")?"]
                .map(str::to_owned)
        }
        scheme => [
            format!("`{scheme}${{process.env.API_KEY}}`"),
            format!("\"{scheme}\" + os.environ[\"API_KEY\"]"),
            format!("\"{scheme}\" + os.Getenv(\"API_KEY\")"),
            format!("format!(\"{scheme}{{}}\", std::env::var(\"API_KEY\")?)"),
        ],
    };
    [
        ("curl", curl(public_url, profile)),
        (
            "JavaScript",
            format!(
                "const answer = await fetch(\"{url}\", {{\n  headers: {{ \"{name}\": {javascript} }},\n}});\nconsole.log(answer.status);"
            ),
        ),
        (
            "Python",
            format!(
                "import os, urllib.request\n\nrequest = urllib.request.Request(\n    \"{url}\",\n    headers={{\"{name}\": {python}}},\n)\nprint(urllib.request.urlopen(request).status)"
            ),
        ),
        (
            "Go",
            format!(
                "request, _ := http.NewRequest(\"GET\", \"{url}\", nil)\nrequest.Header.Set(\"{name}\", {go})\nanswer, err := http.DefaultClient.Do(request)\nif err != nil {{\n\tlog.Fatal(err)\n}}\nfmt.Println(answer.Status)"
            ),
        ),
        (
            "Rust",
            format!(
                "let answer = reqwest::Client::new()\n    .get(\"{url}\")\n    .header(\"{name}\", {rust})\n    .send()\n    .await?;\nprintln!(\"{{}}\", answer.status());"
            ),
        ),
    ]
}

#[component]
pub fn Snippets(public_url: String, profile: std::sync::Arc<Profile>) -> impl IntoView {
    view! { <CodeTabs group="snippets" samples=all(&public_url, &profile).map(|(language, code)| (language.to_owned(), code)).into()/> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_sends_the_header() {
        let standard = Profile::standard();
        let mut bearer = (*standard).clone();
        bearer.credentials.headers.clear();
        for (profile, header) in [(&*standard, "x-api-key"), (&bearer, "Authorization")] {
            for (language, code) in all("https://keys.example", profile) {
                assert!(code.contains("https://keys.example/v1/auth") && code.contains(header), "{language}");
                assert!(code.contains("API_KEY"), "{language}");
                assert_eq!(code.contains("Bearer "), header == "Authorization", "{language}: {code}");
            }
        }
    }
}
