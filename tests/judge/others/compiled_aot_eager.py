"""PyTorch's own, compiled by torch.compile with the backend aot_eager."""

from sums_to_one.tests.judge.others.compiled import compiled

globals().update(vars(compiled("aot_eager")))
