use leptos::{html::Span, prelude::*};

/// Shows every time of the page in the reader's time zone, with its name. A date may change.
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
        // A tap or a click shows it too; a tab stop would be in the way.
        let _ = time.set_attribute("tabindex", "-1");
        match time.get_attribute("data-date").as_deref() {
            Some("day") => time.set_text_content(Some(&at.day())),
            Some("time") => time.set_text_content(Some(&at.clock())),
            Some("moment") => time.set_text_content(Some(&format!("{} {}", at.day(), at.clock()))),
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

    /// A time in the reader's time zone.
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

        /// "06:24".
        pub(super) fn clock(&self) -> String {
            format!("{:02}:{:02}", self.time[0], self.time[1])
        }

        /// In the server's format: "14 Nov".
        pub(super) fn day(&self) -> String {
            let from = self.month as usize * 3;
            format!("{} {}", self.date, MONTHS.get(from..from + 3).unwrap_or_default())
        }
    }

    /// `Europe/Berlin`; unknown in an old browser.
    pub(super) fn zone() -> String {
        let options = DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
        let zone = Reflect::get(&options, &JsValue::from_str("timeZone")).ok();
        zone.and_then(|zone| zone.as_string()).unwrap_or_else(|| "local time".to_owned())
    }
}
