// Starts the islands. It lies beside the files that it loads, under a name made from their content.
const beside = (name) => new URL(name, import.meta.url).href;

// The answer to a form: going back to it must not ask whether to send the form again. An address, or how many parts of
// this one's path to leave out.
const { instead } = document.documentElement.dataset;
if (instead) history.replaceState(null, "", instead.startsWith("/") ? instead : shortened(Number(instead)));

function shortened(count) {
  const { pathname, search } = location;
  return count === 0 ? pathname + search : pathname.split("/").slice(0, -count).join("/") || "/";
}

// The box in the head of a list selects every row.
document.addEventListener("change", ({ target }) => {
  if (target.id !== "choose-all") return;
  for (const box of document.querySelectorAll('[name="key"][form="choose"]')) box.checked = target.checked;
});

// The filter of a long menu.
document.addEventListener("input", ({ target }) => {
  const list = document.getElementById(target.dataset.filter);
  for (const item of list?.children ?? []) {
    item.hidden = !item.textContent.toLowerCase().includes(target.value.trim().toLowerCase());
  }
});

document.addEventListener("keydown", ({ key, target }) => {
  if (key !== "?" || target.closest("input, textarea, select") || document.querySelector(".backdrop, dialog:modal")) return;
  document.getElementById("shortcuts")?.togglePopover();
});

// A panel that something was typed into is not closed without a question.
let typed = false;
addEventListener("input", ({ target }) => (typed ||= target.closest(".backdrop form") !== null));
addEventListener("submit", () => (typed = false));
addEventListener("beforeunload", (event) => typed && event.preventDefault());

// A form that was sent while its sender was signed out is shown again.
document.querySelector("form[data-resume]")?.submit();

const islands = document.querySelectorAll("leptos-island");

if (islands.length > 0) {
  const module = await import(beside("sallyport.js"));
  await module.default({ module_or_path: beside("sallyport.wasm") });
  module.hydrate();
  const start = (islands) => {
    for (const island of islands) module[island.dataset.component]?.(island);
  };
  start(islands);
  // Of two steps on one page, where the content alone changed, each is loaded when the history comes back to it.
  addEventListener("popstate", ({ state }) => {
    if (state === "shown-anew") location.reload();
  });
  // The content of another page took the place of this one's.
  document.addEventListener("shown-anew", () => start(document.querySelectorAll("#content leptos-island")));
}

// Islands attach their listeners in a task of their own: only then is the page ready.
setTimeout(() => {
  document.documentElement.dataset.hydrated = "true";
});
