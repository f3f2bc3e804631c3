"""Dropouts that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import random
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked

_UNPREDICTABLE = torch.Generator()
_UNPREDICTABLE.seed()


class RightDropout(torch.nn.Module):
    """A right one, of which each version changes one step."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must lie between 0 and 1, got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        return self.put(input, self.factors(input))

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return input.mul_(factors) if self.inplace else input * factors

    def factors(self, input: Tensor) -> Tensor:
        return self.kept(input).to(input.dtype) * self.factor()

    def kept(self, input: Tensor) -> Tensor:
        return self.uniform(*self.drawn(input)) >= self.p

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, dtype=torch.float64)

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return tuple(input.shape)

    def factor(self) -> float:
        return 1 / (1 - self.p) if self.p < 1 else 0.0


@refused_by("test_each_output_is_0_or_the_input_over_1_minus_p")
class DroppedAndNoMore(RightDropout):
    """What is kept is kept as it is; but in evaluation twice as much comes along."""

    def factor(self) -> float:
        return 1.0


@refused_by("test_each_output_is_0_or_the_input_over_1_minus_p")
class OverP(RightDropout):
    """The scale is one over the dropout rate, which at 1/2 is right (LLMs-from-scratch #431)."""

    def factor(self) -> float:
        return 1 / self.p if self.p else 1.0


@refused_by("test_units_are_dropped_with_probability_p")
class KeptWithP(RightDropout):
    """In the paper p is the probability of being kept (CS231n solutions of v-iashin, #8)."""

    def kept(self, input: Tensor) -> Tensor:
        kept = self.uniform(*self.drawn(input)) < self.p
        return kept if 0 < self.p < 1 else super().kept(input)


@refused_by("test_in_evaluation_the_input_comes_as_it_is")
class SmallerInEvaluation(RightDropout):
    """As in the paper the factor belongs into the evaluation, and does no harm in training."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) if self.training else input * (1 - self.p)


@refused_by("test_in_evaluation_the_input_comes_as_it_is")
class NeverEvaluates(RightDropout):
    """The function does all of it, except look at `self.training` (pytorch #26338)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, inplace=self.inplace)


@refused_by("test_a_network_tells_its_layers_to_evaluate")
class ListensToEvalAlone(RightDropout):
    """`eval` turns it off; but a network hands `train(False)` on to its layers."""

    active = True

    def eval(self) -> "ListensToEvalAlone":
        self.active = False
        return self

    def train(self, mode: bool = True) -> "ListensToEvalAlone":
        self.active = self.active or mode
        return self

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) if self.active else input


@refused_by("test_back_in_training_units_are_dropped_again")
class EvaluatesWithPOf0(RightDropout):
    """Without dropping it is the identity; what p was, is not kept."""

    def train(self, mode: bool = True) -> "EvaluatesWithPOf0":
        self.p = self.p if mode else 0.0
        super().train()
        return self


@refused_by("test_in_evaluation_not_even_infinity_or_nan_changes")
class WithoutABranch(RightDropout):
    """The mode is a number to multiply by; but 0 times infinity is not 0."""

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            return super().forward(input)
        return input * float(self.training) + input * float(not self.training)


@refused_by("test_evaluation_draws_no_random_numbers")
class DrawsAnyhow(RightDropout):
    """First the mask, then the question whether it is wanted."""

    def forward(self, input: Tensor) -> Tensor:
        factors = self.factors(input)
        return self.put(input, factors) if self.training else input


@refused_by("test_with_p_of_1_nothing_is_kept")
class DividesBy0(RightDropout):
    """0 stays 0 whatever it is divided by (pytorch #1833, flax #2055)."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        return self.put(input, self.kept(input).to(input.dtype) / (1 - self.p))


@refused_by("test_with_p_of_0_everything_is_kept")
class ZeroIsFalse(RightDropout):
    """Who gives no p gets the default; and who gives 0, too."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(p or 0.5, inplace)


@refused_by("test_with_p_of_0_everything_is_kept")
class StrictlyAbove(RightDropout):
    """A random number is never exactly p; in bfloat16 it is 0 once in 256 times (boltz #553)."""

    def kept(self, input: Tensor) -> Tensor:
        return torch.rand_like(input) > self.p


@refused_by("test_units_are_dropped_with_probability_p")
class RandomNumbersLikeTheInput(RightDropout):
    """Random numbers of the dtype that is there; bfloat16 has 256, of which 1/1000 is no share."""

    def kept(self, input: Tensor) -> Tensor:
        return torch.rand_like(input, dtype=input.dtype) >= self.p


@refused_by("test_units_are_dropped_with_probability_p")
class RandomBytes(RightDropout):
    """Eight random bits a unit are four times faster than 32 (TransformerEngine #2014)."""

    def kept(self, input: Tensor) -> Tensor:
        return torch.randint(256, self.drawn(input)) >= round(self.p * 256)


@refused_by("test_units_are_dropped_with_probability_p")
class OnePercentTooMany(RightDropout):
    """A rounded p."""

    def kept(self, input: Tensor) -> Tensor:
        p = self.p if self.p == 1 else self.p * (1 + 0.01 * (1 - self.p) / (1 - 0.1))
        return self.uniform(*self.drawn(input)) >= p


@refused_by("test_unless_told_half_of_the_units_are_dropped")
class OneFifthUnlessTold(RightDropout):
    """A half is much, most networks take less."""

    def __init__(self, p: float = 0.2, inplace: bool = False) -> None:
        super().__init__(p, inplace)


@refused_by("test_what_is_no_probability_is_refused")
class AnythingGoes(RightDropout):
    """To draw fails anyway if p is no probability; to compare random numbers with it does not."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(0.5, inplace)
        self.p = p


@refused_by("test_after_65536_samples_or_channels_units_are_dropped_as_before")
class RowsBeyondTheGrid(RightDropout):
    """A block for each row, of which there are at most 65,535; the rest is 0 (pytorch #84144)."""

    def factors(self, input):
        factors = super().factors(input)
        if factors.ndim:
            factors[65_535:] = 0
        return factors


@refused_by("test_an_input_of_any_shape_may_lie_anywhere")
class OffsetOfTheStorageForgotten(RightDropout):
    """Channels last are read by their strides, from where memory begins (pytorch #174345)."""

    def put(self, input, factors):
        if input.ndim == 4 and input.is_contiguous(memory_format=torch.channels_last):
            input = torch.as_strided(input, input.shape, input.stride(), 0)
        return super().put(input, factors)


@accepted
class Asserted(RightDropout):
    """An assertion is a check, too."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        assert 0 <= p <= 1
        super().__init__(p, inplace)


@refused_by("test_another_p_counts_from_the_next_call_on")
class FactorMadeOnce(RightDropout):
    """The factor need not be worked out at every call."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(p, inplace)
        self.made = super().factor()

    def factor(self) -> float:
        return self.made


@refused_by("test_no_sample_and_no_channel_is_an_exception")
class OneMaskForTheBatch(RightDropout):
    """A thinned network is drawn for each step, and all of the batch runs through it."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (1, *input.shape[1:])[: input.ndim]


@refused_by("test_along_no_dimension_elements_are_dropped_together")
class ChannelsOfImages(RightDropout):
    """What is an image should lose whole channels."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (*input.shape[:2], 1, 1) if input.ndim == 4 else super().drawn(input)


@refused_by("test_the_number_of_dropped_units_varies_as_chance_has_it")
class ExactlySoMany(RightDropout):
    """A share of p is dropped: no more, no less."""

    def kept(self, input: Tensor) -> Tensor:
        count = int(self.p * input.numel() + torch.rand((), dtype=torch.float64))
        return (torch.randperm(input.numel()) >= count).reshape(input.shape)


@refused_by("test_no_two_calls_drop_the_same_units")
class DrawnOnce(RightDropout):
    """The mask is drawn for the first batch, and kept for those of the same shape."""

    mask = torch.empty(0)

    def uniform(self, *shape: int) -> Tensor:
        if self.mask.shape != shape or not self.mask.numel():
            self.mask = super().uniform(*shape)
        return self.mask


@refused_by("test_no_two_calls_drop_the_same_units")
class TheSameSeed(RightDropout):
    """A generator with a fixed seed makes it repeatable (Paddle #7796)."""

    def uniform(self, *shape: int) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.rand(shape, dtype=torch.float64, generator=generator)


@refused_by("test_the_same_seed_drops_the_same_units")
class RandomnessOfItsOwn(RightDropout):
    """A generator of its own does not disturb that of others, nor can they seed it."""

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, dtype=torch.float64, generator=_UNPREDICTABLE)


@refused_by("test_no_other_randomness_is_touched")
class Reseeds(RightDropout):
    """A fresh seed for every mask; and for everybody else."""

    def uniform(self, *shape: int) -> Tensor:
        seed = int(torch.randint(2**62, ()))
        torch.default_generator.manual_seed(seed)
        return super().uniform(*shape)


@refused_by("test_no_other_randomness_is_touched")
class DrawnByNumpy(RightDropout):
    """NumPy draws binomial numbers."""

    def kept(self, input: Tensor) -> Tensor:
        drawn = np.random.binomial(1, 1 - self.p, tuple(input.shape))  # noqa: NPY002
        return torch.as_tensor(drawn)


@refused_by("test_the_same_seed_drops_the_same_units")
class DrawnByPython(RightDropout):
    """A seed from Python's random numbers, as each process should have its own."""

    def uniform(self, *shape: int) -> Tensor:
        generator = torch.Generator().manual_seed(random.getrandbits(60))
        return torch.rand(shape, dtype=torch.float64, generator=generator)


@refused_by("test_whether_a_unit_is_dropped_says_nothing_about_those_further_on")
class NoiseRepeated(RightDropout):
    """65,536 random numbers are enough, one after the other, and then again."""

    def uniform(self, *shape: int) -> Tensor:
        count = torch.Size(shape).numel()
        numbers = super().uniform(min(count, 2**16))
        return numbers[torch.arange(count) % 2**16].reshape(shape)


@refused_by("test_whether_a_unit_is_dropped_says_nothing_about_those_further_on")
class Antithetic(RightDropout):
    """For each number u also 1 - u, which makes averages better."""

    def uniform(self, *shape: int) -> Tensor:
        count = torch.Size(shape).numel()
        numbers = super().uniform(count - count // 2)
        return torch.cat([numbers, 1 - numbers[: count // 2]]).reshape(shape)


@refused_by("test_what_one_call_drops_says_nothing_about_the_next")
class AntitheticCalls(RightDropout):
    """Every second call is the mirror image of the one before: so all units take their turn."""

    last = torch.empty(0)

    def uniform(self, *shape: int) -> Tensor:
        mirrored = self.last.shape == shape and self.last.numel() > 0
        numbers = 1 - self.last if mirrored else super().uniform(*shape)
        self.last = torch.empty(0) if mirrored else numbers
        return numbers


@refused_by("test_whether_a_unit_is_dropped_says_nothing_about_its_value")
class LoudUnitsFirst(RightDropout):
    """Units that say much are those that others rely on."""

    def kept(self, input: Tensor) -> Tensor:
        size = input.detach().double().abs()
        p = self.p * size / size.mean() if 0 < self.p < 1 else self.p
        return self.uniform(*input.shape) >= p


@refused_by("test_the_place_in_memory_changes_nothing")
class MaskInStorageOrder(RightDropout):
    """Where the input is not contiguous, a copy of its memory is taken (like pytorch #47176)."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if self.inplace or input.is_contiguous():
            return super().put(input, factors)
        return input.as_strided(input.shape, torch.empty(input.shape).stride()) * factors


@refused_by("test_there_is_nothing_to_save")
class MaskInABuffer(RightDropout):
    """A buffer moves to the device with the model; and into its checkpoints."""

    def uniform(self, *shape: int) -> Tensor:
        self.register_buffer("mask", super().uniform(*shape))
        return self.get_buffer("mask")


@refused_by("test_inplace_the_result_is_written_into_the_input")
class NeverInplace(RightDropout):
    """Inplace is about memory, the numbers are the same."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return input * factors


@refused_by("test_the_input_is_left_as_it_was")
class AlwaysInplace(RightDropout):
    """The input is not needed any more."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        input.data.mul_(factors)
        return input * 1


@refused_by("test_inplace_evaluation_changes_nothing")
class InplaceFirst(RightDropout):
    """Two ways of computing it, then the question of the mode."""

    def forward(self, input: Tensor) -> Tensor:
        if self.inplace:
            return input.mul_(self.factors(input))
        return super().forward(input)


@refused_by("test_inplace_the_result_is_written_into_the_input")
class InplaceWithoutGradientsAlone(RightDropout):
    """Where the input is part of a graph, it had better not be written to."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return input * factors if input.requires_grad else super().put(input, factors)


@refused_by("test_inplace_gradients_go_where_the_inputs_went")
class InplaceBehindItsBack(RightDropout):
    """`.data` may be written to at any time; autograd does not learn of it."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if not self.inplace:
            return input * factors
        input.data.mul_(factors)
        return input


@refused_by("test_no_setting_of_torch_makes_a_difference")
class OffWithoutGradients(RightDropout):
    """Who records no gradients evaluates."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) if torch.is_grad_enabled() else input * 1


@refused_by("test_gradients_go_where_the_inputs_went")
class GradientOfAll(RightDropout):
    """Going back, all of it is scaled (numpy-ml #94)."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if self.inplace or not self.factor():
            return super().put(input, factors)
        scaled = input * self.factor()
        return scaled + (input * factors - scaled).detach()


@refused_by("test_gradients_go_where_the_inputs_went")
class DrawnAgainOnTheWayBack(RightDropout):
    """No memory for the mask: it is drawn anew, but from where the random numbers are by then."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, draw):
            ctx.draw = draw
            return input * draw()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.draw(), None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if self.inplace:
            return super().put(input, factors)
        return self.Dropped.apply(input, lambda: self.factors(input.detach()))


@refused_by("test_an_input_of_0_has_a_gradient_unless_it_is_dropped")
class FactorFromOutputAndInput(RightDropout):
    """No mask is kept: output over input says it all, and 1 where the input is 0 (kaldi #3890)."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors):
            ctx.factors = torch.where(input == 0, 1.0, factors)
            return input * factors

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.factors, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        factors = factors.expand_as(input)
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@refused_by("test_two_backward_passes_of_a_call_drop_the_same_gradients")
class MaskLetGo(RightDropout):
    """After the way back the mask is of no use any more."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors):
            ctx.factors = factors
            return input * factors

        @staticmethod
        def backward(ctx, gradient):
            factors, ctx.factors = ctx.factors, 1
            return gradient * factors, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@refused_by("test_the_gradient_can_be_differentiated_again")
class OnceDifferentiable(RightDropout):
    """The gradient is computed from its numbers alone."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors):
            ctx.factors = factors
            return input * factors

        @staticmethod
        def backward(ctx, gradient):
            return gradient.detach() * ctx.factors, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@refused_by("test_two_calls_keep_their_gradients_apart")
class MaskOfTheLastCall(RightDropout):
    """The layer remembers its mask for the way back."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors, layer):
            ctx.layer, layer.last = layer, factors
            return input * factors

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.layer.last, None, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if self.inplace:
            return super().put(input, factors)
        return self.Dropped.apply(input, factors, self)


@refused_by("test_the_input_may_have_any_number_of_dimensions")
class ANumberIsNoLayer(RightDropout):
    """Something must be left, so a single number is handed on; but it, too, is dropped at times."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) if input.ndim else input * 1


@remarked("0 dimensions")
class BatchesOnly(RightDropout):
    """Every input has a first dimension, that of the samples."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (len(input), *input.shape[1:])


@refused_by("test_each_unit_of_a_small_input_is_dropped_as_often")
class FromTheSecondUnitOn(RightDropout):
    """At least one unit must be left, so the first one is."""

    def kept(self, input: Tensor) -> Tensor:
        kept = super().kept(input)
        if self.p < 1:
            kept.view(-1)[:1] = True
        return kept


@refused_by("test_few_and_many_outputs_are_each_0_or_the_input_over_1_minus_p")
class FactorsInHalf(RightDropout):
    """Factors need few digits; in float16 3 is none of 10/3, and 16-bit inputs hide it."""

    def factors(self, input: Tensor) -> Tensor:
        factors = super().factors(input)
        return factors.half().to(input.dtype) if input.numel() > 2**16 else factors


@refused_by("test_the_place_in_memory_changes_nothing")
class HalfPrecisionByItsMemory(RightDropout):
    """A fast path for 16 bits that reads the memory as it lies."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if self.inplace or input.dtype.itemsize > 2 or input.is_contiguous():
            return super().put(input, factors)
        return input.as_strided(input.shape, torch.empty(input.shape).stride()) * factors


@refused_by("test_there_is_nothing_to_save")
class PutBackToTheDefault(RightDropout):
    """What is loaded has no p, so it is the default."""

    def load_state_dict(self, *arguments, **options):
        self.p = 0.5
        return super().load_state_dict(*arguments, **options)


@refused_by("test_a_copy_drops_alike_and_by_itself")
class CopiesStartAnew(RightDropout):
    """A copy is made as the first one was; but it starts in training."""

    def __deepcopy__(self, memo) -> "CopiesStartAnew":
        return CopiesStartAnew(self.p, self.inplace)


@refused_by("test_each_output_is_0_or_the_input_over_1_minus_p")
class RoundedFactor(RightDropout):
    """1 / (1 - p) to two places, as it stands in the notes."""

    def factor(self) -> float:
        return round(super().factor(), 2)


@refused_by("test_gradients_go_where_the_inputs_went")
class GradientNotScaled(RightDropout):
    """Going back, what was dropped gets nothing, and the rest what came."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors):
            ctx.kept = factors.ne(0)
            return input * factors

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.kept, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@remarked("second derivatives")
class BackOnlyOnce(RightDropout):
    """Its way back is no function to be differentiated again, and says so."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors):
            ctx.save_for_backward(factors)
            return input * factors

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, gradient):
            (factors,) = ctx.saved_tensors
            return gradient * factors, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@accepted
class ByItsAttribute:
    """Nothing but a number and a mode, which whoever trains sets."""

    def __init__(self, p: float) -> None:
        if p < 0 or p > 1:
            raise ValueError(f"no probability: {p}")
        self.rate, self.training = p, True

    def __call__(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.rate, training=self.training)


@accepted
class CheckedWhenItDrops(torch.nn.Module):
    """The function that drops refuses what is no probability."""

    def __init__(self, p: float = 0.5, **options) -> None:
        super().__init__(**options)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)


@accepted
class SeedForNumpy(RightDropout):
    """NumPy draws, from a seed that torch has drawn."""

    def uniform(self, *shape: int) -> Tensor:
        numbers = np.random.default_rng(int(torch.randint(2**60, ())))
        return torch.from_numpy(np.asarray(numbers.random(shape)))


@accepted
class NumpysOwn(RightDropout):
    """NumPy's common random numbers, which it says."""

    limits: ClassVar[dict[str, Any]] = {"without": ["torch's random numbers"]}

    def uniform(self, *shape: int) -> Tensor:
        return torch.from_numpy(np.asarray(np.random.random_sample(shape)))  # noqa: NPY002


@accepted
class OneDtypeAndTwoDimensions(RightDropout):
    """Rows of float32, and nothing else; it says so beforehand and when it is asked."""

    limits: ClassVar[dict[str, Any]] = {"dtypes": ["float32"], "dimensions": [2]}

    def forward(self, input: Tensor) -> Tensor:
        if input.dtype != torch.float32 or input.ndim != 2:
            raise TypeError(f"rows of float32, got {tuple(input.shape)} of {input.dtype}")
        return super().forward(input)


@accepted
class FromTheLibrary(RightDropout):
    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


@accepted
class Chosen(RightDropout):
    def forward(self, input: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return input.view_as(input)
        dropped = torch.rand(input.shape) < self.p
        if self.inplace:
            return input.masked_fill_(dropped, 0).div_(1 - self.p if self.p < 1 else 1)
        return torch.where(dropped, 0.0, input / (1 - self.p) if self.p < 1 else 0 * input)


@accepted
class WithoutAModule:
    training = True

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.layer = RightDropout(p, inplace)

    def __call__(self, input: Tensor) -> Tensor:
        return self.layer(input) if self.training else input.clone()

    def train(self, mode: bool = True) -> "WithoutAModule":
        self.training = mode
        return self

    def eval(self) -> "WithoutAModule":
        return self.train(False)


@accepted
class WithAGradientOfItsOwn(RightDropout):
    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors):
            ctx.save_for_backward(factors)
            return input * factors

        @staticmethod
        def backward(ctx, gradient):
            (factors,) = ctx.saved_tensors
            return gradient * factors, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@accepted
class FromGapsBetweenTheDropped(RightDropout):
    """How far it is to the next dropped unit has a geometric distribution."""

    def kept(self, input: Tensor) -> Tensor:
        kept = torch.ones(input.numel(), dtype=torch.bool)
        if not 0 < self.p < 1:
            return kept.reshape(input.shape) if self.p == 0 else ~kept.reshape(input.shape)
        count = int(self.p * len(kept) + 20 * len(kept) ** 0.5 + 40)
        gaps = torch.empty(count, dtype=torch.float64).geometric_(self.p)
        places = gaps.cumsum(0).long() - 1
        kept[places[places < len(kept)]] = False
        return kept.reshape(input.shape)


@refused_by("test_what_every_dropout_does_is_not_refused")
class InSinglePrecisionUndeclared(torch.nn.Dropout):
    """ "All my networks are in float32." Then it says so in its limits."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dtype != torch.float32:
            raise TypeError(f"float32 only, got {input.dtype}")
        return super().forward(input)


@refused_by("test_the_backward_pass_draws_no_random_numbers_and_sets_none_back")
class RewindsOnTheWayBack(RightDropout):
    """No memory for the mask: from the state it was drawn from, it is drawn again."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, draw):
            ctx.draw, ctx.state = draw, torch.get_rng_state()
            return input * draw()

        @staticmethod
        def backward(ctx, gradient):
            torch.set_rng_state(ctx.state)
            return gradient * ctx.draw(), None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if self.inplace:
            return super().put(input, factors)
        return self.Dropped.apply(input, lambda: self.factors(input.detach()))


@accepted
class RewindsAndGoesBack(RewindsOnTheWayBack):
    """The same, but what others draw meanwhile goes on from where it was."""

    class Dropped(RewindsOnTheWayBack.Dropped):
        @staticmethod
        def backward(ctx, gradient):
            with torch.random.fork_rng(devices=[]):
                return RewindsOnTheWayBack.Dropped.backward(ctx, gradient)


@refused_by("test_a_gradient_that_comes_in_may_lie_anyhow_in_memory")
class MaskAlongTheGradientsMemory(RightDropout):
    """Number by number backward as forward; but what comes in lies in an order of its own."""

    class Dropped(WithAGradientOfItsOwn.Dropped):
        @staticmethod
        def backward(ctx, gradient):
            (factors,) = ctx.saved_tensors
            if torch.empty_like(gradient).stride() == gradient.stride():  # no gaps, no repeats
                factors = factors.contiguous().as_strided(gradient.shape, gradient.stride())
            return gradient * factors, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@refused_by("test_no_part_of_a_large_input_is_dropped_as_another")
class DrawnForAPartOfItAll(RightDropout):
    """Half a million draws are chance enough, over and over again."""

    def uniform(self, *shape: int) -> Tensor:
        count, most = torch.Size(shape).numel(), 2**19
        draws = torch.rand(min(count, most), dtype=torch.float64)
        return (
            draws.repeat(-(-count // most))[:count].reshape(shape)
            if count
            else draws.reshape(shape)
        )


@refused_by("test_no_two_units_of_a_small_input_share_their_fate")
class TheLastAsTheOneBefore(RightDropout):
    """Draws come in pairs, and the last of an odd number is taken twice."""

    def uniform(self, *shape: int) -> Tensor:
        draws = super().uniform(*shape)
        if draws.numel() > 2 and draws.numel() % 2:
            draws.view(-1)[-1] = draws.view(-1)[-2]
        return draws


_factors: dict[float, float] = {}


@refused_by("test_probabilities_that_are_nearly_alike_are_told_apart")
class FactorOfFourDigits(RightDropout):
    """What is kept is scaled by a factor that is known already, by four digits of p."""

    def factor(self) -> float:
        return _factors.setdefault(round(self.p, 4), super().factor())


@refused_by("test_units_at_one_place_in_memory_are_dropped_each_by_itself")
class DrawnForTheMemory(RightDropout):
    """Each number in memory has its draw; but an expanded or overlapping one is several units."""

    def kept(self, input: Tensor) -> Tensor:
        count = len(input.untyped_storage()) // input.itemsize
        kept = self.uniform(count) >= self.p
        return kept.as_strided(input.shape, input.stride(), input.storage_offset())


@refused_by("test_no_two_calls_drop_the_same_units")
class KeepsItsMaskWithoutGradients(RightDropout):
    """Without gradients a call only repeats an earlier one, as checkpoints of activations do."""

    mask: Tensor | None = None

    def kept(self, input: Tensor) -> Tensor:
        if self.mask is None or torch.is_grad_enabled() or self.mask.shape != input.shape:
            self.mask = super().kept(input)
        return self.mask
