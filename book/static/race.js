// Five optimizers on a ravine, to be compared with ours at the points of the grid.

const START = [-9, 1.6];
const STEPS = 40;

// Each takes a number, its gradient and what it remembers; it gives back where the number moves to.
const RULES = {
  SGD: (p, g, lr) => p - lr * g,
  momentum: (p, g, lr, memory) => {
    memory.v = memory.v === undefined ? g : 0.8 * memory.v + g;
    return p - lr * memory.v;
  },
  Adagrad: (p, g, lr, memory) => {
    memory.s = (memory.s ?? 0) + g * g;
    return p - (lr * g) / (Math.sqrt(memory.s) + 1e-10);
  },
  RMSprop: (p, g, lr, memory) => {
    memory.v = 0.99 * (memory.v ?? 0) + 0.01 * g * g;
    return p - (lr * g) / (Math.sqrt(memory.v) + 1e-8);
  },
  Adam: (p, g, lr, memory) => {
    memory.t = (memory.t ?? 0) + 1;
    memory.m = 0.9 * (memory.m ?? 0) + 0.1 * g;
    memory.v = 0.999 * (memory.v ?? 0) + 0.001 * g * g;
    const root = Math.sqrt(memory.v / (1 - 0.999 ** memory.t));
    return p - (lr * memory.m) / (1 - 0.9 ** memory.t) / (root + 1e-8);
  },
};

function race(name, rate, steepness) {
  const memories = [{}, {}];
  const path = [START];
  for (let step = 0; step < STEPS; step++) {
    const [x, y] = path.at(-1);
    const gradient = [x, steepness * y];
    path.push([x, y].map((p, k) => RULES[name](p, gradient[k], rate, memories[k])));
  }
  return path;
}

const compute = ({ name, rate, steepness }) => ({ path: race(name, rate, steepness) });

if (typeof document !== "undefined") {
  const NS = "http://www.w3.org/2000/svg";
  const within = (z) => Math.max(-1e4, Math.min(1e4, z)); // some paths leave the picture for ever
  const across = (x) => within(30 * (x + 10));
  const up = (y) => within(110 - 50 * y);
  const steps = $("#steps");
  controlled(({ racer, rate, steepness, steps }) => {
    $('output[for="rate"]').textContent = (10 ** rate).toPrecision(2);
    const path = race(racer, 10 ** rate, steepness);
    const height = ([x, y]) => (x * x + steepness * y * y) / 2;
    const seen = path.slice(0, steps + 1).map(([x, y]) => [across(x), up(y)]);
    set($(".way"), { points: polyline(seen) });
    $(".dots").replaceChildren(...seen.map(([cx, cy]) => {
      const dot = document.createElementNS(NS, "circle");
      set(dot, { cx, cy, r: 2.5 });
      return dot;
    }));
    $(".ground").replaceChildren(...[0.5, 2, 8, 32, 128].map((level) => {
      const ring = document.createElementNS(NS, "ellipse");
      set(ring, { cx: 300, cy: 110, rx: 30 * Math.sqrt(2 * level), ry: 50 * Math.sqrt((2 * level) / steepness) });
      return ring;
    }));
    $("#left").textContent = (height(path[steps]) / height(path[0])).toPrecision(3);
    tabulate(path.slice(0, steps + 1).map((p, k) => [k, p[0].toFixed(4), p[1].toFixed(4), height(p).toPrecision(4)]));
  });
  // The button lets the steps go by; who wants no motion sees the last one at once.
  $("#start").addEventListener("click", () => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const go = (step) => {
      steps.value = step;
      steps.dispatchEvent(new Event("input"));
      if (step < STEPS) setTimeout(go, 80, step + 1);
    };
    go(still ? STEPS : 0);
  });
}
