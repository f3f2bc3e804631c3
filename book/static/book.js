// On every page: names for the regions beside the text, and code that the keyboard can scroll.

addEventListener("DOMContentLoaded", () => {
  const names = document.querySelector(".language-switch").dataset;
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", names.contents);
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", names.here);
  document.querySelector("#__navigation")?.setAttribute("aria-label", names.contents);
  document.querySelector("#__toc")?.setAttribute("aria-label", names.here);
  for (const button of document.querySelectorAll(".theme-toggle")) button.setAttribute("aria-label", names.theme);
  for (const wide of document.querySelectorAll(".highlight pre, .wide")) wide.tabIndex = 0;
});

// The search of the ledger: only rows that have all the words stay, of the verdict and the kind.

addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("filter");
  if (!box) return;
  const rows = [...document.querySelectorAll("#ledger tbody tr")];
  const chosen = [...document.querySelectorAll(".filter select")];
  const has = (row, one) =>
    !one.value || row.cells[one.dataset.column].textContent.split(/[,、]/).some((word) => word.trim() === one.value);
  const shown = document.querySelector('output[for="filter"]');
  const filter = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) || !chosen.every((one) => has(row, one));
    }
    const n = rows.filter((row) => !row.hidden).length;
    shown.textContent = shown.dataset.shown.replace("{n}", n).replace("{all}", rows.length);
  };
  for (const one of [box, ...chosen]) one.addEventListener("input", filter);
  filter();
});
