use leptos::{html::Span, prelude::*};

/// Tells every time of the page in the reader's zone, and names the zone. A date in words may become another one.
#[island]
pub fn LocalTimes() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|_| {
        use super::dom;

        write();
        dom::listen(&document(), super::live::SHOWN, |_| write());
    });

    view! { <span hidden node_ref=anchor></span> }
}

#[cfg(feature = "hydrate")]
fn write() {
    use super::dom;

    let zone = local::zone();
    for time in dom::all("time[datetime]") {
        let Some(at) = time.get_attribute("datetime").and_then(|at| local::At::parse(&at)) else { continue };
        let _ = time.set_attribute("title", &format!("{} {zone}", at.full()));
        // A tap or a click shows it too; in the order of Tab it would be in the way.
        let _ = time.set_attribute("tabindex", "-1");
        match time.get_attribute("data-date").as_deref() {
            Some("day") => time.set_text_content(Some(&at.day())),
            Some(_) => time.set_text_content(Some(&format!("{} {}", at.day(), at.year))),
            None => {}
        }
    }
}

#[cfg(feature = "hydrate")]
mod local {
    use js_sys::{Array, Date, Intl::DateTimeFormat, Object, Reflect};
    use leptos::wasm_bindgen::JsValue;

    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

    /// A moment as clocks show it here.
    pub(super) struct At {
        pub(super) year: u32,
        month: u32,
        date: u32,
        time: [u32; 3],
    }

    impl At {
        pub(super) fn parse(rfc3339: &str) -> Option<Self> {
            let at = Date::new(&JsValue::from_str(rfc3339));
            let known = !at.get_time().is_nan();
            known.then(|| Self {
                year: at.get_full_year(),
                month: at.get_month(),
                date: at.get_date(),
                time: [at.get_hours(), at.get_minutes(), at.get_seconds()],
            })
        }

        pub(super) fn full(&self) -> String {
            let Self { year, month, date, time: [hours, minutes, seconds] } = self;
            format!("{year}-{:02}-{date:02} {hours:02}:{minutes:02}:{seconds:02}", month + 1)
        }

        /// As the server writes it: "14 Nov".
        pub(super) fn day(&self) -> String {
            let from = self.month as usize * 3;
            format!("{} {}", self.date, MONTHS.get(from..from + 3).unwrap_or_default())
        }
    }

    /// `Europe/Berlin`; an old browser may not know.
    pub(super) fn zone() -> String {
        let options = DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
        let zone = Reflect::get(&options, &JsValue::from_str("timeZone")).ok();
        zone.and_then(|zone| zone.as_string()).unwrap_or_else(|| "local time".to_owned())
    }
}
