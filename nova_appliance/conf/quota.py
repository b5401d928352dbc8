# SPDX-License-Identifier: Apache-2.0
"""[quota]: limits of projects without their own; -1 is no limit."""

from __future__ import annotations

from oslo_config import cfg


def _limit(name: str, default: int) -> cfg.IntOpt:
    return cfg.IntOpt(name, default=default, min=-1, help=f"Default limit of {name}.")


OPTIONS = {
    "quota": (
        _limit("instances", 10),
        _limit("cores", 20),
        _limit("ram", 51200),
        _limit("metadata_items", 128),
        _limit("injected_files", 5),
        _limit("injected_file_content_bytes", 10240),
        _limit("injected_file_path_length", 255),
        _limit("key_pairs", 100),
        _limit("server_groups", 10),
        _limit("server_group_members", 10),
    ),
}
