use leptos::prelude::*;

use crate::icons::Logo;

/// The portal's name and logo, from the profile.
#[derive(Clone, Debug, Default)]
pub struct Brand {
    pub name: String,
    /// The address of the profile's logo, if it has one; else Sallyport's is shown.
    pub logo: Option<String>,
}

/// The logo and the name, which lead to the beginning.
#[component]
pub fn BrandLink(brand: Brand) -> impl IntoView {
    let mark = match brand.logo {
        Some(logo) => view! { <img class="logo-picture" src=logo alt=""/> }.into_any(),
        None => view! { <Logo/> }.into_any(),
    };
    view! { <a class="logo" href="/">{mark}{brand.name}</a> }
}
