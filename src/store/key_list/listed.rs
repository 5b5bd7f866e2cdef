//! Keys as lists show them.

use crate::{
    Error, Result, Timestamp,
    id::{KeyId, UserId},
    key::{Creator, ListedKey, Status, listed::DAYS},
    key_policy::Deadlines,
    profile::{HolderKind, Mode},
    store::{
        key_deadlines::secret_since,
        key_secrets::{imported, previous_until, shown},
        key_status,
        keys::scopes,
    },
    usage::Span,
};

/// Between the lines of keys. No name or label has a control character.
pub(super) const SEPARATOR: char = '\u{1e}';

/// The words of a line, which newlines separate. The label is last.
const WORDS: usize = 18;

/// What a row's flags are made of.
const REVOKED: i64 = 1;
const PAUSED: i64 = 2;
const SUSPENDED: i64 = 4;
const LIVE: i64 = 8;
const IMPORTED: i64 = 16;

const OWNER: &str = "k.owner || '\n' || COALESCE(k.owner_id, '') || '\n' || COALESCE(CASE k.owner \
    WHEN 'app' THEN (SELECT a.name FROM apps a WHERE a.id = k.app_id) \
    WHEN 'member' THEN (SELECT u.name FROM users u WHERE u.id = k.owner_id) END, '')";

/// What a line needs beside `keys k`. SQLite reads a joined table in half the time of a subquery for each row.
pub(super) const JOINS: &str =
    "LEFT JOIN users creator ON creator.id = k.created_by LEFT JOIN key_uses used ON used.key_id = k.id";

/// In a line, the days with requests since a time in SQL, of a key that was used since.
pub(super) fn days(since: &str) -> String {
    format!(
        "CASE WHEN used.last_at >= {since} THEN (SELECT string_agg(CAST(d.at AS TEXT) || ' ' || CAST(d.requests AS TEXT), ' ') \
         FROM (SELECT c.at, SUM(c.n) AS requests FROM usage_counts c WHERE c.place = k.id AND c.span = 86400 \
         AND c.at >= {since} AND c.code <> 'not_counted' GROUP BY c.at) d) END"
    )
}

/// The first of the days that a list shows.
pub(super) fn first_day(now: Timestamp) -> Timestamp {
    Span::Day.start(now) - Span::Day.duration() * (DAYS as u32 - 1)
}

/// The line of a [`ListedKey`], of `keys k` with [`JOINS`] of the organization whose id is `org` in SQL; in the list of an
/// app, whose id is `app`, all keys are the app's. `days` is [`days()`], or NULL.
pub(super) fn line(org: &str, app: Option<&str>, days: &str) -> String {
    let (owner, suspended) = match app {
        Some(app) => ("'app' || '\n' || '\n'", key_status::suspended_with_app(org, app)),
        None => (OWNER, key_status::suspended(org)),
    };
    let flags = format!(
        "CASE WHEN k.revoked_at IS NULL THEN 0 ELSE {REVOKED} END + CASE WHEN k.paused_at IS NULL THEN 0 ELSE {PAUSED} END \
         + CASE WHEN {suspended} THEN {SUSPENDED} ELSE 0 END + CASE k.mode WHEN 'live' THEN {LIVE} ELSE 0 END \
         + {IMPORTED} * {}",
        imported!()
    );
    [
        "k.id",
        owner,
        "k.environment",
        // A NULL would leave out the whole line.
        concat!("COALESCE(", shown!(), ", '')"),
        "k.scopes",
        "CAST(k.created_at AS TEXT)",
        "COALESCE(creator.id || '\n' || creator.name, '\n')",
        "COALESCE(CAST(k.expires_at AS TEXT), '')",
        "COALESCE(CAST(used.last_at AS TEXT), '')",
        &format!("COALESCE({days}, '')"),
        concat!("COALESCE(CAST(", previous_until!(), " AS TEXT), '')"),
        concat!("CAST(", secret_since!(), " AS TEXT)"),
        "COALESCE(CAST(k.resumed_at AS TEXT), '')",
        &format!("CAST({flags} AS TEXT)"),
        "k.label",
    ]
    .join(" || '\n' || ")
}

/// Each key's line of those that were put together.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(SEPARATOR).filter(|line| !line.is_empty())
}

/// Reads a line of [`line()`]. `rules` are those of the organization.
pub(super) fn listed(line: &str, now: Timestamp, rules: Deadlines) -> Result<ListedKey> {
    let mut words = line.splitn(WORDS, '\n');
    let mut word = || words.next().ok_or_else(|| damaged(line));
    let id = KeyId::stored(word()?.to_owned());
    let owner = word()?;
    let owner = HolderKind::parse(owner).ok_or_else(|| damaged(line))?;
    let owner_id = some(word()?).map(|id| UserId::stored(id.to_owned()));
    let owner_name = word()?.to_owned();
    let environment = word()?.to_owned();
    let shown = word()?.to_owned();
    let scopes = scopes(word()?);
    let number = |word: &str| word.parse::<i64>().map_err(|_| damaged(line));
    let time = |word: &str| some(word).map(number).transpose().map(|at| at.map(Timestamp::from_micros));
    let created_at = Timestamp::from_micros(number(word()?)?);
    let (creator, name) = (word()?, word()?);
    let created_by = some(creator).map(|id| Creator { id: UserId::stored(id.to_owned()), name: name.to_owned() });
    let (expires_at, last_used_at) = (time(word()?)?, time(word()?)?);
    let first = first_day(now);
    let days = requests(word()?, first).filter(|_| last_used_at.is_some_and(|at| at >= first));
    let rotating_until = time(word()?)?.filter(|at| *at > now);
    let secret_since = Timestamp::from_micros(number(word()?)?);
    let idle_since = time(word()?)?.max(last_used_at).unwrap_or(created_at);
    let flags = number(word()?)?;
    let is = |flag: i64| flags & flag != 0;
    let expired = expires_at.is_some_and(|at| at <= now);
    Ok(ListedKey {
        id,
        owner,
        owner_id,
        owner_name,
        label: word()?.to_owned(),
        environment,
        mode: if is(LIVE) { Mode::Live } else { Mode::Test },
        shown,
        is_imported: is(IMPORTED),
        scopes,
        created_at,
        created_by,
        expires_at,
        last_used_at,
        days,
        rotating_until,
        rotation_due_at: rules.rotation_due_at(secret_since),
        paused_from: rules.paused_soon(idle_since, now),
        status: Status::first_of(is(REVOKED), expired, is(SUSPENDED), is(PAUSED), rotating_until.is_some()),
        paused: is(PAUSED),
    })
}

/// The requests of the days from the first on. None where there are no counts, which are not kept for ever.
fn requests(word: &str, first: Timestamp) -> Option<[u64; DAYS]> {
    let mut days = [0; DAYS];
    let mut numbers = some(word)?.split(' ').map_while(|number| number.parse::<i64>().ok());
    while let (Some(at), Some(requests)) = (numbers.next(), numbers.next()) {
        let day = Timestamp::from_micros(at).since(first).as_secs() / Span::Day.duration().as_secs();
        if let Some(day) = usize::try_from(day).ok().and_then(|day| days.get_mut(day)) {
            *day += requests.unsigned_abs();
        }
    }
    Some(days)
}

fn some(word: &str) -> Option<&str> {
    (!word.is_empty()).then_some(word)
}

fn damaged(line: &str) -> Error {
    let id = line.split('\n').next().unwrap_or_default();
    Error::Unavailable(format!("the database holds a key that can't be read: {id:?}"))
}
