// Fills the page in for the network that is chosen. Vega-Lite draws; the numbers are in the page.
(() => {
  const byId = (id) => document.getElementById(id);
  const { portraits, map, panel } = JSON.parse(byId("explorer-data").textContent);
  const choice = byId("explorer-network");
  const make = (tag, text, parent) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };
  const copy = (value) => JSON.parse(JSON.stringify(value));
  const embed = (place, spec) => vegaEmbed(place, spec, { actions: false, renderer: "svg", tooltip: { theme: "light" } });

  const table = (head, rows, caption) => {
    const made = make("table");
    made.className = "table";
    make("caption", caption, made);
    const first = make("tr", undefined, make("thead", undefined, made));
    head.forEach((name) => { make("th", name, first).scope = "col"; });
    const body = make("tbody", undefined, made);
    rows.forEach((cells) => {
      const row = make("tr", undefined, body);
      cells.forEach((cell) => {
        if (cell instanceof Node) make("td", undefined, row).append(cell);
        else make("td", cell ?? "", row);
      });
    });
    const frame = make("div");
    frame.className = "explorer-table";
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", caption);
    frame.append(made);
    return frame;
  };

  const drawMap = (portrait, lit) => {
    const spec = copy(map), layers = portrait.layer_sizes.length;
    spec.datasets = { lit: lit.layer.map((layer, i) => ({ layer, neuron: lit.neuron[i], z: lit.z[i] })) };
    spec.height = 22 * layers;
    spec.encoding.y.scale = { domain: portrait.layer_sizes.map((_, i) => i + 1) };
    spec.encoding.x.scale = { domain: [0, Math.max(...portrait.layer_sizes)] };
    spec.description = `Layers by neurons; ${lit.z.length} neurons in ${layers} layers are lit.`;
    return embed("#explorer-map", spec);
  };

  const drawPanel = (one, number, place) => {
    const mine = one.rows.filter((row) => row.network === number);
    const section = make("section", undefined, place);
    make("h2", one.title, section);
    if (!mine.length) return make("p", "Not measured for this network.", section);
    const chart = make("div", undefined, section);
    chart.className = "explorer-chart";
    const spec = copy(panel);
    spec.datasets = { rows: one.rows.map((row) => ({ ...row, chosen: row.network === number })) };
    spec.height = 24 * mine.length;
    const known = (field) => !field || one.rows.some((row) => field in row);
    spec.layer = spec.layer.filter((layer) => known(layer.encoding.x2?.field));
    spec.layer.forEach((layer) => {
      if (layer.encoding.x) layer.encoding.x.title = one.unit;
      if (mine.length === 1 && !mine[0].label) layer.encoding.y.axis = null;
    });
    spec.description = `${one.title}: network ${number} beside the others. The same numbers are in the table below.`;
    const details = make("details", undefined, section);
    make("summary", "The numbers", details);
    const ends = ["low", "high", "band_low", "band_high"];
    const used = ends.filter((name) => mine.some((row) => name in row));
    const names = { low: "interval from", high: "to", band_low: "control from", band_high: "to" };
    const rows = mine.map((row) => [row.label, row.value, ...used.map((name) => row[name])]);
    details.append(table(["", one.unit || "value", ...used.map((name) => names[name])], rows, one.title));
    return embed(chart, spec);
  };

  const showContexts = (tokens) => {
    const place = byId("explorer-contexts");
    place.replaceChildren();
    if (!tokens || !tokens.length) return;
    make("h2", "Where it is strongest", place);
    const rows = tokens.map((token) => {
      const context = make("span", `…${token.before}`);
      make("strong", token.token, context);
      context.append(`${token.after}…`);
      return [String(token.z).replace("-", "−"), context, [token.upos, token.domain].filter(Boolean).join(", ")];
    });
    place.append(table(["z", "token in its context", "kind"], rows, "Strongest tokens, at most one of each text"));
  };

  const show = async () => {
    const [, stem, digits] = choice.value.match(/^(.*)-(\d+)$/);
    const number = Number(digits), portrait = portraits.find((one) => one.chapter === stem);
    const lit = portrait.lit[number - 1];
    byId("explorer").removeAttribute("data-ready");
    const about = byId("explorer-about");
    about.textContent = `Network ${number} of ${portrait.lit.length}, found in ${portrait.title}, at ${portrait.site} of ${portrait.model}: `
      + `${lit.n} neurons with |z| above ${portrait.threshold}. `;
    const link = make("a", `Chapter ${portrait.number}: ${portrait.chapter_title}`, about);
    link.href = `${stem}.html`;
    byId("explorer-map-caption").textContent = "Each stroke is a neuron: red where the map is positive, blue where it is negative."
      + (lit.z.length < lit.n ? ` Shown are the ${lit.z.length} strongest.` : "");
    showContexts(portrait.contexts[number - 1]);
    const place = byId("explorer-panels");
    place.replaceChildren();
    await Promise.all([drawMap(portrait, lit), ...portrait.panels.map((one) => drawPanel(one, number, place))]);
    byId("explorer").setAttribute("data-ready", choice.value);
  };

  const fromAddress = () => {
    const wanted = decodeURIComponent(location.hash.slice(1));
    if ([...choice.options].some((option) => option.value === wanted)) choice.value = wanted;
    return show();
  };
  choice.addEventListener("change", () => { history.replaceState(null, "", `#${choice.value}`); show(); });
  window.addEventListener("hashchange", fromAddress);
  if (document.readyState === "complete") fromAddress(); // not earlier: the page has its width only then
  else window.addEventListener("load", fromAddress);
})();
