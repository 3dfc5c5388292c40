"""The lines that a bag leaves out."""

from __future__ import annotations

from typing import Any

from raskt._raskt import Task
from raskt.bag._bad import Context
from raskt.bag._base import bag_of
from raskt.bag._chain import Chain
from raskt.bag._layers import Layer, fuse
from raskt.bag._lines import ReadLines
from raskt.bag._steps import Step
from raskt.tokenize import tokenize

__all__ = ["BadOnly", "bad_lines"]


class BadOnly(Step):
    """Go through a partition for the lines that have to be left out, and return those."""

    __slots__ = ()

    def describe(self) -> str:
        """Return what is kept."""
        return "bad lines"

    def run(self, context: Context, stream: Any, *_inputs: Any) -> Any:
        """Return the bad lines."""
        context.wants_bad = True
        for _ in stream:
            pass
        return list(context.bad or ())


def bad_lines(bag: Any) -> Any:
    """Return the bag of lines that ``bag`` leaves out."""
    name = f"bad-lines-{tokenize(bag.name)}"
    tasks = fuse(bag.__raskt_graph__(), bag.__raskt_keys__())
    made: dict[Any, Any] = {}
    end = Chain((BadOnly(),), (0,))
    for i, key in enumerate(bag.__raskt_keys__()):
        task = tasks[key]
        source = task.func.steps[0] if type(task) is Task and type(task.func) is Chain else None
        if not isinstance(source, ReadLines) or source.errors not in ("skip", "collect"):
            raise ValueError(
                "bad lines are known of what read_text returns with errors='collect', and of functions of "
                "its elements"
            )
        made[name, i] = Task((name, i), Chain.of([task.func, end]), *task.args)
    rest = {key: task for key, task in tasks.items() if key not in set(bag.__raskt_keys__())}
    return bag_of(Layer(lambda: rest | made, functions=bag._layer.functions), name, bag.npartitions)
