//! Code that makes a call, in several languages. Credentials are read from the environment.

use serde_json::Value;

/// The request to show.
pub struct Call {
    pub method: String,
    pub url: String,
    /// A header with `{}` where the credential goes, and the variable it is read from.
    pub credential: Option<(String, &'static str)>,
    pub idempotency: bool,
    pub body: Option<Value>,
}

impl Call {
    /// Language and code.
    pub fn samples(&self) -> [(String, String); 4] {
        [("curl", self.curl()), ("Python", self.python()), ("JavaScript", self.javascript()), ("Rust", self.rust())]
            .map(|(language, code)| (language.to_owned(), code))
    }

    fn json(&self) -> Option<String> {
        self.body.as_ref().and_then(|body| serde_json::to_string_pretty(body).ok())
    }

    fn curl(&self) -> String {
        // GET is what curl sends by itself.
        let method = if self.method == "GET" { String::new() } else { format!(" -X {}", self.method) };
        let mut lines = vec![format!("curl{method} {}", self.url)];
        if let Some((header, variable)) = &self.credential {
            lines.push(format!("  -H \"{}\"", header.replace("{}", &format!("${variable}"))));
        }
        if self.idempotency {
            lines.push("  -H \"Idempotency-Key: $(uuidgen)\"".to_owned());
        }
        if let Some(json) = self.json() {
            lines.push("  -H \"Content-Type: application/json\"".to_owned());
            lines.push(format!("  -d '{}'", json.replace('\'', "'\\''")));
        }
        lines.join(" \\\n")
    }

    /// Name and value of the credential's header.
    fn credential(&self) -> Option<(&str, &str, &'static str)> {
        let (header, variable) = self.credential.as_ref()?;
        let (name, value) = header.split_once(": ")?;
        Some((name, value.strip_suffix("{}")?, variable))
    }

    fn python(&self) -> String {
        let mut headers = Vec::new();
        if let Some((name, scheme, variable)) = self.credential() {
            headers.push(format!("\"{name}\": f\"{scheme}{{os.environ['{variable}']}}\""));
        }
        if self.idempotency {
            headers.push("\"Idempotency-Key\": str(uuid.uuid4())".to_owned());
        }
        let mut data = String::new();
        if let Some(json) = self.json() {
            headers.push("\"Content-Type\": \"application/json\"".to_owned());
            data = format!("\n    data=b\"\"\"{json}\"\"\",");
        }
        let imports = if self.idempotency { "os, urllib.request, uuid" } else { "os, urllib.request" };
        format!(
            "import {imports}\n\nrequest = urllib.request.Request(\n    \"{}\",\n    method=\"{}\",\n    \
             headers={{{}}},{data}\n)\nwith urllib.request.urlopen(request) as answer:\n    \
             print(answer.status, answer.read().decode())",
            self.url,
            self.method,
            headers.join(", "),
        )
    }

    fn javascript(&self) -> String {
        let mut headers = Vec::new();
        if let Some((name, scheme, variable)) = self.credential() {
            headers.push(format!("    \"{name}\": `{scheme}${{process.env.{variable}}}`,"));
        }
        if self.idempotency {
            headers.push("    \"Idempotency-Key\": crypto.randomUUID(),".to_owned());
        }
        let mut body = String::new();
        if let Some(json) = self.json() {
            headers.push("    \"Content-Type\": \"application/json\",".to_owned());
            body = format!("\n  body: JSON.stringify({}),", json.replace('\n', "\n  "));
        }
        format!(
            "const answer = await fetch(\"{}\", {{\n  method: \"{}\",\n  headers: {{\n{}\n  }},{body}\n}});\n\
             console.log(answer.status, await answer.text());",
            self.url,
            self.method,
            headers.join("\n"),
        )
    }

    fn rust(&self) -> String {
        let mut lines = Vec::new();
        if let Some((name, scheme, variable)) = self.credential() {
            lines.push(format!("    .header(\"{name}\", format!(\"{scheme}{{}}\", std::env::var(\"{variable}\")?))"));
        }
        if self.idempotency {
            lines.push("    .header(\"Idempotency-Key\", uuid::Uuid::new_v4().to_string())".to_owned());
        }
        if let Some(json) = self.json() {
            lines.push(format!("    .json(&serde_json::json!({}))", json.replace('\n', "\n    ")));
        }
        let method = format!("reqwest::Method::{}", self.method);
        lines.insert(0, format!("    .request({method}, \"{}\")", self.url));
        format!(
            "let answer = reqwest::Client::new()\n{}\n    .send()\n    .await?;\nprintln!(\"{{}} {{}}\", answer.status(), \
             answer.text().await?);",
            lines.join("\n"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_says_all_of_it() {
        let call = Call {
            method: "POST".to_owned(),
            url: "https://keys.example/v1/apps/app_x/keys".to_owned(),
            credential: Some(("Authorization: Bearer {}".to_owned(), "SALLYPORT_TOKEN")),
            idempotency: true,
            body: Some(serde_json::json!({ "label": "Ada's" })),
        };
        for (language, code) in call.samples() {
            for part in ["POST", &call.url, "Authorization", "Bearer ", "SALLYPORT_TOKEN", "Idempotency-Key", "label"] {
                assert!(code.contains(part), "{language} lacks {part}: {code}");
            }
        }
        assert!(call.curl().contains("Ada'\\''s"), "a quote does not end the shell's word");
    }
}
