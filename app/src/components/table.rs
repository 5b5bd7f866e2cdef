use leptos::{either::EitherOf4, prelude::*};

/// The head of a column.
#[derive(Clone, Debug, Default)]
pub struct Head {
    label: &'static str,
    /// Selects every row of the page, with scripts.
    choose: bool,
    /// Hidden in a narrow table.
    less: bool,
    /// Hidden unless there is much room.
    wide: bool,
    /// The address that sorts by this column, and the current order if it is sorted by it.
    sort: Option<(String, Option<&'static str>)>,
}

impl Head {
    pub fn new(label: &'static str) -> Self {
        Self { label, ..Self::default() }
    }

    pub fn choose() -> Self {
        Self { choose: true, ..Self::default() }
    }

    /// Its cells have the class `cell-less`.
    #[must_use]
    pub fn less(self) -> Self {
        Self { less: true, ..self }
    }

    /// Its cells have the class `cell-wide`.
    #[must_use]
    pub fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    #[must_use]
    pub fn sorted(self, href: String, now: Option<&'static str>) -> Self {
        Self { sort: Some((href, now)), ..self }
    }

    fn view(self) -> impl IntoView {
        let Self { label, choose, less, wide, sort } = self;
        let class = less.then_some("cell-less").or(wide.then_some("cell-wide"));
        match sort {
            _ if choose => EitherOf4::A(view! {
                <td class="cell-choose">
                    <label><input type="checkbox" id="choose-all" autocomplete="off" aria-label="Select all on this page"/></label>
                </td>
            }),
            _ if label.is_empty() => EitherOf4::B(view! { <td></td> }),
            Some((href, now)) => EitherOf4::C(view! {
                <th scope="col" class=class aria-sort=now><a class="sort" href=href>{label}</a></th>
            }),
            None => EitherOf4::D(view! { <th scope="col" class=class>{label}</th> }),
        }
    }
}

/// The heads of a table.
pub struct Heads(Vec<Head>);

impl From<Vec<Head>> for Heads {
    fn from(heads: Vec<Head>) -> Self {
        Self(heads)
    }
}

impl From<Vec<&'static str>> for Heads {
    fn from(labels: Vec<&'static str>) -> Self {
        Self(labels.into_iter().map(Head::new).collect())
    }
}

impl<const N: usize> From<&[&'static str; N]> for Heads {
    fn from(labels: &[&'static str; N]) -> Self {
        Self(labels.iter().map(|label| Head::new(label)).collect())
    }
}

/// A table; its children are the rows (`<tr>`). If it is narrow each row becomes a small card, so cells have classes:
/// `cell-main` (headline, its link covers the row), `cell-head` (headline without a link), `cell-end` (status, at the
/// right), `cell-mono`, `cell-muted`, `cell-less` (hidden in a narrow table), `cell-least` (hidden in the card);
/// `data-label` names a cell in the card. A dimmed row has the class `row-off`. A compact table has two lines in place of a
/// card: `cell-when` is at the right of the first.
#[component]
pub fn DataTable(
    /// The accessible name.
    #[prop(into)]
    label: String,
    #[prop(into)] columns: Heads,
    /// With lines instead of cards.
    #[prop(optional)]
    compact: bool,
    /// The actions on the selected rows.
    #[prop(optional, into)]
    foot: ViewFnOnce,
    children: Children,
) -> impl IntoView {
    let heads = columns.0.into_iter().map(Head::view);
    view! {
        <div class="table-box">
            <table class=if compact { "data-table compact" } else { "data-table" } aria-label=label>
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
            {foot.run()}
        </div>
    }
}
