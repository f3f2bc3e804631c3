// Four activations and their slopes, to be compared with ours at the points of the grid.

function sigmoid(x) {
  const small = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : small) / (1 + small);
}

const KINDS = {
  sigmoid: (x) => ({ value: sigmoid(x), slope: sigmoid(x) * sigmoid(-x) }),
  tanh: (x) => ({ value: Math.tanh(x), slope: 1 - Math.tanh(x) ** 2 }),
  relu: (x) => ({ value: Math.max(0, x), slope: x > 0 ? 1 : 0 }),
  leaky_relu: (x, a) => ({ value: x > 0 ? x : a * x, slope: x > 0 ? 1 : a }),
};

const compute = ({ name, x }, a = 0.01) => KINDS[name](x, a);

if (typeof document !== "undefined") {
  const across = (x) => 200 + 32 * x;
  const up = (y) => 150 - 45 * y;
  controlled(({ kind, x, negative }) => {
    const at = (x) => KINDS[kind](x, negative);
    const xs = Array.from({ length: 193 }, (_, k) => (k - 96) / 16);
    const { value, slope } = at(x);
    set($(".curve"), { points: polyline(xs.map((x) => [across(x), up(at(x).value)])) });
    set($(".slope"), { points: polyline(xs.map((x) => [across(x), up(at(x).slope)])) });
    set($(".point"), { cx: across(x), cy: up(value) });
    const [left, right] = [x - 1.5, x + 1.5];
    set($(".tangent"), { x1: across(left), x2: across(right), y1: up(value + (left - x) * slope), y2: up(value + (right - x) * slope) });
    $("#value").textContent = +value.toPrecision(4);
    $("#slope-is").textContent = +slope.toPrecision(4);
    $("#left").textContent = +(slope ** 10).toPrecision(3);
    tabulate(xs.filter((x) => Number.isInteger(x)).map((x) => [x, at(x).value.toFixed(6), at(x).slope.toFixed(6)]));
  });
}
