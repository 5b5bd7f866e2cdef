use leptos::prelude::*;

/// A table; its children are the rows (`<tr>`). Where it is narrow each row becomes a small card, so a cell says
/// what it is by a class: `cell-main` (headline, its link covers the row), `cell-head` (headline without one), `cell-end` (status, at the right),
/// `cell-mono`, `cell-muted`; `data-label` names it in the card. A dimmed row has the class `row-off`.
#[component]
pub fn DataTable(
    /// The accessible name.
    #[prop(into)]
    label: String,
    columns: &'static [&'static str],
    children: Children,
) -> impl IntoView {
    let heads = columns.iter().map(|column| match *column {
        "" => view! { <td></td> }.into_any(),
        column => view! { <th scope="col">{column}</th> }.into_any(),
    });
    view! {
        <div class="table-box">
            <table class="data-table" aria-label=label>
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}
