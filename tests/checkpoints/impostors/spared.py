"""Claims that need not be the only one to refuse some impostor, by the reason why."""

SPARED = {
    "the sentence itself": [
        "test_load_checkpoint::test_the_model_gives_the_same_outputs_again",
    ],
    "the sentence itself: flexible": [
        "test_our_promises::test_a_part_of_a_checkpoint_can_be_loaded_into_another_model",
    ],
    "the way out, that the sentence is about": [
        "test_pickled_models::test_a_saved_state_outlives_the_class",
        "test_pickled_models::test_the_state_is_loaded_into_the_class_where_it_is_now",
    ],
    "names the fault that others only suffer from": [
        "test_save_checkpoint::test_what_a_module_says_is_its_state_is_saved",
    ],
    "what no optimizer leaves behind": [
        "test_save_checkpoint::test_without_an_optimizer_there_is_none_in_the_file",
    ],
    "the sentence itself, on which all others rely": [
        "test_save_checkpoint::test_there_is_no_code_in_the_file",
    ],
}
