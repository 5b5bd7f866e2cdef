//! A row of the key inventory, an export: everything that describes a key, without secrets.

use serde_json::{Value, json};

use super::ListedKey;
use crate::{Timestamp, export::ExportRow, id::AppId};

/// A key with more details than a list on a page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryKey {
    pub listed: ListedKey,
    /// The app it belongs to, if its holder is an app.
    pub app_id: Option<AppId>,
    pub revoked_at: Option<Timestamp>,
}

impl ExportRow for InventoryKey {
    const COLUMNS: &'static [&'static str] = &[
        "key_id",
        "label",
        "key",
        "status",
        "environment",
        "mode",
        "scopes",
        "holder_kind",
        "app_id",
        "user_id",
        "holder",
        "created_at",
        "created_by_id",
        "created_by",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ];

    fn cells(&self) -> Vec<String> {
        let key = &self.listed;
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339).unwrap_or_default();
        let creator = key.created_by.as_ref();
        vec![
            key.id.to_string(),
            key.label.clone(),
            key.shown.clone(),
            key.status.as_str().to_owned(),
            key.environment.clone(),
            key.mode.as_str().to_owned(),
            key.scopes.join(" "),
            key.owner.as_str().to_owned(),
            self.app_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            key.owner_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            key.owner_name.clone(),
            key.created_at.to_rfc3339(),
            creator.map(|person| person.id.to_string()).unwrap_or_default(),
            creator.map(|person| person.name.clone()).unwrap_or_default(),
            time(key.expires_at),
            time(key.last_used_at),
            time(self.revoked_at),
        ]
    }

    fn json(&self) -> Value {
        let key = &self.listed;
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        let creator = key.created_by.as_ref();
        json!({
            "key_id": key.id.as_str(),
            "label": key.label,
            "key": key.shown,
            "status": key.status.as_str(),
            "environment": key.environment,
            "mode": key.mode.as_str(),
            "scopes": key.scopes,
            "holder_kind": key.owner.as_str(),
            "app_id": self.app_id.as_ref().map(AppId::as_str),
            "user_id": key.owner_id.as_ref().map(ToString::to_string),
            "holder": key.owner_name,
            "created_at": key.created_at.to_rfc3339(),
            "created_by_id": creator.map(|person| person.id.as_str()),
            "created_by": creator.map(|person| &person.name),
            "expires_at": time(key.expires_at),
            "last_used_at": time(key.last_used_at),
            "revoked_at": time(self.revoked_at),
        })
    }
}
