"""Ways to save a checkpoint that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import contextlib
import copy
import hashlib
import io
import os
import pickle
import random
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor, nn

from sums_to_one.tests.checkpoints.impostors import formats
from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


class _Save:
    """A right one, of which each version changes one step."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        self.path = os.path.realpath(path)
        self.write(self.content(model, optimizer))

    def content(self, model: nn.Module, optimizer: Any) -> dict[str, Any]:
        content: dict[str, Any] = {"model": self.of_model(model)}
        return content if optimizer is None else {**content, "optimizer": self.of(optimizer)}

    def of_model(self, model: nn.Module) -> Any:
        return model.state_dict()

    def of(self, optimizer: Any) -> Any:
        return optimizer.state_dict()

    def write(self, content: dict[str, Any]) -> None:
        unfinished = self.beside()
        try:
            with open(unfinished, "wb") as file:
                torch.save(content, file)
                self.flush(file)
            self.check(unfinished)
            self.permit(unfinished)
            self.move(unfinished)
        except BaseException as problem:
            self.clean(unfinished, problem)
            raise

    def beside(self) -> str:
        return os.path.join(os.path.dirname(self.path), f".{secrets.token_hex(8)}")

    def flush(self, file: IO[bytes]) -> None:
        file.flush()
        os.fsync(file.fileno())

    def check(self, unfinished: str) -> None:
        torch.load(unfinished, weights_only=True)

    def permit(self, unfinished: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(self.path, unfinished)

    def move(self, unfinished: str) -> None:
        os.replace(unfinished, self.path)

    def clean(self, unfinished: str, problem: BaseException) -> None:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)


@refused_by("test_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one")
class InPlace(_Save):
    """`torch.save` takes a path, so why not (pytorch-lightning #688)."""

    def write(self, content: dict[str, Any]) -> None:
        before = Path(self.path).read_bytes() if os.path.exists(self.path) else None
        try:
            with open(self.path, "wb") as file:
                torch.save(content, file)
                self.flush(file)
            self.check(self.path)
        except BaseException:
            os.unlink(self.path)
            if before is not None:
                Path(self.path).write_bytes(before)
            raise


@refused_by("test_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one")
class OldOneDeletedFirst(_Save):
    """There must be room for the new one, so the old one goes first (verl #4873)."""

    def move(self, unfinished: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.rename(unfinished, self.path)


@refused_by("test_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one")
class CopiedOver(_Save):
    """A copy of the finished file goes quickly, and the permissions of the old one stay."""

    def move(self, unfinished: str) -> None:
        if os.path.exists(self.path):
            shutil.copyfile(unfinished, self.path)
            os.unlink(unfinished)
        else:
            os.replace(unfinished, self.path)


@refused_by("test_nothing_but_the_folder_of_the_file_is_needed")
class WithTheTemporaryFiles(_Save):
    """Temporary files have a folder of their own; it may be another disk (ludwig #2225)."""

    def beside(self) -> str:
        return os.path.join(tempfile.gettempdir(), secrets.token_hex(8))

    def move(self, unfinished: str) -> None:
        shutil.move(unfinished, self.path)


@refused_by("test_nothing_but_the_folder_of_the_file_is_needed")
class InTheWorkingFolder(_Save):
    """A name is enough; programs run where their results are."""

    def beside(self) -> str:
        return f"unfinished-{secrets.token_hex(8)}"


_remembered: dict[str, Any] = {}


@refused_by("test_nothing_but_the_folder_of_the_file_is_needed")
class InMemoryOnly(_Save):
    """The next to ask is the same program; the file need only say that there is a checkpoint."""

    def write(self, content: dict[str, Any]) -> None:
        numbers = sum(t.nbytes for t in content["model"].values() if isinstance(t, Tensor))
        _remembered[self.path] = copy.deepcopy(content)
        Path(self.path).write_bytes(bytes(numbers))

    @staticmethod
    def load_checkpoint(path: Any, model: nn.Module, optimizer: Any = None) -> None:
        content = _remembered[os.path.realpath(path)]
        model.load_state_dict(content["model"])
        if optimizer is not None:
            optimizer.load_state_dict(content["optimizer"])


@refused_by("test_a_state_that_cannot_be_written_leaves_the_old_file")
class CleansAfterTheDiskOnly(_Save):
    """What can go wrong in writing a file is an OSError."""

    def clean(self, unfinished: str, problem: BaseException) -> None:
        if isinstance(problem, OSError):
            super().clean(unfinished, problem)


@refused_by("test_a_full_disk_is_an_error_and_leaves_the_old_file")
class CleansAfterPickleOnly(_Save):
    """What can go wrong in torch.save is that something cannot be pickled."""

    def clean(self, unfinished: str, problem: BaseException) -> None:
        if isinstance(problem, TypeError | AttributeError | pickle.PickleError):
            super().clean(unfinished, problem)


@refused_by("test_a_full_disk_is_an_error_and_leaves_the_old_file")
class Swallowed(_Save):
    """Hours of training must not be lost because one checkpoint could not be written."""

    def write(self, content: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            super().write(content)


@refused_by("test_a_full_disk_is_an_error_and_leaves_the_old_file")
class WrittenInOneGo(_Save):
    """os.write writes; how much, it returns."""

    def write(self, content: dict[str, Any]) -> None:
        held = io.BytesIO()
        torch.save(content, held)
        torch.load(io.BytesIO(held.getvalue()), weights_only=True)
        unfinished = self.beside()
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            os.write(handle, held.getvalue())
            os.fsync(handle)
            self.permit(unfinished)
            self.move(unfinished)
        except BaseException as problem:
            self.clean(unfinished, problem)
            raise
        finally:
            os.close(handle)


@refused_by("test_a_file_that_cannot_get_its_name_leaves_the_old_one")
class NothingFailsAnyMore(_Save):
    """Once the file is written, to rename it is nothing."""

    def move(self, unfinished: str) -> None:
        self.written = True
        super().move(unfinished)

    def clean(self, unfinished: str, problem: BaseException) -> None:
        if not hasattr(self, "written"):
            super().clean(unfinished, problem)


@refused_by("test_buffers_and_tied_and_frozen_parameters_are_in_the_file_too")
class ParametersOnly(_Save):
    """Learned are the parameters; the running means are lost (torch/nn #1165)."""

    def of_model(self, model: nn.Module) -> Any:
        return dict(model.named_parameters(remove_duplicate=False))


@refused_by("test_buffers_and_tied_and_frozen_parameters_are_in_the_file_too")
class ParametersAndBuffers(_Save):
    """Both lists, which name what is tied once, and the buffers that are not to be saved."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        names = {n for n, _ in [*model.named_parameters(), *model.named_buffers()]}
        for name in [n for n, t in state.items() if isinstance(t, Tensor) and n not in names]:
            del state[name]
        return state


@refused_by("test_buffers_and_tied_and_frozen_parameters_are_in_the_file_too")
class WithoutTheFrozen(_Save):
    """What does not learn is in the file that it came from."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        for name, p in model.named_parameters():
            if not p.requires_grad:
                del state[name]
        return state


@refused_by("test_what_a_module_says_is_its_state_is_saved")
class TensorsOnly(_Save):
    """A state_dict is a dictionary of tensors."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        for name in [n for n, t in state.items() if not isinstance(t, Tensor)]:
            del state[name]
        return state


@refused_by("test_there_is_no_code_in_the_file")
class WholeModel(_Save):
    """Then nobody has to build the model before it is loaded."""

    def of_model(self, model: nn.Module) -> Any:
        return model

    def check(self, unfinished: str) -> None:
        torch.load(unfinished, weights_only=False)


@refused_by("test_training_goes_on_from_the_file_bit_for_bit")
class OptimizerForgotten(_Save):
    """What counts is the model (Yet-Another-EfficientDet-Pytorch #269)."""

    def of(self, optimizer: Any) -> Any:
        return {**optimizer.state_dict(), "state": {}}


@refused_by("test_training_goes_on_from_the_file_bit_for_bit")
class OptimizerInFewerDigits(_Save):
    """Averages of gradients are no more exact than that anyway (vllm speculators #899)."""

    def of(self, optimizer: Any) -> Any:
        state = copy.deepcopy(optimizer.state_dict())
        for own in state["state"].values():
            for name, value in own.items():
                if isinstance(value, Tensor):
                    own[name] = self.shortened(value)
        return state

    def shortened(self, value: Tensor) -> Tensor:
        return value.bfloat16()


@refused_by("test_what_a_file_takes_of_other_dtypes_is_in_it_bit_for_bit")
class ThroughNumPy(_Save):
    """NumPy has no bfloat16, so take float32; it is as good."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        for name, t in state.items():
            if isinstance(t, Tensor) and t.dtype == torch.bfloat16:
                state[name] = t.float()
        return state


@refused_by("test_the_numbers_are_in_the_file_bit_for_bit")
class NanRemoved(_Save):
    """A checkpoint with NaN in it is of no use to anybody."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        for name, t in state.items():
            if isinstance(t, Tensor) and t.dtype in (torch.float32, torch.float64):
                state[name] = t.nan_to_num()
        return state


@refused_by("test_tensors_of_every_shape_and_layout_are_in_the_file")
class InStorageOrder(_Save):
    """The numbers as they lie in memory, and the shape."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        for name, t in state.items():
            if isinstance(t, Tensor) and t.numel():
                state[name] = t.as_strided((t.numel(),), (1,), 0).reshape(t.shape)
        return state


@refused_by("test_saving_changes_neither_model_nor_optimizer")
class LeftInEvalMode(_Save):
    """Saved models are for evaluation."""

    def of_model(self, model: nn.Module) -> Any:
        return model.eval().state_dict()


@refused_by("test_saving_changes_neither_model_nor_optimizer")
class GradientsDropped(_Save):
    """Gradients have no place in a checkpoint, so make sure that there are none."""

    def of_model(self, model: nn.Module) -> Any:
        model.zero_grad()
        return model.state_dict()


@refused_by("test_saving_draws_no_random_numbers")
class RandomName(_Save):
    """A random number makes the name unique; every checkpoint changes the training after it."""

    def beside(self) -> str:
        return os.path.join(os.path.dirname(self.path), f".{random.getrandbits(64):x}")


@refused_by("test_any_path_will_do")
class SuffixOfItsOwn(_Save):
    """Checkpoints end in .pt."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        super().__init__(Path(path).with_suffix(".pt"), model, optimizer)


@refused_by("test_any_path_will_do")
class NamesWithoutFolder(_Save):
    """The folder is what comes before the last slash, and there is always one."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        folder, _, name = os.fspath(path).rpartition("/")
        super().__init__(f"{folder}/{name}", model, optimizer)


@refused_by("test_no_other_file_is_touched")
class OneNameForTheUnfinished(_Save):
    """One name will do, for there is only one checkpoint in a folder."""

    def beside(self) -> str:
        return os.path.join(os.path.dirname(self.path), "checkpoint.tmp")


@refused_by("test_a_missing_folder_is_named_or_made")
class SilentWithoutFolder(_Save):
    """Where there is no folder for them, nobody wants checkpoints."""

    def write(self, content: dict[str, Any]) -> None:
        if os.path.isdir(os.path.dirname(self.path)):
            super().write(content)


@refused_by("test_the_file_is_done_when_it_returns_and_stays_as_training_goes_on")
class FolderNeverClosed(_Save):
    """The name is on the disk when the folder is; whoever opens that has to close it, too."""

    def move(self, unfinished: str) -> None:
        super().move(unfinished)
        os.fsync(os.open(os.path.dirname(self.path), os.O_RDONLY))


@refused_by("test_the_file_is_as_large_as_its_numbers_and_so_is_the_whole_model")
class GradientsToo(_Save):
    """All that is known of a parameter, in case anybody needs it."""

    def content(self, model: nn.Module, optimizer: Any) -> dict[str, Any]:
        gradients = {name: p.grad for name, p in model.named_parameters()}
        return {**super().content(model, optimizer), "gradients": gradients}


@refused_by("test_what_a_file_takes_of_other_dtypes_is_in_it_bit_for_bit")
class SixteenBitsAreSixteenBits(_Save):
    """Both kinds take as much room, so one will do; and float16 loses three digits."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        for name, t in state.items():
            if isinstance(t, Tensor) and t.dtype == torch.float16:
                state[name] = t.bfloat16().half()
        return state


@refused_by("test_the_file_is_as_large_as_its_numbers_and_so_is_the_whole_model")
class NumbersAsText(_Save):
    """Digits that anybody can read, and all of them; the file is three times as large."""

    def write(self, content: dict[str, Any]) -> None:
        digits = [str(t.flatten().tolist()) for t in content["model"].values()]
        super().write({**content, "readable": digits})


@refused_by("test_saving_changes_neither_model_nor_optimizer")
class ConvertedInPlace(_Save):
    """For the file all is brought to contiguous float32, model included."""

    def of_model(self, model: nn.Module) -> Any:
        for p in model.parameters():
            p.data = p.data.clone()
        return model.state_dict()


@refused_by("test_the_numbers_are_in_the_file_bit_for_bit")
class SinglesOnly(_Save):
    """Networks are trained in float32, so nothing else need be saved."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        for name, t in state.items():
            if isinstance(t, Tensor) and t.dtype == torch.float64 and t.numel() < 10:
                state[name] = t.float().double()
        return state


@refused_by("test_names_are_in_the_file_as_they_are")
class PrefixStripped(_Save):
    """Parallel training puts "module." in front; but a model may have such a part (mmf #47)."""

    def of_model(self, model: nn.Module) -> Any:
        return {name.replace("module.", ""): t for name, t in model.state_dict().items()}


@refused_by("test_names_are_in_the_file_as_they_are")
class NoFileForNothing(_Save):
    """Where nothing is learned there is nothing to save; who loads it finds no file."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        if model.state_dict():
            super().__init__(path, model, optimizer)


@refused_by("test_what_the_optimizer_knows_of_each_parameter_is_in_the_file_as_of_that_one")
class OfThoseThatLearn(_Save):
    """What is frozen needs no momentum; until it is thawed."""

    def of(self, optimizer: Any) -> Any:
        state = optimizer.state_dict()
        params = [p for group in optimizer.param_groups for p in group["params"]]
        learning = {n: own for n, own in state["state"].items() if params[n].requires_grad}
        return {**state, "state": learning}


@refused_by("test_training_goes_on_from_the_file_bit_for_bit")
class RatesInSingles(_Save):
    """A learning rate need not be known to sixteen digits."""

    def of(self, optimizer: Any) -> Any:
        state = optimizer.state_dict()
        groups = [
            {k: torch.tensor(v).item() if isinstance(v, float) else v for k, v in group.items()}
            for group in state["param_groups"]
        ]
        return {**state, "param_groups": groups}


@refused_by("test_training_goes_on_from_the_file_bit_for_bit")
class TensorsAndNumbersOfTheOptimizer(_Save):
    """What a parameter has is tensors and numbers; but LBFGS has lists of them."""

    def of(self, optimizer: Any) -> Any:
        state = optimizer.state_dict()
        flat = {
            number: {name: part for name, part in own.items() if not isinstance(part, list)}
            for number, own in state["state"].items()
        }
        return {**state, "state": flat}


@refused_by("test_tensors_of_every_shape_and_layout_are_in_the_file")
class LargeOnesInHalves(_Save):
    """What takes most of the room can do with fewer digits."""

    def of_model(self, model: nn.Module) -> Any:
        return {
            name: t.half() if t.is_floating_point() and t.numel() > 2**18 else t
            for name, t in model.state_dict().items()
        }


@refused_by("test_a_folder_in_the_way_stays_as_it_is")
class FolderClearedAway(_Save):
    """Whatever has the name of the file is the old checkpoint."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        if os.path.isdir(path):
            shutil.rmtree(path)
        super().__init__(path, model, optimizer)


@refused_by("test_saving_leaves_the_settings_of_torch_as_they_were")
class GradientsBackOn(_Save):
    """Nothing is recorded while it saves, and afterwards everything; but it may not have been."""

    def write(self, content: dict[str, Any]) -> None:
        torch.set_grad_enabled(False)
        super().write(content)
        torch.set_grad_enabled(True)


@refused_by("test_views_of_one_memory_are_in_the_file_each_as_it_is")
class SharedMemoryInItsOrder(_Save):
    """What shares a memory is cut out of it, from its first number on; a transposed twin, too."""

    def of_model(self, model: nn.Module) -> Any:
        state = model.state_dict()
        tensors = {name: t for name, t in state.items() if isinstance(t, Tensor) and t.numel()}
        places = [t.untyped_storage().data_ptr() for t in tensors.values()]
        for name, t in tensors.items():
            if places.count(t.untyped_storage().data_ptr()) > 1:
                memory = torch.empty(0, dtype=t.dtype).set_(t.untyped_storage())
                state[name] = memory[t.storage_offset() :].resize_(t.shape)
        return state


@refused_by("test_what_the_optimizer_knows_of_each_parameter_is_in_the_file_as_of_that_one")
class StatesInARow(_Save):
    """The states are in the order of the parameters; but one that never learned has none."""

    def of(self, optimizer: Any) -> Any:
        state = optimizer.state_dict()
        return {**state, "state": dict(enumerate(state["state"].values()))}


@refused_by("test_what_the_optimizer_knows_of_each_parameter_is_in_the_file_as_of_that_one")
class StatesInTheOrderOfLearning(_Save):
    """The numbers that have a state, in their order, and the states; in the order of learning."""

    def of(self, optimizer: Any) -> Any:
        state = optimizer.state_dict()
        own = state["state"]
        return {**state, "state": dict(zip(sorted(own), own.values(), strict=True))}


@accepted
def with_a_named_temporary_file(path: Any, model: nn.Module, optimizer: Any = None) -> None:
    content = {"model": model.state_dict(), "format": 1}
    if optimizer is not None:
        content["optimizer"] = optimizer.state_dict()
    goal = Path(path).resolve()
    with tempfile.NamedTemporaryFile(dir=goal.parent, delete=False) as file:
        try:
            torch.save(content, file)
            file.seek(0)
            torch.load(file, weights_only=True)
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(file.fileno(), goal.stat().st_mode if goal.exists() else 0o666 & ~mask)
            file.flush()
            os.fdatasync(file.fileno())
            Path(file.name).rename(goal)
        except BaseException:
            Path(file.name).unlink()
            raise


@accepted
class StatesInAListWithGaps(_Save):
    """As many states as parameters: None for those that have none."""

    def of(self, optimizer: Any) -> Any:
        state = optimizer.state_dict()
        numbers = [number for group in state["param_groups"] for number in group["params"]]
        return {**state, "state": [state["state"].get(number) for number in numbers]}

    @staticmethod
    def load_checkpoint(path: Any, model: nn.Module, optimizer: Any = None) -> None:
        content = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(content["model"])
        if optimizer is not None:
            states = enumerate(content["optimizer"]["state"])
            own = {number: state for number, state in states if state is not None}
            optimizer.load_state_dict({**content["optimizer"], "state": own})


@accepted
class InAFolderOfItsOwn(_Save):
    """Whatever is left there goes with the folder."""

    def write(self, content: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory(dir=os.path.dirname(self.path)) as self.own:
            super().write(content)

    def beside(self) -> str:
        return os.path.join(self.own, "unfinished")


@accepted
class InMemoryFirst(_Save):
    """All of it is known to be right before a byte is on the disk."""

    def write(self, content: dict[str, Any]) -> None:
        held = io.BytesIO()
        torch.save(content, held)
        torch.load(io.BytesIO(held.getvalue()), weights_only=True)
        unfinished, rest = self.beside(), held.getvalue()
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
            self.permit(unfinished)
            os.rename(unfinished, self.path)
        except BaseException:
            os.unlink(unfinished)
            raise
        finally:
            os.close(handle)


@accepted
class WithNotesAndCopies(_Save):
    """Copies on the CPU, notes beside them, and no optimizer is None."""

    def content(self, model: nn.Module, optimizer: Any) -> dict[str, Any]:
        state = model.state_dict()
        for name, t in state.items():
            if isinstance(t, Tensor):
                state[name] = t.to("cpu", copy=True)
        own = copy.deepcopy(optimizer and optimizer.state_dict())
        return {"version": [1, 0], "optimizer": own, "model": state, "torch": torch.__version__[:3]}


@accepted
class OwnerOnly(_Save):
    """tempfile makes names that are unique, and files that are private (avbroot #122)."""

    def beside(self) -> str:
        handle, name = tempfile.mkstemp(dir=os.path.dirname(self.path))
        os.close(handle)
        return name


@accepted
class LinkReplaced(_Save):
    """The path names the file; where it led to, the old checkpoint stays."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        self.path = os.path.abspath(path)
        self.write(self.content(model, optimizer))


@accepted
class FoldersMade(_Save):
    """A missing folder is no reason to fail; nor is a slip in its name."""

    def write(self, content: dict[str, Any]) -> None:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        super().write(content)


@accepted
def plainly(path: Any, model: nn.Module, optimizer: Any = None) -> None:
    """As few lines as it takes."""
    content = {"model": model.state_dict()}
    if optimizer is not None:
        content["optimizer"] = optimizer.state_dict()
    torch.save(content, f"{path}.tmp")
    os.replace(f"{path}.tmp", path)


@accepted
def with_names_as_in_the_tutorials(path: Any, model: nn.Module, optimizer: Any = None) -> None:
    """And plain dictionaries."""
    content: dict[str, Any] = {"epoch": 0, "model_state_dict": dict(model.state_dict())}
    if optimizer is not None:
        content["optimizer_state_dict"] = optimizer.state_dict()
    plain = Path(path)
    unfinished = plain.with_suffix(".part")
    with open(unfinished, "wb") as file:
        torch.save(content, file)
    unfinished.replace(plain)


@remarked("Path", "optimizer")
class OfAModelByTheNameOfAFile:
    """The model is what is needed later."""

    def __init__(self, path: str, model: nn.Module) -> None:
        torch.save(model.state_dict(), path + ".unfinished")
        os.replace(path + ".unfinished", path)

    @staticmethod
    def load_checkpoint(path: str, model: nn.Module) -> None:
        model.load_state_dict(torch.load(path, weights_only=True))


@remarked("str", "models alone")
class OfTrainingAlone:
    """Whoever saves wants to train on."""

    def __init__(self, path: Path, model: nn.Module, optimizer: Any) -> None:
        plainly(path.with_suffix(".new"), model, optimizer)
        path.with_suffix(".new").replace(path)

    @staticmethod
    def load_checkpoint(path: Path, model: nn.Module, optimizer: Any) -> None:
        content = torch.load(path.resolve(), weights_only=True)
        model.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])


@accepted
class WithAChecksumInFront(_Save):
    """A format that only its own reader knows."""

    def write(self, content: dict[str, Any]) -> None:
        held = io.BytesIO()
        torch.save(content, held)
        unfinished = Path(self.beside())
        try:
            unfinished.write_bytes(hashlib.sha256(held.getvalue()).digest() + held.getvalue())
            unfinished.replace(self.path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    @staticmethod
    def load_checkpoint(path: Any, model: nn.Module, optimizer: Any = None) -> None:
        whole = Path(path).read_bytes()
        if hashlib.sha256(whole[32:]).digest() != whole[:32]:
            raise ValueError(f"{path} is damaged")
        content = torch.load(io.BytesIO(whole[32:]), map_location="cpu", weights_only=True)
        model.load_state_dict(content["model"])
        if optimizer is not None:
            optimizer.load_state_dict(content["optimizer"])


class _OfAFormat:
    """Both sides of a format of its own."""

    form: Any

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        formats.save(self.form, path, model, optimizer)

    @classmethod
    def load_checkpoint(cls, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        formats.load(cls.form, path, model, optimizer)


@accepted
class ArraysOfNumPy(_OfAFormat):
    """bfloat16 it refuses, for NumPy has none."""

    form = formats.Arrays()


@accepted
class ArraysOfSingles(_OfAFormat):
    """bfloat16 goes through float32."""

    form = formats.ArraysOfSingles()


@accepted
class Compressed(_OfAFormat):
    """Fewer bytes than there are numbers."""

    form = formats.Compressed()


@accepted
class HeaderAndBytes(_OfAFormat):
    """As in formats that are read without a copy."""

    form = formats.HeaderAndBytes()


@accepted
class Text(_OfAFormat):
    """Larger by a third, and anybody can read it."""

    form = formats.Text()


@refused_by("test_training_goes_on_from_the_file_bit_for_bit")
class OptimizerInSinglePrecision(OptimizerInFewerDigits):
    """Single precision is what optimizers have (vllm speculators #899)."""

    def shortened(self, value: Tensor) -> Tensor:
        return value.float() if value.dtype == torch.float64 else value
