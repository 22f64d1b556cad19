// Tables that can be sorted, and everything that can be saved: PNG, CSV, Markdown.
{
  const number = (text) => /^[-+]?[\d.,]+(e[-+]?\d+)?\s*%?/.test(text) ? parseFloat(text.replaceAll(",", "")) : NaN;
  const cellOf = (row, column) => row.cells[column].textContent.trim();
  function sort(table, column, direction) {
    const order = (a, b) => {
      const [x, y] = [cellOf(a, column), cellOf(b, column)];
      if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1); // what is not known comes last
      const [p, q] = [number(x), number(y)];
      return direction * (Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y, undefined, { numeric: true }) : p - q);
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
  }
  document.querySelectorAll("table.sortable").forEach((table) => table.querySelectorAll("thead th button").forEach((head) => {
    head.addEventListener("click", () => {
      const th = head.closest("th"), ascending = th.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sort(table, th.cellIndex, ascending ? 1 : -1);
    });
  }));

  function save(name, text, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href));
  }
  // A spreadsheet takes a text that begins so for a formula.
  const harmless = (text) => /^[=+@\t\r-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  const csv = (rows) => rows.map((row) => row.map((cell) => `"${harmless(String(cell ?? "")).replaceAll('"', '""')}"`).join(",")).join("\r\n") + "\r\n";
  const inline = (cell) => String(cell ?? "").replace(/[\\|`*_<>\[\]]/g, "\\$&").replace(/\s+/g, " ");
  const line = (row) => `| ${row.map(inline).join(" | ")} |`;
  const markdown = ([head, ...rows]) => [line(head), line(head.map(() => "---")).replaceAll("\\", ""), ...rows.map(line)].join("\n") + "\n";
  const rowsOfTable = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " ")));
  function rowsOfFigure({ data }) {
    const rows = [["run", "line", "x", "y"]];
    for (const trace of data) {
      if (trace.hoverinfo === "skip") continue; // raw data behind a smoothed line, and the edges of a band
      if (trace.type === "heatmap") trace.z.forEach((row, j) => row.forEach((z, i) => rows.push([trace.meta.run, trace.y[j], trace.x[i], z])));
      else trace.x.forEach((x, i) => rows.push([trace.meta.run, trace.name, x, trace.y[i]]));
    }
    return rows;
  }
  document.addEventListener("click", (event) => {
    const tool = event.target.closest("button[data-save]");
    if (!tool) return;
    const figure = tool.closest("figure"), kind = tool.dataset.save;
    const plot = figure?.querySelector(".plot"), table = tool.closest(".card, .tools")?.parentElement.querySelector("table");
    const title = (figure?.querySelector("h3")?.textContent ?? tool.dataset.name ?? "table").trim().replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase();
    if (kind === "png") Plotly.downloadImage(plot, { format: "png", width: 1200, height: 700, scale: 2, filename: title });
    if (kind === "csv") save(`${title}.csv`, csv(figure ? rowsOfFigure(figureOf(plot)) : rowsOfTable(table)), "text/csv");
    if (kind === "markdown") save(`${title}.md`, markdown(figure ? rowsOfTable(figure.querySelector("table")) : rowsOfTable(table)), "text/markdown");
  });
}
