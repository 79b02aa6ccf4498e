// The inbox's keys. What they do stands on the page as links and buttons: they only move the focus there, or click.
const STORY = ".story h2 a";
const on = () => localStorage.getItem("keys") !== "off";
let told = false;
const touched = () => { if (!told && window.did_handshake) { told = true; emitEvent("touched"); } };
for (const kind of ["keydown", "pointerdown", "scroll"]) addEventListener(kind, touched, { passive: true });
addEventListener("keydown", event => {
  if (!on() || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const links = [...document.querySelectorAll(STORY)];
  const at = links.findIndex(one => one.closest(".story").contains(document.activeElement));
  const act = {
    j: () => links[Math.min(at + 1, links.length - 1)]?.focus(),
    k: () => links[Math.max(at - 1, 0)]?.focus(),
    o: () => links[at]?.click(),
    e: () => links[at]?.closest(".story").querySelector(".turn").click(),
    u: () => document.getElementById("only-unread")?.click(),
    "?": () => document.getElementById("keys").togglePopover(),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
});
addEventListener("change", ({ target }) => {
  if (target.id === "keys-on") localStorage.setItem("keys", target.checked ? "on" : "off");
});
addEventListener("toggle", ({ target }) => {
  if (target.id === "keys") document.getElementById("keys-on").checked = on();
}, true);
// Whoever comes back from a story, or after the page was read anew, goes on from where they were.
addEventListener("focusin", ({ target }) => {
  if (target.matches(STORY)) sessionStorage.setItem("story", target.getAttribute("href"));
});
addEventListener("load", () => {
  if (performance.getEntriesByType("navigation")[0].type === "navigate") return;
  document.querySelector(`${STORY}[href="${sessionStorage.getItem("story")}"]`)?.focus({ preventScroll: true });
});
