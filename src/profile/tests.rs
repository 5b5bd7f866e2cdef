use proptest::prelude::*;

use super::*;
use crate::verdict::Verdict;

const DEFAULT: &str = include_str!("../../examples/profiles/default.toml");
const SYNHEART: &str = include_str!("../../examples/profiles/synheart.toml");
const SYNAP: &str = include_str!("../../examples/profiles/synap.toml");
const HELIOS: &str = include_str!("../../examples/profiles/helios.toml");
const SYNAPTIQ: &str = include_str!("../../examples/profiles/synaptiq.toml");

/// The default profile with one change.
fn changed(from: &str, to: &str) -> Result<Profile, Faults> {
    assert!(DEFAULT.contains(from), "{from} is not in the default profile");
    Profile::parse(&DEFAULT.replacen(from, to, 1))
}

/// Asserts the error message and the text at its position.
fn refused(from: &str, to: &str, at: &str, says: &str) {
    let text = DEFAULT.replacen(from, to, 1);
    assert_ne!(text, DEFAULT, "{from} is not in the default profile");
    let faults = Profile::parse(&text).expect_err(to);
    let said = faults.0.iter().find(|fault| fault.message.contains(says)).unwrap_or_else(|| panic!("{to}: {faults}"));
    let line = text.lines().nth(said.line - 1).expect("a line of the file");
    let rest: String = line.chars().skip(said.column - 1).collect();
    assert!(rest.starts_with(at), "{said} points at {rest:?}, not at {at:?}");
}

#[test]
fn admin_includes_the_others() {
    let profile = Profile::standard();
    let admin = profile.granted(profile.set(["admin"]));
    for scope in ["read", "write", "delete", "admin"] {
        assert!(profile.includes(admin, scope));
    }
    assert!(!profile.includes(admin, "fly"));
    assert!(!profile.includes(profile.granted(profile.set(["read"])), "write"));
}

#[test]
fn scopes_allow_methods() {
    let profile = Profile::standard();
    let allowed = |scopes: &[&str], method: &str| {
        let granted = profile.granted(profile.set(scopes.iter().copied()));
        profile.allows(granted, &Request::new(Some(method), Some("/leads")))
    };
    for (scope, method) in
        [("read", "GET"), ("read", "HEAD"), ("write", "POST"), ("write", "PUT"), ("delete", "DELETE"), ("admin", "GET")]
    {
        assert!(allowed(&[scope], method), "{scope} {method}");
    }
    for (scope, method) in [
        ("read", "POST"),
        ("write", "GET"),
        ("write", "DELETE"),
        ("admin", "OPTIONS"),
        ("admin", "TRACE"),
        ("read", ""),
    ] {
        assert!(!allowed(&[scope], method), "{scope} {method}");
    }
    assert!(allowed(&["read", "write"], "GET"), "scopes add up");
    assert!(!allowed(&[], "GET"));
}

/// A backend that does not send the method must not get access to what the scope protects.
#[test]
fn what_was_not_sent_is_not_allowed() {
    let profile = Profile::parse(SYNAP).expect("good");
    let scope = profile.scopes.iter().find(|scope| !scope.methods.is_empty() && !scope.paths.is_empty());
    let granted = profile.set(scope.map(|scope| scope.name.as_str()));
    let allowed = |method, path| profile.allows(granted, &Request::new(method, path));
    assert!(allowed(Some("GET"), Some("/trpc/entities.list")));
    assert!(!allowed(Some("GET"), None));
    assert!(!allowed(None, Some("/trpc/entities.list")));
    assert!(allowed(None, None), "nothing was asked of scopes");
    let standard = Profile::standard();
    assert!(standard.allows(standard.set(["read"]), &Request::new(Some("GET"), None)), "no scope names paths");
}

#[test]
fn the_examples_are_good() {
    for text in [DEFAULT, SYNHEART, SYNAP, HELIOS, SYNAPTIQ] {
        Profile::parse(text).unwrap_or_else(|faults| panic!("{faults}"));
    }
}

#[test]
fn what_can_not_hold_is_refused_with_its_place() {
    let refusals = [
        ("name = \"default\"", "name = \"default\"\nmoon = 1", "moon", "unknown field"),
        ("bearer = true", "bearer = maybe", "maybe", ""),
        ("name = \"default\"", "name = \"de fault\"", "\"de fault\"", "letters, digits"),
        ("name = \"Sallyport\"", "name = \" \"", "\" \"", "empty"),
        ("[brand]", "[brand]\nlogo = \"../logo.svg\"", "\"../logo", "in the folder of the profile"),
        ("[brand]", "[brand]\nlogo = \"/etc/passwd\"", "\"/etc", "in the folder of the profile"),
        ("[brand]", "[brand]\nlogo = \"..\"", "\"..", "in the folder of the profile"),
        ("[brand]", "[brand]\nlogo = \"\"", "\"\"", "in the folder of the profile"),
        ("[brand]", "[brand]\nlogo = \"logo.svg\"", "\"logo.svg", "Put it beside the profile"),
        ("[brand]", "[brand]\naccent = \"red\"", "\"red", "none of the colours: indigo, violet"),
        ("[brand]", "[brand]\ndocs_url = \"javascript:alert(1)\"", "\"javascript", "https://"),
        ("headers = [\"x-api-key\"]\nbearer = true", "bearer = false", "", "could not be sent"),
        ("[\"x-api-key\"]", "[\"x_api_key\"]", "\"x_api_key\"", "begins with a letter"),
        ("[\"x-api-key\"]", "[\"Authorization\"]", "\"Auth", "bearer = true"),
        ("[\"x-api-key\"]", "[\"connection\"]", "\"connection\"", "means something already"),
        ("[\"x-api-key\"]", "[\"X-Auth-Key\"]", "\"X-Auth-Key\"", "means something already"),
        ("[\"x-api-key\"]", "[\"x-forwarded-key\"]", "\"x-forwarded-key\"", "means something already"),
        ("[\"x-api-key\"]", "[\"x-api-key\", \"X-Api-Key\"]", "\"X-Api-Key\"", "another meaning above"),
        ("bearer = true", "bearer = true\nworkspace_header = \"X-API-Key\"", "\"X-API-Key\"", "another meaning"),
        ("[\"stream\", ", "[\"stream\", \"stream\", ", "\"stream\"", "a channel called stream already"),
        ("[\"focus\", ", "[\"fo cus\", ", "\"fo cus\"", "letters, digits"),
        ("\nlifetime_seconds = 86400", "\nlifetime_seconds = 59", "59", "a minute (60) to a year"),
        ("\nlifetime_seconds = 86400", "\nlifetime_seconds = 2592001", "2592001", "raise longest_lifetime_seconds"),
        ("longest_lifetime_seconds = 2592000", "longest_lifetime_seconds = 31536001", "31536001", "to a year"),
        ("owner = \"app\"", "owner = \"nobody\"", "\"nobody\"", "organization"),
        ("scopes = \"many\"", "scopes = \"none\"", "\"read\"", "no scopes here"),
        ("name = \"development\"", "name = \"production\"", "\"production\"", "already"),
        ("mode = \"live\"", "mode = \"test\"\nmoon = 1", "moon", "unknown field"),
        ("prefix = \"sk_live_\"", "prefix = \"sk_test_\"", "\"sk_test_\"", "begin with sk_test_ too"),
        ("prefix = \"sk_live_\"", "prefix = \"sk_\"", "\"sk_test_\"", "begin with each other"),
        ("prefix = \"sk_live_\"", "prefix = \"sk_test_live_\"", "\"sk_test_\"", "begin with each other"),
        ("prefix = \"sk_live_\"", "prefix = \"sp_root_\"", "\"sp_root_\"", "root tokens"),
        ("prefix = \"sk_live_\"", "prefix = \"sp_pat_\"", "\"sp_pat_\"", "personal tokens"),
        ("prefix = \"sk_live_\"", "prefix = \"sp_ref_\"", "\"sp_ref_\"", "refresh tokens"),
        ("prefix = \"sk_live_\"", "prefix = \"sp_dev_\"", "\"sp_dev_\"", "device codes"),
        ("prefix = \"sk_live_\"", "prefix = \"sp_\"", "\"sp_\"", "root tokens"),
        ("prefix = \"sk_live_\"", "prefix = \"sgn_live_\"", "\"sgn_live_\"", "signing secrets"),
        ("prefix = \"sk_live_\"", "prefix = \"sk live_\"", "\"sk live_\"", "letters, digits"),
        ("prefix = \"sk_live_\"", "prefix = \"sklive\"", "\"sklive\"", "ends with _"),
        ("prefix = \"sk_live_\"", "prefix = \"\"", "\"\"", "sk_live_"),
        ("name = \"write\"", "name = \"read\"", "\"read\"", "called read already"),
        ("name = \"write\"", "name = \"write, all\"", "\"write, all\"", "letters, digits"),
        ("[\"DELETE\"]", "[\"FLY\"]", "\"FLY\"", "the methods are"),
        ("[\"DELETE\"]", "[\"DELETE\"]\npaths = [\"/a/../b\"]", "\"/a/../b\"", "plain path"),
        ("[\"read\", \"write\", \"delete\"]", "[\"read\", \"fly\"]", "\"fly\"", "is no scope"),
        ("[\"read\", \"write\", \"delete\"]", "[\"admin\"]", "\"admin\"", "imply each other"),
        ("methods = [\"GET\"]", "methods = [\"GET\"]\nmanages = true", "true", "only where they are its own"),
        ("methods = [\"GET\"]", "methods = [\"GET\"]\nimplies = [\"admin\"]", "\"admin\"", "imply each other"),
        ("[plans.starter]", "[plans.gold]", "gold", "starter"),
        ("per_minute = 600\n", "per_minute = 0\n", "0", "lets nothing pass"),
        ("per_minute = 600\n", "per_minute = 1000001\n", "1000001", "1000000 at most"),
        ("per_minute = 600\n", "per_minute = -1\n", "-1", "a whole number"),
        ("per_minute = 600\n", "per_minute = \"600\"\n", "\"600\"", "a whole number without quotes"),
        ("per_minute = 600\n", "per_minute = yes\n", "yes", "numbers without"),
        ("name = \"write\"", "name = 7", "7", "text in quotes"),
        ("[\"DELETE\"]", "\"DELETE\"", "\"DELETE\"", "a list in brackets"),
        ("per_minute = 600\n", "per_minute = 600\nper_day = 599\n", "600", "raise per_day"),
        ("per_minute = 600\n", "classes = { fly = 1 }\n", "1", "is no scope"),
        ("per_minute = 600\n", "paths = [{ pattern = \"x\", per_minute = 1 }]\n", "\"x\"", "begins with a slash"),
        ("\"X-RateLimit-Remaining\"", "\"x-ratelimit-limit\"", "\"x-ratelimit-limit\"", "another meaning above"),
        ("\"X-RateLimit-Reset\"", "\"Retry-After\"", "\"Retry-After\"", "means something already"),
        ("[limits]", "[runtime]\nfile_name = \"../a.json\"\n[limits]", "\"../a.json\"", "ends with .json"),
        ("[limits]", "[runtime]\nfile_name = \".json\"\n[limits]", "\".json\"", "ends with .json"),
        ("[limits]", "[webhooks]\nprefix = \"sha256=\"\n[limits]", "\"sha256=\"", "no signature"),
        (
            "[limits]",
            "[signatures]\nsignature = \"x-api-key\"\ntimestamp = \"t\"\n[limits]",
            "\"x-api-key\"",
            "another meaning",
        ),
        ("\"application/problem+json\"", "\"text/html\"", "\"text/html\"", "JSON"),
        ("\"detail\":\"{message}\"", "\"detail\":{message}", "'''", "not JSON"),
        ("\"detail\":\"{message}\"", "\"detail\":\"{reason}\"", "'''", "{reason} is no placeholder"),
        ("\"detail\":\"{message}\"", "\"detail\":\"{doc_url}\"", "'''", "has no address"),
        ("\"detail\":\"{message}\"", "\"request_id\":{request_id}", "'''", "not JSON"),
        ("[errors]", "[errors.messages]\nnot_found = \"x\"\n[errors]", "\"x\"", "malformed for unknown keys too"),
        ("[errors]", "[errors.messages]\nrevoked = \"{key}\"\n[errors]", "\"{key}\"", "no placeholder"),
    ];
    for (from, to, at, says) in refusals {
        refused(from, to, at, says);
    }
}

#[test]
fn all_errors_are_reported_at_once_and_in_order() {
    let text = DEFAULT.replace("\"x-api-key\"", "\"host\"").replace("sk_live_", "?").replace("6000", "0");
    let faults = Profile::parse(&text).expect_err("three faults").0;
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.is_sorted());
}

#[test]
fn a_catalogue_has_so_many_scopes_at_most() {
    let scope = |at: usize| format!("[[scopes]]\nname = \"s{at}\"\ntitle = \"S\"\n");
    let with = |many: usize| Profile::parse(&(DEFAULT.to_owned() + &(4..many).map(scope).collect::<String>()));
    assert!(with(64).is_ok());
    assert!(with(65).expect_err("too many").to_string().contains("64 scopes at most"));
}

#[test]
fn keys_with_one_scope_need_a_catalogue_and_no_bundles() {
    assert!(changed("scopes = \"many\"", "scopes = \"one\"").is_ok());
    let bundle = "[[bundles]]\nname = \"b\"\ntitle = \"B\"\nscopes = [\"read\"]\n";
    let one = DEFAULT.replace("scopes = \"many\"", "scopes = \"one\"") + bundle;
    assert!(Profile::parse(&one).expect_err("a bundle").to_string().contains("ticks several scopes"));
    assert!(Profile::parse(&(DEFAULT.to_owned() + bundle)).is_ok());
    for wrong in ["scopes = []", "scopes = [\"fly\"]", "scopes = [\"read\", \"read\"]"] {
        let text = DEFAULT.to_owned() + &bundle.replace("scopes = [\"read\"]", wrong);
        assert!(Profile::parse(&text).is_err(), "{wrong}");
    }
}

#[test]
fn unknown_and_malformed_keys_get_the_same_body_in_every_profile() {
    for text in [DEFAULT, SYNHEART, SYNAP, HELIOS, SYNAPTIQ] {
        let errors = Profile::parse(text).expect("good").errors;
        let [unknown, malformed] =
            [Verdict::NotFound, Verdict::Malformed].map(|verdict| errors.refusal(verdict, Some("app_secret"), "req_1"));
        assert_eq!(unknown, malformed);
        assert!(!unknown.contains("app_secret"), "an app of somebody else's key");
    }
    let own = DEFAULT.replace("[errors]", "[errors.messages]\nmalformed = \"Bad key.\"\n[errors]");
    let errors = Profile::parse(&own).expect("good").errors;
    assert!(errors.refusal(Verdict::NotFound, None, "req_1").contains("Bad key."));
}

#[test]
fn the_default_shows_problem_documents() {
    let errors = &Profile::standard().errors;
    assert_eq!(
        errors.refusal(Verdict::IngestionNotVerified, Some("app_x"), "req_1"),
        r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden","detail":"App app_x is not verified for data ingestion.","request_id":"req_1"}"#
    );
    assert!(errors.refusal(Verdict::IngestionNotVerified, None, "req_1").contains("\"This app is not verified"));
    let told = errors::Unjudged { status: 403, title: "Forbidden", code: "untrusted_proxy", message: "So." };
    assert!(errors.unjudged(&told, "req_1").contains(r#""code":"untrusted_proxy","detail":"So.""#));
}

#[test]
fn a_profile_without_errors_shows_what_the_default_shows() {
    let (without, _) = DEFAULT.split_once("[errors]").expect("the last section");
    let without = Profile::parse(without).expect("good");
    assert_eq!(without.errors, Profile::standard().errors);
}

#[test]
fn the_challenge_names_the_brand() {
    let challenge = |text: &str| Profile::parse(text).expect("good").challenge;
    assert_eq!(challenge(DEFAULT), "Bearer realm=\"Sallyport\"");
    assert_eq!(challenge(HELIOS), "ApiKey realm=\"Helios\"");
    assert_eq!(challenge(&DEFAULT.replace("\"Sallyport\"", "'Sally\"port'")), "Bearer realm=\"default\"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Any text in any line is either refused or parsed, and each error has a position in the file.
    #[test]
    fn no_profile_is_too_strange(line in 0usize..120, written in "\\PC{0,40}|[a-z]{1,8} = [0-9\"'{}\\[\\]]{0,8}") {
        let mut lines: Vec<_> = DEFAULT.lines().collect();
        let at = line % lines.len();
        lines[at] = &written;
        let text = lines.join("\n");
        match Profile::parse(&text) {
            Ok(profile) => {
                for verdict in Verdict::ALL {
                    let body = profile.errors.refusal(verdict, Some("app_x"), "req_x");
                    prop_assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok(), "{}", body);
                }
            }
            Err(faults) => {
                let most = text.lines().count() + 1;
                prop_assert!(!faults.0.is_empty() && faults.0.iter().all(|fault| (1..=most).contains(&fault.line)));
            }
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC*") {
        let _ = Profile::parse(&text);
    }

    #[test]
    fn no_value_is_too_strange(value in "[\"'a-z0-9_{}\\[\\]=., \u{e9}]{0,30}", field in 0usize..40) {
        let values: Vec<_> = DEFAULT.match_indices(" = ").map(|(at, _)| at + 3).collect();
        let at = values[field % values.len()];
        let end = DEFAULT[at..].find('\n').map_or(DEFAULT.len(), |end| at + end);
        let _ = Profile::parse(&format!("{}{value}{}", &DEFAULT[..at], &DEFAULT[end..]));
    }
}

#[test]
fn the_runtime_file_has_a_name() {
    let of = |text: &str| Profile::parse(text).expect("good").runtime_file;
    assert_eq!(of(DEFAULT), "sallyport.json");
    assert_eq!(of(include_str!("../../examples/profiles/synheart.toml")), "synheart.json");
}

/// A key that is part of an app must not mint for any subject.
#[test]
fn no_scope_of_the_examples_mints_capability_tokens() {
    for text in [DEFAULT, SYNHEART, SYNAP, HELIOS, SYNAPTIQ] {
        assert_eq!(Profile::parse(text).expect("good").minting_scope(), None);
    }
    let said = "name = \"read\"\nmint_capabilities = true";
    let profile = changed("name = \"read\"", said).expect("good");
    let mints = |owner, mode, scope| profile.mints(owner, mode, [scope]);
    assert!(mints(HolderKind::App, Mode::Live, "read") && mints(HolderKind::Organization, Mode::Live, "read"));
    assert!(mints(HolderKind::App, Mode::Live, "admin"), "admin implies it");
    assert!(!mints(HolderKind::App, Mode::Live, "write") && !mints(HolderKind::App, Mode::Test, "read"));
    assert!(!mints(HolderKind::Member, Mode::Live, "read"));
    let twice = DEFAULT
        .replace("name = \"read\"", said)
        .replace("name = \"write\"", "name = \"write\"\nmint_capabilities = true");
    assert!(Profile::parse(&twice).expect_err("two").to_string().contains("One scope mints"));
    let none = DEFAULT
        .replace("name = \"read\"", said)
        .replace("modules = [\"focus\", \"emotion\", \"research\"]\nchannels = [\"stream\", \"export\"]\n", "");
    assert!(Profile::parse(&none).expect_err("none").to_string().contains("nothing to mint for"));
}
