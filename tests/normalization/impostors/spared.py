"""Claims that need not be the only one to refuse some impostor, by the reason why."""

SPARED = {
    "the definition, in plain arithmetic": [
        "test_batch_norm1d::test_features_are_normalized_over_the_samples",
        "test_batch_norm1d::test_sequences_are_normalized_over_samples_and_positions",
        "test_batch_norm2d::test_images_are_normalized_over_samples_and_places",
        "test_running_statistics::test_the_newest_batch_counts_by_the_momentum",
    ],
    "what the third dimension means": [
        "test_batch_norm1d::test_a_position_of_a_sequence_is_as_good_as_a_sample",
    ],
    "what the places mean": [
        "test_batch_norm2d::test_where_in_an_image_a_value_is_does_not_matter",
    ],
    "the sentence itself": [
        "test_every_batch_norm::test_each_channel_gets_mean_0_and_variance_1_over_the_batch",
        "test_every_batch_norm::test_each_channel_is_scaled_and_shifted_by_its_own_weight_and_bias",
        "test_every_batch_norm::test_the_gradient_has_no_component_along_a_shift_or_a_scaling",
        "test_running_statistics::test_the_running_averages_are_those_of_all_batches",
        "test_running_statistics::test_in_evaluation_the_running_averages_are_used",
        "test_running_statistics::test_evaluation_changes_nothing",
        "test_running_statistics::test_back_in_training_the_batch_is_used_again",
        "test_running_statistics::test_after_loading_it_continues_bit_for_bit",
    ],
    "the definition": [
        "test_every_batch_norm::test_the_output_is_that_of_the_formula",
    ],
    "shows the condition that the sentence omits": [
        "test_every_batch_norm::test_in_evaluation_a_bias_counts_until_the_running_mean_has_caught_up",
        "test_worse_initialization::test_units_that_start_alike_stay_alike",
    ],
    "needs no formula, so it can judge any function": [
        "test_every_batch_norm::test_the_gradient_is_the_limit_of_differences",
    ],
    "the parameters' part of it": [
        "test_every_batch_norm::test_weight_and_bias_get_their_gradients",
        "test_running_statistics::test_in_evaluation_weight_and_bias_get_their_gradients",
    ],
    "judges every dtype, whatever other claims do": [
        "test_every_batch_norm::test_in_float32_most_of_the_digits_are_right",
        "test_every_batch_norm::test_lower_precision_costs_only_rounding",
    ],
    "names the fault that others only suffer from": [
        "test_settings::test_the_mode_is_that_of_the_network_around_it",
        "test_every_batch_norm::test_the_input_is_left_as_it_was",
        "test_every_batch_norm::test_the_gradient_that_comes_in_is_left_as_it_was",
        "test_every_batch_norm::test_asking_for_gradients_changes_no_value",
        "test_every_batch_norm::test_calls_keep_their_outputs_and_gradients_apart",
    ],
    "what it leaves behind may harm others alone": [
        "test_every_batch_norm::test_the_state_of_torch_is_left_as_it_was",
    ],
    "the option": [
        "test_every_batch_norm::test_without_affine_nothing_is_learned",
    ],
    "the default, at a scale at which it counts": [
        "test_every_batch_norm::test_eps_is_a_hundred_thousandth_unless_told_otherwise",
    ],
    "the default": [
        "test_running_statistics::test_a_tenth_is_of_the_newest_batch_unless_told_otherwise",
    ],
    "why there are running averages at all": [
        "test_running_statistics::test_in_evaluation_every_sample_is_on_its_own",
    ],
    "the sentence itself, and what it leaves out": [
        "test_worse_initialization::test_the_scale_of_the_weights_changes_no_output_and_divides_the_gradient",
    ],
    "a trap for those who use it: it follows from the definition": [
        "test_traps::test_without_gradients_dropout_drops_and_batch_norm_remembers",
        "test_traps::test_in_evaluation_it_folds_into_the_layer_before_it",
        "test_traps::test_behind_dropout_it_sees_another_variance_in_evaluation",
        "test_traps::test_where_the_last_dimension_is_as_long_the_second_is_normalized_all_the_same",
        "test_traps::test_parts_of_a_batch_are_not_the_batch",
    ],
}
