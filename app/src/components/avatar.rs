use leptos::prelude::*;
use sallyport::colour::Colour;

use super::chrome::initials;

/// A person's initials on a colour of their own. The name is written beside it, so it is hidden from screen readers.
#[component]
pub fn Avatar(
    /// The person's id, which decides the colour: a new name does not change it.
    id: String,
    name: String,
) -> impl IntoView {
    view! { <span class=format!("avatar avatar-hue avatar-person hue-{}", Colour::of_id(&id).as_str()) aria-hidden="true">{initials(&name)}</span> }
}

/// The same for an organization, as a square; or its logo.
#[component]
pub fn OrgAvatar(
    id: String,
    name: String,
    /// The one that was chosen.
    colour: Option<Colour>,
    /// The digest of its logo, if that is to be shown.
    logo: Option<String>,
) -> impl IntoView {
    if let Some(digest) = logo {
        return view! { <img class="avatar avatar-logo" src=format!("/orgs/{id}/logo/{digest}") alt=""/> }.into_any();
    }
    let colour = colour.unwrap_or_else(|| Colour::of_id(&id)).as_str();
    view! { <span class=format!("avatar avatar-hue hue-{colour}") aria-hidden="true">{initials(&name)}</span> }
        .into_any()
}

/// A person in a list: initials, name with badges beside it, and the e-mail address below.
#[component]
pub fn Person<C: IntoView + 'static>(
    id: String,
    name: String,
    email: String,
    /// Where the name leads.
    #[prop(optional, into)]
    href: Option<String>,
    /// The badges; each begins with a blank, which separates it from what is before it.
    children: TypedChildren<C>,
) -> impl IntoView {
    let badges = children.into_inner()();
    let shown = name.clone();
    let shown = match href {
        Some(href) => view! { <a href=href>{shown}</a> }.into_any(),
        None => shown.into_any(),
    };
    view! {
        <span class="person">
            <Avatar id name/>
            <span>{shown}{badges}<span class="cell-sub">{email}</span></span>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::Colour;

    #[test]
    fn each_colour_is_in_the_style_sheet() {
        let palette = include_str!("../../../style/palette.css");
        for colour in Colour::ALL {
            let class = format!(".hue-{} {{\n  --hue: ", colour.as_str());
            assert!(palette.contains(&class), "{}", colour.title());
        }
        assert_eq!(palette.matches(".hue-").count(), Colour::ALL.len());
    }
}
