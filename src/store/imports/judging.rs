//! What becomes of each line: by the rules for keys, and by what was imported before.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    super::{
        Store,
        row::Read,
        rows::{Cell, MOST_ROWS},
        tx::Tx,
    },
    stored::{StoredKey, StoredLine},
};
use crate::{
    Error, Result,
    app::App,
    audit::hex,
    import::{ImportFile, Line, LineOutcome, LineReport},
    key::{Holder, LimitOverride, NewKey},
    key_policy::{
        KeyPolicy,
        judge::{Judgement, Proposed},
    },
};

/// Shown for the lines that are left when the rights of who imports end.
pub(super) const LOST: &str = "Who uploaded this file may not manage keys of the app any more.";

/// Judges lines one after the other.
pub(super) struct Judge {
    policy: KeyPolicy,
    /// How many keys the app has, with those of the lines before.
    beside: u64,
    /// The digests that exist, or are those of lines before.
    known: HashSet<String>,
    /// Why who imports may not issue keys, by whether they manage and by their limits: the same for many lines.
    rights: HashMap<(bool, Option<u32>, Option<u32>), Option<String>>,
}

impl Judge {
    /// For these lines.
    pub(super) async fn of(tx: &mut Tx, holder: &Holder, lines: &[StoredLine]) -> Result<Self> {
        let (policy, beside) = tx.rules_for_new(holder).await?;
        let known = tx.known_digests(lines.iter().flat_map(|line| &line.key)).await?;
        Ok(Self { policy, beside, known, rights: HashMap::new() })
    }

    /// The key to issue for a line; `None` if it is not to be imported, which the line then says.
    pub(super) fn judge(&mut self, tx: &Tx, line: &mut StoredLine) -> Option<NewKey> {
        let key = line.key.as_ref()?;
        if key.digests.iter().any(|digest| self.known.contains(digest)) {
            line.repeat();
            return None;
        }
        let (now, profile) = (tx.now(), Arc::clone(tx.profile()));
        let new = match key.new.check(&profile, now) {
            Ok(new) => new,
            Err(invalid) => {
                line.refuse(invalid.to_string());
                return None;
            }
        };
        match self.policy.judge(&Proposed::new(&new, self.beside, now), &profile) {
            Judgement::Allowed => {}
            Judgement::NeedsApproval => {
                line.refuse(
                    "By the rules of the organization such a key needs an approval. Issue a new one in the portal.",
                );
                return None;
            }
            Judgement::Refused(broken) => {
                line.refuse(broken.to_string());
                return None;
            }
        }
        self.known.extend(key.digests.iter().cloned());
        self.beside += 1;
        Some(new)
    }

    /// Whether the actor of the transaction may import this key; else the line is refused.
    pub(super) async fn may_import(
        &mut self,
        tx: &mut Tx,
        holder: &Holder,
        line: &mut StoredLine,
        new: &NewKey,
    ) -> Result<bool> {
        let Some(limits) = line.key.as_ref().map(StoredKey::limits) else { return Ok(false) };
        let scopes = new.scopes.iter().map(String::as_str);
        let manages = tx.profile().manages(holder.owner(), new.environment.mode, scopes);
        let asked = (manages, limits.per_minute, limits.per_day);
        let refused = match self.rights.get(&asked) {
            Some(refused) => refused.clone(),
            None => {
                let refused = refusal(tx.may_import(holder, new, limits).await)?;
                self.rights.insert(asked, refused.clone());
                refused
            }
        };
        let Some(reason) = refused else { return Ok(true) };
        line.refuse(reason);
        Ok(false)
    }
}

/// Why an actor may not, for the lines of an import. An error if that could not be found out.
pub(super) fn refusal(checked: Result<()>) -> Result<Option<String>> {
    match checked {
        Ok(()) => Ok(None),
        Err(Error::Invalid(invalid)) => Ok(Some(invalid.to_string())),
        Err(Error::Forbidden(_) | Error::NotFound | Error::SignedOut) => Ok(Some(LOST.to_owned())),
        Err(error) => Err(error),
    }
}

impl Store {
    /// The lines of a file with digests instead of keys.
    pub(super) fn lines_to_store(&self, app: &App, file: &ImportFile) -> Vec<StoredLine> {
        file.lines.iter().map(|line| self.to_store(app, line)).collect()
    }

    fn to_store(&self, app: &App, line: &Line) -> StoredLine {
        let report = |outcome| LineReport {
            line: line.number,
            outcome,
            reason: None,
            label: String::new(),
            shown: String::new(),
            key_id: None,
        };
        match &line.key {
            Ok(key) => {
                let peppers = &self.0.peppers;
                let digests = peppers.imported_digests(&app.org_id, &key.sha256).map(|digest| hex(&digest.0)).collect();
                let label = key.new.label().to_owned();
                let report = LineReport { label, shown: key.shown.clone(), ..report(LineOutcome::Imported) };
                let key = StoredKey::new(digests, peppers.current(), key.new.clone(), key.limits);
                StoredLine { report, key: Some(key) }
            }
            Err(invalid) => {
                let mut refused = StoredLine { report: report(LineOutcome::Refused), key: None };
                refused.refuse(invalid.to_string());
                refused
            }
        }
    }
}

impl Tx {
    /// The lines of a file, judged on behalf of who uploads it.
    pub(super) async fn judge_file(&mut self, app: &App, mut lines: Vec<StoredLine>) -> Result<Vec<StoredLine>> {
        let holder = Holder::from(app);
        let mut judge = Judge::of(self, &holder, &lines).await?;
        for line in &mut lines {
            let Some(new) = judge.judge(self, line) else { continue };
            judge.may_import(self, &holder, line, &new).await?;
        }
        Ok(lines)
    }

    /// Fails if who uploads it could not issue such a key.
    async fn may_import(&mut self, holder: &Holder, new: &NewKey, limits: LimitOverride) -> Result<()> {
        self.needs_to_issue(holder, new).await?;
        if limits == LimitOverride::default() { Ok(()) } else { self.within_plan(holder.org_id(), limits).await }
    }

    /// Which digests of these keys exist. They are those of one organization alone.
    async fn known_digests(&mut self, keys: impl Iterator<Item = &StoredKey>) -> Result<HashSet<String>> {
        let (store, mut known) = (self.store().clone(), HashSet::new());
        let digests: Vec<_> = keys.flat_map(|key| &key.digests).filter_map(|digest| bytes(digest)).collect();
        for some in digests.chunks(MOST_ROWS) {
            let rows = some.iter().map(|digest| [Cell::from(digest.clone())]).collect();
            let statement = "SELECT s.digest FROM v JOIN key_secrets s ON s.digest = v.digest WHERE v.n > 0";
            for row in &store.with_rows(["digest"], rows, statement).fetch_all(self.on()).await? {
                known.insert(hex(&row.bytes("digest")?));
            }
        }
        Ok(known)
    }
}

/// From hex.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}
