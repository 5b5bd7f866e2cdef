//! The few parts that run in the browser. Everything works without them.
//!
//! None has properties, because reading those would require a JSON parser on every visit: an island reads what it
//! needs from the HTML around its anchor.

mod act_in_place;
mod auto_submit;
mod copy_on_click;
#[cfg(feature = "hydrate")]
mod dom;
mod escape_closes;
mod first_request;
#[cfg(feature = "hydrate")]
mod live;
mod local_times;
mod newer_events;
mod once_guard;
mod palette;
mod save_as_file;
mod submit_once;
mod tick_bundle;

pub use act_in_place::ActInPlace;
pub use auto_submit::AutoSubmit;
pub use copy_on_click::CopyOnClick;
pub use escape_closes::EscapeCloses;
pub use first_request::FirstRequest;
pub use local_times::LocalTimes;
pub use newer_events::NewerEvents;
pub use once_guard::OnceGuard;
pub use palette::Palette;
pub use save_as_file::SaveAsFile;
pub use submit_once::SubmitOnce;
pub use tick_bundle::TickBundle;
