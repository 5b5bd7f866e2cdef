//! What a session or a token lacks of what an organization demands, as SQL: the one place where it is judged.

use sqlx::any::AnyRow;

use super::{row::Read, second_factors::HAS_FACTOR};
use crate::{Result, session::IDLE, sign_in_policy::Missing};

/// The demands of an organization `o`.
pub(super) const POLICY: &str = " LEFT JOIN sign_in_policies sp ON sp.org_id = o.id ";

/// Whether an organization `o` demands anything.
pub(super) const DEMANDS: &str =
    "(sp.org_id IS NOT NULL OR EXISTS (SELECT 1 FROM required_sign_ins rq WHERE rq.org_id = o.id))";

const REQUIRED: &str = "(SELECT rq.provider FROM required_sign_ins rq WHERE rq.org_id = o.id)";

/// When the person of a session `s` signed in: with an issuer, when that asked them, as far as it says. A confirmation here does not
/// count, so a session is never newer than its beginning.
pub(super) const SIGNED_IN_AT: &str = "CASE WHEN COALESCE(s.asked_at, s.created_at) < s.proved_at \
    THEN COALESCE(s.asked_at, s.created_at) ELSE s.proved_at END";

/// An address `u` that nobody has shown to be theirs is of no domain.
const ADDRESS: &str = "EXISTS (SELECT 1 FROM sign_in_domains d WHERE d.org_id = o.id) AND (u.unverified = 1 OR NOT EXISTS \
    (SELECT 1 FROM sign_in_domains d WHERE d.org_id = o.id AND u.email LIKE '%@' || d.domain))";

fn column(condition: &str, name: &str) -> String {
    format!("CAST(CASE WHEN {condition} THEN 1 ELSE 0 END AS BIGINT) AS {name}, ")
}

/// Those that sessions and tokens share. `factor` is whether a second factor was shown.
fn shared(
    provider: &str,
    issuer: &str,
    factor_due: &str,
    factor: &str,
    recent: &str,
    pause: &str,
    room: &str,
) -> String {
    let due = format!("sp.factor_from <= {factor_due} AND NOT ({factor} AND {HAS_FACTOR})");
    [
        format!("{REQUIRED} AS required_sign_in, "),
        column(ADDRESS, "lacks_address"),
        column(issuer, "lacks_issuer"),
        column(&format!("{REQUIRED} = {provider}"), "with_issuer"),
        column(&format!("{due} AND NOT {HAS_FACTOR}"), "lacks_factor"),
        column(&format!("{due} AND {HAS_FACTOR}"), "lacks_shown_factor"),
        column(recent, "lacks_recent"),
        column(pause, "had_pause"),
        column(room, "lacks_room"),
    ]
    .concat()
}

/// Of a session `s` of a person `u`, for an organization `o` with [`POLICY`]. `$2` is the time; a second factor is required if it is
/// at the time `factor_due`.
pub(super) fn of_session(factor_due: &str) -> String {
    let issuer = format!(
        "{REQUIRED} <> COALESCE(s.provider, '') AND NOT EXISTS (SELECT 1 FROM broken_glass bg WHERE bg.org_id = o.id \
         AND bg.session = s.id_digest AND bg.until_at > $2)"
    );
    // A confirmation here says nothing of the issuer; and that may have asked the person long before it let them in here.
    let recent =
        format!("CASE WHEN s.provider = {REQUIRED} THEN {SIGNED_IN_AT} ELSE s.proved_at END <= $2 - sp.lifetime");
    // A sign-in counts for the order, too: an issuer may not say when it asked the person.
    let [theirs, of_other] = ["s", "n"]
        .map(|at| format!("CASE WHEN {at}.proved_at > {at}.created_at THEN {at}.proved_at ELSE {at}.created_at END"));
    let room = format!(
        "sp.most_sessions IS NOT NULL AND sp.most_sessions <= (SELECT COUNT(*) FROM sessions n WHERE n.user_id = u.id \
         AND n.expires_at > $2 AND n.last_seen_at > $2 - {} AND ({of_other} > {theirs} \
         OR ({of_other} = {theirs} AND n.id_digest > s.id_digest)))",
        IDLE.as_micros()
    );
    let pause = "s.last_seen_at <= $2 - sp.idle OR s.longest_pause >= sp.idle";
    shared("s.provider", &issuer, factor_due, "s.factor_at IS NOT NULL", &recent, pause, &room)
}

/// Of a token `t` of a person `u`. Command lines are signed in like browsers; tokens that people made have an expiry of their own
/// instead.
pub(super) fn of_token() -> String {
    let issuer = format!(
        "{REQUIRED} IS NOT NULL AND NOT (COALESCE(t.provider, '') = {REQUIRED} AND EXISTS \
         (SELECT 1 FROM identities ti WHERE ti.provider = t.provider AND ti.user_id = u.id))"
    );
    // Made in a session of the issuer: counted from that sign-in, as there. A token that a person made has to have been made in time.
    let since =
        format!("CASE WHEN t.provider = {REQUIRED} THEN COALESCE(t.signed_in_at, t.created_at) ELSE t.created_at END");
    let recent =
        format!("(t.kind = 'command_line' AND {since} <= $2 - sp.lifetime) OR {since} <= t.created_at - sp.lifetime");
    let pause = "t.kind = 'command_line' AND (COALESCE(t.last_used_at, t.created_at) <= $2 - sp.idle \
        OR t.longest_pause >= sp.idle)";
    shared("t.provider", &issuer, "$2", "t.with_factor = 1", &recent, pause, "1 = 0")
}

/// Reads the columns, in the order in which a person provides what is missing.
pub(super) fn missing(row: &AnyRow) -> Result<Vec<Missing>> {
    let mut missing = Vec::new();
    if row.flag("lacks_address")? {
        missing.push(Missing::Address);
    }
    let required = row.text_opt("required_sign_in")?;
    let is_old = row.flag("lacks_recent")?;
    match required {
        Some(url) if row.flag("lacks_issuer")? => missing.push(Missing::Issuer { url, again: false }),
        // Let in without it, or signed in with it: then again there.
        Some(url) if is_old && row.flag("with_issuer")? => missing.push(Missing::Issuer { url, again: true }),
        _ if is_old => missing.push(Missing::Recent),
        _ => {}
    }
    for (column, one) in [
        ("lacks_factor", Missing::Factor),
        ("lacks_shown_factor", Missing::ShownFactor),
        ("had_pause", Missing::Pause),
        ("lacks_room", Missing::Room),
    ] {
        if row.flag(column)? {
            missing.push(one);
        }
    }
    Ok(missing)
}
