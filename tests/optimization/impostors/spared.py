"""Claims that need not be the only one to refuse some impostor, by the reason why."""

SPARED = {
    "the definition": [
        "test_adagrad::test_every_step_follows_the_recurrence",
        "test_adam::test_every_step_follows_the_recurrence",
        "test_rmsprop::test_every_step_follows_the_recurrence",
        "test_sgd::test_every_step_follows_the_recurrence",
    ],
    "the constants of the signature": [
        "test_adagrad::test_the_settings_not_given_are_those_of_the_documentation",
        "test_adam::test_the_settings_not_given_are_those_of_the_documentation",
        "test_rmsprop::test_the_settings_not_given_are_those_of_the_documentation",
    ],
    "the size of the first step": [
        "test_adagrad::test_the_first_step_is_as_long_as_the_learning_rate",
    ],
    "small gradients in half precision, which nothing else has": [
        "test_adagrad::test_the_first_step_is_right_in_lower_precision",
        "test_adam::test_the_first_step_is_right_in_lower_precision",
        "test_rmsprop::test_the_first_step_is_right_in_lower_precision",
    ],
    "a rate of its own for every parameter, as a law": [
        "test_adagrad::test_the_scale_of_a_coordinate_makes_no_difference",
        "test_adam::test_the_scale_of_a_coordinate_makes_no_difference",
        "test_rmsprop::test_the_scale_of_a_coordinate_makes_no_difference",
    ],
    "the sentence itself: favours what is rare": [
        "test_adagrad::test_a_gradient_that_comes_rarely_finds_a_large_rate",
    ],
    "how eps enters: beside the root, in the gradient's unit": [
        "test_adagrad::test_eps_is_added_to_the_size_of_the_gradient",
        "test_rmsprop::test_eps_is_added_to_the_root",
    ],
    "the sentence itself": [
        "test_adagrad::test_the_effective_rate_never_rises",
        "test_adam::test_the_first_step_is_as_long_as_the_learning_rate",
        "test_every_optimizer::test_each_group_has_its_own_settings",
        "test_every_optimizer::test_weight_decay_adds_to_the_gradient",
        "test_every_optimizer::test_a_small_step_lowers_the_loss",
        "test_every_parameter::test_every_number_goes_its_own_way",
        "test_every_state::test_after_loading_it_continues_bit_for_bit",
        "test_rmsprop::test_after_a_huge_gradient_the_rate_recovers",
        "test_sgd::test_a_gradient_fades_by_the_momentum_in_every_step",
        "test_variable::test_the_gradient_is_the_slope_that_differences_show",
        "test_variable::test_every_parameter_gets_the_gradient_that_pytorch_computes",
    ],
    "how it falls": [
        "test_adagrad::test_steady_gradients_make_steps_fall_with_the_root_of_time",
    ],
    "nothing is forgotten, as a law": [
        "test_adagrad::test_the_order_of_what_was_seen_makes_no_difference",
    ],
    "the standstill": [
        "test_adagrad::test_after_a_huge_gradient_the_rate_never_recovers",
    ],
    "the decay that is asked for besides": [
        "test_adagrad::test_lr_decay_divides_the_rate_from_the_second_step_on",
    ],
    "where the sum begins": [
        "test_adagrad::test_the_sum_begins_as_if_another_gradient_had_come",
    ],
    "the condition that the sentence omits": [
        "test_adam::test_the_first_step_is_shorter_where_eps_is_not_far_below",
        "test_sgd::test_in_a_round_bowl_momentum_only_slows_things_down",
    ],
    "both memories, and both corrections, by their formulas": [
        "test_adam::test_a_single_gradient_fades_from_both_averages",
    ],
    "joins momentum to RMSprop: the half that is RMSprop": [
        "test_adam::test_without_the_first_average_it_is_rmsprop_with_a_right_start",
    ],
    "joins momentum to RMSprop: the half that is momentum": [
        "test_adam::test_gradients_to_and_fro_cancel_out",
    ],
    "an option that most versions lack": [
        "test_adam::test_a_decoupled_decay_shrinks_the_parameter_besides",
    ],
    "where both are one": [
        "test_adam::test_while_gradients_grow_amsgrad_changes_nothing",
    ],
    "the repaired claim": [
        "test_adam::test_with_amsgrad_no_step_is_longer_than_without",
    ],
    "the counterexample": [
        "test_adam::test_after_a_peak_amsgrads_rate_rises_with_the_correction",
    ],
    "the sentence itself, for groups that come later": [
        "test_every_optimizer::test_a_group_that_is_added_later_begins_then",
    ],
    "the counterexample, its bound, and what comes to it": [
        "test_adam::test_after_a_long_silence_one_gradient_makes_a_step_longer_than_the_rate",
        "test_adam::test_gradients_that_grow_as_memory_fades_make_the_longest_step",
        "test_adam::test_no_step_is_longer_than_both_memories_allow",
    ],
    "the sentence itself, by the example in its care": [
        "test_adam::test_a_decoupled_decay_alone_shrinks_a_weight_by_the_rate_times_the_decay",
    ],
    "where descent ends and ascent begins": [
        "test_sgd::test_a_quadratic_is_descended_only_below_a_rate_of_2_over_its_curvature",
        "test_sgd::test_at_the_limit_it_swings_for_ever_and_beyond_it_each_step_raises_the_loss",
    ],
    "the limit of half precision": [
        "test_every_optimizer::test_in_float16_the_usual_settings_hold_gradients_down_to_a_limit",
    ],
    "names the fault that others only suffer from": [
        "test_every_optimizer::test_what_a_group_says_before_the_first_step_counts",
        "test_every_optimizer::test_a_group_that_is_added_has_the_settings_the_optimizer_was_made_with",
        "test_every_optimizer::test_writing_into_a_gradient_afterwards_changes_nothing",
        "test_every_optimizer::test_only_a_step_moves_a_parameter",
        "test_every_parameter::test_two_optimizers_at_a_time_share_nothing",
        "test_every_state::test_to_save_is_to_look_and_not_to_touch",
        "test_every_state::test_what_was_loaded_can_be_loaded_again",
    ],
    "what schedules of the learning rate rely on": [
        "test_every_optimizer::test_the_groups_tell_their_settings",
    ],
    "what gradient accumulation relies on": [
        "test_every_optimizer::test_gradients_that_are_not_zeroed_add_up",
    ],
    "the definition of zero_grad": [
        "test_every_optimizer::test_zero_grad_forgets_every_gradient",
    ],
    "the definition of zero_grad, for groups": [
        "test_every_optimizer::test_zero_grad_forgets_the_gradients_of_every_group",
    ],
    "an option that many versions lack": [
        "test_every_optimizer::test_zero_grad_sets_to_none_or_to_zeros_as_it_is_told",
    ],
    "the caller holds the parameter, too": [
        "test_every_optimizer::test_a_parameter_stays_what_it_is",
    ],
    "what all of it is for": [
        "test_every_optimizer::test_training_a_model_step_by_step_works",
    ],
    "what it leaves behind may harm others alone": [
        "test_every_optimizer::test_the_state_of_torch_is_left_as_it_was",
    ],
    "a setting of the caller's that must not matter": [
        "test_every_optimizer::test_the_default_dtype_makes_no_difference",
    ],
    "options that only PyTorch's have": [
        "test_every_optimizer::test_the_faster_ways_lead_to_the_same_place",
    ],
    "judges every rule in every dtype": [
        "test_every_optimizer::test_lower_precision_costs_only_rounding",
    ],
    "many parameters and groups at once": [
        "test_every_state::test_every_parameter_gets_its_own_state_back",
    ],
    "what every schedule does after a restart": [
        "test_every_state::test_the_learning_rate_can_be_changed_after_loading",
    ],
    "what a search for settings does": [
        "test_every_state::test_an_optimizer_can_be_set_back",
    ],
    "the way that a checkpoint takes": [
        "test_every_state::test_the_state_survives_a_file",
    ],
    "the sentence itself: the direction is exact": [
        "test_gradient_descent::test_a_step_on_all_data_goes_against_the_mean_of_the_single_gradients",
    ],
    "the sentence itself: nothing is left to chance": [
        "test_gradient_descent::test_with_all_data_in_a_batch_the_order_makes_no_difference",
    ],
    "the sentence itself: memory grows with the data": [
        "test_gradient_descent::test_every_further_sample_takes_as_much_memory_again",
    ],
    "what the sentence leaves out": [
        "test_gradient_descent::test_gradients_added_up_part_by_part_give_the_same_direction",
    ],
    "both sentences, exactly: over all batches there are": [
        "test_gradient_descent::test_all_batches_of_b_have_the_right_mean_and_the_variance_that_is_said",
    ],
    "the sentence, exactly: 1/B alone": [
        "test_gradient_descent::test_drawn_with_replacement_the_variance_is_that_of_one_sample_over_b",
    ],
    "the sentence itself: there is no bias": [
        "test_gradient_descent::test_the_moves_are_right_on_average",
    ],
    "the sentence itself: each epoch anew, whatever the sizes of the batches": [
        "test_gradient_descent::test_an_epoch_says_nothing_about_those_after_it",
    ],
    "the definition, step by step": [
        "test_gradient_descent::test_each_step_starts_where_the_one_before_ended",
    ],
    "the plain case of the next one": [
        "test_gradient_descent::test_what_the_loss_does_not_use_stays",
    ],
    "looks for what goes wrong together alone": [
        "test_programs::test_any_program_leads_where_pytorchs_leads",
    ],
    "the definition, centered": [
        "test_rmsprop::test_centered_every_step_follows_the_recurrence",
    ],
    "how it starts, for want of a bias correction": [
        "test_rmsprop::test_the_first_step_is_longer_than_the_learning_rate",
    ],
    "it does not fall with time alone, as AdaGrad's does": [
        "test_rmsprop::test_steady_gradients_come_to_steps_of_the_learning_rate",
    ],
    "what centering divides by": [
        "test_rmsprop::test_centered_it_divides_by_the_standard_deviation",
    ],
    "momentum of the scaled steps": [
        "test_rmsprop::test_momentum_adds_what_is_left_of_the_steps_before",
    ],
    "what it is without any setting": [
        "test_sgd::test_without_momentum_it_goes_against_the_gradient",
    ],
    "where the first step is an exception": [
        "test_sgd::test_dampening_withholds_from_all_gradients_but_the_first",
    ],
    "why it is called looking ahead": [
        "test_sgd::test_nesterovs_gradient_is_taken_where_momentum_leads",
    ],
    "the rate of the rival": [
        "test_sgd::test_without_momentum_a_ravine_takes_k_minus_1_over_k_plus_1",
    ],
    "the sentence itself, as a law": [
        "test_sgd::test_with_momentum_a_ravine_takes_root_k_minus_1_over_root_k_plus_1",
    ],
    "shows a wrong order without any network": [
        "test_variable::test_backward_finds_the_slopes_of_the_forward_pass",
    ],
    "the smallest cases, which show what is wrong": [
        "test_variable::test_all_uses_of_a_variable_add_up",
    ],
    "either operand of every sign": [
        "test_variable::test_one_constant_operand_leaves_the_gradient_of_the_other_as_it_is",
    ],
}
