// What the things to touch have in common: sliders whose state is in the address of the page.

const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];

/** Call `draw` now and after every change, with the values of all controls by their ids. */
function controlled(draw) {
  const controls = $$(".touch .controls input, .touch .controls select");
  const read = () => Object.fromEntries(controls.map((c) => [c.id, c.type === "range" ? +c.value : c.value]));
  const show = () => {
    for (const control of controls) {
      const output = $(`output[for="${control.id}"]`);
      if (output) output.textContent = +(+control.value).toFixed(3);
    }
    draw(read());
  };
  const restore = () => {
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const control of controls) if (kept.has(control.id)) control.value = kept.get(control.id);
    show();
  };
  for (const control of controls) {
    control.addEventListener("input", () => {
      history.replaceState(null, "", "#" + new URLSearchParams(read()));
      show();
    });
  }
  addEventListener("hashchange", restore);
  restore();
}

/** Give an SVG element its attributes. */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

/** Fill the table behind the fold: a list of rows of text. */
function tabulate(rows) {
  const body = $(".numbers tbody");
  body.replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return row;
  }));
}

const polyline = (points) => points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
