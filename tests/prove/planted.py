"""Every planted fault: what is damaged, by which public thread, and which check has to find it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from danlu.prove.request import Request
from prove import planted_contamination as contamination
from prove import planted_exports as exports
from prove import planted_folders as folders
from prove import planted_merges as merges
from prove import planted_templates as templates
from prove import planted_training as training
from prove.ground import Ground

Planted = Request | AbstractContextManager[Request]


@dataclass(frozen=True)
class Fault:
    """One fault; its name is that of the function that plants it."""

    plant: Callable[[Ground, Path], Planted]
    found_by: str
    replays: str = ""
    """The public thread, as `project #number`; empty for the ordinary accident of copying, converting or editing."""
    also: tuple[str, ...] = ()
    """Checks that rightly fail with it, since the same damage is theirs to see as well."""

    @property
    def name(self) -> str:
        """For the reports of tests."""
        return self.plant.__name__


_SERVED_OTHERWISE = ("template.parity", "template.prompt")
"""Whatever differs between training and serving differs in the tokens, and those are compared as well."""
_OF_THE_MERGE = ("merge.logits",)
"""Wrong weights give wrong logits."""
_OF_OTHER_WEIGHTS = ("served.model", "served.greedy", "served.stop")
"""A server that runs them is caught at each of its replies. GGUF files are served for the occasion."""

FAULTS: tuple[Fault, ...] = (
    Fault(folders.missing_shard, "files.weights"),
    Fault(folders.truncated_shard, "files.weights"),
    Fault(folders.shards_of_two_models, "files.weights"),
    Fault(folders.overflowed, "files.weights"),
    Fault(folders.pickled, "files.pickle", "unsloth #2352"),
    Fault(folders.eos_in_tokenizer_only, "config.eos", "LLaMA-Factory #9338", ("config.stops",)),
    Fault(folders.eos_without_end_of_turn, "config.eos", "ollama #8363", ("config.stops",)),
    Fault(folders.bos_of_the_class, "config.bos"),
    Fault(folders.biases_left_out, "files.weights"),
    Fault(folders.adapter_in_the_weights, "files.weights"),
    Fault(folders.adapter_beside_the_model, "files.weights"),
    Fault(folders.ids_of_another_order, "config.vocabulary"),
    Fault(folders.two_templates, "template.sources"),
    Fault(folders.temperature_of_zero, "config.generation"),
    Fault(folders.end_suppressed, "config.stops", also=("config.generation",)),
    Fault(folders.end_put_off, "config.stops", also=("config.generation",)),
    Fault(folders.fewer_experts, "config.context"),
    Fault(folders.pad_beyond_vocabulary, "config.pad"),
    Fault(folders.pad_of_minus_one, "config.pad"),
    Fault(folders.token_without_row, "config.vocabulary"),
    Fault(folders.trained_head_dropped, "config.tied", "transformers #45127"),
    Fault(folders.head_missing, "config.tied"),
    Fault(folders.stored_wider, "config.dtype"),
    Fault(folders.some_stored_wider, "config.dtype"),
    Fault(folders.four_bits_called_sixteen, "config.dtype", "unsloth #10808"),
    Fault(folders.rope_scaling_lost, "config.context"),
    Fault(folders.context_promised_only, "config.context"),
    Fault(folders.yarn_beyond_its_factor, "config.context"),
    Fault(folders.stop_never_learnt, "config.stops", "axolotl #3754"),
    Fault(folders.rows_of_no_shape, "data.rows"),
    Fault(templates.no_generation_prompt, "template.prompt"),
    Fault(templates.first_turn_only, "template.turns"),
    Fault(templates.system_dropped, "template.system"),
    Fault(templates.thoughts_dropped, "template.thinking"),
    Fault(templates.tool_calls_lost, "template.tools"),
    Fault(templates.control_tokens_in_user_text, "template.injection"),
    Fault(templates.reply_ends_itself, "template.injection"),
    Fault(templates.rows_refused, "template.turns"),
    Fault(templates.trained_rows_refused, "template.parity"),
    Fault(templates.template_cut, "template.turns"),
    Fault(templates.earlier_thoughts_trained, "template.thinking", also=_SERVED_OTHERWISE),
    Fault(training.stop_masked, "mask.stop", "axolotl #3754"),
    Fault(training.axolotl_without_end_of_turn, "mask.stop", "axolotl #3754"),
    # The collator of pad_is_eos puts the prompt under the loss, too, and its tokenizer a BOS that this template never writes.
    Fault(training.pad_is_eos, "mask.stop", "trl #976", ("mask.prompt", "template.bos", *_SERVED_OTHERWISE)),
    Fault(training.prompt_learnt, "mask.prompt"),
    Fault(training.prompt_marked_by_zero, "mask.prompt"),
    Fault(training.dump_of_another_vocabulary, "data.rows"),
    Fault(training.stop_cut_off, "mask.truncated", "trl #1623"),
    Fault(training.bos_twice, "template.bos", "llama-cpp-python #1501", _SERVED_OTHERWISE),
    Fault(training.newline_missing, "template.whitespace", also=_SERVED_OTHERWISE),
    Fault(training.system_made_up, "template.system", also=_SERVED_OTHERWISE),
    Fault(training.served_by_another_template, "template.parity", "LLaMA-Factory #8720", ("template.prompt",)),
    Fault(training.trained_by_default_template, "template.parity", "LLaMA-Factory #2509", ("template.prompt",)),
    Fault(merges.stop_known_to_the_adapter_only, "config.eos", "LLaMA-Factory #9338", ("config.stops",)),
    Fault(merges.empty_adapter, "adapter.complete", "peft #2892"),
    Fault(merges.keys_that_nobody_loads, "adapter.complete", "unsloth #2009", _OF_THE_MERGE),
    Fault(merges.half_an_adapter, "adapter.complete"),
    Fault(merges.served_on_its_own_merge, "adapter.complete"),
    Fault(merges.targets_forgotten, "adapter.complete"),
    Fault(merges.alpha_of_zero, "adapter.complete"),
    Fault(merges.merged_twice, "merge.weights", also=_OF_THE_MERGE),
    Fault(merges.merged_beside_adapter, "merge.weights", also=("files.weights",)),
    Fault(merges.never_merged, "merge.weights", "unsloth #611", _OF_THE_MERGE),
    Fault(merges.modules_missing, "merge.weights", "ms-swift #5430", _OF_THE_MERGE),
    Fault(merges.stabilised_scale_ignored, "merge.weights", "TensorRT-LLM #1668", _OF_THE_MERGE),
    Fault(merges.wrong_base, "merge.base", also=_OF_THE_MERGE),
    Fault(merges.quantised_base, "merge.base", "unsloth #1089", _OF_THE_MERGE),
    Fault(merges.vocabulary_moved, "merge.base", also=_OF_THE_MERGE),
    Fault(merges.other_frequencies, "config.context", also=_OF_THE_MERGE),
    Fault(merges.soft_cap_lost, "merge.logits", also=("config.context",)),
    Fault(exports.other_words, "export.tokenizer", "llama.cpp #7724"),
    Fault(exports.end_token_lost, "export.tokenizer"),
    Fault(exports.template_lost, "export.template", "ollama #8982", ("served.prompt",)),
    Fault(exports.template_replaced, "export.template", also=("served.prompt",)),
    Fault(exports.four_bits_in_the_file, "export.dtype"),
    Fault(exports.four_bits_in_the_folder, "export.dtype", "unsloth #10808", also=("export.logits",)),
    Fault(exports.weights_of_another_run, "export.logits", "unsloth #4503", _OF_OTHER_WEIGHTS),
    Fault(exports.rotary_order_forgotten, "export.logits", also=_OF_OTHER_WEIGHTS),
    Fault(exports.wrong_weights_answer, "served.model", "unsloth #4503", _OF_OTHER_WEIGHTS),
    Fault(exports.fallback_answers, "served.model"),
    Fault(exports.zero_temperature_unset, "served.greedy", also=("served.sampling", "served.stop")),  # a drawn reply may miss its end
    Fault(exports.prompt_cut_in_silence, "served.truncation", "ollama #2722"),
    Fault(exports.penalty_by_default, "served.sampling", "vLLM #15241"),
    Fault(exports.system_added, "served.prompt", also=("served.greedy",)),
    Fault(exports.stops_ignored, "served.stop"),
    Fault(contamination.benchmark_in_training, "contamination.exact"),
    Fault(contamination.half_a_benchmark_item, "contamination.ngram"),
    Fault(contamination.benchmark_reworded, "contamination.near"),
    Fault(contamination.answers_in_training, "contamination.answer"),
)  # fmt: skip
