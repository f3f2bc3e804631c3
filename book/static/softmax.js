// A softmax, to be compared with ours at the points of the grid.

function softmax(scores, temperature) {
  const scaled = scores.map((score) => score / temperature);
  const largest = Math.max(...scaled); // or exp would overflow
  const exps = scaled.map((score) => Math.exp(score - largest));
  const sum = exps.reduce((a, b) => a + b);
  return exps.map((e) => e / sum);
}

const compute = ({ scores, temperature }) => ({ shares: softmax(scores, temperature) });

if (typeof document !== "undefined") {
  controlled((values) => {
    const scores = [0, 1, 2, 3].map((k) => values[`score-${k}`]);
    const shares = softmax(scores, values.temperature);
    $$("#touch-softmax rect").forEach((bar, k) => set(bar, { y: 200 - 180 * shares[k], height: 180 * shares[k] }));
    $$("#touch-softmax .share").forEach((text, k) => {
      set(text, { y: 195 - 180 * shares[k] });
      text.textContent = shares[k].toFixed(3);
    });
    $("#sum").textContent = +shares.reduce((a, b) => a + b).toFixed(12);
    tabulate(shares.map((p, k) => [k + 1, scores[k], p.toFixed(6)]));
  });
}
