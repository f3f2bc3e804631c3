"""Claims that need not be the only one to refuse some impostor, by the reason why."""

SPARED = {
    "shows what the sentence leaves out, or gets wrong": [
        "test_binary_losses::test_several_labels_of_one_example_are_as_many_questions_of_yes_or_no",
        "test_binary_losses::test_a_target_between_0_and_1_costs_the_weighted_mean_of_both_ends",
        "test_l1_loss::test_an_extreme_input_pulls_a_model_the_harder_the_farther_it_lies",
    ],
    "follows from the definition, and tells what it is good for": [
        "test_cross_entropy_loss::test_where_it_is_sure_and_wrong_it_pulls_hard_and_a_squared_error_does_not",
        "test_every_loss::test_the_mean_of_the_means_of_unequal_parts_is_not_the_mean",
        "test_how_low_it_gets::test_an_output_layer_of_zeros_costs_the_logarithm_of_the_number_of_classes",
        "test_how_low_it_gets::test_logits_that_are_small_cost_about_as_much",
        "test_how_low_it_gets::test_with_smoothing_no_logits_cost_less_than_the_entropy_of_the_target",
        "test_how_low_it_gets::test_with_smoothing_the_least_loss_is_at_a_finite_gap",
    ],
    "shows where the sentence ends: numbers that a dtype cannot hold": [
        "test_cross_entropy_loss::test_a_difference_beyond_the_largest_number_of_the_dtype_is_an_infinite_loss",
        "test_cross_entropy_loss::test_a_right_class_that_is_excluded_is_an_infinite_loss",
    ],
    "the definition": [
        "test_binary_losses::test_it_is_minus_the_log_of_the_probability_of_the_target",
        "test_l1_loss::test_it_is_the_mean_of_the_absolute_errors",
        "test_mse_loss::test_it_is_the_mean_of_the_squared_errors",
    ],
    "the definition of an option": [
        "test_binary_losses::test_weights_multiply_the_losses",
    ],
    "names the fault that others only suffer from": [
        "test_binary_losses::test_with_weights_a_used_loss_is_as_good_as_a_new_one",
        "test_cross_entropy_loss::test_rows_do_not_know_of_each_other",
        "test_cross_entropy_loss::test_what_was_given_is_left_as_it_was",
        "test_every_loss::test_every_row_has_a_loss_of_its_own",
        "test_every_loss::test_input_and_target_are_left_as_they_were",
        "test_every_loss::test_nothing_is_remembered_from_earlier_calls",
        "test_every_loss::test_asking_for_gradients_changes_no_value",
        "test_every_loss::test_two_calls_keep_their_gradients_apart",
        "test_every_loss::test_every_row_has_a_gradient_of_its_own",
    ],
    "judges the gradient of the target only where there is one": [
        "test_binary_losses::test_a_target_that_requires_a_gradient_gets_the_log_odds_against_it",
        "test_cross_entropy_loss::test_targets_that_require_gradients_get_minus_the_logs",
    ],
    "the formula that a learner derives": [
        "test_bce_loss::test_the_gradient_is_the_error_over_the_variance",
        "test_bce_with_logits_loss::test_the_gradient_is_sigmoid_minus_target",
        "test_cross_entropy_loss::test_the_gradient_is_softmax_minus_target_over_n",
        "test_mse_loss::test_the_gradient_is_twice_the_error",
    ],
    "the sentence itself: least at the target": [
        "test_binary_losses::test_it_is_least_where_the_probability_is_the_target",
        "test_cross_entropy_loss::test_it_is_least_where_the_probabilities_are_the_target",
    ],
    "the sentence itself": [
        "test_bce_loss::test_exactly_0_and_1_are_probabilities_and_cost_at_most_100",
        "test_bce_with_logits_loss::test_logits_of_any_size_have_the_right_loss",
        "test_cross_entropy_loss::test_it_is_the_negative_log_likelihood_of_the_softmax",
        "test_cross_entropy_loss::test_with_all_targets_ignored_there_is_no_mean",
        "test_cross_entropy_loss::test_huge_logits_stay_exact",
        "test_every_loss::test_the_mean_and_the_sum_are_those_of_the_losses",
        "test_every_loss::test_shape_and_dtype_are_those_of_the_targets_or_of_one_number",
        "test_l1_loss::test_the_best_constant_is_the_median",
        "test_mse_loss::test_k_times_the_error_is_k_squared_times_the_loss",
        "test_mse_loss::test_the_best_constant_is_the_mean",
    ],
    "the sentence itself: just outside": [
        "test_bce_loss::test_a_hair_beyond_0_or_1_is_refused",
    ],
    "the sentence itself: up to -100, and not before": [
        "test_bce_loss::test_small_probabilities_are_not_made_larger",
    ],
    "the sentence itself, in every dtype": [
        "test_bce_loss::test_the_smallest_numbers_of_every_dtype_have_their_logarithm",
    ],
    "what is not judged here, but stated: only the range is checked": [
        "test_bce_loss::test_a_logit_that_looks_like_a_probability_passes_for_one",
    ],
    "the comparison with PyTorch": [
        "test_binary_losses::test_the_values_are_those_of_pytorch",
        "test_cross_entropy_loss::test_the_values_are_those_of_pytorch",
        "test_l1_loss::test_the_values_are_those_of_pytorch",
        "test_mse_loss::test_the_values_are_those_of_pytorch",
    ],
    "faults of two options that meet": [
        "test_bce_with_logits_loss::test_weight_and_pos_weight_go_together",
        "test_cross_entropy_loss::test_all_options_go_together",
        "test_cross_entropy_loss::test_probabilities_go_with_weights_and_smoothing",
    ],
    "the sentence itself: where both are exact": [
        "test_bce_with_logits_loss::test_it_is_sigmoid_and_bce_loss_in_one",
    ],
    "the sentence itself, by classes": [
        "test_cross_entropy_loss::test_for_equal_rows_it_is_least_where_the_probabilities_are_the_fractions_of_the_classes",
    ],
    "the sentence itself: where only one of them is alive": [
        "test_bce_loss::test_a_logit_that_the_sigmoid_rounds_to_1_costs_100_and_has_no_gradient",
        "test_bce_with_logits_loss::test_it_keeps_the_gradient_that_dies_in_the_sigmoid",
    ],
    "nothing the caller gave is written to, weights neither": [
        "test_binary_losses::test_weights_are_left_as_they_were",
    ],
    "the definition, of every target": [
        "test_cross_entropy_loss::test_every_target_costs_minus_the_log_of_its_probability",
    ],
    "the sentence itself, for those without the other options": [
        "test_cross_entropy_loss::test_the_weighted_mean_divides_by_the_weights_of_the_targets",
        "test_cross_entropy_loss::test_ignored_targets_count_nowhere",
        "test_cross_entropy_loss::test_smoothing_spreads_eps_over_all_classes",
    ],
    "the default, for those without the option": [
        "test_cross_entropy_loss::test_targets_of_minus_100_count_nowhere",
    ],
    "the sentence itself, for those without the options": [
        "test_cross_entropy_loss::test_targets_of_probabilities_average_minus_the_logs",
    ],
    "the two kinds of targets agree": [
        "test_cross_entropy_loss::test_a_certain_probability_is_a_class",
    ],
    "the formula, with every option": [
        "test_cross_entropy_loss::test_options_weigh_the_gradient_of_classes",
        "test_cross_entropy_loss::test_options_weigh_the_gradient_of_probabilities",
    ],
    "the sentence itself, in the gradient, whatever the scores are": [
        "test_cross_entropy_loss::test_an_ignored_row_gets_no_gradient_and_changes_none",
    ],
    "up to the largest number of every dtype": [
        "test_cross_entropy_loss::test_logits_near_the_largest_number_of_the_dtype_stay_finite",
    ],
    "what masks rely on": [
        "test_cross_entropy_loss::test_a_class_with_a_logit_of_minus_infinity_changes_nothing",
    ],
    "every dtype, with every option": [
        "test_cross_entropy_loss::test_with_options_lower_precision_costs_only_rounding",
        "test_binary_losses::test_with_weights_lower_precision_costs_only_rounding",
        "test_cross_entropy_loss::test_with_probabilities_lower_precision_costs_only_rounding",
    ],
    "probabilities, which are read by code of their own": [
        "test_cross_entropy_loss::test_the_place_of_probabilities_in_memory_changes_nothing",
    ],
    "class indices, which are read by code of their own": [
        "test_every_loss::test_the_place_of_the_target_in_memory_changes_nothing",
    ],
    "what it leaves behind may harm others alone": [
        "test_every_loss::test_the_state_of_torch_is_left_as_it_was",
    ],
    "needs no formula, so it can judge any function": [
        "test_every_loss::test_the_gradient_is_the_limit_of_differences",
    ],
    "the incoming gradient of most training": [
        "test_every_loss::test_a_plain_sum_has_the_gradient_of_a_sum_with_weights_of_1",
    ],
    "what gradient accumulation relies on": [
        "test_every_loss::test_gradients_of_two_backward_passes_add_up",
    ],
    "judges every loss in every dtype, whatever its own claims do": [
        "test_every_loss::test_lower_precision_costs_only_rounding",
    ],
    "the definition, of every element": [
        "test_l1_loss::test_each_loss_is_an_absolute_error",
        "test_mse_loss::test_each_loss_is_a_squared_error",
    ],
    "the definition, up to the largest numbers": [
        "test_l1_loss::test_errors_of_any_size_count_as_they_are",
        "test_mse_loss::test_errors_of_any_size_are_squared_as_they_are",
    ],
    "the definition, up to the largest numbers of every dtype": [
        "test_l1_loss::test_errors_up_to_the_largest_number_count_as_they_are",
    ],
    "the sentence itself: the influence of an outlier is bounded": [
        "test_l1_loss::test_an_outlier_pulls_no_harder_than_any_other",
    ],
    "the sentence itself: where the error is 0 there is a kink": [
        "test_l1_loss::test_at_the_kink_the_slope_is_between_those_beside_it",
    ],
    "what multiplying out the square loses": [
        "test_mse_loss::test_small_errors_between_large_numbers_are_not_lost",
    ],
    "the sentence itself: it is convex": [
        "test_mse_loss::test_between_two_predictions_it_is_below_the_chord",
    ],
    "as of L1Loss": [
        "test_mse_loss::test_the_target_gets_the_opposite_gradient",
    ],
}
