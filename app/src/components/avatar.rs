use leptos::prelude::*;

use super::chrome::initials;

/// How many colours there are: `hue-0` and so on in `style/switcher.css`.
const HUES: u32 = 6;

/// The colour of a person: the same on every page and for everybody who looks.
fn hue(id: &str) -> u32 {
    id.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % HUES
}

/// A person's initials on a colour of their own. The name is written beside it, so it is hidden from screen readers.
#[component]
pub fn Avatar(
    /// The person's id, which decides the colour: a new name does not change it.
    id: String,
    name: String,
) -> impl IntoView {
    view! { <span class=format!("avatar avatar-person hue-{}", hue(&id)) aria-hidden="true">{initials(&name)}</span> }
}

#[cfg(test)]
mod tests {
    use super::{HUES, hue};

    #[test]
    fn a_person_keeps_a_colour_and_people_differ() {
        assert_eq!(hue("usr_9dKf3mQw"), hue("usr_9dKf3mQw"));
        let ids = (0..64).map(|n| format!("usr_{n:08}"));
        let seen: std::collections::BTreeSet<_> = ids.map(|id| hue(&id)).collect();
        assert_eq!(seen, (0..HUES).collect());
    }
}
