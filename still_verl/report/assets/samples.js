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
  let all = [], page = 0, linked = "", formula = /(?!)/g, trees = {};

  function drawn([name, attributes, inside]) {
    const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (typeof inside === "string") made.textContent = inside; else made.append(...inside.map(drawn));
    return made;
  }
  function words(text, query) {
    const lower = text.toLowerCase();
    // Lower case may be longer, e.g. of a dotted capital I: then nothing is marked.
    if (!query || lower.length !== text.length) return [text];
    const found = [];
    let end = 0;
    for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, end)) {
      found.push(text.slice(end, at), element("mark", text.slice(at, at + query.length)));
      end = at + query.length;
    }
    return [...found, text.slice(end)];
  }
  // A formula that says what is searched for is shown as it was written, with the mark.
  function parts(text, query, written) {
    const found = [];
    let end = 0;
    for (const { 0: source, index } of written ? [] : text.matchAll(formula)) {
      if (!Object.hasOwn(trees, source) || (query && source.toLowerCase().includes(query))) continue;
      const box = element("span", undefined, { class: "formula", title: source });
      box.append(drawn(trees[source]));
      found.push(...words(text.slice(end, index), query), box);
      end = index + source.length;
    }
    return [...found, ...words(text.slice(end), query)];
  }
  function marked(text, query) {
    const pre = element("pre");
    pre.append(...parts(text, query, form.elements.written.checked));
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
  function card(sample, query, first) {
    const box = element("div", undefined, { class: "sample" });
    if (first) box.id = `sample-${sample.id}`; // equal responses have one link
    if (sample.id === linked) box.classList.add("linked");
    const head = element("div");
    if (sample.correct !== null) head.append(element("span", sample.correct ? "✓ right" : "✗ wrong", { class: sample.correct ? "right" : "wrong" }), " ");
    const facts = [sample.tokens === null ? "" : `${sample.tokens.toLocaleString("en")} tokens`, sample.score === null ? "" : `score ${sample.score}`, ...sample.facts];
    head.append(element("span", facts.filter(Boolean).join(", "), { class: "facts" }), " ", element("a", "link", { href: `#sample-${sample.id}`, "aria-label": `Link to this sample of step ${sample.step}` }));
    const answer = element("div", "answer ", { class: "facts" });
    answer.append(element("strong", sample.pred || "none"));
    if (sample.gold) answer.append(", expected ", element("strong", sample.gold));
    const text = response(sample.response, query);
    text.querySelectorAll("pre").forEach((pre) => { pre.tabIndex = 0; pre.setAttribute("role", "group"); pre.setAttribute("aria-label", "Response"); });
    box.append(head, text, answer);
    return box;
  }
  function section(group, query) {
    const [first] = group, box = element("div", undefined, { class: "card", role: "group", "aria-label": `Step ${first.step}` });
    box.append(element("div", [first.run, first.phase, `step ${first.step}`, first.source, group.length > 1 ? `${group.length} samples` : "", first.alarm ? "an alarm was active" : ""].filter(Boolean).join(" · "), { class: "facts" }));
    const prompt = element("details");
    prompt.open = first.prompt.length <= 400;
    prompt.append(element("summary", "Prompt", { class: "facts" }), marked(first.prompt, query));
    const columns = element("div", undefined, { class: "rollouts", tabindex: 0, role: "group", "aria-label": `Samples of step ${first.step}` });
    columns.append(...group.map((sample, index) => card(sample, query, group.findIndex((other) => other.id === sample.id) === index)));
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
  // What the page carries; a page that is served asks for all that there is.
  function findHere(wanted) {
    const groups = new Map();
    let count = 0;
    const group = wanted.id && all.find((sample) => sample.id === wanted.id)?.group;
    for (const sample of all) {
      if (wanted.id ? sample.group !== group : !matches(sample, wanted)) continue;
      count += 1;
      if (!groups.has(sample.group)) groups.set(sample.group, []);
      groups.get(sample.group).push(sample);
    }
    const at = Math.min(wanted.page, Math.max(Math.ceil(groups.size / PAGE) - 1, 0));
    return { count, groups: groups.size, page: at, samples: [...groups.values()].slice(at * PAGE, (at + 1) * PAGE).flat() };
  }
  // Samples above the search: their keywords are marked already, and a formula around a keyword stays as it was written.
  function drawShown() {
    for (const pre of document.querySelectorAll("#samples .sample pre")) {
      for (const node of [...pre.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE)) {
        node.replaceWith(...parts(node.data, "", false));
      }
    }
  }
  const served = Boolean(root.dataset.version);
  const find = async (wanted) => served ? (await fetch(`/samples?${new URLSearchParams(wanted)}`)).json() : findHere(wanted);
  let asked = 0;
  async function list() {
    const wanted = { ...wantedNow(), page, ...(linked ? { id: linked } : {}) }, number = ++asked;
    if (served) said.textContent = "Searching …";
    const found = await find(wanted);
    if (number !== asked) return; // the reader asks for something else by now
    page = found.page;
    if (found.choices) offer(found.choices);
    if (found.formulas) trees = found.formulas;
    said.textContent = `${found.count.toLocaleString("en")} samples of ${found.groups.toLocaleString("en")} prompts and steps; page ${page + 1} of ${Math.max(Math.ceil(found.groups / PAGE), 1)}`;
    const groups = new Map();
    found.samples.forEach((sample) => groups.set(sample.group, [...(groups.get(sample.group) ?? []), sample]));
    place.replaceChildren(...[...groups.values()].map((group) => section(group, wanted.query)));
  }
  async function follow() {
    const id = /^#sample-(\w+)$/.exec(location.hash)?.[1] ?? "";
    linked = id;
    if (!id) return;
    await list();
    if (place.children.length === 0) { linked = ""; await list(); return; }
    document.getElementById(`sample-${id}`)?.scrollIntoView({ block: "center" });
  }
  function offer(choices) {
    for (const [name, values] of Object.entries(choices)) {
      const select = form.elements[name];
      if (select.options.length > 1) continue;
      select.append(...values.map((value) => element("option", value, { value })));
      if (name === "run" || name === "source") select.closest("label").hidden = values.length < 2;
    }
  }
  async function start() {
    const formulas = JSON.parse(await unpack("data-formulas"));
    formula = new RegExp(formulas.pattern, "g");
    trees = formulas.trees;
    drawShown();
    for (const run of served ? [] : JSON.parse(await unpack("data-samples"))) {
      const alarms = new Set(run.alarms);
      for (const [step, phase, prompt, response, gold, pred, correct, score, tokens, facts, source, cut, id] of run.samples) {
        const group = `${run.run}\u0000${phase}\u0000${prompt}\u0000${step}`;
        all.push({ run: run.run, step, phase, prompt: run.prompts[prompt], response, gold, pred, correct, score, tokens, facts, source, cut, id, group,
          alarm: alarms.has(step), text: `${run.prompts[prompt]}\n${response}`.toLowerCase() });
      }
    }
    const each = (name) => [...new Set(all.map((sample) => sample[name]))].filter((value) => value !== "");
    if (!served) offer({ run: each("run"), phase: each("phase"), step: each("step").sort((a, b) => a - b), source: each("source") });
    const again = () => { linked = ""; page = 0; list(); };
    form.addEventListener("input", again);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(again));
    document.querySelectorAll("#browser [data-turn]").forEach((turn) => turn.addEventListener("click", () => { page = Math.max(page + Number(turn.dataset.turn), 0); list(); }));
    addEventListener("hashchange", follow);
    await list();
    await follow();
  }
  if (form) start();
}
