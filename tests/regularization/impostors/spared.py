"""Claims that need not be the only one to refuse some impostor, by the reason why."""

SPARED = {
    "the definition": [
        "test_color_jitter::test_brightness_multiplies",
        "test_color_jitter::test_saturation_mixes_each_pixel_with_its_gray",
        "test_color_jitter::test_contrast_mixes_an_image_with_its_mean_gray",
        "test_color_jitter::test_hue_turns_the_colour_and_keeps_the_rest",
        "test_every_dropout::test_each_output_is_0_or_the_input_over_1_minus_p",
        "test_every_penalty::test_every_number_of_every_parameter_counts",
        "test_every_penalty::test_every_parameter_gets_a_gradient_of_its_own",
        "test_random_crop::test_it_is_a_window_of_the_image",
        "test_random_crop::test_it_is_a_window_of_the_padded_image",
        "test_random_horizontal_flip::test_it_is_the_image_or_its_mirror_image",
        "test_random_rotation::test_each_pixel_is_the_nearest_to_where_it_comes_from",
    ],
    "the sentence itself": [
        "test_color_jitter::test_a_third_of_the_circle_makes_red_green_and_green_blue",
        "test_color_jitter::test_half_a_circle_is_the_same_either_way",
        "test_color_jitter::test_without_a_change_an_image_is_as_it_was",
        "test_color_jitter::test_without_brightness_an_image_is_black_and_without_contrast_gray",
        "test_color_jitter::test_values_stay_in_their_range",
        "test_compose::test_each_transform_runs_once_in_the_order_given",
        "test_dropout2d::test_all_pixels_of_a_channel_are_dropped_or_kept_together",
        "test_every_dropout::test_in_evaluation_the_input_comes_as_it_is",
        "test_every_dropout::test_back_in_training_units_are_dropped_again",
        "test_every_dropout::test_gradients_go_where_the_inputs_went",
        "test_every_dropout::test_the_mean_over_all_draws_is_the_input",
        "test_every_dropout::test_no_sample_and_no_channel_is_an_exception",
        "test_every_dropout::test_whether_a_unit_is_dropped_says_nothing_about_those_further_on",
        "test_every_transform::test_shape_and_dtype_are_kept",
        "test_every_transform::test_the_range_of_values_is_kept",
        "test_every_transform::test_pictures_vary_from_call_to_call",
        "test_every_transform::test_the_images_of_a_batch_do_not_see_each_other",
        "test_every_transform::test_the_seed_of_torch_decides",
        "test_random_rotation::test_quarter_turns_are_exact_and_counter_clockwise",
        "test_random_rotation::test_half_a_turn_flips_both_ways_and_a_whole_one_none",
        "test_random_rotation::test_turned_there_and_back_every_pixel_is_at_home",
        "test_weight_decay::test_weight_decay_of_sgd_is_half_of_it_times_the_penalty",
    ],
    "the sentence itself: what has no colour": [
        "test_color_jitter::test_gray_has_no_hue",
    ],
    "the sentence itself: what a regression pays for it": [
        "test_dropout::test_dropout_of_the_inputs_of_a_regression_costs_a_ridge_penalty",
    ],
    "the sentence itself, of an image": [
        "test_compose::test_on_an_image_it_is_the_transform_of_the_transform",
    ],
    "the care: what cannot be swapped": [
        "test_compose::test_another_order_is_another_transform",
    ],
    "the sentence itself, of shapes that others have no room for": [
        "test_dropout::test_the_input_may_have_any_number_of_dimensions",
    ],
    "shapes and views that others have no room for": [
        "test_dropout::test_an_input_of_any_shape_may_lie_anywhere",
    ],
    "shapes that others have no room for": [
        "test_dropout::test_an_input_of_any_shape_is_left_as_it_is_in_evaluation",
        "test_dropout::test_gradients_of_any_shape_go_where_the_inputs_went",
    ],
    "images, whose units may be taken for channels": [
        "test_dropout::test_along_no_dimension_elements_are_dropped_together",
    ],
    "images, of which every pixel is a unit": [
        "test_dropout::test_whether_an_element_is_dropped_says_nothing_about_its_neighbours",
    ],
    "the sentence itself, of gradients": [
        "test_dropout2d::test_all_gradients_of_a_channel_are_dropped_or_kept_together",
    ],
    "sizes that others have no room for": [
        "test_dropout2d::test_images_of_every_size_lose_as_many_channels",
    ],
    "the sentence itself, where pixels are 0": [
        "test_dropout2d::test_a_black_pixel_says_nothing_about_its_channel",
    ],
    "views, which have code of their own": [
        "test_every_dropout::test_gradients_go_where_the_inputs_went_wherever_they_lie",
    ],
    "the sentence itself, of views": [
        "test_every_dropout::test_in_evaluation_the_place_in_memory_changes_nothing",
    ],
    "names the fault that others only suffer from": [
        "test_every_dropout::test_the_input_is_left_as_it_was",
        "test_every_dropout::test_no_two_calls_drop_the_same_units",
        "test_every_penalty::test_any_collection_will_do_also_one_that_can_be_gone_through_once",
        "test_every_penalty::test_the_gradient_reaches_what_the_parameters_are_made_from",
        "test_every_penalty::test_two_penalties_keep_their_gradients_apart",
        "test_every_transform::test_the_image_is_left_as_it_was",
        "test_every_transform::test_asking_for_gradients_changes_no_value",
    ],
    "what a copied network relies on": [
        "test_every_transform::test_a_copy_does_as_the_original",
    ],
    "the dtype that claims about numbers are made in": [
        "test_every_dropout::test_units_are_dropped_with_probability_p_in_float64_too",
    ],
    "a dependence that others see only where it changes the mean": [
        "test_every_dropout::test_whether_a_unit_is_dropped_says_nothing_about_its_value",
    ],
    "what everybody calls it with": [
        "test_every_penalty::test_of_a_model_everything_counts_weights_or_not",
    ],
    "that it is a sum, whatever a number counts": [
        "test_every_penalty::test_without_some_parameters_the_others_count_as_before",
    ],
    "needs no formula": [
        "test_every_penalty::test_the_gradient_is_the_limit_of_differences",
    ],
    "what it leaves behind may harm others alone": [
        "test_every_dropout::test_no_setting_of_torch_is_changed",
        "test_every_penalty::test_nothing_is_remembered_and_nothing_else_changed",
    ],
    "the setting that half of all scripts change": [
        "test_every_transform::test_the_default_dtype_changes_nothing",
    ],
    "one weight of several: what the norm of a row would pull on": [
        "test_l1_penalty::test_the_gradient_of_a_weight_does_not_depend_on_the_others",
    ],
    "the sentence, which is about PyTorch alone": [
        "test_l1_penalty::test_no_optimizer_of_pytorch_has_an_option_of_that_name",
    ],
    "the sentence itself: how it is written by hand": [
        "test_l1_penalty::test_added_to_a_loss_by_hand_it_pulls_every_weight_of_a_model",
    ],
    "decimal fractions, as people write them": [
        "test_normalize::test_the_usual_numbers_of_imagenet_will_do",
    ],
    "lists, which are what people write first": [
        "test_normalize::test_lists_and_tuples_mean_the_same",
    ],
    "the plain case, without anything added": [
        "test_random_crop::test_the_padding_is_filled_as_asked",
    ],
    "the sentence that off-by-one errors break": [
        "test_random_crop::test_no_place_is_left_out",
    ],
    "windows as large as the image, which is the usual use": [
        "test_random_crop::test_with_padding_no_place_is_left_out_either",
    ],
    "the definition, with no chance in it": [
        "test_random_horizontal_flip::test_with_p_1_every_image_is_mirrored",
    ],
    "what a learner sees first": [
        "test_random_rotation::test_a_disc_stays_where_it_is_and_the_corners_are_filled",
    ],
    "the other half of chance": [
        "test_random_rotation::test_an_angle_says_nothing_about_the_next",
    ],
    "the sentence, of the SGD that is judged with it": [
        "test_weight_decay::test_weight_decay_of_the_sgd_beside_it_is_half_of_it_times_the_penalty",
    ],
    "the factor that is forgotten": [
        "test_weight_decay::test_with_the_whole_of_weight_decay_the_penalty_is_twice_as_strong",
    ],
    "Adam's weight_decay is the penalty, too": [
        "test_weight_decay::test_weight_decay_of_adam_is_half_of_it_times_the_penalty_too",
    ],
    "what the sentence leaves out: it is a decay for SGD alone": [
        "test_weight_decay::test_without_a_loss_weights_decay_with_sgd_and_not_with_adam",
    ],
    "what the sentence leaves out: AdamW has no penalty": [
        "test_weight_decay::test_no_strength_of_the_penalty_makes_adam_decay_weights",
    ],
}
