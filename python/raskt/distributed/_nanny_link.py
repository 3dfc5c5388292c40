"""What a worker's process and its nanny say to each other: pickled messages over a pair of sockets."""

from __future__ import annotations

import os
import pickle
import queue
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LINK_VARIABLE", "Link", "Messages", "framed"]

#: The variable with the number of the worker's socket.
LINK_VARIABLE = "RASKT_DISTRIBUTED_NANNY"
_LENGTH = struct.Struct("<Q")
_BLOCK_BYTES = 1 << 16


def framed(message: Any) -> bytes:
    """Return a message as it is sent: its length, and then itself."""
    data = pickle.dumps(message, protocol=5)
    return _LENGTH.pack(len(data)) + data


class Messages:
    """Messages that arrive in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, block: bytes) -> list[Any]:
        """Take what has arrived in, and return the messages that are whole."""
        self._data += block
        found = []
        while len(self._data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data)
            end = _LENGTH.size + length
            if len(self._data) < end:
                break
            found.append(pickle.loads(bytes(self._data[_LENGTH.size : end])))
            del self._data[:end]
        return found


class Link:
    """The worker's end.

    Parameters
    ----------
    number : int
        The number of the socket.
    """

    def __init__(self, number: int) -> None:
        self._socket = socket.socket(fileno=number)
        # Programs that tasks start have no part in it.
        self._socket.set_inheritable(False)
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._asking = threading.Lock()
        self._is_gone = False

    @classmethod
    def found(cls) -> Link | None:
        """Return that of this process; None where it has no nanny."""
        number = os.environ.pop(LINK_VARIABLE, "")
        return cls(int(number)) if number else None

    def watch(self, gone: Callable[[], object]) -> None:
        """Have `gone` called, on a thread, when the nanny has ended."""
        threading.Thread(target=self._read, args=(gone,), name="raskt-nanny-link", daemon=True).start()

    def _read(self, gone: Callable[[], object]) -> None:
        messages = Messages()
        try:
            while block := self._socket.recv(_BLOCK_BYTES):
                for message in messages.take(block):
                    self._answers.put(message)
        except OSError:
            # As good as the end of what is said.
            pass
        self._is_gone = True
        self._answers.put(None)
        gone()

    def tell(self, message: Any) -> None:
        """Send a message that has no answer."""
        self._socket.sendall(framed(message))

    def ask(self, message: Any) -> Any:
        """Send a message, and return what is answered.

        Raises
        ------
        RuntimeError
            Where the nanny has ended.
        Exception
            What it raises.
        """
        with self._asking:
            if not self._is_gone:
                self.tell(message)
                answer = self._answers.get()
                if answer is not None:
                    is_value, outcome = answer
                    if is_value:
                        return outcome
                    raise outcome
        raise RuntimeError("the nanny of this worker has ended")
