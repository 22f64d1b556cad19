// What the theme leaves out for readers without a mouse or a screen: a name of the search, and tables that scroll by key.
document.querySelector("[data-md-component=search]")?.setAttribute("aria-label", "Search");
addEventListener("load", () => { // the theme wraps tables before that
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((block) => { block.tabIndex = 0; });
});
