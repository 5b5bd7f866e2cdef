//! The expiry of a key, as entered by people and programs.

use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};

use crate::{Invalid, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LEAST: Duration = Duration::from_secs(60);
const MOST_DAYS: u32 = 3650;
const MOST: Duration = DAY.saturating_mul(MOST_DAYS);

/// An expiry as entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiryInput<'a> {
    #[default]
    Never,
    /// From a form. The field `expires` is `never`, a number of days, or `custom` for the date in `expires_on`, such
    /// as `2027-01-31`; the key works until the end of that day (UTC).
    Form { choice: &'a str, date: &'a str },
    /// RFC 3339, in the field `expires_at`.
    Moment(&'a str),
}

/// A form's choice without a date.
impl<'a> From<&'a str> for ExpiryInput<'a> {
    fn from(choice: &'a str) -> Self {
        Self::Form { choice, date: "" }
    }
}

impl ExpiryInput<'_> {
    /// The expiry, if it is valid.
    pub fn check(self, now: Timestamp) -> Result<Option<Timestamp>, Invalid> {
        let (field, at) = match self {
            Self::Never => return Ok(None),
            Self::Moment(text) => ("expires_at", moment(text)?),
            Self::Form { choice, date } => match (choice.trim(), date.trim()) {
                ("custom", date) => return end_of(date, now).map(Some),
                (_, date) if !date.is_empty() => {
                    let message = "Choose Custom to use the date, or clear the date.";
                    return Err(Invalid::field("expires", message));
                }
                ("" | "never", _) => return Ok(None),
                (days, _) => ("expires", now + in_days(days)?),
            },
        };
        in_range(field, at, now).map(|()| Some(at))
    }
}

/// Parses a time sent by a program.
pub fn moment(text: &str) -> Result<Timestamp, Invalid> {
    let message = "Write it like 2027-01-31T12:00:00Z (RFC 3339).";
    Timestamp::parse_rfc3339(text).ok_or_else(|| Invalid::field("expires_at", message))
}

/// Fails if it is too soon or too far in the future.
pub fn in_range(field: &'static str, at: Timestamp, now: Timestamp) -> Result<(), Invalid> {
    if at < now + LEAST || at > now + MOST {
        let message = format!("The expiry has to be between a minute and {MOST_DAYS} days ahead.");
        return Err(Invalid::field(field, message));
    }
    Ok(())
}

/// The first and the last date that may be chosen, in the format of a date field.
pub fn dates(now: Timestamp) -> [String; 2] {
    [now + LEAST, now + MOST - DAY].map(|at| at.to_chrono().format("%Y-%m-%d").to_string())
}

fn in_days(text: &str) -> Result<Duration, Invalid> {
    let refused = |message: String| Invalid::field("expires", message);
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused("Choose an expiry from the list.".to_owned()));
    }
    match text.parse::<u32>() {
        Ok(days @ 1..=MOST_DAYS) => Ok(DAY * days),
        _ => Err(refused(format!("Choose between 1 and {MOST_DAYS} days."))),
    }
}

/// The last second of a day, so that the key is shown as expiring on that day.
fn end_of(date: &str, now: Timestamp) -> Result<Timestamp, Invalid> {
    let refused = |message: String| Invalid::field("expires_on", message);
    if date.is_empty() {
        return Err(refused("Choose a date.".to_owned()));
    }
    let day = Some(date)
        .filter(|date| date.len() == 10 && date.starts_with(|first: char| first.is_ascii_digit()))
        .and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    let last = NaiveTime::from_hms_opt(23, 59, 59);
    let (Some(day), Some(last)) = (day, last) else {
        return Err(refused("Write the date like 2027-01-31.".to_owned()));
    };
    let at = Timestamp::from_seconds(day.and_time(last).and_utc().timestamp());
    let [first, last] = dates(now);
    in_range("expires_on", at, now)
        .map(|()| at)
        .map_err(|_| refused(format!("Choose a date from {first} to {last} (UTC).")))
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-22T06:00:00Z
    const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

    fn of_form(choice: &str, date: &str) -> Result<Option<String>, (&'static str, String)> {
        checked(ExpiryInput::Form { choice, date })
    }

    fn checked(input: ExpiryInput<'_>) -> Result<Option<String>, (&'static str, String)> {
        match input.check(NOW) {
            Ok(at) => Ok(at.map(Timestamp::to_rfc3339)),
            Err(Invalid(errors)) => Err((errors[0].field, errors[0].message.clone())),
        }
    }

    #[test]
    fn a_date_is_good_to_its_end() {
        for (date, at) in [
            ("2026-11-22", "2026-11-22T23:59:59Z"),
            (" 2028-02-29 ", "2028-02-29T23:59:59Z"),
            ("2036-11-18", "2036-11-18T23:59:59Z"),
        ] {
            assert_eq!(of_form("custom", date), Ok(Some(at.to_owned())), "{date}");
        }
        assert_eq!(dates(NOW), ["2026-11-22", "2036-11-18"]);
    }

    #[test]
    fn a_date_that_is_over_or_too_far_away_is_refused() {
        for date in ["2026-11-21", "2036-11-19", "0001-01-01", "9999-12-31"] {
            let message = "Choose a date from 2026-11-22 to 2036-11-18 (UTC).".to_owned();
            assert_eq!(of_form("custom", date), Err(("expires_on", message)), "{date}");
        }
        for date in ["2027-02-29", "2027-1-31", "31.01.2027", "2027-01-31T00:00", "+027-01-31", "x"] {
            let message = "Write the date like 2027-01-31.".to_owned();
            assert_eq!(of_form("custom", date), Err(("expires_on", message)), "{date}");
        }
        assert_eq!(of_form("custom", " "), Err(("expires_on", "Choose a date.".to_owned())));
    }

    #[test]
    fn a_date_beside_another_choice_is_not_passed_over() {
        for choice in ["never", "", "30"] {
            let Err((field, _)) = of_form(choice, "2027-01-31") else { panic!("{choice} was taken") };
            assert_eq!(field, "expires", "{choice}");
        }
    }

    #[test]
    fn an_expiry_lies_ahead() {
        for wrong in ["0", "3651", "99999999999999999999", "soon", "-1", "+1", "2027-01-31T12:00:00Z"] {
            assert_eq!(of_form(wrong, "").map_err(|(field, _)| field), Err("expires"), "{wrong}");
        }
        assert_eq!(of_form("30", ""), Ok(Some("2026-12-22T06:00:00Z".to_owned())));
        for never in [ExpiryInput::Never, "never".into(), "".into()] {
            assert_eq!(checked(never), Ok(None));
        }
        for wrong in ["", "never", "30", "2026-11-22T06:00:59Z", "1970-01-01T00:00:00Z", "2300-01-01T00:00:00Z"] {
            let told = checked(ExpiryInput::Moment(wrong)).map_err(|(field, _)| field);
            assert_eq!(told, Err("expires_at"), "{wrong}");
        }
        let told = checked(ExpiryInput::Moment("2026-12-24T18:00:00+01:00"));
        assert_eq!(told, Ok(Some("2026-12-24T17:00:00Z".to_owned())));
    }
}
