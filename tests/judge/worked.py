"""A worked claim about each component, with which a learner's own file of claims begins.

Each is one sentence, a small input and the numbers that must come: enough to show the form, and
far from enough to catch every impostor.
"""

import torch
from torch import nn


def test_at_0_it_is_a_half(sigmoid):
    came = sigmoid(torch.tensor([0.0])).item()
    assert came == 0.5, f"sigmoid(0) should be 0.5, came {came}"


def test_the_opposite_input_has_the_opposite_output(tanh):
    plus, minus = tanh(torch.tensor([-2.0, 2.0])).tolist()
    assert abs(plus + minus) < 1e-6, (
        f"tanh(-2) and tanh(2) should be opposite, came {plus} and {minus}"
    )


def test_negative_numbers_become_0(relu):
    came = relu(torch.tensor([-3.0, -0.5])).tolist()
    assert came == [0, 0], f"relu of -3 and -0.5 should be 0, came {came}"


def test_only_negative_numbers_are_multiplied_by_the_slope(leaky_relu):
    came = leaky_relu(torch.tensor([-4.0, 8.0]), negative_slope=0.25).tolist()
    assert came == [-1, 8], f"-4 should become -1 and 8 stay, came {came}"


def test_equal_logits_get_equal_probabilities(softmax):
    came = softmax(torch.tensor([[3.0, 3.0], [-1.0, -1.0]]), dim=1).tolist()
    assert came == [[0.5, 0.5]] * 2, f"two equal scores should get a half each, came {came}"


def test_every_number_is_the_value(constant_):
    tensor = torch.empty(2, 3)
    constant_(tensor, 0.25)
    came = tensor.tolist()
    assert came == [[0.25] * 3] * 2, f"all should be 0.25, came {came}"


def test_every_number_is_0(zeros_):
    came = zeros_(torch.ones(2, 3)).tolist()
    assert came == [[0] * 3] * 2, f"all should be 0, came {came}"


def test_every_number_is_1(ones_):
    came = ones_(torch.zeros(2, 3)).tolist()
    assert came == [[1] * 3] * 2, f"all should be 1, came {came}"


def test_the_mean_is_as_asked(normal_):
    torch.manual_seed(0)
    came = normal_(torch.empty(10_000), 5.0, 0.5).mean().item()
    assert abs(came - 5) < 0.04, f"the mean of 10,000 numbers should be about 5, came {came}"


def test_every_number_lies_between_the_bounds(uniform_):
    torch.manual_seed(0)
    numbers = uniform_(torch.empty(10_000), -1.0, 3.0)
    low, high = numbers.min().item(), numbers.max().item()
    assert -1 <= low < high <= 3, f"all should lie in -1 to 3, came {low} to {high}"


def test_no_number_is_beyond_the_bound(xavier_uniform_):
    torch.manual_seed(0)
    bound = (6 / (100 + 50)) ** 0.5  # sqrt(6 / (fan_in + fan_out))
    came = xavier_uniform_(torch.empty(100, 50)).abs().max().item()
    assert 0.9 * bound < came <= 1.001 * bound, f"the largest should be {bound}, came {came}"


def test_the_spread_is_that_of_both_fans(xavier_normal_):
    torch.manual_seed(0)
    std = (2 / (100 + 50)) ** 0.5  # sqrt(2 / (fan_in + fan_out))
    came = xavier_normal_(torch.empty(100, 50)).std().item()
    assert 0.9 * std < came < 1.1 * std, f"the spread should be about {std}, came {came}"


def test_no_number_is_beyond_the_bound_of_relu(kaiming_uniform_):
    torch.manual_seed(0)
    bound = (6 / 50) ** 0.5  # sqrt(6 / fan_in)
    came = kaiming_uniform_(torch.empty(100, 50), nonlinearity="relu").abs().max().item()
    assert 0.9 * bound < came <= 1.001 * bound, f"the largest should be {bound}, came {came}"


def test_the_spread_is_that_of_relu(kaiming_normal_):
    torch.manual_seed(0)
    std = (2 / 50) ** 0.5  # sqrt(2 / fan_in)
    came = kaiming_normal_(torch.empty(100, 50), nonlinearity="relu").std().item()
    assert 0.9 * std < came < 1.1 * std, f"the spread should be about {std}, came {came}"


def test_it_is_the_mean_of_the_absolute_errors(L1Loss):
    came = L1Loss()(torch.tensor([1.0, -2.0]), torch.tensor([4.0, -1.0])).item()
    assert came == 2, f"the mean of 3 and 1 should be 2, came {came}"


def test_it_is_the_mean_of_the_squared_errors(MSELoss):
    came = MSELoss()(torch.tensor([1.0, -2.0]), torch.tensor([4.0, -1.0])).item()
    assert came == 5, f"the mean of 9 and 1 should be 5, came {came}"


def test_it_is_minus_the_log_of_the_probability_of_the_right_class(CrossEntropyLoss):
    came = CrossEntropyLoss()(torch.tensor([[2.0, 0.0]]), torch.tensor([0])).item()
    assert abs(came - 0.126928) < 1e-5, f"log(1 + exp(-2)) should be 0.1269, came {came}"


def test_a_half_costs_the_log_of_2(BCELoss):
    came = BCELoss()(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0])).item()
    assert abs(came - 0.693147) < 1e-5, f"log(2) should be 0.6931, came {came}"


def test_to_be_very_sure_and_right_costs_nothing(BCEWithLogitsLoss):
    came = BCEWithLogitsLoss()(torch.tensor([1000.0, -1000.0]), torch.tensor([1.0, 0.0])).item()
    assert came == 0, f"the loss should be 0, came {came}"


def test_what_is_used_twice_gets_the_gradient_of_both_uses(Variable):
    x = Variable(torch.tensor(3.0), requires_grad=True)
    (x * x).sum().backward()
    came = float(x.grad)
    assert came == 6, f"the gradient of x * x at 3 should be 6, came {came}"


def test_a_step_is_the_rate_times_the_gradient(gradient_descent):
    w, data = torch.tensor([1.0], requires_grad=True), torch.tensor([3.0, 3.0])
    gradient_descent([w], lambda batch: (batch * w).mean(), data, lr=0.5, batch_size=2)
    came = w.item()
    assert came == -0.5, f"1 - 0.5 * 3 should be -0.5, came {came}"


def stepped(made, p, *gradients):
    """The parameter after a step with each of these gradients."""
    for gradient in gradients:
        p.grad = torch.full_like(p, gradient)
        made.step()
    return p.item()


def test_a_step_is_the_learning_rate_times_the_gradient(SGD):
    p = torch.tensor([1.0], requires_grad=True)
    came = stepped(SGD([p], lr=0.5), p, 4.0)
    assert came == -1, f"1 - 0.5 * 4 should be -1, came {came}"


def test_the_first_step_is_the_learning_rate_whatever_the_gradient(Adagrad):
    p = torch.tensor([1.0], requires_grad=True)
    came = stepped(Adagrad([p], lr=0.5), p, 4.0)
    assert abs(came - 0.5) < 1e-5, f"1 - 0.5 should be 0.5, came {came}"


def test_the_first_step_is_ten_times_the_rate_with_alpha_0_99(RMSprop):
    p = torch.tensor([1.0], requires_grad=True)
    came = stepped(RMSprop([p], lr=0.05, alpha=0.99), p, 4.0)
    assert abs(came - 0.5) < 1e-5, f"1 - 0.05 / sqrt(0.01) should be 0.5, came {came}"


def test_the_first_step_is_the_learning_rate(Adam):
    p = torch.tensor([1.0], requires_grad=True)
    came = stepped(Adam([p], lr=0.5), p, 4.0)
    assert abs(came - 0.5) < 1e-5, f"1 - 0.5 should be 0.5, came {came}"


def test_it_is_the_sum_of_the_absolute_weights(l1_penalty):
    came = float(l1_penalty([torch.tensor([1.0, -2.0]), torch.tensor([[4.0]])]))
    assert came == 7, f"1 + 2 + 4 should be 7, came {came}"


def test_it_is_the_sum_of_the_squared_weights(l2_penalty):
    came = float(l2_penalty([torch.tensor([1.0, -2.0]), torch.tensor([[4.0]])]))
    assert came == 21, f"1 + 4 + 16 should be 21, came {came}"


def test_what_is_kept_is_divided_by_the_share_that_is_kept(Dropout):
    torch.manual_seed(0)
    came = set(Dropout(p=0.75)(torch.ones(1000)).tolist())
    assert came == {0, 4}, f"each 1 should become 0 or 4, came {came}"


def test_a_channel_is_dropped_as_a_whole(Dropout2d):
    torch.manual_seed(0)
    channels = Dropout2d(p=0.5)(torch.ones(10, 20, 3, 3)).flatten(2)
    came = {tuple(set(channel.tolist())) for channel in channels.flatten(0, 1)}
    assert came == {(0,), (2,)}, f"a channel should be all 0 or all 2, came {came}"


def test_with_p_1_left_and_right_are_swapped(RandomHorizontalFlip):
    came = RandomHorizontalFlip(p=1.0)(torch.tensor([[[1.0, 2.0, 3.0]]])).tolist()
    assert came == [[[3, 2, 1]]], f"1, 2, 3 should become 3, 2, 1, came {came}"


def test_the_window_has_the_size_that_was_asked_for(RandomCrop):
    came = tuple(RandomCrop((2, 3))(torch.rand(3, 5, 7)).shape)
    assert came == (3, 2, 3), f"a window of 2 x 3 should come, came {came}"


def test_a_quarter_turn_goes_counter_clockwise(RandomRotation):
    came = RandomRotation((90, 90))(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])).tolist()
    assert came == [[[2, 4], [1, 3]]], f"[[2, 4], [1, 3]] should come, came {came}"


def test_twice_as_bright_is_twice_the_number(ColorJitter):
    came = ColorJitter(brightness=(2.0, 2.0))(torch.full((3, 1, 1), 0.25)).tolist()
    assert came == [[[0.5]]] * 3, f"twice 0.25 should be 0.5, came {came}"


def test_the_mean_is_subtracted_and_the_std_divides(Normalize):
    came = Normalize([1.0, 2.0, 3.0], [0.5, 0.5, 0.25])(torch.full((3, 1, 1), 3.0)).tolist()
    assert came == [[[4]], [[2]], [[0]]], f"(3 - mean) / std should be 4, 2, 0, came {came}"


def test_the_transforms_run_in_the_order_given(Compose):
    came = Compose([lambda x: x + 1, lambda x: x * 2])(3)
    assert came == 8, f"(3 + 1) * 2 should be 8, came {came}"


def test_a_batch_comes_out_with_mean_0(BatchNorm1d):
    came = BatchNorm1d(2)(torch.tensor([[1.0, 10.0], [3.0, 50.0]])).mean(dim=0)
    assert came.abs().max() < 1e-5, f"the means should be 0, came {came.tolist()}"


def test_a_channel_is_normalized_over_all_images_and_places(BatchNorm2d):
    images = torch.tensor([[[[1.0, 3.0]]], [[[5.0, 7.0]]]])
    came = BatchNorm2d(1)(images).flatten()[0].item()
    assert abs(came + 3 / 5**0.5) < 1e-3, f"(1 - 4) / sqrt(5) should be -1.3416, came {came}"


def test_what_was_saved_can_be_loaded(save_checkpoint, load_checkpoint, here):
    saved, loaded = nn.Linear(3, 2), nn.Linear(3, 2)
    save_checkpoint(here / "model.pt", saved)
    weight = loaded.weight  # which an optimizer may hold: it shall stay the same tensor
    load_checkpoint(here / "model.pt", loaded)
    came, should = weight.tolist(), saved.weight.tolist()
    assert came == should, f"the weight should be {should}, came {came}"
