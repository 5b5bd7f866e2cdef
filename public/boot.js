// Starts the islands. This file is in the same folder as the files it loads; the folder's name is a hash of them.
const beside = (name) => new URL(name, import.meta.url).href;

// On a page that answers a form: replaces its address, so that going back to it does not ask whether to send the form
// again. The value is an address, or the number of segments to remove from the end of this page's path.
const { instead } = document.documentElement.dataset;
if (instead) history.replaceState(null, "", instead.startsWith("/") ? instead : shortened(Number(instead)));

function shortened(count) {
  const { pathname, search } = location;
  return count === 0 ? pathname + search : pathname.split("/").slice(0, -count).join("/") || "/";
}

// A file is sent once it is chosen; the checkbox in the head of a list selects every row.
document.addEventListener("change", ({ target }) => {
  if (target.type === "file") target.form.requestSubmit();
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

// What only some pages need is in files of its own.
for (const [file, selector] of [["reference.js", ".reference-contents"], ["usage.js", "#usage"], ["handover.js", "#handover"], ["passkey.js", "[data-passkey]"]]) {
  if (document.querySelector(selector)) import(beside(file));
}

document.addEventListener("keydown", ({ key, target }) => {
  if (key !== "?" || target.closest("input, textarea, select") || document.querySelector(".backdrop, dialog:modal")) return;
  document.getElementById("shortcuts")?.togglePopover();
});

// A panel with input asks before it closes.
let typed = false;
addEventListener("input", ({ target }) => (typed ||= target.closest(".backdrop form") !== null));
addEventListener("submit", () => (typed = false));
addEventListener("beforeunload", (event) => typed && event.preventDefault());

// A form that was sent after the session ended: sending it again shows it, filled in.
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
  // Where only the content was replaced, going back or forward loads the page again.
  addEventListener("popstate", ({ state }) => {
    if (state === "shown-anew") location.reload();
  });
  // The content was replaced: its islands have to be started.
  document.addEventListener("shown-anew", () => start(document.querySelectorAll("#content leptos-island")));
}

// Islands attach their listeners in a later task; the page is ready only after it.
setTimeout(() => {
  document.documentElement.dataset.hydrated = "true";
});
