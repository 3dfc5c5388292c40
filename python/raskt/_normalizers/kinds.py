"""Types that the engine encodes by itself besides the built-in ones."""

from __future__ import annotations

__all__ = ["NATIVE_KINDS"]


#: Types that Rust encodes by itself besides the built-in ones, by kind.
NATIVE_KINDS: dict[type, str] = {object: "sentinel"}
