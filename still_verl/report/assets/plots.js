"use strict";
// Theme, charts and their keys.
const root = document.documentElement, button = document.getElementById("theme");
const figures = JSON.parse(document.getElementById("figures").textContent);
const plots = [...document.querySelectorAll(".plot[data-figure]")];
const drawn = new Set();
const PRINTED = 640; // px: the width of a chart on paper

// What is large is compressed in the page.
async function unpack(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
const remembered = () => { try { return localStorage.getItem("still-verl-theme"); } catch { return null; } };
const remember = (theme) => { try { localStorage.setItem("still-verl-theme", theme); } catch { /* file:// may forbid it */ } };
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function show(theme) {
  root.style.colorScheme = theme;
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-pressed", theme === "dark");
  button.setAttribute("aria-label", `Use the ${theme === "dark" ? "light" : "dark"} colours`);
  drawn.forEach((plot) => draw(plot));
}
function look(layout, narrow) {
  const style = getComputedStyle(root.querySelector(".card"));
  const ink = style.color, line = style.borderTopColor, card = style.backgroundColor;
  const themed = { ...layout,
    autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 12, family: getComputedStyle(document.body).fontFamily },
    margin: { l: 52, r: 12, t: 8, b: 36 }, hovermode: layout.hovermode ?? "x unified",
    hoverlabel: { bgcolor: card, bordercolor: line, font: { color: ink } }, dragmode: narrow ? false : "zoom",
    showlegend: false,
  };
  for (const axis of Object.keys(layout).filter((key) => /^[xy]axis/.test(key)))
    themed[axis] = { zeroline: false, gridcolor: line, linecolor: line, tickfont: { size: 11 }, automargin: true, ...layout[axis],
      ...(layout[axis].title ? { title: { ...layout[axis].title, font: { size: 11 }, standoff: 6 } } : {}) };
  return themed;
}

function figureOf(plot) { return figures[Number(plot.dataset.figure)]; }
function draw(plot, width) {
  const { data, layout } = figureOf(plot);
  const narrow = plot.clientWidth < 430;
  const off = (kind, scope) => new Set([...scope.querySelectorAll(`.key[data-${kind}][aria-pressed="false"]`)].map((k) => k.dataset[kind]));
  const runs = off("run", document), labels = off("label", plot.closest("figure"));
  const traces = data.map((trace) => ({ ...trace, visible: !runs.has(trace.meta.run) && !labels.has(trace.meta.label) }));
  const size = { height: Number(plot.dataset.height), ...(width > 0 ? { width, autosize: false } : {}) };
  try {
    Plotly.react(plot, traces, { ...look(structuredClone(layout), narrow), ...size },
      { responsive: !(width > 0), displaylogo: false, displayModeBar: false, doubleClick: "reset" });
  } catch { // numbers that no axis holds, of a run that explodes: the other charts are drawn all the same
    plot.textContent = "This chart cannot be drawn: its numbers are too large. They are in its figures and files.";
  }
  drawn.add(plot);
}
document.querySelectorAll(".key").forEach((key) => key.addEventListener("click", () => {
  key.setAttribute("aria-pressed", key.getAttribute("aria-pressed") === "false");
  [...drawn].filter((plot) => key.dataset.run || plot.closest("figure") === key.closest("figure")).forEach((plot) => draw(plot));
}));
button.addEventListener("click", () => {
  const theme = root.style.colorScheme === "dark" ? "light" : "dark";
  remember(theme);
  show(theme);
});
prefersDark.addEventListener("change", (event) => remembered() || show(event.matches ? "dark" : "light"));
show(remembered() ?? (prefersDark.matches ? "dark" : "light"));


// On paper charts are as wide as it, and light.
addEventListener("beforeprint", () => { root.style.colorScheme = "light"; drawn.forEach((plot) => draw(plot, PRINTED)); });
addEventListener("afterprint", () => show(remembered() ?? (prefersDark.matches ? "dark" : "light")));

async function loadPlotly() {
  const script = document.createElement("script");
  script.textContent = await unpack("plotly");
  document.head.append(script);
  // One chart a task, so that scrolling stays smooth meanwhile.
  const drawNext = () => {
    const next = plots.find((plot) => !drawn.has(plot));
    if (next) { draw(next); setTimeout(drawNext); } else { dispatchEvent(new Event("drawn")); }
  };
  drawNext();
}
if (document.getElementById("plotly")) requestAnimationFrame(() => setTimeout(loadPlotly));
