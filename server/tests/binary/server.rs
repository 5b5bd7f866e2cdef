//! A running binary, with the requests of a browser and a backend.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Mutex, mpsc},
    time::Duration,
};

use sallyport::testing::TestStore;

pub const PASSWORD: &str = "correct horse battery staple";

pub struct Server {
    pub child: Child,
    pub address: String,
    cookie: String,
    /// The line with the address of the set-up, if it was read already.
    setup: Option<String>,
    /// Its further output, line by line.
    said: Mutex<mpsc::Receiver<String>>,
}

impl Drop for Server {
    /// None is left of a test that ends or fails.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[], |_| true).0
    }

    /// Its log goes to a file.
    pub fn start_logged(data: &Path, log: &Path) -> Self {
        Self::start_logged_with(data, &[], log)
    }

    /// The same, with more arguments.
    pub fn start_logged_with(data: &Path, arguments: &[&str], log: &Path) -> Self {
        let log = std::fs::File::create(log).expect("a file");
        Self::spawn(data, arguments, log.into(), |_| true).0
    }

    /// With more arguments; also returns its output after the address, up to a line.
    pub fn start_with(data: &Path, arguments: &[&str], last: impl Fn(&str) -> bool) -> (Self, Vec<String>) {
        Self::spawn(data, arguments, Stdio::null(), last)
    }

    fn spawn(data: &Path, arguments: &[&str], log: Stdio, last: impl Fn(&str) -> bool) -> (Self, Vec<String>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(arguments).stderr(log);
        Self::run(command, last)
    }

    /// Runs a command that serves on a port of its own.
    pub fn run(mut command: Command, last: impl Fn(&str) -> bool) -> (Self, Vec<String>) {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let (tell, told) = mpsc::channel();
        // Read to its end, so that the server never writes to a closed pipe, even after the test.
        std::thread::spawn(move || lines.for_each(|line| drop(tell.send(line))));
        let line = told.iter().find(|line| line.contains("listening on http://"));
        let address = line.and_then(|line| line.rsplit("http://").next().map(str::to_owned)).expect("an address");
        let mut said = Vec::new();
        while !last(said.last().map_or("", String::as_str)) {
            said.push(told.recv().expect("another line"));
        }
        let setup = said.iter().find(|line| line.contains("/setup?token=")).cloned();
        (Self { child, address, cookie: String::new(), said: Mutex::new(told), setup }, said)
    }

    pub fn kill(mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("ended");
    }

    /// One request; `None` if the server died.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        self.try_ask(method, path, headers, body).map_err(|error| eprintln!("{method} {path}: {error}")).ok()
    }

    fn try_ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<String, String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect(&self.address).map_err(failed)?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\n", self.address);
        head += &format!("connection: close\r\ncookie: {}\r\ncontent-length: {}\r\n", self.cookie, body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        // A truncated response counts as none.
        let cut_off = || format!("cut off: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut_off)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).ok_or_else(cut_off)?;
        if length.parse() == Ok(body.len()) { Ok(answer) } else { Err(cut_off()) }
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Option<String> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.ask("POST", path, &[("content-type", "application/x-www-form-urlencoded")], &body.finish())
    }

    /// Creates the first account at the printed address.
    pub fn set_up(&mut self) {
        let printed = self.setup.take().unwrap_or_else(|| {
            let said = self.said.lock().expect("not poisoned");
            let next = || said.recv_timeout(Duration::from_secs(30)).expect("it says where");
            loop {
                let line = next();
                if line.contains("/setup?token=") {
                    break line;
                }
            }
        });
        let token = printed.rsplit('=').next().unwrap_or_default();
        let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD), ("token", token)];
        self.keep_session(&self.form("/setup", &fields).expect("answered"));
    }

    pub fn sign_in(&mut self) {
        self.sign_in_as("ada@example.com", PASSWORD);
    }

    pub fn sign_in_as(&mut self, email: &str, password: &str) {
        self.keep_session(&self.form("/sign-in", &[("email", email), ("password", password)]).expect("answered"));
    }

    fn keep_session(&mut self, answer: &str) {
        self.cookie = format!("sallyport={}", between(answer, "set-cookie: sallyport=", ';'));
    }

    /// The id at the end of the address to which a form redirects.
    pub fn make(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.form(path, fields).expect("answered");
        between(&answer, "location: ", '\r').rsplit('/').next().expect("an id").to_owned()
    }

    /// Creates an organization down to an app, and returns the app's id.
    pub fn make_app(&self) -> String {
        let org = self.make("/orgs/new", &[("name", "Focus"), ("plan", "pro"), ("tenant", "Development")]);
        let page = self.ask("GET", &format!("/orgs/{org}"), &[], "").expect("answered");
        let tenant = between(&page, "href=\"/tenants/", '"');
        let project = self.make(&format!("/tenants/{tenant}/projects/new"), &[("name", "P")]);
        self.make(&format!("/projects/{project}/apps/new"), &[("name", "A"), ("os", "backend")])
    }

    /// Generates a key; its secret, if it was shown.
    pub fn generate(&self, app: &str) -> Option<String> {
        self.generate_key(app, "production", &["read"])
    }

    pub fn generate_key(&self, app: &str, environment: &str, scopes: &[&str]) -> Option<String> {
        shown(&self.generated(app, environment, scopes, &[])?, "secret-key")
    }

    /// The page that shows the secrets once.
    pub fn generated(&self, app: &str, environment: &str, scopes: &[&str], more: &[(&str, &str)]) -> Option<String> {
        let panel = self.ask("GET", &format!("/apps/{app}/keys?panel=generate"), &[], "")?;
        let token = between(&panel, "name=\"form_token\" value=\"", '"');
        let mut fields = vec![("form_token", &*token), ("app_id", app), ("label", "CI"), ("environment", environment)];
        fields.extend(scopes.iter().map(|scope| ("scopes", *scope)));
        fields.extend(more);
        self.form(&format!("/apps/{app}/keys"), &fields)
    }

    pub fn verify(&self, token: &str, key: &str) -> serde_json::Value {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = serde_json::json!({ "key": key }).to_string();
        let answer = self.ask("POST", "/v1/keys/verify", &headers, &body).expect("answered");
        serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    }
}

/// A secret on the page that shows it once.
pub fn shown(page: &str, id: &str) -> Option<String> {
    let field = page.split_once(&format!("id=\"{id}\""))?.1;
    Some(field.split_once("value=\"")?.1.split('"').next()?.to_owned())
}

pub fn between(text: &str, from: &str, to: char) -> String {
    let at = text.find(from).unwrap_or_else(|| panic!("{from} is not in {text}"));
    text[at + from.len()..].split(to).next().unwrap_or_default().to_owned()
}

/// Runs a command on a data folder.
pub fn sallyport(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(arguments).arg("--data").arg(data).env_remove("SALLYPORT_MASTER_KEY");
    command.output().expect("the binary runs")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn root_token(data: &Path) -> String {
    stdout(&sallyport(data, &["token", "create", "--name", "test"])).trim().to_owned()
}

/// Makes a data folder with the master key of [`TestStore`]s.
pub fn with_key(data: &Path) {
    fs::create_dir(data).expect("made");
    let key = data.join("master.key");
    fs::write(&key, TestStore::master_key()).expect("written");
    fs::set_permissions(data, fs::Permissions::from_mode(0o700)).expect("set");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
}
