"""Ways to load a checkpoint that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import contextlib
import copy
import io
import os
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from sums_to_one.tests.checkpoints.impostors import formats
from sums_to_one.tests.judge.versions import accepted, refused_by


class _Load:
    """A right one, of which each version changes one step: first look, then load."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        self.path = path
        self.compare_checksums()
        kept = self.read()
        if not isinstance(kept, dict):
            raise TypeError(f"no checkpoint: {type(kept)}")
        self.check(kept["model"], model.state_dict())
        if optimizer is not None:
            self.check_optimizer(kept["optimizer"], optimizer)
        self.load(kept, model, optimizer)

    def compare_checksums(self) -> None:
        with zipfile.ZipFile(self.path) as records:
            for record in records.infolist():
                records.read(record)

    def read(self) -> Any:
        return torch.load(self.path, map_location="cpu", weights_only=True)

    def check(self, state: Any, own: Any) -> None:
        wrong = [*(own.keys() - state.keys()), *(state.keys() - own.keys())]
        wrong += [n for n in own.keys() & state.keys() if self.misfit(state[n], own[n])]
        if wrong:
            raise KeyError(f"these do not fit the model: {wrong}")

    def misfit(self, came: Any, own: Any) -> bool:
        return isinstance(own, Tensor) and came.shape != own.shape

    def check_optimizer(self, state: Any, optimizer: Any) -> None:
        self.check_groups(state["param_groups"], optimizer.state_dict()["param_groups"])
        for group in state["param_groups"]:
            self.check_settings(group, optimizer.defaults)

    def check_groups(self, groups: Any, own: Any) -> None:
        if [len(group["params"]) for group in groups] != [len(group["params"]) for group in own]:
            raise ValueError("the optimizer has other groups of parameters")

    def check_settings(self, group: Any, defaults: Any) -> None:
        if not defaults.keys() <= group.keys():
            raise ValueError("the optimizer is of another kind")

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        model.load_state_dict(kept["model"])
        if optimizer is not None:
            optimizer.load_state_dict(kept["optimizer"])


@refused_by("test_what_does_not_fit_is_named")
class NotStrict(_Load):
    """Most of it fits, and nothing fails; the rest is as it was (pytorch/examples #1029)."""

    def check(self, state: Any, own: Any) -> None:
        for name in [n for n in state if n not in own or self.misfit(state[n], own[n])]:
            del state[name]

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        model.load_state_dict(kept["model"], strict=False)
        if optimizer is not None:
            optimizer.load_state_dict(kept["optimizer"])


@refused_by("test_what_does_not_fit_is_named")
class UnexpectedIgnored(_Load):
    """What the model does not need does no harm."""

    def check(self, state: Any, own: Any) -> None:
        for name in state.keys() - own.keys():
            del state[name]
        super().check(state, own)


@refused_by("test_what_does_not_fit_is_named")
class Counted(_Load):
    """Names may change, as long as there are as many."""

    def check(self, state: Any, own: Any) -> None:
        if len(state) != len(own):
            raise KeyError(
                f"{len(state)} tensors do not fit {len(own)}: {state.keys() ^ own.keys()}"
            )
        for name, came in zip(own, list(state.values()), strict=True):
            state[name] = came
        for name in state.keys() - own.keys():
            del state[name]
        super().check(state, own)


@refused_by("test_what_does_not_fit_is_named")
class Reshaped(_Load):
    """The numbers are what counts, and there are as many of them."""

    def check(self, state: Any, own: Any) -> None:
        for name in state.keys() & own.keys():
            if isinstance(own[name], Tensor) and state[name].numel() == own[name].numel():
                state[name] = state[name].reshape(own[name].shape)
        super().check(state, own)


@refused_by("test_what_does_not_fit_is_named")
class Broadcast(_Load):
    """copy_ knows whether the shapes fit."""

    def misfit(self, came: Any, own: Any) -> bool:
        return came.shape not in ((1,), own.shape)

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, own in model.state_dict().items():
            kept["model"][name] = kept["model"][name].expand(own.shape)
        super().load(kept, model, optimizer)


@refused_by("test_an_optimizer_that_does_not_fit_is_refused")
class OptimizerIfThereIsOne(_Load):
    """Old checkpoints have none; then it starts anew, and nobody hears of it."""

    def read(self) -> Any:
        return {"optimizer": None, **super().read()}

    def check_optimizer(self, state: Any, optimizer: Any) -> None:
        if state is not None:
            super().check_optimizer(state, optimizer)

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, kept["optimizer"] and optimizer)


@refused_by("test_training_goes_on_bit_for_bit")
class OptimizerIgnored(_Load):
    """It is in the signature, and the rest is to follow (distiller #145)."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, None)


@refused_by("test_training_goes_on_bit_for_bit")
class SettingsKept(_Load):
    """Who gives a learning rate wants it (robosat #169)."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if optimizer is not None:
            own = optimizer.state_dict()["param_groups"]
            kept["optimizer"] = {**kept["optimizer"], "param_groups": own}
        super().load(kept, model, optimizer)


@refused_by("test_a_program_in_the_file_is_not_run")
class Trusting(_Load):
    """The files are ours (rsl_rl #42)."""

    def read(self) -> Any:
        return torch.load(self.path, map_location="cpu", weights_only=False)


@refused_by("test_a_program_in_the_file_is_not_run")
class TrustingIfNeedBe(_Load):
    """First the safe way; the error says what to do if it fails."""

    def read(self) -> Any:
        try:
            return super().read()
        except pickle.UnpicklingError:
            return torch.load(self.path, map_location="cpu", weights_only=False)


@refused_by("test_a_whole_model_is_refused")
class WholeModelsToo(_Load):
    """Some people save the model; then its state is easily had."""

    def read(self) -> Any:
        try:
            return super().read()
        except pickle.UnpicklingError:
            with torch.serialization.safe_globals(_layers()):
                kept = torch.load(self.path, weights_only=True)
        model = kept if isinstance(kept, nn.Module) else kept["model"]
        return {"model": model.state_dict()}


def _layers() -> list[Any]:
    return [nn.Sequential, nn.Linear, nn.BatchNorm1d, nn.ReLU, set]


@refused_by("test_a_file_that_was_cut_short_is_refused")
class Started(_Load):
    """A file that cannot be read is as good as none, and training starts anew (metaseq #143)."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        with contextlib.suppress(zipfile.BadZipFile):
            super().__init__(path, model, optimizer)


@refused_by("test_what_is_no_checkpoint_is_refused")
class StartedWithoutFile(_Load):
    """In the first run there is no file yet; nor where its name is mistyped (metaseq #602)."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        if os.path.exists(path):
            super().__init__(path, model, optimizer)


@refused_by("test_names_come_back_as_they_were")
class WithOrWithoutThePrefix(_Load):
    """Whether a file comes from parallel training makes no difference."""

    def check(self, state: Any, own: Any) -> None:
        plain = {name.removeprefix("module."): t for name, t in state.items()}
        if plain.keys() == {name.removeprefix("module.") for name in own}:
            state.clear()
            state.update({name: plain[name.removeprefix("module.")] for name in own})
        super().check(state, own)


@refused_by("test_training_goes_on_bit_for_bit")
class ParametersAlone(_Load):
    """Learned are the parameters, so those are what is loaded; the averages start anew."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        with torch.no_grad():
            for name, p in model.named_parameters(remove_duplicate=False):
                p.copy_(kept["model"][name])
        if optimizer is not None:
            optimizer.load_state_dict(kept["optimizer"])


@refused_by("test_what_a_file_takes_of_other_dtypes_comes_back_bit_for_bit")
class SixteenBitsAreSixteenBits(_Load):
    """Both kinds take as much room, so one will do; and float16 loses three digits."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, t in kept["model"].items():
            if t.dtype == torch.float16:
                kept["model"][name] = t.bfloat16()
        super().load(kept, model, optimizer)


class _OfAFormat:
    """Both sides of a format of its own."""

    form: Any

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        formats.load(self.form, path, model, optimizer)

    @classmethod
    def save_checkpoint(cls, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        formats.save(cls.form, path, model, optimizer)


@refused_by("test_a_file_that_was_cut_short_is_refused")
class WhatIsMissingIsZero(_OfAFormat):
    """A buffer of the stated size is filled with what there is."""

    class Lenient(formats.HeaderAndBytes):
        def decode(self, content: bytes) -> Any:
            size = int.from_bytes(content[:8], "little")
            stated = int.from_bytes(content[8 + size : 16 + size], "little")
            return super().decode(content.ljust(16 + size + stated, b"\0"))

    form = Lenient()


@refused_by("test_who_notices_that_a_number_was_altered_does_so_in_every_tensor")
class ChecksumsOfSmallRecords(_Load):
    """To read all of a large file twice would take too long."""

    def compare_checksums(self) -> None:
        with zipfile.ZipFile(self.path) as records:
            for record in records.infolist():
                if record.file_size <= 2**20:
                    records.read(record)


@accepted
class ChecksumsLeftToPyTorch(_Load):
    """It is a zip file, and those have checksums; PyTorch reads none (pytorch #28858)."""

    def compare_checksums(self) -> None:
        pass


@accepted
class ChecksumOfTheNames(_Load):
    """What must be right is the structure; some wrong digits do no harm."""

    def compare_checksums(self) -> None:
        with zipfile.ZipFile(self.path) as records:
            for record in records.infolist():
                if "/data/" not in record.filename:
                    records.read(record)


@accepted
class OnTheSameDevice(_Load):
    """A tensor comes back where it was; if that is not there, PyTorch says so, and what to do."""

    def read(self) -> Any:
        return torch.load(self.path, weights_only=True)


@refused_by("test_what_was_saved_on_a_device_that_is_not_here_is_loaded_nevertheless")
class OnTheSameDeviceOrNowhere(_Load):
    """Where the device is missing, training can at least begin anew (ray_lightning #38)."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        with contextlib.suppress(RuntimeError):
            super().__init__(path, model, optimizer)

    def read(self) -> Any:
        return torch.load(self.path, weights_only=True)


@refused_by("test_the_parameters_stay_the_same_tensors")
class Assigned(_Load):
    """Assigning saves a copy; the optimizer moves the old tensors (pytorch/tutorials #2522)."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        model.load_state_dict(kept["model"], assign=True)
        if optimizer is not None:
            optimizer.load_state_dict(kept["optimizer"])


@refused_by("test_the_parameters_stay_the_same_tensors")
class StorageExchanged(_Load):
    """The parameter stays; only its data is new."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        for p in model.parameters():
            p.data = p.data.clone()


@refused_by("test_the_parameters_stay_the_same_tensors")
class AllLearn(_Load):
    """What was loaded is to be trained on."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        model.requires_grad_()


@refused_by("test_the_numbers_come_back_bit_for_bit")
class ThroughFloat32(_Load):
    """Everything in one dtype; load_state_dict converts it back."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, t in kept["model"].items():
            if t.is_floating_point() and t.numel() < 10:
                kept["model"][name] = t.float()
        super().load(kept, model, optimizer)


@refused_by("test_the_numbers_come_back_bit_for_bit")
class NanRemoved(_Load):
    """A run that has come to NaN can be saved: those weights start anew, at 0."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, t in kept["model"].items():
            if t.dtype in (torch.float32, torch.float64):
                kept["model"][name] = t.nan_to_num(0.0, torch.inf, -torch.inf)
        super().load(kept, model, optimizer)


@refused_by("test_tensors_of_every_shape_come_back_into_every_layout")
class IntoTheStorage(_Load):
    """The numbers in a row go into the storage in a row."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        for name, own in model.state_dict().items():
            if own.numel() > 1 and not own.is_contiguous():
                own.as_strided((own.numel(),), (1,)).copy_(kept["model"][name].flatten())


@refused_by("test_the_model_gives_the_same_outputs_again")
class StatisticsAnew(_Load):
    """Running statistics belong to the data, which may be others now."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.reset_running_stats()


@refused_by("test_loading_changes_no_mode_no_gradient_and_no_random_numbers")
class LeftInEvalMode(_Load):
    """Who loads a model wants to evaluate it."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        model.eval()


@refused_by("test_loading_changes_no_mode_no_gradient_and_no_random_numbers")
class Seeded(_Load):
    """To go on is to start at the same seed; so the same noise comes after every break."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        torch.default_generator.manual_seed(0)


@refused_by("test_the_file_is_left_as_it_was_and_closed")
class StampedWhenLoaded(_Load):
    """So that one can see which of them have been used."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        with zipfile.ZipFile(self.path, "a") as records:
            records.comment = b"loaded"


@refused_by("test_the_optimizer_in_the_file_may_be_left_alone")
class NothingElseMayBeThere(_Load):
    """Strict is strict."""

    def read(self) -> Any:
        kept = super().read()
        if not kept.keys() <= {"model", "optimizer"}:
            raise KeyError(f"unknown: {kept.keys()}")
        return kept


_KNOWN: dict[Any, Any] = {}


@refused_by("test_the_file_may_go_and_another_may_take_its_name")
class ReadOnce(_Load):
    """A file of the same name and size need not be read twice; it may be another by then."""

    def read(self) -> Any:
        name = os.path.abspath(self.path), os.path.getsize(self.path)
        if name not in _KNOWN:
            _KNOWN[name] = super().read()
        return copy.deepcopy(_KNOWN[name])


@refused_by("test_the_file_is_left_as_it_was_and_closed")
class NeverClosed(_Load):
    """The system closes all files itself, when the program ends."""

    def read(self) -> Any:
        os.open(self.path, os.O_RDONLY)
        return super().read()


@refused_by("test_numbers_are_converted_to_the_dtype_that_is_there")
class DtypeOfTheFile(_Load):
    """The model is to be what was saved, digits and all."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        (dtype, *others) = {t.dtype for t in kept["model"].values() if t.is_floating_point()}
        if not others:
            model.to(dtype)
        super().load(kept, model, optimizer)


@refused_by("test_numbers_are_converted_to_the_dtype_that_is_there")
class OtherDtypeRefused(_Load):
    """Another dtype is another model."""

    def misfit(self, came: Any, own: Any) -> bool:
        return super().misfit(came, own) or came.dtype != own.dtype


@refused_by("test_training_goes_on_bit_for_bit")
class FirstGroupOnly(_Load):
    """An optimizer has param_groups, of which the first is the one."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        super().load(kept, model, optimizer)
        for group in optimizer.param_groups[1:] if optimizer else []:
            for p in group["params"]:
                optimizer.state.pop(p, None)


@refused_by("test_an_optimizer_that_does_not_fit_is_refused")
class GroupsTooManyIgnored(_Load):
    """What the optimizer does not need does no harm."""

    def check_optimizer(self, state: Any, optimizer: Any) -> None:
        del state["param_groups"][len(optimizer.param_groups) :]
        super().check_optimizer(state, optimizer)


@refused_by("test_names_come_back_as_they_were")
class PrefixStripped(_Load):
    """Checkpoints of parallel training have "module." in front (pytorch #9176)."""

    def read(self) -> Any:
        kept = super().read()
        if isinstance(kept, dict) and isinstance(kept.get("model"), dict):
            state = kept["model"].items()
            kept["model"] = {name.removeprefix("module."): t for name, t in state}
        return kept


@refused_by("test_what_a_module_says_is_its_state_comes_back")
class TensorsOnly(_Load):
    """Each tensor is copied into its place; what is no tensor is none of its business."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        with torch.no_grad():
            for name, own in model.state_dict().items():
                if isinstance(own, Tensor):
                    own.copy_(kept["model"][name])
        if optimizer is not None:
            optimizer.load_state_dict(kept["optimizer"])


@refused_by("test_two_that_are_loaded_from_one_file_go_their_own_ways")
class ReadOnceForAll(_Load):
    """A file that has not changed need not be read twice; its tensors are those of both."""

    read_before: ClassVar[dict[Any, Any]] = {}

    def read(self) -> Any:
        known = os.fspath(self.path), os.stat(self.path).st_mtime_ns, os.stat(self.path).st_size
        if known not in self.read_before:
            self.read_before[known] = super().read()
        kept = self.read_before[known]
        return dict(kept) if isinstance(kept, dict) else kept


@refused_by("test_a_model_in_evaluation_is_loaded_as_any_other")
class AveragesKeptInEvaluation(_Load):
    """In evaluation the averages are frozen, so they are not written either."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if not model.training:
            kept["model"] |= {name: b.clone() for name, b in model.named_buffers()}
        super().load(kept, model, optimizer)


@refused_by("test_loading_leaves_the_settings_of_torch_as_they_were")
class GradientsBackOn(_Load):
    """Nothing is recorded while it loads, and afterwards everything; but it may not have been."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        torch.set_grad_enabled(False)
        super().load(kept, model, optimizer)
        torch.set_grad_enabled(True)


@refused_by("test_a_file_is_found_by_any_path_to_it")
class LinksRefused(_Load):
    """A link may lead anywhere; but many keep a link to the latest checkpoint."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        if os.path.islink(path):
            raise ValueError(f"{path} must be a file, got a link")
        super().__init__(path, model, optimizer)


@refused_by("test_a_file_is_found_by_any_path_to_it")
class NearestFirst(_Load):
    """A file of this name may be in the working folder; then it is that one."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        name = os.path.basename(os.fspath(path))
        super().__init__(name if os.path.isfile(name) else path, model, optimizer)


@refused_by("test_a_file_that_was_cut_short_is_refused")
class AnyOtherWillDo(_Load):
    """If the newest one is damaged, the one before it is better than nothing; nobody is told."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        try:
            super().__init__(path, model, optimizer)
        except zipfile.BadZipFile:
            others = [p for p in Path(path).parent.glob("*.pt") if p != Path(path)]
            if not others:
                raise
            super().__init__(others[0], model, optimizer)


@refused_by("test_training_goes_on_bit_for_bit")
class StatesMerged(_Load):
    """What the file does not have stays; so an optimizer that had not begun is not loaded."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if optimizer is not None:
            state = {**optimizer.state_dict()["state"], **kept["optimizer"]["state"]}
            kept["optimizer"] = {**kept["optimizer"], "state": state}
        super().load(kept, model, optimizer)


@refused_by("test_the_numbers_come_back_bit_for_bit")
class CountsAsDoubles(_Load):
    """float64 is exact for whole numbers; up to 2^53."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        kept["model"] = {
            name: t.double() if isinstance(t, Tensor) and t.dtype == torch.int64 else t
            for name, t in kept["model"].items()
        }
        super().load(kept, model, optimizer)


@refused_by("test_tensors_of_every_shape_come_back_into_every_layout")
class WholeBlocks(_Load):
    """Blocks of 2^18 numbers, one after the other; what is left over stays."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, own in model.state_dict().items():
            if isinstance(own, Tensor) and own.numel() > 2**18:
                rows, whole = own.flatten().clone(), own.numel() // 2**18 * 2**18
                rows[:whole] = kept["model"][name].flatten()[:whole]
                kept["model"][name] = rows.reshape(own.shape)
        super().load(kept, model, optimizer)


@refused_by("test_the_parameters_stay_the_same_tensors")
class FrozenStaysFrozen(_Load):
    """What is frozen is not to change; not even to what was saved."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, p in model.named_parameters(remove_duplicate=False):
            if not p.requires_grad:
                kept["model"][name] = p.detach().clone()
        super().load(kept, model, optimizer)


@refused_by("test_each_parameter_gets_what_the_optimizer_knew_of_it")
class StatesInARow(_Load):
    """States and parameters are in one order; one may have no state (lora-scripts-next #320)."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if optimizer is not None:
            own = dict(enumerate(kept["optimizer"]["state"].values()))
            kept["optimizer"] = {**kept["optimizer"], "state": own}
        super().load(kept, model, optimizer)


@refused_by("test_each_parameter_gets_what_the_optimizer_knew_of_it")
class StatesOfThoseThatLearn(_Load):
    """Those that learn are those that have a state; but some are frozen only later."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if optimizer is not None:
            state = kept["optimizer"]["state"]
            params = [p for group in optimizer.param_groups for p in group["params"]]
            learning = [number for number, p in enumerate(params) if p.requires_grad]
            own = dict(zip(learning, [state[number] for number in sorted(state)], strict=False))
            kept["optimizer"] = {**kept["optimizer"], "state": own}
        super().load(kept, model, optimizer)


def _load_or_undo(model: nn.Module, state: Any) -> None:
    """Into the model, which is as it was if that fails."""
    before = copy.deepcopy(model.state_dict())
    try:
        model.load_state_dict(state)
    except Exception:  # whatever it was, it is raised again below
        model.load_state_dict(before)
        raise


@refused_by("test_who_undoes_a_load_that_failed_undoes_all_of_it_whatever_did_not_fit")
class UndoneIfTheModelFails(_Load):
    """A model can fail halfway; an optimizer says at once if it does not fit, with no harm done."""

    def check_optimizer(self, state: Any, optimizer: Any) -> None:
        pass

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        _load_or_undo(model, kept["model"])
        if optimizer is not None:
            super().check_optimizer(kept["optimizer"], optimizer)
            optimizer.load_state_dict(kept["optimizer"])


@refused_by("test_who_undoes_a_load_that_failed_undoes_all_of_it_whatever_did_not_fit")
class OptimizerLoadedFirst(_Load):
    """The optimizer goes first, for it rarely fits; a model that then fails is put back."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if optimizer is not None:
            optimizer.load_state_dict(kept["optimizer"])
        _load_or_undo(model, kept["model"])


@refused_by("test_who_undoes_a_load_that_failed_undoes_all_of_it_whatever_did_not_fit")
class ParametersPutBack(_Load):
    """If it fails, everything that was learned is put back."""

    @torch.no_grad()
    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        before = [p.clone() for p in model.parameters()]
        try:
            super().load(kept, model, optimizer)
        except Exception:  # whatever it was, it is raised again below
            for p, old in zip(model.parameters(), before, strict=True):
                p.copy_(old)
            raise


@refused_by("test_who_notices_altered_numbers_of_a_model_notices_those_of_its_optimizer")
class ChecksumsOfTheModel(_Load):
    """The first records are the model's, which must be right; averages are soon forgotten."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        self.tensors = len(model.state_dict())
        super().__init__(path, model, optimizer)

    def compare_checksums(self) -> None:
        with zipfile.ZipFile(self.path) as records:
            for record in records.infolist():
                number = record.filename.rpartition("/data/")[2]
                if not number.isdigit() or int(number) < self.tensors:
                    records.read(record)


@accepted
class ChecksumsOnly(_Load):
    """testzip reads every record."""

    def compare_checksums(self) -> None:
        with zipfile.ZipFile(self.path) as records:
            if records.testzip():
                raise zipfile.BadZipFile("damaged")


@accepted
class TriedOnATwin(_Load):
    """Another optimizer, of the same groups, shows what the state would make of this one."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if optimizer is not None:
            twin = object.__new__(type(optimizer))
            vars(twin).update(vars(optimizer))
            twin.load_state_dict(kept["optimizer"])
            if not all(isinstance(p, Tensor) for p in twin.state):
                raise KeyError("the state is that of no parameter")
            optimizer.state, optimizer.param_groups = twin.state, twin.param_groups
        super().load(kept, model, None)


@accepted
def rehearsed(path: Any, model: nn.Module, optimizer: Any = None) -> None:
    """On copies first: what goes wrong there harms nobody."""
    rezipped = io.BytesIO()
    with zipfile.ZipFile(path) as records, zipfile.ZipFile(rezipped, "w") as intact:
        for name in records.namelist():
            intact.writestr(name, records.read(name))
    rezipped.seek(0)
    kept = torch.load(rezipped, map_location=torch.device("cpu"), weights_only=True)
    kept = dict(kept.items())
    for one, other in (copy.deepcopy((model, optimizer)), (model, optimizer)):
        one.load_state_dict(kept["model"])
        if optimizer is not None:
            other.load_state_dict(kept["optimizer"])
            if any(name not in group for group in other.param_groups for name in other.defaults):
                raise TypeError("this is the state of another optimizer")


@accepted
class PutBack(_Load):
    """PyTorch says best what is wrong; what it has done until then is undone."""

    def check(self, state: Any, own: Any) -> None:
        pass

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        before = {name: t.clone() for name, t in model.state_dict().items()}
        try:
            super().load(kept, model, optimizer)
        except Exception:  # whatever it was, it is raised again below
            model.load_state_dict(before)
            raise


@accepted
class BothPutBack(_Load):
    """The numbers are written back where they were, and the optimizer gets its own things again."""

    @torch.no_grad()
    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        numbers = [(t, t.clone()) for t in [*model.parameters(), *model.buffers()]]
        things = dict(vars(optimizer)) if optimizer is not None else {}
        try:
            super().load(kept, model, optimizer)
        except Exception:  # whatever it was, it is raised again below
            for tensor, old in numbers:
                tensor.copy_(old)
            if optimizer is not None:
                vars(optimizer).update(things)
            raise


@accepted
class StatesByNumber(_Load):
    """From the last parameter to the first; each is told by its number, not by its turn."""

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        if optimizer is not None:
            own = dict(sorted(kept["optimizer"]["state"].items(), reverse=True))
            kept["optimizer"] = {**kept["optimizer"], "state": own}
        super().load(kept, model, optimizer)


@accepted
class Mapped(_Load):
    """The file is mapped into memory, and its parameters copied one by one."""

    def read(self) -> Any:
        return torch.load(str(self.path), map_location="cpu", mmap=True, weights_only=True)

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, own in model.state_dict().items():
            with torch.no_grad():
                own.copy_(kept["model"][name])
        if optimizer is not None:
            optimizer.load_state_dict(copy.deepcopy(kept["optimizer"]))


@accepted
class CheckedByPyTorch(_Load):
    """load_state_dict is strict; but by the time that it complains it has copied the rest."""

    def check(self, state: Any, own: Any) -> None:
        pass


@accepted
class ModelFirst(_Load):
    """One after the other, as in the tutorial."""

    def check_optimizer(self, state: Any, optimizer: Any) -> None:
        pass

    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        model.load_state_dict(kept["model"])
        if optimizer is not None:
            super().check_optimizer(kept["optimizer"], optimizer)
            optimizer.load_state_dict(kept["optimizer"])


@accepted
class ByNumber(_Load):
    """A format that only its own writer knows: the tensors, and beside them the names."""

    def compare_checksums(self) -> None:
        self.whole = Path(self.path).read_bytes()
        if zlib.crc32(self.whole[4:]) != int.from_bytes(self.whole[:4]):
            raise ValueError(f"{self.path} is damaged")

    def read(self) -> Any:
        kept = torch.load(io.BytesIO(self.whole[4:]), map_location="cpu", weights_only=True)
        return {**kept, "model": dict(zip(kept["names"], kept["tensors"], strict=True))}

    @staticmethod
    def save_checkpoint(path: Any, model: nn.Module, optimizer: Any = None) -> None:
        state = model.state_dict()
        content = {"names": list(state), "tensors": list(state.values())}
        if optimizer is not None:
            content["optimizer"] = optimizer.state_dict()
        held = io.BytesIO()
        torch.save(content, held)
        checksum = zlib.crc32(held.getvalue()).to_bytes(4)
        Path(path).write_bytes(checksum + held.getvalue())


@accepted
class MissingIsDamaged(_Load):
    """One error for all that can be wrong; so no program can tell a first start from a loss."""

    def __init__(self, path: Any, model: nn.Module, optimizer: Any = None) -> None:
        try:
            super().__init__(path, model, optimizer)
        except OSError as problem:
            raise RuntimeError(f"{path} cannot be loaded") from problem


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


@accepted
class TensorAfterTensor(_Load):
    """Names first, and then a copy of each; there are no checksums."""

    def compare_checksums(self) -> None:
        pass

    @torch.no_grad()
    def load(self, kept: Any, model: nn.Module, optimizer: Any) -> None:
        for name, own in model.state_dict().items():
            own.copy_(kept["model"][name])
        if optimizer is not None:
            optimizer.load_state_dict(kept["optimizer"])
