// The search of the ledger: only rows that have all the words stay.

addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("filter");
  if (!box) return;
  const rows = [...document.querySelectorAll("#ledger tbody tr")];
  const shown = document.querySelector('output[for="filter"]');
  const filter = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const n = rows.filter((row) => !row.hidden).length;
    shown.textContent = shown.dataset.shown.replace("{n}", n).replace("{all}", rows.length);
  };
  box.addEventListener("input", filter);
  filter();
});
