//! The device authorization grant (RFC 8628): a person approves a code in a browser, while this asks for the tokens.

use std::time::Duration;

use sallyport::{Clock, personal_token::TokenScopes};
use serde::Deserialize;

use super::{
    credentials::Tokens,
    http::{NoResponse, Response, Transport},
    oauth,
    portal_url::PortalUrl,
    problem::sentences,
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Where the portal names no interval, and what `slow_down` adds (sections 3.2 and 3.5).
const INTERVAL: u64 = 5;
/// However slow the portal wants it.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// A sign-in that waits for its approval (section 3.2).
#[derive(Deserialize)]
pub struct Authorization {
    device_code: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    pub expires_in: u64,
    #[serde(default = "usual_interval")]
    interval: u64,
}

const fn usual_interval() -> u64 {
    INTERVAL
}

/// What the grant needs of its surroundings.
pub struct Device<'a> {
    pub transport: &'a dyn Transport,
    pub url: &'a PortalUrl,
    pub clock: &'a dyn Clock,
    pub sleep: &'a dyn Fn(Duration),
}

impl Device<'_> {
    /// Asks for a code. `name` is shown to the person who approves it. Without scopes it asks for all.
    pub fn authorize(&self, name: &str, scopes: Option<TokenScopes>) -> Result<Authorization, String> {
        let mut fields = vec![("device_name", name.to_owned())];
        fields.extend(scopes.map(|scopes| ("scope", scopes.to_string())));
        let response = self.post("/oauth/device_authorization", fields);
        let response = response.map_err(|NoResponse(why)| why)?;
        let authorization = (response.status == 200).then(|| Authorization::deserialize(&response.body).ok()).flatten();
        authorization.ok_or_else(|| match response.status {
            200 | 404 => format!(
                "{} has no sign-in for the command line. Check that this is the address of a portal, and that its \
                 version is as new as this one.",
                self.url
            ),
            _ => sentences(self.url, &response),
        })
    }

    /// Waits until the code is approved, refused or expired (sections 3.4 and 3.5).
    pub fn wait(&self, authorization: &Authorization) -> Result<Tokens, String> {
        let since = self.clock.now();
        let valid = Duration::from_secs(authorization.expires_in);
        let mut interval = Duration::from_secs(authorization.interval.max(1)).min(LONGEST_INTERVAL);
        loop {
            if self.clock.now().since(since) + interval > valid {
                return Err(expired(self.url));
            }
            (self.sleep)(interval);
            let fields =
                vec![("grant_type", GRANT_TYPE.to_owned()), ("device_code", authorization.device_code.clone())];
            let slower = match self.post("/oauth/token", fields) {
                Ok(response) if response.status == 200 => {
                    let tokens = oauth::tokens(&response.body, self.clock.now());
                    return tokens.ok_or_else(|| format!("{} approved the sign-in, but sent no tokens.", self.url));
                }
                Ok(response) => self.next_interval(&response, interval)?,
                // Back off exponentially, as section 3.5 says of time-outs.
                Err(NoResponse(_)) => interval * 2,
            };
            interval = slower.min(LONGEST_INTERVAL);
        }
    }

    /// How long to wait after a response that is not the last one.
    fn next_interval(&self, response: &Response, interval: Duration) -> Result<Duration, String> {
        match oauth::error(response) {
            "authorization_pending" => Ok(interval),
            "slow_down" => Ok(interval + Duration::from_secs(INTERVAL)),
            "access_denied" => Err(format!("The sign-in to {} was denied in the browser.", self.url)),
            "expired_token" => Err(expired(self.url)),
            // The portal restarts, or a proxy in front of it has no answer.
            _ if response.status == 429 || response.status >= 500 => Ok(interval * 2),
            _ => Err(sentences(self.url, response)),
        }
    }

    fn post(&self, path: &str, fields: Vec<(&'static str, String)>) -> Result<Response, NoResponse> {
        oauth::post(self.transport, self.url, path, fields)
    }
}

fn expired(url: &PortalUrl) -> String {
    format!("The code expired before anybody approved it. Get a new one: sallyport login --url {url}")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use sallyport::testing::TurnedClock;
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::client::testing::{Script, answer};

    const APPROVED: fn() -> Value =
        || json!({ "access_token": "sp_pat_1", "refresh_token": "sp_ref_1", "expires_in": 3600 });

    fn error(name: &str) -> Result<Response, NoResponse> {
        answer(400, json!({ "error": name, "error_description": format!("It is {name}.") }))
    }

    fn no_response() -> Result<Response, NoResponse> {
        Err(NoResponse("It did not answer.".to_owned()))
    }

    /// Polls through the responses; the result, and the seconds before each request.
    fn poll(interval: Option<u64>, responses: Vec<Result<Response, NoResponse>>) -> (Result<String, String>, Vec<u64>) {
        let (script, clock, waited) = (Script::new(responses), TurnedClock::default(), RefCell::new(Vec::new()));
        let url = PortalUrl::parse("https://keys.example.com").expect("an address");
        let sleep = |time: Duration| {
            waited.borrow_mut().push(time.as_secs());
            clock.turn(time);
        };
        let device = Device { transport: &script, url: &url, clock: &clock, sleep: &sleep };
        let mut asked = json!({
            "device_code": "dc_1",
            "user_code": "WDJB-MJHT",
            "verification_uri": "https://keys.example.com/device",
            "expires_in": 600,
        });
        if let Some(interval) = interval {
            asked["interval"] = json!(interval);
        }
        let authorization = Authorization::deserialize(asked).expect("valid");
        let ended = device.wait(&authorization).map(|tokens| tokens.access_token);
        for request in script.sent() {
            assert_eq!(
                request,
                format!("POST /oauth/token client_id=sallyport-cli&grant_type={GRANT_TYPE}&device_code=dc_1")
            );
        }
        (ended, waited.into_inner())
    }

    #[test]
    fn it_waits_for_the_approval_in_the_interval() {
        let pending = || error("authorization_pending");
        let (ended, waited) = poll(Some(2), vec![pending(), pending(), answer(200, APPROVED())]);
        assert_eq!((ended.as_deref(), waited), (Ok("sp_pat_1"), vec![2, 2, 2]));
        let (_, waited) = poll(None, vec![pending(), answer(200, APPROVED())]);
        assert_eq!(waited, [5, 5], "5 seconds unless the portal says otherwise");
        let (_, waited) = poll(Some(0), vec![answer(200, APPROVED())]);
        assert_eq!(waited, [1], "never a storm");
    }

    #[test]
    fn slow_down_adds_five_seconds_for_good() {
        let (ended, waited) = poll(
            Some(5),
            vec![error("slow_down"), error("authorization_pending"), error("slow_down"), answer(200, APPROVED())],
        );
        assert_eq!((ended.as_deref(), waited), (Ok("sp_pat_1"), vec![5, 10, 10, 15]));
    }

    #[test]
    fn a_portal_that_does_not_answer_is_asked_less_often() {
        let unwell = || answer(503, Value::Null);
        let (ended, waited) = poll(
            Some(5),
            vec![no_response(), unwell(), no_response(), no_response(), no_response(), answer(200, APPROVED())],
        );
        assert_eq!((ended.as_deref(), waited), (Ok("sp_pat_1"), vec![5, 10, 20, 40, 60, 60]));
    }

    #[test]
    fn each_end_is_said() {
        for (name, said) in [
            ("access_denied", "was denied in the browser."),
            ("expired_token", "sallyport login --url https://keys.example.com"),
            ("invalid_grant", "It is invalid_grant."),
            ("invalid_client", "It is invalid_client."),
        ] {
            let (ended, waited) = poll(Some(5), vec![error("authorization_pending"), error(name)]);
            let ended = ended.expect_err(name);
            assert!(ended.contains(said), "{ended}");
            assert_eq!(waited, [5, 5]);
        }
        let (ended, _) = poll(Some(5), vec![answer(200, json!({ "access_token": "a b" }))]);
        assert!(ended.expect_err("no token").contains("sent no tokens"));
    }

    #[test]
    fn a_code_that_nobody_approves_expires_here_too() {
        let (ended, waited) = poll(Some(60), (0..20).map(|_| error("authorization_pending")).collect());
        assert!(ended.expect_err("expired").contains("expired before anybody approved it"));
        assert_eq!(waited.iter().sum::<u64>(), 600);
    }

    #[test]
    fn a_portal_without_this_sign_in_is_told_apart() {
        let url = PortalUrl::parse("https://keys.example.com").expect("an address");
        let clock = TurnedClock::default();
        let authorize = |status, body| {
            let script = Script::new(vec![answer(status, body)]);
            let device = Device { transport: &script, url: &url, clock: &clock, sleep: &|_| {} };
            let asked =
                device.authorize("sallyport 0.1.0 on laptop", None).map(|authorization| authorization.user_code);
            let sent = "POST /oauth/device_authorization client_id=sallyport-cli&device_name=sallyport 0.1.0 on laptop";
            assert_eq!(script.sent(), [sent]);
            asked
        };
        let whole = json!({ "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "u", "expires_in": 600 });
        assert_eq!(authorize(200, whole).as_deref(), Ok("WDJB-MJHT"));
        for (status, body) in [(404, Value::Null), (200, json!("<html>"))] {
            assert!(authorize(status, body).expect_err("none").contains("has no sign-in for the command line"));
        }
        let busy = json!({ "error": "slow_down", "error_description": "Too many sign-ins. Wait a minute." });
        assert_eq!(authorize(429, busy), Err("Too many sign-ins. Wait a minute.".to_owned()));
    }
}
