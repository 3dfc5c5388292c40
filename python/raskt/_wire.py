"""Objects between processes: pickles with their buffers in shared memory, over a Unix socket.

A frame is 12 bytes (length of the payload, number of file descriptors), then the payload: a pickle of
``(header, places)``. Small buffers lie in ``places`` as bytes; large ones lie together in one anonymous file
whose descriptor comes with the frame, and the receiver maps it copy-on-write: one copy on the way out, none
on the way in.
"""

from __future__ import annotations

import mmap
import os
import pickle
import socket
import struct

from raskt._pickle import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["anonymous_file", "receive", "send"]

_FRAME = struct.Struct("<QI")
#: Frames longer than this do not come from us.
_FRAME_BYTES_MAX = 1 << 40
_ALIGN = 64


def anonymous_file() -> int:
    """Return the descriptor of a new file in memory that has no name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("raskt", os.MFD_CLOEXEC)
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _share(buffers: list[memoryview]) -> tuple[int, list[tuple[int, int]]]:
    """Write buffers to an anonymous file; return its descriptor, and where each lies."""
    places, end = [], 0
    for buffer in buffers:
        places.append((end, buffer.nbytes))
        end += -(-buffer.nbytes // _ALIGN) * _ALIGN
    fd = anonymous_file()
    try:
        os.ftruncate(fd, max(end, 1))
        for (offset, length), buffer in zip(places, buffers, strict=True):
            done = 0
            while done < length:
                done += os.pwrite(fd, buffer[done : done + (1 << 30)], offset + done)
    except BaseException:
        os.close(fd)
        raise
    return fd, places


def send(sock: socket.socket, obj: Any, shared_min: int) -> None:
    """Send ``obj``; buffers of ``shared_min`` bytes and more go through shared memory."""
    kept: list[Any] = []
    header = dumps(obj, buffer_callback=kept.append)
    views = [buffer.raw().cast("B") for buffer in kept]
    large = [view for view in views if view.nbytes >= shared_min]
    fd, shared = _share(large) if large else (None, [])
    try:
        rest = iter(shared)
        places = [next(rest) if view.nbytes >= shared_min else bytes(view) for view in views]
        payload = pickle.dumps((header, places), protocol=5)
        frame = _FRAME.pack(len(payload), 0 if fd is None else 1)
        if fd is None:
            sock.sendall(frame + payload)
        else:
            socket.send_fds(sock, [frame], [fd])
            sock.sendall(payload)
    finally:
        if fd is not None:
            os.close(fd)


def receive(sock: socket.socket) -> Any:
    """Receive what `send` sent; EOFError when the other side is gone."""
    frame, fds, _, _ = socket.recv_fds(sock, _FRAME.size, 1)
    try:
        if len(frame) < _FRAME.size:
            frame += _exactly(sock, _FRAME.size - len(frame))
        length, n_fds = _FRAME.unpack(frame)
        if length > _FRAME_BYTES_MAX or n_fds != len(fds):
            raise EOFError("a frame that no process of this pool sent")
        header, places = pickle.loads(_exactly(sock, length))
        mapped = None
        if fds:
            size = os.fstat(fds[0]).st_size
            access = mmap.PROT_READ | mmap.PROT_WRITE
            mapped = memoryview(mmap.mmap(fds[0], size, flags=mmap.MAP_PRIVATE, prot=access))
    finally:
        for fd in fds:
            os.close(fd)
    buffers: list[Any] = []
    for place in places:
        if isinstance(place, bytes):
            # A writable copy: what the sender could write, the receiver can.
            buffers.append(bytearray(place))
        elif mapped is not None:
            buffers.append(mapped[place[0] : place[0] + place[1]])
    return pickle.loads(header, buffers=buffers)


def _exactly(sock: socket.socket, n: int) -> bytes:
    data = bytearray(n)
    view = memoryview(data)
    while n:
        got = sock.recv_into(view, n)
        if not got:
            raise EOFError("the other process closed the connection")
        view, n = view[got:], n - got
    return bytes(data)
