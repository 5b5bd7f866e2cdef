// The contents of the reference mark the section in view: the last one that begins in the upper part of the window, and
// at the end of the page its last.
const contents = document.querySelector(".reference-contents");
const here = (link) => link.pathname === location.pathname && link.search === location.search;
const links = [...contents.querySelectorAll("li li a")].filter((link) => here(link) && document.getElementById(link.hash.slice(1)));

function mark() {
  const begun = (link) => document.getElementById(link.hash.slice(1)).getBoundingClientRect().top < innerHeight / 3;
  const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2 && scrollY > 0;
  const current = atEnd ? links.at(-1) : links.findLast(begun);
  for (const link of links) {
    if (link !== current) link.removeAttribute("aria-current");
    else if (!link.ariaCurrent) {
      link.ariaCurrent = "true";
      contents.scrollTop = link.offsetTop - contents.clientHeight / 2;
    }
  }
}

addEventListener("scroll", mark, { passive: true });
mark();
