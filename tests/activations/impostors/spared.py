"""Claims that need not be the only one to refuse some impostor, by the reason why."""

SPARED = {
    "follows from the definition, and tells what it is good for": [
        "test_relu::test_what_multiplies_the_input_multiplies_the_output_if_it_is_positive",
        "test_relu::test_a_layer_times_c_and_the_next_by_c_are_the_same_network",
        "test_softmax::test_a_difference_is_the_sum_times_the_tanh_of_half_the_difference_of_the_logits",
    ],
    "shows what the sentence leaves out, or gets wrong": [
        "test_relu::test_its_zeros_can_be_left_out_of_the_next_layer",
        "test_relu::test_a_dense_layer_counts_as_many_operations_with_zeros_as_without",
        "test_softmax::test_in_float16_a_probability_below_its_smallest_number_is_exactly_0",
        "test_softmax::test_the_logarithm_of_a_probability_of_0_is_infinite_where_log_softmax_is_not",
    ],
    "the consequence, over many steps, of a slope that is judged elsewhere": [
        "test_dying_units::test_a_dead_unit_never_moves",
    ],
    "shows the condition that the sentence omits": [
        "test_dying_units::test_momentum_from_better_days_can_bring_a_dead_unit_back",
        "test_dying_units::test_decay_can_bring_a_dead_unit_back_if_the_bias_is_spared",
        "test_dying_units::test_a_change_in_the_layer_below_can_bring_a_dead_unit_back",
    ],
    "needs no formula, so it can judge any function": [
        "test_every_activation::test_the_gradient_is_the_limit_of_differences",
    ],
    "names the fault that others only suffer from": [
        "test_every_activation::test_shape_and_dtype_are_kept",
        "test_every_activation::test_the_gradient_has_the_shape_of_the_input",
        "test_softmax::test_rows_do_not_know_of_each_other",
    ],
    "judges every activation in every dtype, whatever its own claims do": [
        "test_softmax::test_lower_precision_costs_only_rounding_over_any_dimension",
        "test_every_activation::test_lower_precision_costs_only_rounding",
        "test_every_activation::test_lower_precision_costs_only_rounding_in_the_gradient",
    ],
    "the definition: the other claims follow from it": [
        "test_leaky_relu::test_positive_numbers_pass_and_negative_ones_are_multiplied",
        "test_relu::test_it_is_the_larger_of_the_number_and_0",
        "test_sigmoid::test_it_is_one_over_one_plus_exp_of_minus_x",
        "test_softmax::test_log_odds_are_differences_of_logits",
        "test_tanh::test_it_is_the_quotient_of_sinh_and_cosh",
    ],
    "the gradient of an option that others judge by its values": [
        "test_leaky_relu::test_inplace_has_the_gradient_of_the_plain_call",
    ],
    "the only one to know that a refusal is right here": [
        "test_leaky_relu::test_inplace_with_a_negative_slope_is_never_silently_wrong",
    ],
    "the comparison with PyTorch": [
        "test_relu::test_the_values_are_those_of_pytorch",
        "test_sigmoid::test_the_values_are_those_of_pytorch",
        "test_softmax::test_the_values_are_those_of_pytorch",
        "test_tanh::test_the_values_are_those_of_pytorch",
    ],
    "the other half of the sentence": [
        "test_linear_stacks::test_linear_layers_with_an_activation_in_between_are_not_one_layer",
    ],
    "follows from the definition, and is easier to see": [
        "test_relu::test_applying_it_a_second_time_changes_nothing",
        "test_relu::test_a_number_is_its_positive_part_less_its_negative_part",
    ],
    "the sentence itself, exactly; differences find the same faults": [
        "test_relu::test_its_slope_is_1_on_the_positive_side_and_0_on_the_negative",
    ],
    "the exact form of the statistic below": [
        "test_relu::test_of_a_number_and_its_opposite_one_becomes_0",
    ],
    "the sentence itself; its exact form is above": [
        "test_relu::test_about_half_of_symmetric_random_inputs_become_exactly_0",
    ],
    "the sentence itself": [
        "test_sigmoid::test_every_output_lies_between_0_and_1",
        "test_sigmoid::test_its_slope_vanishes_far_out",
        "test_softmax::test_each_row_is_a_probability_distribution",
        "test_tanh::test_every_output_lies_between_minus_1_and_1",
        "test_tanh::test_its_slope_vanishes_far_out",
    ],
    "the sentence itself; the definition says it in another way": [
        "test_sigmoid::test_it_undoes_the_log_odds",
        "test_sigmoid::test_the_opposite_input_has_the_complementary_probability",
        "test_sigmoid::test_a_larger_input_never_has_a_smaller_probability",
        "test_sigmoid::test_its_mean_over_symmetric_inputs_is_one_half",
        "test_softmax::test_a_constant_added_to_every_logit_changes_nothing",
        "test_softmax::test_the_order_of_the_logits_is_kept",
        "test_softmax::test_larger_logits_sharpen_and_smaller_ones_flatten",
        "test_tanh::test_the_opposite_input_has_the_opposite_output",
        "test_tanh::test_its_mean_over_symmetric_inputs_is_0",
        "test_tanh::test_a_larger_input_never_has_a_smaller_output",
    ],
    "the formula that a learner derives; differences find the same faults": [
        "test_sigmoid::test_its_slope_is_p_times_one_minus_p",
        "test_softmax::test_the_gradient_is_p_times_the_incoming_g_less_its_mean_under_p",
    ],
    "the sentence itself; the formula says it in another way": [
        "test_sigmoid::test_its_slope_is_steepest_at_0_where_it_is_one_quarter",
    ],
    "the sentence itself, up to the largest number of every dtype": [
        "test_softmax::test_huge_logits_stay_finite",
        "test_softmax::test_the_gradient_stays_finite_for_huge_logits",
    ],
    "the sentence itself; ties softmax to its loss": [
        "test_softmax::test_its_negative_log_is_the_cross_entropy_of_the_logits",
    ],
    "the contract of `dim`, in any shape": [
        "test_softmax::test_any_dimension_is_the_last_one_after_moving_it",
        "test_softmax::test_the_gradient_over_any_dimension_is_that_over_the_last_one",
    ],
    "the smallest input there is": [
        "test_softmax::test_a_single_number_has_probability_1",
    ],
    "the contract for no rows, along any number of dimensions": [
        "test_softmax::test_an_empty_batch_gives_an_empty_answer",
    ],
    "what attention masks rely on": [
        "test_softmax::test_what_has_no_answer_is_nan",
        "test_softmax::test_a_logit_of_minus_infinity_has_probability_0_and_changes_no_other",
    ],
    "what attention masks rely on when training": [
        "test_softmax::test_a_masked_logit_gets_no_gradient_and_makes_no_other_nan",
    ],
    "the gradient of the option": [
        "test_softmax::test_a_dtype_that_is_asked_for_lets_the_gradient_through",
    ],
    "defines tanh without an exponential": [
        "test_tanh::test_it_adds_up_as_velocities_do",
    ],
}
