use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::{
    Timestamp,
    audit::checkpoint::SigningKey,
    id::{AppId, CapabilityId},
    profile::{CapabilityRules, Profile},
    testing::SeededEntropy,
};

const ISSUER: &str = "https://keys.example.com";
const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn key(n: u8) -> SigningKey {
    SigningKey::of_seed(&[n; 32])
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        aud: AppId::parse("app_focus_kB8mPx").expect("an id"),
        sub: "person-7".to_owned(),
        modules: vec!["focus".to_owned()],
        channels: vec!["stream".to_owned()],
        iat: NOW.seconds(),
        exp: NOW.seconds() + 60,
        jti: CapabilityId::mint(&SeededEntropy::new(1)),
        epoch: 1,
        minted_by: Minter { kind: MinterKind::Key, id: "key_7Hq2aB3cD4eF5gH6".to_owned(), token_id: None },
    }
}

fn rules() -> CapabilityRules {
    Profile::standard().capabilities.clone()
}

fn opened(text: &str) -> Result<Claims, CapabilityVerdict> {
    Presented::parse(text)?.open(&key(1).public())
}

/// With another header or other claims, signed by the same key.
fn forged(header: &str, claims: &str) -> String {
    let encode = |part: &str| BASE64_URL_SAFE_NO_PAD.encode(part);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key(1).sign(&signed));
    format!("{signed}.{signature}")
}

fn header(alg: &str, typ: &str) -> String {
    format!(r#"{{"alg":"{alg}","kid":"{}","typ":"{typ}"}}"#, key_id(&key(1).public()))
}

#[test]
fn a_token_is_opened_with_the_key_that_signed_it() {
    let text = sign(&claims(), &key(1));
    let presented = Presented::parse(&text).expect("of the form");
    assert_eq!(presented.key_id, key_id(&key(1).public()));
    assert_eq!(presented.open(&key(1).public()), Ok(claims()));
    assert_eq!(presented.open(&key(2).public()), Err(CapabilityVerdict::WrongSignature));
    assert_eq!(text, forged(&header("EdDSA", TYPE), &serde_json::to_string(&claims()).expect("JSON")));
}

/// The example of RFC 8037, appendix A.3.
#[test]
fn the_id_of_a_key_is_its_thumbprint() {
    let seed = BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("base64");
    let public = SigningKey::of_seed(&seed.try_into().expect("32 bytes")).public();
    assert_eq!(key_id(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn other_algorithms_and_types_are_refused_before_the_signature() {
    let said = serde_json::to_string(&claims()).expect("JSON");
    for (alg, typ) in [
        ("none", TYPE),
        ("None", TYPE),
        ("HS256", TYPE),
        ("ES256", TYPE),
        ("eddsa", TYPE),
        ("", TYPE),
        ("EdDSA", "JWT"),
        ("EdDSA", "at+jwt"),
        ("EdDSA", "Sallyport-Capability+JWT"),
        ("EdDSA", ""),
    ] {
        let text = forged(&header(alg, typ), &said);
        assert_eq!(opened(&text), Err(CapabilityVerdict::WrongType), "{alg} {typ}");
        let unsigned = format!("{}.", text.rsplit_once('.').expect("three parts").0);
        assert_eq!(opened(&unsigned), Err(CapabilityVerdict::WrongType), "{alg} {typ}");
    }
    for header in [r#"{"alg":"EdDSA"}"#.to_owned(), "{}".to_owned(), "[]".to_owned()] {
        assert_eq!(opened(&forged(&header, &said)), Err(CapabilityVerdict::WrongType), "{header}");
    }
}

#[test]
fn there_is_one_text_of_a_token() {
    let (said, id) = (serde_json::to_string(&claims()).expect("JSON"), key_id(&key(1).public()));
    let good = sign(&claims(), &key(1));
    let again = |header: String| forged(&header, &said);
    let texts = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!(" {good}"),
        format!("{good}="),
        format!("{good}\n"),
        format!("{good}.{good}"),
        format!("{}.", good.rsplit_once('.').expect("three parts").0),
        again(format!(r#"{{"typ":"{TYPE}","alg":"EdDSA","kid":"{id}"}}"#)),
        again(format!(r#"{{"alg":"EdDSA", "kid":"{id}","typ":"{TYPE}"}}"#)),
        again(format!(r#"{{"alg":"EdDSA","kid":"{id}","typ":"{TYPE}","crit":["b64"],"b64":false}}"#)),
        again(format!(r#"{{"alg":"EdDSA","kid":"{id}","typ":"{TYPE}","jwk":{{}}}}"#)),
        again(format!(r#"{{"alg":"EdDSA","alg":"none","kid":"{id}","typ":"{TYPE}"}}"#)),
        again(format!(r#"{{"alg":"EdDSA","kid":"../{}","typ":"{TYPE}"}}"#, &id[3..])),
        again(format!(r#"{{"alg":"EdDSA","kid":"x","typ":"{TYPE}"}}"#)),
        forged(&header("EdDSA", TYPE), "{}"),
        forged(&header("EdDSA", TYPE), &said.replace(r#""aud":"app_"#, r#""aud":"org_"#)),
        forged(&header("EdDSA", TYPE), &said.replace(r#""exp":"#, r#""exp":"9","expiry":"#)),
        forged(&header("EdDSA", TYPE), &said.replace(r#""kind":"key""#, r#""kind":"god""#)),
        "a".repeat(LONGEST + 1),
        forged(&header("EdDSA", TYPE), &format!("{said}{}", " ".repeat(LONGEST))),
    ];
    for text in texts {
        assert_eq!(opened(&text), Err(CapabilityVerdict::Malformed), "{text}");
    }
}

type Change = fn(&mut Claims);

#[test]
fn what_it_says_is_judged() {
    let judged = |change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        claims.judge(ISSUER, &rules(), NOW)
    };
    let changes: [(Change, CapabilityVerdict); 9] = [
        (|_| (), CapabilityVerdict::Valid),
        (|claims| claims.iss.push('/'), CapabilityVerdict::WrongIssuer),
        (|claims| claims.iat += 60, CapabilityVerdict::Valid),
        (|claims| claims.iat += 61, CapabilityVerdict::NotYetValid),
        (|claims| claims.exp = NOW.seconds() + 1, CapabilityVerdict::Valid),
        (|claims| claims.exp = NOW.seconds(), CapabilityVerdict::Expired),
        (|claims| claims.exp = i64::MIN, CapabilityVerdict::Expired),
        (|claims| claims.modules.push("flying".to_owned()), CapabilityVerdict::UnknownModule),
        (|claims| claims.channels.push("smoke".to_owned()), CapabilityVerdict::UnknownChannel),
    ];
    for (change, verdict) in changes {
        assert_eq!(judged(change), verdict);
    }
    let (focus, research) = (["focus".to_owned()], ["research".to_owned()]);
    for (asked, verdict) in [
        (Asked::default(), CapabilityVerdict::Valid),
        (Asked { modules: &focus, ..Asked::default() }, CapabilityVerdict::Valid),
        (Asked { modules: &research, ..Asked::default() }, CapabilityVerdict::MissingModule),
        (Asked { channels: &focus, ..Asked::default() }, CapabilityVerdict::MissingChannel),
        (Asked { app_id: Some("app_focus_kB8mPx"), ..Asked::default() }, CapabilityVerdict::Valid),
        (Asked { app_id: Some("app_other_kB8mPx"), ..Asked::default() }, CapabilityVerdict::AppMismatch),
        (Asked { app_id: Some(""), ..Asked::default() }, CapabilityVerdict::AppMismatch),
    ] {
        assert_eq!(claims().grant(&asked), verdict, "{asked:?}");
    }
}

#[test]
fn input_is_checked_field_by_field() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let check = |subject: &str, modules: &[&str], channels: &[&str], seconds: Option<u64>| {
        NewCapability::check(subject, &names(modules), &names(channels), seconds, &rules())
            .map_err(|invalid| invalid.0.iter().map(|error| error.field).collect::<Vec<_>>())
    };
    let new = check(" ada ", &["research", "focus", "focus"], &[], None).expect("good");
    assert_eq!((new.subject.as_str(), new.modules), ("ada", names(&["focus", "research"])));
    assert_eq!(new.lifetime, Duration::from_secs(24 * 60 * 60));
    assert!(check("ada", &[], &["stream"], Some(60)).is_ok());
    assert!(check("ada", &["focus"], &[], Some(30 * 24 * 60 * 60)).is_ok());
    for (wrong, fields) in [
        (check("", &["focus"], &[], None), vec!["subject"]),
        (check(&"a".repeat(201), &["focus"], &[], None), vec!["subject"]),
        (check("a\nb", &["focus"], &[], None), vec!["subject"]),
        (check("ada", &["flying"], &["smoke"], Some(59)), vec!["modules", "channels", "expires_in"]),
        (check("ada", &[], &[], None), vec!["modules"]),
        (check("ada", &["focus"], &[], Some(30 * 24 * 60 * 60 + 1)), vec!["expires_in"]),
        (check("ada", &["focus"], &[], Some(u64::MAX)), vec!["expires_in"]),
    ] {
        assert_eq!(wrong, Err(fields));
    }
}

/// A token with all names of the largest catalogue, and the longest subject.
#[test]
fn the_longest_token_is_short_enough() {
    let catalogue: Vec<_> = (0..CapabilityRules::MOST_NAMES).map(|n| format!("{n:0>64}")).collect();
    let long = Claims {
        sub: "\u{1d11e}".repeat(200),
        modules: catalogue.clone(),
        channels: catalogue,
        iss: format!("https://{}", "a".repeat(240)),
        ..claims()
    };
    let text = sign(&long, &key(1));
    assert_eq!(opened(&text), Ok(long), "{}", text.len());
}

proptest! {
    #[test]
    fn whatever_is_said_comes_back(sub in ".{1,50}", modules in proptest::collection::vec("[a-z]{1,9}", 0..5), iat: i64, exp: i64, epoch: i64) {
        let claims = Claims { sub, modules, iat, exp, epoch, ..claims() };
        prop_assert_eq!(opened(&sign(&claims, &key(1))), Ok(claims.clone()));
        // Any times are judged without a panic.
        claims.judge(ISSUER, &rules(), NOW);
    }

    #[test]
    fn every_changed_sign_is_found(at: prop::sample::Index, other in "[ -~]") {
        let good = sign(&claims(), &key(1));
        let at = at.index(good.len());
        let mut changed = good.clone();
        changed.replace_range(at..=at, &other);
        if changed != good {
            prop_assert!(opened(&changed).is_err(), "{}", changed);
        }
    }

    #[test]
    fn anything_is_parsed_without_a_panic(text in "\\PC*|[A-Za-z0-9_.-]{0,300}") {
        prop_assert!(opened(&text).is_err());
    }
}

/// The vectors that the readers share, except for what only they are asked: an epoch, a subject, and unsigned tokens.
#[test]
fn the_portal_judges_as_the_readers_do() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../clients/vectors/capabilities.json")).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let texts = |value: &serde_json::Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
    let (issuer, app) = (text(&file["issuer"]), text(&file["app_id"]));
    let now = Timestamp::from_seconds(file["now"].as_i64().expect("a number"));
    let mut judged = 0;
    for vector in file["vectors"].as_array().expect("a list") {
        let options = &vector["options"];
        if ["epoch", "subject", "allow_unsigned"].iter().any(|name| !options[*name].is_null()) {
            continue;
        }
        let (modules, channels) = (texts(&options["modules"]), texts(&options["channels"]));
        let asked = Asked { app_id: Some(app.as_str()), modules: &modules, channels: &channels };
        let verdict = (|| {
            let token = text(&vector["token"]);
            let presented = Presented::parse(&token)?;
            let key = [key(1), key(2)].into_iter().find(|key| key_id(&key.public()) == presented.key_id);
            let claims = presented.open(&key.ok_or(CapabilityVerdict::UnknownKey)?.public())?;
            match claims.judge(&issuer, &rules(), now) {
                CapabilityVerdict::Valid => Ok(claims.grant(&asked)),
                refusal => Err(refusal),
            }
        })();
        let code = verdict.unwrap_or_else(|refusal| refusal).code();
        assert_eq!(code, vector["code"].as_str().unwrap_or("valid"), "{}", vector["name"]);
        judged += 1;
    }
    assert!(judged > 40, "{judged}");
}
