"""Which names a node may have: it becomes an attribute of a module."""

from __future__ import annotations

import keyword

#: Names that a module already has of its own (a test compares with ``dir(torch.nn.Module)``).
RESERVED_NAMES = frozenset(
    """T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
    eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
    modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    meta shape_env to_folder
    graph code print_readable recompile add_submodule delete_submodule delete_all_unused_submodules self torch nn
    math""".split()
)


def is_node_name(name: str) -> bool:
    """Whether a node may be so named: an identifier that no module has as an attribute of its own."""
    usable = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    return usable and name not in RESERVED_NAMES
