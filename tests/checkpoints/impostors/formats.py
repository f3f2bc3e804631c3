"""Right checkpoints in other formats than PyTorch's: arrays of NumPy, raw bytes, and text.

A checkpoint is a tree of dictionaries and lists; its tensors are taken out, and what is left is
JSON. A format says how both become bytes. They have limits: NumPy has no bfloat16.
"""

import base64
import io
import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def without_tensors(value: Any, keep: Callable[[Tensor], Any]) -> Any:
    """The tree as JSON has it, with what `keep` returns in place of each tensor."""
    if isinstance(value, Tensor):
        return {"tensor": keep(value.detach().cpu().contiguous())}
    if isinstance(value, dict):
        pairs = [[key, without_tensors(part, keep)] for key, part in value.items()]
        return {"dict": pairs}
    if isinstance(value, list | tuple):
        return {"list": [without_tensors(part, keep) for part in value]}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"only numbers and names can be saved, got {type(value).__name__}")


def with_tensors(value: Any, get: Callable[[Any], Tensor]) -> Any:
    """The tree again."""
    if not isinstance(value, dict):
        return value
    ((kind, parts),) = value.items()
    if kind == "tensor":
        return get(parts)
    if kind == "dict":
        return {key: with_tensors(part, get) for key, part in parts}
    return [with_tensors(part, get) for part in parts]


def bytes_of(x: Tensor) -> bytes:
    return x.reshape(-1).view(torch.uint8).numpy().tobytes() if x.numel() else b""


def tensor_of(content: bytes, dtype: str, shape: list[int]) -> Tensor:
    flat = torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else torch.empty(0)
    known: torch.dtype = getattr(torch, dtype)
    return (flat.view(known) if content else flat.to(known)).reshape(shape)


class Arrays:
    """np.savez, with the tree beside the arrays."""

    def encode(self, content: Any) -> bytes:
        arrays: list[Any] = []

        def keep(x: Tensor) -> int:
            arrays.append(self.array_of(x))
            return len(arrays) - 1

        tree, file = json.dumps(without_tensors(content, keep)), io.BytesIO()
        np.savez(file, np.array(tree), *arrays)
        return file.getvalue()

    def array_of(self, x: Tensor) -> Any:
        return x.numpy()

    def decode(self, content: bytes) -> Any:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            tree = json.loads(str(arrays["arr_0"]))
            return with_tensors(tree, lambda n: torch.from_numpy(arrays[f"arr_{n + 1}"]))


class ArraysOfSingles(Arrays):
    """What NumPy does not know is in float32, which has room for it; loading converts it back."""

    def array_of(self, x: Tensor) -> Any:
        known = x.dtype not in (torch.bfloat16, torch.float8_e4m3fn)
        return x.numpy() if known else x.float().numpy()


class Compressed(Arrays):
    """The same in fewer bytes than there are."""

    def encode(self, content: Any) -> bytes:
        with np.load(io.BytesIO(super().encode(content))) as arrays:
            file = io.BytesIO()
            np.savez_compressed(file, **arrays)
        return file.getvalue()


class HeaderAndBytes:
    """The length of a header, the header, and all numbers in a row."""

    def encode(self, content: Any) -> bytes:
        body = bytearray()

        def keep(x: Tensor) -> Any:
            start = len(body)
            body.extend(bytes_of(x))
            return [start, len(body), str(x.dtype).removeprefix("torch."), list(x.shape)]

        header = json.dumps(without_tensors(content, keep)).encode()
        whole = len(header).to_bytes(8, "little") + header + len(body).to_bytes(8, "little")
        return whole + bytes(body)

    def decode(self, content: bytes) -> Any:
        size = int.from_bytes(content[:8], "little")
        tree = json.loads(content[8 : 8 + size])
        body, stated = content[16 + size :], int.from_bytes(content[8 + size : 16 + size], "little")
        if len(body) != stated:
            raise ValueError(f"the file must have {stated} bytes of numbers, got {len(body)}")
        return with_tensors(tree, lambda kept: tensor_of(body[kept[0] : kept[1]], *kept[2:]))


class Text:
    """JSON, with the bytes of each tensor in base64, which takes a third more; and a last line."""

    def encode(self, content: Any) -> bytes:
        def keep(x: Tensor) -> Any:
            text = base64.b64encode(bytes_of(x)).decode()
            return [text, str(x.dtype).removeprefix("torch."), list(x.shape)]

        return (json.dumps(without_tensors(content, keep)) + "\n").encode()

    def decode(self, content: bytes) -> Any:
        def get(kept: Any) -> Tensor:
            return tensor_of(base64.b64decode(kept[0], validate=True), *kept[1:])

        return with_tensors(json.loads(content), get)


def save(form: Any, path: Any, model: nn.Module, optimizer: Any = None) -> None:
    """Beside it, and then renamed."""
    content = {"model": dict(model.state_dict())}
    if optimizer is not None:
        content["optimizer"] = optimizer.state_dict()
    whole, unfinished = form.encode(content), f"{os.fspath(path)}.unfinished"
    with open(unfinished, "wb") as file:
        file.write(whole)
    os.replace(unfinished, path)


def load(form: Any, path: Any, model: nn.Module, optimizer: Any = None) -> None:
    """All of the file first, then the model, then the optimizer."""
    with open(path, "rb") as file:
        content = form.decode(file.read())
    model.load_state_dict(content["model"])
    if optimizer is not None:
        optimizer.load_state_dict(content["optimizer"])
