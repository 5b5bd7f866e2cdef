//! The conditions of a list of keys in SQL, with their values.

use sqlx::any::AnyRow;

use super::{KeyFilter, KeyPage, KeyStatus, LATER_DAYS, SOON_DAYS, UNUSED_DAYS};
use crate::{
    Result, Timestamp,
    fold::fold,
    id::{AppId, OrgId},
    profile::Profile,
    store::{Sight, Store, key_deadlines, key_status, like::escaped},
};

#[derive(Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Int(i64),
}

/// Short-lived keys that trust rules gave are listed apart.
const OF_PEOPLE: &str = "k.trust_rule_id IS NULL";

/// Conditions with their values, in the order of their numbers.
pub(super) struct Conditions {
    pub sql: String,
    /// A condition on all keys or on none, which is evaluated once.
    pub of_all: &'static str,
    /// The number of the organization's id.
    pub org: &'static str,
    values: Vec<Value>,
}

impl Conditions {
    pub fn of_keys(org: &OrgId, app: Option<&AppId>) -> Self {
        // The app's own column, so that its index serves both the page and the count.
        match app {
            Some(app) => Self {
                sql: format!("k.app_id = $1 AND {OF_PEOPLE}"),
                of_all: "EXISTS (SELECT 1 FROM apps a WHERE a.id = $1 AND a.org_id = $2)",
                org: "$2",
                values: vec![Value::Text(app.to_string()), Value::Text(org.to_string())],
            },
            None => Self {
                sql: format!("k.org_id = $1 AND {OF_PEOPLE}"),
                of_all: "TRUE",
                org: "$1",
                values: vec![Value::Text(org.to_string())],
            },
        }
    }

    pub fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// The parameter number of a value.
    pub fn number(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    pub fn narrow(&mut self, filter: &KeyFilter, profile: &Profile, now: Timestamp) {
        if !filter.include_revoked && filter.status != Some(KeyStatus::Revoked) {
            // As the partial indexes say it.
            self.and("k.revoked_at IS NULL");
        }
        if !filter.label.is_empty() {
            let n = self.number(Value::Text(format!("%{}%", escaped(&fold(&filter.label)))));
            self.and(&format!("k.label_folded LIKE {n} ESCAPE '!'"));
        }
        if !filter.environment.is_empty() {
            let n = self.number(Value::Text(filter.environment.clone()));
            self.and(&format!("k.environment = {n}"));
        }
        if !filter.scope.is_empty() {
            // What a key may do, whichever of its scopes grants that.
            for names in profile.granting(&filter.scope) {
                let held = self.holds_one(&names);
                self.and(&held);
            }
        }
        if let Some(user) = &filter.created_by {
            let n = self.number(Value::Text(user.to_string()));
            self.and(&format!("k.created_by = {n}"));
        }
        if let Some(tenant) = &filter.tenant {
            let n = self.number(Value::Text(tenant.to_string()));
            self.and(&format!("k.app_id IN (SELECT a.id FROM apps a WHERE a.tenant_id = {n})"));
        }
        if let Some(project) = &filter.project {
            let n = self.number(Value::Text(project.to_string()));
            self.and(&format!("k.app_id IN (SELECT a.id FROM apps a WHERE a.project_id = {n})"));
        }
        self.narrow_to_seen(&filter.sight);
        if let Some(status) = filter.status {
            self.narrow_to(status, profile, now);
        }
        if let Some(policy) = &filter.breaks {
            policy.narrow(self, profile, now);
        }
        if let Some(check) = filter.check {
            check.narrow(self, profile, now);
        }
    }

    /// The condition for keys with one of these scopes.
    pub fn holds_one(&mut self, names: &[&str]) -> String {
        let held = names.iter().map(|name| {
            let n = self.number(Value::Text(format!("% {} %", escaped(name))));
            format!("' ' || k.scopes || ' ' LIKE {n} ESCAPE '!'")
        });
        format!("({})", held.collect::<Vec<_>>().join(" OR "))
    }

    /// To the keys of the apps in this part of the organization. Without a condition if that is the whole.
    pub fn narrow_to_seen(&mut self, sight: &Sight) {
        if sight.is_all() {
            return;
        }
        let n = self.number(Value::Text(sight.bound()));
        let (org, seen) = (self.org, sight.app("a", &n));
        self.and(&format!("k.app_id IN (SELECT a.id FROM apps a WHERE a.org_id = {org} AND {seen})"));
    }

    fn narrow_to(&mut self, status: KeyStatus, profile: &Profile, now: Timestamp) {
        if status == KeyStatus::WaitingForApproval {
            return self.and("1 = 0");
        }
        let days = |days: u64| std::time::Duration::from_secs(days * 86_400);
        let n = if status == KeyStatus::Revoked { String::new() } else { self.number(Value::Int(now.micros())) };
        self.and(&match status.status() {
            Some(status) => key_status::is(status, self.org, &n),
            None => key_status::usable(self.org, &n),
        });
        match status {
            KeyStatus::Expiring | KeyStatus::ExpiringLater => {
                let soon = if status == KeyStatus::Expiring { SOON_DAYS } else { LATER_DAYS };
                let n = self.number(Value::Int((now + days(soon)).micros()));
                self.and(&format!("k.expires_at < {n}"));
            }
            KeyStatus::RotationDue => {
                let rule = key_deadlines::rotate_every(self.org, profile);
                self.and(&key_deadlines::rotation_due(&rule, &n));
            }
            KeyStatus::PausedSoon => {
                let rule = key_deadlines::pause_unused(self.org, profile);
                self.and(&key_deadlines::paused_soon(&rule, &n));
            }
            KeyStatus::Unused => {
                let n = self.number(Value::Int((now - days(UNUSED_DAYS)).micros()));
                self.and(&key_status::unused_since(&n));
            }
            _ => {}
        }
    }

    /// How many keys fulfil them, up to one more than are counted, where any do.
    pub fn count(&self) -> String {
        let most = KeyPage::COUNTED + 1;
        format!("SELECT COUNT(*) FROM (SELECT 1 AS one FROM keys k WHERE {} LIMIT {most}) AS counted", self.sql)
    }

    pub async fn fetch(self, store: &Store, sql: String) -> Result<Vec<AnyRow>> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Int(int) => query.bind(int),
            };
        }
        Ok(query.fetch_all(store.read()).await?)
    }
}
