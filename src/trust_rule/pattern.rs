//! What a claim has to be: a text, or a pattern that begins with one.
//!
//! A claim consists of parts between `:` and `/`. In place of a part, `*` stands for any one part, and a last `**` for all that
//! follow. A pattern begins with at least two whole parts, so that it names an owner: `repo:acme/*:ref:refs/heads/main`.

/// The longest text, in bytes.
pub const LONGEST: usize = 500;

const SEPARATORS: [char; 2] = [':', '/'];

/// Parts that have to be written out before the first wildcard.
const WRITTEN: usize = 2;

/// Fails if the text can't be what a claim with this name has to be. The error says what to change.
pub fn check(claim: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("Say what {claim} has to be."));
    }
    if text.len() > LONGEST {
        return Err(format!("{claim} has at most {LONGEST} characters."));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(format!("{claim} is compared exactly: leave out spaces at its ends, and control characters."));
    }
    if !text.contains('*') {
        return Ok(());
    }
    if claim.ends_with("_id") {
        return Err(format!("{claim} is an id: write all of it, without *."));
    }
    let parts: Vec<_> = text.split_inclusive(SEPARATORS).map(body_of).collect();
    let is_last = |at: usize| at + 1 == parts.len() && !text.ends_with(SEPARATORS);
    for (at, body) in parts.iter().enumerate().filter(|(_, body)| body.contains('*')) {
        match *body {
            "*" => {}
            "**" if is_last(at) => {}
            "**" => return Err(format!("In {claim}, ** stands at the end only; * stands for one part.")),
            _ => {
                return Err(format!(
                    "In {claim}, * stands for a whole part between : and /, as in repo:acme/*:ref:refs/heads/main."
                ));
            }
        }
    }
    let written = parts.iter().take_while(|body| !body.contains('*')).filter(|body| !body.is_empty()).count();
    if written < WRITTEN {
        return Err(format!(
            "In {claim}, a * this early fits strangers, too: begin with at least two whole parts, as in repo:acme/*."
        ));
    }
    Ok(())
}

/// Whether a claim is what a checked text says.
pub fn matches(text: &str, claim: &str) -> bool {
    if !text.contains('*') {
        return text == claim;
    }
    if claim.chars().any(char::is_control) {
        return false;
    }
    let mut rest = claim;
    for part in text.split_inclusive(SEPARATORS) {
        if part == "**" {
            return !rest.is_empty();
        }
        let Some(found) = rest.split_inclusive(SEPARATORS).next() else { return false };
        let is_part = match body_of(part) {
            // With what separates it from the next part, if anything does.
            "*" => !body_of(found).is_empty() && separator_of(found) == separator_of(part),
            _ => found == part,
        };
        if !is_part {
            return false;
        }
        rest = &rest[found.len()..];
    }
    rest.is_empty()
}

fn body_of(part: &str) -> &str {
    part.strip_suffix(SEPARATORS).unwrap_or(part)
}

fn separator_of(part: &str) -> &str {
    &part[body_of(part).len()..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wildcard_stands_for_a_part_after_two_others() {
        for good in [
            "repo:acme/app:ref:refs/heads/main",
            "repo:acme/*:ref:refs/heads/main",
            "repo:acme/app:ref:refs/heads/*",
            "repo:acme/app:**",
            "refs/heads/*",
            "project_path:acme/app:ref_type:branch:ref:*",
            "production",
        ] {
            assert_eq!(check("sub", good), Ok(()), "{good}");
        }
        for (claim, wrong) in [
            ("sub", ""),
            ("sub", "*"),
            ("sub", "**"),
            ("sub", "repo:*"),
            ("sub", "repo:**"),
            ("sub", "*:acme/app"),
            ("sub", "repo:*/app:ref:refs/heads/main"),
            ("sub", "repo:acme*"),
            ("sub", "repo:acme*/app"),
            ("sub", "repo:acme/app*"),
            ("sub", "repo:acme/***"),
            ("sub", "repo:acme/**:ref"),
            ("sub", "repo:acme/**/"),
            ("sub", "::*"),
            ("sub", "repo:/*"),
            ("sub", " repo:acme/app"),
            ("sub", "repo:acme/app\n"),
            ("ref", "*"),
            ("ref", "v*"),
            ("repository_id", "*"),
            ("repository_id", "acme:app:*"),
        ] {
            let why = check(claim, wrong).expect_err(wrong);
            assert!(why.contains(claim), "{why}");
        }
        check("sub", &"a".repeat(501)).expect_err("too long");
    }

    #[test]
    fn parts_are_compared_one_by_one() {
        for (pattern, claim, fits) in [
            ("repo:acme/app", "repo:acme/app", true),
            ("repo:acme/app", "repo:acme/app2", false),
            ("repo:acme/app", "Repo:acme/app", false),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main", true),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme/:ref:refs/heads/main", false),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme/a/b:ref:refs/heads/main", false),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme-evil/app:ref:refs/heads/main", false),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main:more", false),
            ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:ref:refs/heads/x", true),
            ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:ref:refs/heads/x/y", false),
            ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:ref:refs/heads/", false),
            ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:ref:refs/heads", false),
            ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:ref:refs/heads/x\0", false),
            ("repo:acme/app:**", "repo:acme/app:ref:refs/heads/x/y", true),
            ("repo:acme/app:**", "repo:acme/app:", false),
            ("repo:acme/app:**", "repo:acme/app", false),
            ("repo:acme/app:**", "repo:acme/app-evil:ref", false),
        ] {
            assert_eq!(matches(pattern, claim), fits, "{pattern} {claim}");
        }
    }

    proptest! {
        #[test]
        fn every_checked_pattern_fits_only_what_begins_as_it_does(pattern in "[a:/*]{1,12}", claim in "[a:/*]{0,12}") {
            prop_assume!(check("sub", &pattern).is_ok());
            let written = pattern.split('*').next().unwrap_or_default();
            if matches(&pattern, &claim) {
                prop_assert!(claim.starts_with(written));
            }
            if !pattern.contains('*') {
                prop_assert_eq!(matches(&pattern, &claim), pattern == claim);
            }
        }

        #[test]
        fn junk_never_panics(claim: String, pattern: String, value: String) {
            if check(&claim, &pattern).is_ok() {
                matches(&pattern, &value);
            }
        }
    }
}
