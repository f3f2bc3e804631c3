"""Formulas as HTML: KaTeX of sphinxcontrib-katex, in one process of Node.js.

The extension itself asks a server through a socket, whose file is there a moment before anybody
listens: who comes in that moment is refused, and so was now and then a build on a busy machine.
"""

import atexit
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from sphinxcontrib import katex

SCRIPT = """
const katex = require(process.argv[1]);
const answer = ({ latex, options }) => {
  try {
    return { html: katex.renderToString(latex, options) };
  } catch (error) {
    return { error: error.message };
  }
};
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  console.log(JSON.stringify(answer(JSON.parse(line))));
});
"""


class NotRendered(Exception):
    """A formula that is not one, or there is no KaTeX."""


def rendered(latex: str, options: dict[str, Any] | None = None) -> str:
    """A formula in LaTeX as HTML, by the extension's own name and arguments."""
    node = _node()
    assert node.stdin is not None
    assert node.stdout is not None
    print(json.dumps({"latex": latex, "options": options or {}}), file=node.stdin, flush=True)
    line = node.stdout.readline()
    answer = json.loads(line) if line else {"error": f"Node.js ended with {node.wait()}"}
    if "html" not in answer:
        raise NotRendered(f"KaTeX must render {latex!r}: {answer['error']}")
    return str(answer["html"])


@cache
def _node() -> "subprocess.Popen[str]":
    """It ends when there is nothing more to read."""
    program = Path(katex.__file__).with_name("katex.min.js")
    node = subprocess.Popen(
        ["node", "-e", SCRIPT, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    atexit.register(node.communicate)  # which closes its input
    return node
