{
const version = root.dataset.version;
// A served page: what the reader opened, hid and scrolled to is the same after it reloads.
const opened = () => [...document.querySelectorAll("details")].filter((element) => !element.closest("#groups"));
const keys = () => [...document.querySelectorAll(".key")];
const kept = JSON.parse(sessionStorage.getItem("still-verl-view") ?? "null");
if (kept) {
  if (kept.opened.length === opened().length) opened().forEach((element, index) => { element.open = kept.opened[index]; });
  keys().forEach((key) => key.setAttribute("aria-pressed", !kept.hidden.includes(key.textContent)));
  // Charts move what is below them while they are drawn.
  const back = () => scrollTo({ top: kept.top, behavior: "instant" });
  history.scrollRestoration = "manual";
  back();
  addEventListener("drawn", back, { once: true });
  sessionStorage.removeItem("still-verl-view");
}
setInterval(async () => {
  if (document.hidden) return;
  const newest = await fetch("/version").then((answer) => answer.text(), () => version);
  if (newest === version) return;
  const hidden = keys().filter((key) => key.getAttribute("aria-pressed") === "false").map((key) => key.textContent);
  sessionStorage.setItem("still-verl-view", JSON.stringify({ opened: opened().map((element) => element.open), hidden, top: scrollY }));
  location.reload();
}, 2000);
}
