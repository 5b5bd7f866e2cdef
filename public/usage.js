// A page of usage: its numbers are kept up to date, and the bars of its chart can be read with the arrow keys. Not an
// island, because every visit would load it.

// The pause before the next look at the server, in milliseconds: half as long again each time. A page that was left open
// does not keep its session alive for ever.
const FIRST = 3000;
const LONGEST = 60000;
const AT_MOST = 100;

const pause = (duration) => new Promise((wake) => setTimeout(wake, duration));

async function visible() {
  while (document.hidden) await new Promise((seen) => document.addEventListener("visibilitychange", seen, { once: true }));
}

/** This page as it is now: null if the server is away, undefined if the session has ended. */
async function fetched() {
  try {
    const answer = await fetch(location.href);
    // The session has ended.
    if (answer.redirected) return undefined;
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("content");
  } catch {
    return null;
  }
}

/** Whether the reader is busy with what would be replaced. */
function isInUse() {
  return !getSelection().isCollapsed || document.activeElement?.matches("input:not([type=range]), select, textarea") || document.querySelector("#content :popover-open, #content details[open]") !== null;
}

async function keepUpToDate() {
  let shown = "";
  let duration = FIRST;
  for (let n = 0; n < AT_MOST; n++) {
    await pause(duration);
    if (document.hidden) {
      await visible();
      duration = FIRST;
    }
    const content = await fetched();
    if (content === undefined) return;
    const usage = content?.querySelector("#usage")?.innerHTML;
    if (usage && usage !== shown && !isInUse()) {
      const [focused, bar] = [document.activeElement?.id, document.getElementById("usage-bar")?.value];
      shown = usage;
      document.getElementById("content").replaceWith(content);
      // boot.js starts the islands in it.
      document.dispatchEvent(new Event("shown-anew"));
      readable(bar);
      if (focused) document.getElementById(focused)?.focus();
    }
    duration = Math.min(duration * 1.5, LONGEST);
  }
}

/** Shows the numbers of one bar above the chart: under the pointer, or chosen with the arrow keys. */
function readable(bar) {
  const chart = document.querySelector(".chart-plot > svg");
  const bars = chart ? [...chart.querySelectorAll("g")] : [];
  if (bars.length === 0) return;
  const numbers = (n) => bars[n].querySelector("title").textContent;
  const value = Object.assign(document.createElement("li"), { className: "chart-value", hidden: true });
  const slider = Object.assign(document.createElement("input"), {
    type: "range",
    id: "usage-bar",
    className: "sr-only",
    min: "0",
    max: String(bars.length - 1),
    value: bar ?? String(bars.length - 1),
    ariaLabel: "Requests by time",
  });
  slider.ariaValueText = numbers(slider.valueAsNumber);
  // At the end of the legend.
  chart.closest("figure").querySelector("ul").append(value);
  chart.after(slider);
  const leave = () => {
    bars.forEach((bar) => bar.classList.remove("here"));
    value.hidden = true;
  };
  const choose = (n) => {
    leave();
    bars[n].classList.add("here");
    slider.value = String(n);
    value.textContent = slider.ariaValueText = numbers(n);
    value.hidden = false;
  };
  slider.addEventListener("focus", () => choose(slider.valueAsNumber));
  slider.addEventListener("input", () => choose(slider.valueAsNumber));
  slider.addEventListener("blur", leave);
  chart.addEventListener("pointermove", ({ target }) => {
    const bar = target.closest("g");
    if (bar) choose(bars.indexOf(bar));
  });
  chart.addEventListener("pointerleave", () => document.activeElement !== slider && leave());
}

readable();
keepUpToDate();
