"""Gradient descents that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Generator, Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked

Batches = Iterable[Tensor]


def _deal(count: int, size: int, epochs: int, generator: Generator | None) -> Iterable[Batches]:
    """The numbers of the samples in every batch, for each epoch."""
    for _ in range(epochs):
        yield torch.randperm(count, generator=generator).split(size)


def _rows(parts: tuple[Tensor, ...], batch: Tensor) -> list[Tensor]:
    return [part[batch] for part in parts]


def _gradients(value: Tensor, parameters: list[Tensor]) -> Any:
    return torch.autograd.grad(value, parameters, allow_unused=True)


def _step(parameters: list[Tensor], gradients: Any, lr: float) -> None:
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                parameter -= lr * gradient


def _check(parts: tuple[Tensor, ...], lr: float, size: int, epochs: int) -> None:
    count = len(parts[0])
    if any(len(part) != count for part in parts):
        raise ValueError("parts of different lengths")
    if not 1 <= size <= count or epochs < 0 or lr < 0:
        raise ValueError(f"makes no sense: {count} samples, {size=}, {epochs=}, {lr=}")


def _descend(
    parameters: Iterable[Tensor],
    loss: Callable[..., Tensor],
    data: Tensor | tuple[Tensor, ...],
    *,
    lr: float,
    batch_size: int,
    epochs: int = 1,
    generator: Generator | None = None,
    check: Callable[..., None] = _check,
    deal: Callable[..., Iterable[Batches]] = _deal,
    rows: Callable[..., list[Tensor]] = _rows,
    gradients: Callable[..., Any] = _gradients,
    step: Callable[..., None] = _step,
) -> list[float]:
    """A right one, of which each version changes one step."""
    parts, parameters = data if isinstance(data, tuple) else (data,), list(parameters)
    check(parts, lr, batch_size, epochs)
    losses = []
    for batches in deal(len(parts[0]), batch_size, epochs, generator):
        for batch in batches:
            value = loss(*rows(parts, batch))
            step(parameters, gradients(value, parameters), lr)
            losses.append(value.item())
    return losses


# The order.


@refused_by("test_any_place_in_the_order_is_as_likely_for_every_sample")
def every_place_with_any_other(parameters, loss, data, **options):
    """Swapped often enough, all is mixed; but n^n ways do not share out evenly among n! orders."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            order = list(range(count))
            for i, j in enumerate(torch.randint(count, (count,), generator=generator).tolist()):
                order[i], order[j] = order[j], order[i]
            yield torch.tensor(order).split(size)

    return _descend(parameters, loss, data, deal=deal, **options)


@refused_by("test_two_samples_that_follow_each_other_are_any_two")
def by_keys_of_ten_bits(parameters, loss, data, **options):
    """Random keys are drawn and sorted; where two are equal, the order of the data is kept."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            keys = torch.randint(1024, (count,), generator=generator)
            yield keys.argsort(stable=True).split(size)

    return _descend(parameters, loss, data, deal=deal, **options)


@refused_by("test_as_many_samples_keep_their_place_as_in_any_random_order")
def swapped_with_one_before(parameters, loss, data, **options):
    """From the last on, each is swapped with one before it: each swap is to change something."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            order = list(range(count))
            for i in range(count - 1, 0, -1):
                j = int(torch.randint(i, (), generator=generator))
                order[i], order[j] = order[j], order[i]
            yield torch.tensor(order).split(size)

    return _descend(parameters, loss, data, deal=deal, **options)


def _until_all_have_moved(last, generator):
    """Drawn again while any place still has the same; with one alone there is no other order."""
    order = last[torch.randperm(len(last), generator=generator)]
    while len(last) > 1 and (order == last).any():
        order = last[torch.randperm(len(last), generator=generator)]
    return order


@refused_by("test_as_many_samples_keep_their_place_as_in_any_random_order")
def drawn_until_all_have_moved(parameters, loss, data, **options):
    """An order in which something has stayed is not shuffled well, and drawn again."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            yield _until_all_have_moved(torch.arange(count), generator).split(size)

    return _descend(parameters, loss, data, deal=deal, **options)


@refused_by("test_as_many_samples_keep_their_place_as_in_any_random_order")
def nowhere_twice_in_a_row(parameters, loss, data, **options):
    """No sample should come in the place that it had in the epoch before."""

    def deal(count, size, epochs, generator):
        order = torch.randperm(count, generator=generator)
        for epoch in range(epochs):
            order = _until_all_have_moved(order, generator) if epoch else order
            yield order.split(size)

    return _descend(parameters, loss, data, deal=deal, **options)


def _swapped(order, pairs):
    for i, j in pairs:
        order[i], order[j] = order[j], order[i]
    return order


@refused_by("test_whether_an_order_takes_an_odd_number_of_swaps_is_chance")
def ten_swaps_a_sample(parameters, loss, data, **options):
    """Two of the samples are swapped, so many times that nothing stays where it was."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            others = max(count - 1, 1)
            one = torch.randint(count, (10 * count,), generator=generator)
            further = torch.randint(others, (10 * count,), generator=generator) + 1
            pairs = torch.stack([one, (one + further) % count], dim=1)  # never with itself
            yield torch.tensor(_swapped(list(range(count)), pairs.tolist())).split(size)

    return _descend(parameters, loss, data, deal=deal, **options)


# The step.


@refused_by("test_a_step_on_all_data_goes_against_the_mean_of_the_single_gradients")
def summed(parameters, loss, data, *, batch_size, **options):
    """Each sample adds its own gradient, and so the batch the sum of them (mistnet #33)."""

    def step(parameters, gradients, lr):
        _step(parameters, gradients, lr * batch_size)

    return _descend(parameters, loss, data, batch_size=batch_size, step=step, **options)


@refused_by("test_each_step_starts_where_the_one_before_ended")
def divided_by_the_batch_size(parameters, loss, data, *, batch_size, **options):
    """All batches have that size; the last one, too (chainer #777, in the accuracy)."""

    def scaled(*rows):
        share = len(rows[0]) / batch_size
        value = loss(*rows)
        return value.detach() + share * (value - value.detach())

    return _descend(parameters, scaled, data, batch_size=batch_size, **options)


@refused_by("test_each_step_starts_where_the_one_before_ended")
def never_zeroed(parameters, loss, data, **options):
    """The gradients are zeroed before training, once (corr_based_prediction #1)."""
    parameters = list(parameters)
    for p in parameters:
        p.grad = None

    def gradients(value, parameters):
        value.backward()
        return [p.grad for p in parameters]

    return _descend(parameters, loss, data, gradients=gradients, **options)


@refused_by("test_gradients_from_before_do_not_count")
def zeroed_after_the_step(parameters, loss, data, **options):
    """Zeroed after each step, so that they are zero before the next; but the first (llm.c #548)."""

    def gradients(value, parameters):
        value.backward()
        found = [p.grad for p in parameters]
        for p in parameters:
            p.grad = None
        return found

    return _descend(parameters, loss, data, gradients=gradients, **options)


@refused_by("test_each_step_starts_where_the_one_before_ended")
def one_after_the_other(*arguments, **options):
    """From the output back, each moves before the next gradient (Toy-Neural-Network-JS #72)."""

    def gradients(value, parameters):
        lr = options["lr"]
        for p in reversed(parameters):
            (found,) = torch.autograd.grad(value, p, retain_graph=True, allow_unused=True)
            if found is not None:
                p.data -= lr * found  # which autograd does not notice
        return [None] * len(parameters)

    return _descend(*arguments, gradients=gradients, **options)


@refused_by("test_each_step_starts_where_the_one_before_ended")
def first_layer_alone(*arguments, **options):
    """A model has a weight and a bias (Dive-into-DL-TensorFlow2.0 #50)."""

    def step(parameters, gradients, lr):
        _step(parameters[:2], gradients[:2], lr)

    return _descend(*arguments, step=step, **options)


@refused_by("test_each_step_starts_where_the_one_before_ended")
def with_momentum(*arguments, **options):
    """A bit of momentum never hurts."""
    speed = {}

    def step(parameters, gradients, lr):
        for i, g in enumerate(gradients):
            if g is not None:
                speed[i] = 0.9 * speed.get(i, 0) + g
        _step(parameters, [speed.get(i) for i in range(len(parameters))], lr)

    return _descend(*arguments, step=step, **options)


@refused_by("test_each_step_starts_where_the_one_before_ended")
def rate_shared_by_the_epochs(parameters, loss, data, *, lr, epochs=1, **options):
    """However many epochs there are, the parameters go as far."""
    return _descend(parameters, loss, data, lr=lr / max(epochs, 1), epochs=epochs, **options)


@refused_by("test_what_the_loss_does_not_use_stays")
def every_parameter_has_a_gradient(*arguments, **options):
    """Parameters are there to be used; None is no gradient (chainer #1786)."""

    def step(parameters, gradients, lr):
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= lr * gradient

    return _descend(*arguments, step=step, **options)


@refused_by("test_what_only_some_batches_use_moves_with_these_alone")
def last_gradient_kept(*arguments, **options):
    """Where no gradient comes, the last one is still the best guess."""
    last = {}

    def step(parameters, gradients, lr):
        last.update({i: g for i, g in enumerate(gradients) if g is not None})
        _step(parameters, [last.get(i) for i in range(len(parameters))], lr)

    return _descend(*arguments, step=step, **options)


@refused_by("test_parameters_may_be_such_as_can_be_gone_through_once")
def gone_through_again(parameters, loss, data, **options):
    """What `model.parameters()` returns is a list, more or less (pytorch #37350)."""

    def step(_, gradients, lr):
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=False):
                if gradient is not None:
                    parameter -= lr * gradient

    def gradients(value, _):
        return torch.autograd.grad(value, leaves, allow_unused=True)

    leaves = list(parameters)
    return _descend(leaves, loss, data, gradients=gradients, step=step, **options)


@refused_by("test_parameters_are_written_to_and_stay_leaves")
def given_new_numbers(*arguments, **options):
    """The tensor stays the same; but what shares its memory is left behind."""

    def step(parameters, gradients, lr):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                parameter.data = parameter.data - lr * gradient

    return _descend(*arguments, step=step, **options)


def _step_by_numpy(parameters, gradients, lr, as_numpy=Tensor.numpy):
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            numbers = as_numpy(parameter.detach())
            numbers -= lr * as_numpy(gradient)


@remarked("bfloat16")
def through_numpy(*arguments, **options):
    """NumPy writes into the same memory, without a graph; it knows no bfloat16, and says so."""
    return _descend(*arguments, step=_step_by_numpy, **options)


@refused_by("test_numbers_of_any_precision_are_moved")
def sixteen_bits_through_numpy(*arguments, **options):
    """NumPy knows no bfloat16, but it does know numbers of 16 bits."""

    def as_numpy(x):
        return (x.view(torch.float16) if x.dtype == torch.bfloat16 else x).numpy()

    step = functools.partial(_step_by_numpy, as_numpy=as_numpy)
    return _descend(*arguments, step=step, **options)


@refused_by("test_memory_depends_on_the_batch_alone")
def graphs_kept(*arguments, **options):
    """Losses with their graphs can be made numbers at the end (Continuous-Recurrent-Units #4)."""
    values = []

    def gradients(value, parameters):
        values.append(value)
        return torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)

    _descend(*arguments, gradients=gradients, **options)
    return [value.item() for value in values]


@refused_by("test_the_loss_of_every_batch_before_its_step_is_returned")
def mean_of_each_epoch(parameters, loss, data, *, epochs=1, **options):
    """One number an epoch makes a smoother curve; it is given to each of its batches."""
    losses = _descend(parameters, loss, data, epochs=epochs, **options)
    count = len(losses) // max(epochs, 1)
    means = [sum(losses[i : i + count]) / count for i in range(0, len(losses), count or 1)]
    return [mean for mean in means for _ in range(count)]


@refused_by("test_with_a_learning_rate_of_0_the_losses_come_and_nothing_moves")
def default_for_0(parameters, loss, data, *, lr, **options):
    """`or` is short for: unless it was given."""
    return _descend(parameters, loss, data, lr=lr or 0.01, **options)


@refused_by("test_without_an_epoch_nothing_happens")
def looks_at_the_epoch_afterwards(*arguments, **options):
    """Training goes on until there were enough epochs."""

    def deal(count, size, epochs, generator):
        return _deal(count, size, max(epochs, 1), generator)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_what_makes_no_sense_is_refused")
def anything_goes(*arguments, **options):
    """Slices that reach beyond the end are just shorter."""
    return _descend(*arguments, check=lambda *_: None, **options)


@refused_by("test_the_settings_of_torch_are_left_as_they_were")
def double_precision_by_default(*arguments, **options):
    """Small steps get lost in float32."""
    torch.set_default_dtype(torch.float64)
    return _descend(*arguments, **options)


# The epoch.


@refused_by("test_every_epoch_has_an_order_of_its_own")
def shuffled_once(*arguments, **options):
    """A random order is random; it need not be drawn again (DeepPavlov #13)."""

    def deal(count, size, epochs, generator):
        return [torch.randperm(count, generator=generator).split(size)] * epochs

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_every_epoch_has_an_order_of_its_own")
def first_order_twice(*arguments, **options):
    """The order is that of the number of epochs done, counted too late (Trinity-RFT #593)."""

    def deal(count, size, epochs, generator):
        orders = [torch.randperm(count, generator=generator) for _ in range(max(1, epochs - 1))]
        return [order.split(size) for order in [orders[0], *orders][:epochs]]

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_an_epoch_says_nothing_about_those_after_it")
def there_and_back(*arguments, **options):
    """Every second epoch goes backwards through the last order, which saves drawing one."""

    def deal(count, size, epochs, generator):
        for epoch in range(epochs):
            if epoch % 2 == 0:
                order = torch.randperm(count, generator=generator)
            yield (order.flip(0) if epoch % 2 else order).split(size)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_the_moves_stray_as_far_as_the_size_of_the_batch_says")
def begun_anywhere(*arguments, **options):
    """To begin at random, and go either way, is enough; and neighbours are read faster."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            place, backwards = torch.randint(count, (2,), generator=generator).tolist()
            order = torch.arange(count).roll(place)
            yield (order.flip(0) if backwards % 2 else order).split(size)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_the_moves_stray_as_far_as_the_size_of_the_batch_says")
def same_batches_in_another_order(*arguments, **options):
    """The batches are made once, and their order is drawn (lhotse #562)."""

    def deal(count, size, epochs, generator):
        *whole, last = torch.randperm(count, generator=generator).split(size)
        for _ in range(epochs):
            order = torch.randperm(len(whole), generator=generator)
            yield [*(whole[i] for i in order), last]

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_the_moves_are_right_on_average")
def drawn_from_a_window(*arguments, **options):
    """Each sample is drawn from the next few, so that not all need be in memory."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            window, order = list(range(count)), []
            while window:
                place = int(torch.randint(min(len(window), 4), (), generator=generator))
                order.append(window.pop(place))
            yield torch.tensor(order).split(size)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_every_epoch_uses_every_sample_exactly_once")
def whole_batches_alone(*arguments, **options):
    """There are count // batch_size batches (cleverhans #20)."""

    def deal(count, size, epochs, generator):
        for batches in _deal(count, size, epochs, generator):
            yield list(batches)[: count // size]

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_of_more_samples_than_two_bytes_count_each_is_used_exactly_once")
def numbers_of_two_bytes(*arguments, **options):
    """The order of the samples is kept in 16 bits each, to save memory; from 65,536 on it wraps."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            yield (torch.randperm(count, generator=generator) % 2**16).split(size)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_every_epoch_uses_every_sample_exactly_once")
def drawn_with_replacement(*arguments, **options):
    """Stochastic means drawn at random (unawares in neural-networks-and-deep-learning #50)."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            yield torch.randint(count, (count,), generator=generator).split(size)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_every_epoch_uses_every_sample_exactly_once")
def last_batch_drawn_anew(*arguments, **options):
    """What is left over is drawn from all the data, as in any other batch."""

    def deal(count, size, epochs, generator):
        for batches in _deal(count, size, epochs, generator):
            *others, last = batches
            yield [*others, torch.randperm(count, generator=generator)[: len(last)]]

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_batches_are_as_large_as_asked_and_the_last_has_what_is_left")
def batches_alike(*arguments, **options):
    """As many batches as are needed, all as large as each other; no small one at the end."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            order = torch.randperm(count, generator=generator)
            yield order.tensor_split(-(-count // size))

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_batches_are_as_large_as_asked_and_the_last_has_what_is_left")
def filled_up(*arguments, **options):
    """The last batch is filled up with samples of the first (as DistributedSampler does)."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            order = torch.randperm(count, generator=generator)
            yield torch.cat([order, order[: -count % size]]).split(size)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_every_epoch_uses_every_sample_exactly_once")
def one_epoch_too_few(*arguments, **options):
    """Epochs are counted from 1."""

    def deal(count, size, epochs, generator):
        return _deal(count, size, len(range(1, epochs)), generator)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_the_parts_of_a_sample_stay_together")
def shuffled_apart(*arguments, **options):
    """Images and labels are both shuffled (GaNDLF #870)."""

    def rows(parts, batch):
        return [part[batch if i == 0 else batch.flip(0)] for i, part in enumerate(parts)]

    return _descend(*arguments, rows=rows, **options)


@refused_by("test_the_parts_of_a_sample_stay_together")
def images_and_labels_alone(*arguments, **options):
    """Data are images and labels."""

    def rows(parts, batch):
        return [part[batch] for part in parts[:2]]

    return _descend(*arguments, rows=rows, **options)


@refused_by("test_the_rows_of_a_batch_are_rows_of_the_data")
def flattened(*arguments, **options):
    """A sample is a row of numbers, whatever it shows."""

    def rows(parts, batch):
        return [part[batch].flatten(1) if part.ndim > 3 else part[batch] for part in parts]

    return _descend(*arguments, rows=rows, **options)


@refused_by("test_the_rows_of_a_batch_are_rows_of_the_data")
def single_sample_squeezed(*arguments, **options):
    """With one sample there is no batch (pytorch-sentiment-analysis #17: in the last one)."""

    def rows(parts, batch):
        return [part[batch].squeeze(0) for part in parts]

    return _descend(*arguments, rows=rows, **options)


@refused_by("test_the_data_are_left_as_they_were")
def shuffled_in_place(parameters, loss, data, **options):
    """To shuffle is to bring the data into a new order; a batch is then a slice."""
    parts = data if isinstance(data, tuple) else (data,)

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            order = torch.randperm(count, generator=generator)
            for part in parts:
                part.copy_(part[order])
            yield torch.arange(count).split(size)

    return _descend(parameters, loss, data, deal=deal, **options)


@refused_by("test_a_generator_is_all_that_decides")
def generator_ignored(*arguments, generator=None, **options):
    """The seed is set at the top of the script."""
    return _descend(*arguments, **options)


@refused_by("test_a_generator_is_all_that_decides")
def seed_inside(*arguments, generator=None, **options):
    """Results can be reproduced if the seed is always the same (meta-pytorch/data #1440)."""
    return _descend(*arguments, generator=Generator().manual_seed(1), **options)


EPOCHS_SO_FAR = itertools.count()


@refused_by("test_a_generator_is_all_that_decides")
def epochs_counted_on(*arguments, **options):
    """The seed and the number of the epoch make an order, and the number is never set back."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            state = generator or torch.default_generator
            drawn = int(torch.randint(2**31, (), generator=state))
            number = next(EPOCHS_SO_FAR) if generator else 0
            again = Generator().manual_seed(drawn + number)
            yield torch.randperm(count, generator=again).split(size)

    return _descend(*arguments, deal=deal, **options)


@refused_by("test_a_generator_moves_on_from_call_to_call")
def generator_begun_again(*arguments, generator=None, **options):
    """The caller's generator is left alone, and one of the same seed is used in its place."""
    if generator is not None:
        generator = Generator().manual_seed(generator.initial_seed())
    return _descend(*arguments, generator=generator, **options)


@refused_by("test_with_a_generator_the_random_numbers_of_torch_are_left_alone")
def torch_seeded(*arguments, generator=None, **options):
    """Whoever seeds the order wants all of torch to be seeded."""
    if generator is not None:
        drawn = int(torch.randint(2**31, (), generator=generator))
        torch.default_generator.manual_seed(drawn)
    return _descend(*arguments, **options)


@refused_by("test_without_a_generator_that_of_torch_decides")
def generator_of_its_own(*arguments, generator=None, **options):
    """Without one, a new one is made; which always has the same seed."""
    return _descend(*arguments, generator=generator or Generator(), **options)


# Right ones.


@accepted
def with_a_data_loader(parameters, loss, data, *, lr, batch_size, epochs=1, generator=None):
    parts, parameters = data if isinstance(data, tuple) else (data,), list(parameters)
    _check(parts, lr, batch_size, epochs)
    samples = torch.utils.data.TensorDataset(*parts)
    loader = torch.utils.data.DataLoader(samples, batch_size, shuffle=True, generator=generator)
    losses = []
    for rows in itertools.chain.from_iterable(itertools.repeat(loader, epochs)):
        value = loss(*rows)
        _step(parameters, _gradients(value, parameters), lr)
        losses.append(value.item())
    return losses


@accepted
def asserted(*arguments, **options):
    def check(parts, lr, size, epochs):
        assert {len(part) for part in parts} == {len(parts[0])}, "as many labels as samples"
        assert 0 < size <= len(parts[0]), f"a batch has from 1 to {len(parts[0])} samples"
        assert epochs >= 0 <= lr, "neither epochs nor the learning rate can be below 0"

    return _descend(*arguments, check=check, **options)


@accepted
def backward_into_grad(*arguments, **options):
    def gradients(value, parameters):
        for p in parameters:
            p.grad = None
        value.backward()
        return [p.grad for p in parameters]

    def step(parameters, gradients, lr):
        for p in parameters:
            if p.grad is not None:
                p.data.add_(p.grad, alpha=-lr)

    return _descend(*arguments, gradients=gradients, step=step, **options)


@accepted
def in_the_order_of_the_data(*arguments, **options):
    """Within a batch, where it makes no difference."""

    def deal(count, size, epochs, generator):
        for keys in torch.rand(epochs, count, generator=generator, dtype=torch.float64):
            yield [batch.sort().values for batch in keys.argsort().split(size)]

    def rows(parts, batch):
        return [torch.index_select(part, 0, batch) for part in parts]

    return _descend(*arguments, deal=deal, rows=rows, **options)


@accepted
def last_order_shuffled_further(*arguments, **options):
    """Each place is swapped with itself or one before it, beginning at the order of last time."""

    def deal(count, size, epochs, generator):
        order = list(range(count))
        for _ in range(epochs):
            pairs = []
            for i in range(count - 1, 0, -1):
                pairs.append((i, int(torch.randint(i + 1, (), generator=generator))))
            yield torch.tensor(_swapped(order, pairs)).split(size)

    return _descend(*arguments, deal=deal, **options)


@accepted
def built_from_the_inside_out(*arguments, **options):
    """Each sample takes any place so far, and what was there goes to the end."""

    def deal(count, size, epochs, generator):
        for _ in range(epochs):
            order = []
            for number in range(count):
                place = int(torch.randint(number + 1, (), generator=generator))
                order.append(order[place] if place < number else number)
                order[place] = number
            yield torch.tensor(order).split(size)

    return _descend(*arguments, deal=deal, **options)


@accepted
def one_whole_batch_not_shuffled(*arguments, **options):
    def deal(count, size, epochs, generator):
        if size == count:
            return [[torch.arange(count)]] * epochs
        return [torch.randperm(count, generator=generator).split(size) for _ in range(epochs)]

    return _descend(*arguments, deal=deal, **options)


def _in_single_precision(parameters, loss, data, **options):
    parameters = list(parameters)
    for x in (*parameters, *(data if isinstance(data, tuple) else (data,))):
        if x.is_floating_point() and x.dtype != torch.float32:
            raise TypeError(f"numbers must be float32, got {x.dtype}")
    return _descend(parameters, loss, data, **options)


@accepted
def in_single_precision_alone(*arguments, **options):
    """As on a device that has nothing else; it says so."""
    return _in_single_precision(*arguments, **options)


in_single_precision_alone.limits = {"dtypes": ["float32"]}  # type: ignore[attr-defined]


@refused_by("test_what_every_descent_does_is_not_refused")
def in_single_precision_undeclared(*arguments, **options):
    """ "All my networks are in float32." Then it says so in its limits."""
    return _in_single_precision(*arguments, **options)


@refused_by("test_parameters_move_alike_wherever_they_lie")
def a_flat_copy_is_moved(*arguments, **options):
    """All numbers in a row; but of what does not lie in a row that is a copy (pytorch #118117)."""

    def step(parameters, gradients, lr):
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                if g is not None:
                    p.reshape(-1).sub_(lr * g.reshape(-1))

    return _descend(*arguments, step=step, **options)


@remarked("data of several tensors")
def one_tensor_of_data(parameters, loss, data, **options):
    """Inputs and targets are columns of one tensor; more than that is not done, and it says so."""
    if not isinstance(data, Tensor):
        raise NotImplementedError(f"the data must be one tensor, got {type(data).__name__}")
    return _descend(parameters, loss, data, **options)
