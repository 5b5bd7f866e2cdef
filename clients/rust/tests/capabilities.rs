//! The vectors of capability tokens that the readers of all languages and the portal share.

use sallyport_client::{CapabilityRequirements, verify_capability};
use serde_json::{Value, json};

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn each_vector() {
    let file: Value = serde_json::from_str(include_str!("../../vectors/capabilities.json")).expect("JSON");
    let vectors = file["vectors"].as_array().expect("a list");
    assert!(vectors.len() > 25);
    for vector in vectors {
        let (name, options) = (&vector["name"], &vector["options"]);
        let (modules, channels) = (texts(&options["modules"]), texts(&options["channels"]));
        let required = CapabilityRequirements {
            issuer: file["issuer"].as_str().expect("text"),
            app_id: file["app_id"].as_str().expect("text"),
            subject: options["subject"].as_str(),
            modules: &modules,
            channels: &channels,
            epoch: options["epoch"].as_i64(),
            allow_unsigned: options["allow_unsigned"] == true,
            now: file["now"].as_i64(),
        };
        let verified = verify_capability(vector["token"].as_str().expect("text"), &file["keys"], &required);
        if let Some(code) = vector["code"].as_str() {
            let error = verified.expect_err(&name.to_string());
            assert_eq!(error.code, code, "{name}");
            assert!(error.to_string().contains(code), "{name}");
            continue;
        }
        let capability = verified.unwrap_or_else(|error| panic!("{name}: {error}"));
        let told = json!({
            "token_id": capability.token_id, "subject": capability.subject, "modules": capability.modules,
            "channels": capability.channels, "expires_at": capability.expires_at, "epoch": capability.epoch,
            "is_signed": capability.is_signed,
        });
        assert_eq!(told, vector["capability"], "{name}");
        assert_eq!(capability.warnings.is_empty(), capability.is_signed, "{name}");
    }
}
