"""Claims that need not be the only one to refuse some impostor, by the reason why."""

SPARED = {
    "one call after another, which other claims meet by chance": [
        "test_every_random_initializer::test_options_are_forgotten_when_the_next_call_has_others",
    ],
    "the sentence itself": [
        "test_constant_::test_every_element_is_the_value",
        "test_every_initializer::test_the_tensor_that_was_given_comes_back",
        "test_every_initializer::test_every_element_is_written",
        "test_every_initializer::test_nothing_about_the_tensor_changes_but_its_numbers",
        "test_every_initializer::test_a_parameter_stays_a_leaf_and_keeps_its_gradient",
        "test_every_initializer::test_what_was_there_before_makes_no_difference",
        "test_every_random_initializer::test_the_same_seed_gives_the_same_weights",
        "test_every_random_initializer::test_a_generator_is_all_that_decides",
        "test_every_random_initializer::test_a_generator_leaves_the_other_randomness_alone",
        "test_every_distribution::test_the_distribution_is_the_right_one",
        "test_every_distribution::test_numbers_are_independent_of_those_further_on",
        "test_every_distribution::test_one_call_is_independent_of_the_next",
        "test_every_distribution::test_the_fans_count_every_position_of_the_kernel",
        "test_kaiming::test_the_gain_is_that_of_the_nonlinearity",
        "test_kaiming::test_a_leaky_relu_needs_a_gain_of_the_root_of_2_over_1_plus_a_squared",
        "test_kaiming::test_the_fan_is_the_one_that_was_asked_for",
        "test_normal_::test_mean_and_std_are_those_that_were_asked_for",
        "test_ones_::test_every_element_is_1",
        "test_uniform_::test_the_numbers_fill_the_space_between_the_bounds",
        "test_uniform_::test_no_part_of_it_is_likelier_than_another",
        "test_xavier::test_both_fans_count_alike",
        "test_xavier::test_the_gain_changes_the_spread_and_nothing_else",
        "test_xavier_uniform_::test_the_bound_is_the_gain_times_the_root_of_6_over_both_fans",
        "test_zeros_::test_every_element_is_0",
    ],
    "infinity and NaN, which arithmetic spoils": [
        "test_constant_::test_special_values_are_values_too",
    ],
    "as of zeros_": [
        "test_constant_::test_other_kinds_of_numbers_can_be_set_as_well",
        "test_ones_::test_other_kinds_of_numbers_can_be_set_as_well",
    ],
    "the order of the signature": [
        "test_constant_::test_the_value_can_be_told_by_place",
        "test_uniform_::test_the_bounds_can_be_told_by_place",
    ],
    "the contract for biases": [
        "test_every_initializer::test_fewer_dimensions_are_written_too",
    ],
    "what a view of a weight relies on": [
        "test_every_initializer::test_whoever_shares_the_memory_sees_the_new_numbers",
    ],
    "what training relies on": [
        "test_every_initializer::test_what_is_computed_from_it_has_the_usual_gradient",
    ],
    "what the gates of an LSTM rely on": [
        "test_every_initializer::test_a_part_of_a_parameter_can_be_written_alone",
    ],
    "names the fault that others only suffer from": [
        "test_every_distribution::test_hardly_any_number_comes_twice",
        "test_every_random_initializer::test_the_next_call_gives_other_weights",
    ],
    "views, which have code of their own": [
        "test_every_random_initializer::test_a_generator_decides_wherever_the_numbers_lie",
    ],
    "the default, when told": [
        "test_every_random_initializer::test_no_generator_is_torchs_own_randomness",
    ],
    "judges every dtype, whatever other claims do": [
        "test_normal_::test_lower_precision_costs_only_rounding",
        "test_uniform_::test_lower_precision_costs_only_rounding",
    ],
    "the distribution, which every fault of size or shape spoils": [
        "test_every_distribution::test_small_tensors_have_the_same_distribution",
        "test_every_distribution::test_elements_of_small_tensors_have_nothing_in_common",
        "test_every_distribution::test_no_row_or_column_is_an_exception",
        "test_every_distribution::test_rows_and_columns_are_no_more_alike_than_by_chance",
    ],
    "generators, which have code of their own": [
        "test_every_distribution::test_one_generator_is_independent_of_another",
    ],
    "the whole domain": [
        "test_kaiming_normal_::test_the_std_is_the_gain_over_the_root_of_the_fan",
        "test_kaiming_uniform_::test_the_bound_is_the_gain_times_the_root_of_3_over_the_fan",
    ],
    "the whole domain, if with less power": [
        "test_normal_::test_any_mean_goes_with_any_std",
        "test_xavier_normal_::test_the_std_is_the_gain_times_the_root_of_2_over_both_fans",
    ],
    "the defaults, one by one": [
        "test_normal_::test_the_other_one_has_its_default",
        "test_uniform_::test_the_bound_that_is_not_given_is_0_or_1",
    ],
    "the sizes at which vectorised code has remainders": [
        "test_normal_::test_any_number_of_numbers_has_the_same_distribution",
        "test_uniform_::test_any_number_of_numbers_has_the_same_distribution",
    ],
    "what comes of numbers that are equal, or random, which is judged elsewhere": [
        "test_symmetry::test_units_that_start_from_any_constant_stay_alike",
        "test_symmetry::test_units_that_start_from_equal_weights_stay_alike",
        "test_symmetry::test_five_units_alike_are_one_unit_with_the_sum_of_their_outgoing_weights",
        "test_symmetry::test_from_all_zeros_tanh_and_relu_learn_no_weight_at_all",
        "test_symmetry::test_from_all_zeros_sigmoid_moves_the_hidden_weights_in_the_second_step",
        "test_symmetry::test_random_units_differ_at_once",
        "test_symmetry::test_random_units_still_differ_after_20_steps",
        "test_symmetry::test_a_random_layer_is_worth_as_many_units_as_it_has",
        "test_symmetry::test_units_alike_learn_xor_no_better_than_a_single_one_could",
        "test_symmetry::test_random_units_learn_xor",
    ],
    "shows a condition that the sentence omits": [
        "test_symmetry::test_zeros_below_random_weights_learn_unless_the_slope_at_0_is_0",
        "test_symmetry::test_units_part_if_they_differ_in_anything_else",
        "test_symmetry::test_units_part_if_dropout_tells_them_apart",
    ],
}
