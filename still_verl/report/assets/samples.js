// The samples that can be searched. What a model wrote is only ever set as text, never as HTML.
{
  const PAGE = 10, THOUGHT = /<(think|thinking|thought|reasoning)>([\s\S]*?)(?:<\/\1>|$)|^([\s\S]*?)<\/(think|thinking|thought|reasoning)>/;
  const form = document.getElementById("filters"), place = document.getElementById("groups"), said = document.getElementById("found");
  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  let all = [], page = 0, linked = "";

  function marked(text, query) {
    const pre = element("pre");
    if (!query) { pre.textContent = text; return pre; }
    const lower = text.toLowerCase();
    // Lower case may be longer, e.g. of a dotted capital I: then nothing is marked.
    if (lower.length !== text.length) { pre.textContent = text; return pre; }
    let end = 0;
    for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, end)) {
      pre.append(text.slice(end, at), element("mark", text.slice(at, at + query.length)));
      end = at + query.length;
    }
    pre.append(text.slice(end));
    return pre;
  }
  function response(text, query) {
    const box = element("div"), thought = THOUGHT.exec(text);
    if (!thought) { box.append(marked(text, query)); return box; }
    const inside = thought[2] ?? thought[3], fold = element("details", undefined, { class: "thought" });
    fold.open = Boolean(query) && inside.toLowerCase().includes(query);
    fold.append(element("summary", `Thought, ${inside.length.toLocaleString("en")} characters`, { class: "facts" }), marked(inside, query));
    const before = text.slice(0, thought.index), after = text.slice(thought.index + thought[0].length);
    if (before.trim()) box.append(marked(before, query));
    box.append(fold, marked(after, query));
    return box;
  }
  function card(sample, query) {
    const box = element("div", undefined, { class: "sample", id: `sample-${sample.id}` });
    if (sample.id === linked) box.classList.add("linked");
    const head = element("div");
    if (sample.correct !== null) head.append(element("span", sample.correct ? "✓ right" : "✗ wrong", { class: sample.correct ? "right" : "wrong" }), " ");
    const facts = [sample.tokens === null ? "" : `${sample.tokens.toLocaleString("en")} tokens`, sample.score === null ? "" : `score ${sample.score}`, ...sample.facts];
    head.append(element("span", facts.filter(Boolean).join(", "), { class: "facts" }), " ", element("a", "link", { href: `#sample-${sample.id}`, "aria-label": `Link to this sample of step ${sample.step}` }));
    const answer = element("div", "answer ", { class: "facts" });
    answer.append(element("strong", sample.pred || "none"));
    if (sample.gold) answer.append(", expected ", element("strong", sample.gold));
    const text = response(sample.response, query);
    text.querySelectorAll("pre").forEach((pre) => { pre.tabIndex = 0; pre.setAttribute("role", "region"); pre.setAttribute("aria-label", "Response"); });
    box.append(head, text, answer);
    return box;
  }
  function section(group, query) {
    const [first] = group, box = element("section", undefined, { class: "card", "aria-label": `Step ${first.step}` });
    box.append(element("div", [first.run, first.phase, `step ${first.step}`, first.source, group.length > 1 ? `${group.length} samples` : "", first.alarm ? "an alarm was active" : ""].filter(Boolean).join(" · "), { class: "facts" }));
    const prompt = element("details");
    prompt.open = first.prompt.length <= 400;
    prompt.append(element("summary", "Prompt", { class: "facts" }), marked(first.prompt, query));
    const columns = element("div", undefined, { class: "rollouts", tabindex: 0, role: "region", "aria-label": `Samples of step ${first.step}` });
    columns.append(...group.map((sample) => card(sample, query)));
    box.append(prompt, columns);
    return box;
  }
  function matches(sample, wanted) {
    return (!wanted.run || sample.run === wanted.run) && (!wanted.phase || sample.phase === wanted.phase) &&
      (!wanted.step || String(sample.step) === wanted.step) && (!wanted.source || sample.source === wanted.source) &&
      (!wanted.outcome || String(sample.correct) === wanted.outcome) && (!wanted.cut || sample.cut) && (!wanted.alarm || sample.alarm) &&
      (!wanted.query || sample.text.includes(wanted.query));
  }
  function wantedNow() {
    const found = Object.fromEntries(new FormData(form));
    return { ...found, query: found.query.trim().toLowerCase() };
  }
  function list() {
    const wanted = wantedNow(), groups = new Map();
    let count = 0;
    for (const sample of all) {
      if (linked ? sample.group !== linkedGroup() : !matches(sample, wanted)) continue;
      count += 1;
      if (!groups.has(sample.group)) groups.set(sample.group, []);
      groups.get(sample.group).push(sample);
    }
    const pages = Math.max(Math.ceil(groups.size / PAGE), 1);
    page = Math.min(page, pages - 1);
    said.textContent = `${count.toLocaleString("en")} samples of ${groups.size.toLocaleString("en")} prompts and steps; page ${page + 1} of ${pages}`;
    place.replaceChildren(...[...groups.values()].slice(page * PAGE, (page + 1) * PAGE).map((group) => section(group, wanted.query)));
  }
  const linkedGroup = () => all.find((sample) => sample.id === linked)?.group;
  function follow() {
    const id = /^#sample-(\w+)$/.exec(location.hash)?.[1] ?? "";
    linked = all.some((sample) => sample.id === id) ? id : "";
    if (!linked) return;
    list();
    document.getElementById(`sample-${linked}`).scrollIntoView({ block: "center" });
  }
  async function start() {
    for (const run of JSON.parse(await unpack("data-samples"))) {
      const alarms = new Set(run.alarms);
      for (const [step, phase, prompt, response, gold, pred, correct, score, tokens, facts, source, cut, id] of run.samples) {
        const group = `${run.run}\u0000${phase}\u0000${prompt}\u0000${step}`;
        all.push({ run: run.run, step, phase, prompt: run.prompts[prompt], response, gold, pred, correct, score, tokens, facts, source, cut, id, group,
          alarm: alarms.has(step), text: `${run.prompts[prompt]}\n${response}`.toLowerCase() });
      }
    }
    const choices = (name, values) => form.elements[name].append(...[...new Set(values)].filter((value) => value !== "").map((value) => element("option", value, { value })));
    choices("run", all.map((sample) => sample.run));
    choices("phase", all.map((sample) => sample.phase));
    choices("step", all.map((sample) => sample.step).sort((a, b) => a - b));
    choices("source", all.map((sample) => sample.source));
    for (const name of ["run", "source"]) form.elements[name].closest("label").hidden = form.elements[name].options.length < 3;
    const again = () => { linked = ""; page = 0; list(); };
    form.addEventListener("input", again);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(again));
    document.querySelectorAll("#browser [data-turn]").forEach((turn) => turn.addEventListener("click", () => { page = Math.max(page + Number(turn.dataset.turn), 0); list(); }));
    addEventListener("hashchange", follow);
    list();
    follow();
  }
  if (form) start();
}
