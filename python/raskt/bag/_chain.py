"""Steps one after another in one task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from raskt.bag._bad import Context
from raskt.bag._going_on import collected, while_wanted
from raskt.bag._native import describe, plan_of, start
from raskt.bag._steps import BY_ELEMENT, MAPS, NESTED_MAX, Partition, Step

__all__ = ["Chain"]


class Chain:
    """Steps that run as one task: each streams into the next, and a list is made at the end.

    ``counts`` says how many inputs of the task belong to each step, the streamed partition not counted.
    """

    __slots__ = ("_name", "counts", "steps")

    def __init__(self, steps: tuple[Step, ...], counts: tuple[int, ...]) -> None:
        self.steps = steps
        self.counts = counts
        self._name: str | None = None

    def __reduce__(self) -> Any:
        return Chain, (self.steps, self.counts)

    def __raskt_tokenize__(self) -> Any:
        return self.steps, self.counts

    @property
    def __name__(self) -> str:
        # Every task asks for it.
        if self._name is None:
            self._name = " > ".join(step.describe() for step in self.steps)
        return self._name

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    @staticmethod
    def of(parts: Sequence[Chain]) -> Chain:
        """Return the chain of several that go on with one another."""
        return Chain(
            tuple(step for part in parts for step in part.steps),
            tuple(count for part in parts for count in part.counts),
        )

    @property
    def streams(self) -> bool:
        """Whether the first input is a partition."""
        return self.steps[0].streams

    @property
    def plan(self) -> Any:
        """What the engine does of the first steps, or None if all of them run in Python."""
        return None if self.streams else plan_of(self.steps)

    @property
    def n_native(self) -> int:
        """How many of the first steps the engine does."""
        plan = self.plan
        return 0 if plan is None else int(plan.n_steps)

    def describe(self) -> str:
        """Return the steps as text, with those that the engine does marked."""
        return describe(self.steps, self.plan)

    def _start(self, context: Context, inputs: Sequence[Any]) -> tuple[int, int, Any]:
        """Return how many steps and inputs the stream begins with, and the stream."""
        plan = self.plan
        if plan is not None:
            return plan.n_steps, 1, start(context, self.steps, plan, inputs[0].parts)
        if not self.streams:
            return 0, 0, None
        stream = inputs[0]
        if not isinstance(stream, (list, tuple, range, Iterator)):
            stream = Partition.of(iter(stream)) if isinstance(stream, Iterable) else stream
        return 0, 1, stream

    def __call__(self, *inputs: Any) -> Any:
        context = Context()
        # Where each element becomes one, whoever collects them asks whether to go on: that costs nothing.
        is_map = all(type(step) in MAPS or not step.streams for step in self.steps)
        try:
            first, at, stream = self._start(context, inputs)
            for number, (step, count) in enumerate(
                zip(self.steps[first:], self.counts[first:], strict=True), 1
            ):
                rest = inputs[at : at + count]
                at += count
                if number % NESTED_MAX == 0 and context.where is None and isinstance(stream, Iterator):
                    stream = list(stream)
                if not is_map and type(step) in BY_ELEMENT:
                    stream = while_wanted(stream)
                stream = step.run(context, stream, *rest) if step.streams else step.run(context, *rest)
            if isinstance(stream, Partition):
                stream = iter(stream)
            if isinstance(stream, (Iterator, range)):
                stream = collected(stream) if is_map else list(stream)
        except Exception as error:
            context.explain(error)
            raise
        finally:
            context.close()
        return stream
