// Any other metric: its curve is drawn when it is picked.
{
  const input = document.getElementById("metric"), plot = document.getElementById("picked");
  const show = (name, metrics) => {
    const lines = metrics[name];
    if (!lines) return;
    const looks = JSON.parse(plot.dataset.looks);
    figures[Number(plot.dataset.figure)] = {
      data: Object.entries(lines).map(([run, [x, y]]) => ({ type: "scatter", name: run, x, y, mode: x.length < 20 ? "lines+markers" : "lines",
        meta: { run: looks[run].group, label: "" }, line: { color: looks[run].color, width: 1.8 }, marker: { symbol: looks[run].symbol } })),
      layout: { yaxis: {}, xaxis: {} },
    };
    plot.setAttribute("aria-label", `${name} over training steps`);
    draw(plot);
  };
  if (input) addEventListener("drawn", async () => {
    const metrics = JSON.parse(await unpack("data-metrics"));
    document.getElementById("metric-names").append(...Object.keys(metrics).map((name) => { const option = document.createElement("option"); option.value = name; return option; }));
    const pick = () => show(input.value, metrics);
    input.addEventListener("input", pick);
    pick();
  });
}
