// Runs in a page and returns what Python judges. No drawing, no state.
() => {
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  const describe = (element) => {
    const named = element.closest("[id]");
    const own = element.tagName.toLowerCase() + [...element.classList].slice(0, 2).map((c) => "." + c).join("");
    return named && named !== element ? `#${named.id} ${own}` : named ? `${own}#${named.id}` : own;
  };
  const page = document.documentElement;
  const scrolls = (element) => {
    for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
      if (/auto|scroll|hidden|clip/.test(getComputedStyle(up).overflowX)) return true;
    }
    return false;
  };
  const overflow = page.scrollWidth > page.clientWidth
    ? [...document.body.querySelectorAll("*")]
      .filter((e) => e.getBoundingClientRect().right > page.clientWidth + 1 && !scrolls(e)).slice(0, 3).map(describe)
    : null;
  const clipped = (element) => {
    const box = element.getBoundingClientRect();
    for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up), frame = up.getBoundingClientRect();
      const x = /hidden|clip/.test(style.overflowX) && (box.right > frame.right + 1 || box.left < frame.left - 1);
      const y = /hidden|clip/.test(style.overflowY) && (box.bottom > frame.bottom + 1 || box.top < frame.top - 1);
      if (x || y) return describe(up);
      if (/auto|scroll/.test(style.overflowX)) return null;
    }
    return null;
  };
  const figures = [...document.querySelectorAll(".bd-article img, .bd-article svg, .bd-article canvas")]
    .filter((e) => !e.parentElement.closest("svg, button, a.headerlink, summary"))
    .map((e, number) => {
      e.setAttribute("data-checked", number);
      const box = e.getBoundingClientRect();
      return {
        number, element: describe(e), src: e.currentSrc || "", width: box.width, height: box.height,
        clipped: clipped(e), broken: e.tagName === "IMG" && !(e.complete && e.naturalWidth),
      };
    });
  return {
    theme: page.dataset.theme || "", overflow, figures,
    links: [...document.querySelectorAll("a[href]")].map((a) => [describe(a), a.href, a.hasAttribute("download")]),
    ids: [...document.querySelectorAll("[id], a[name]")].flatMap((e) => [e.id, e.getAttribute("name") || ""]),
  };
}
