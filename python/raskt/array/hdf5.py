"""Arrays into files of HDF5."""

from __future__ import annotations

from typing import Any

from raskt.array._base import is_array
from raskt.array.store import store

__all__ = ["to_hdf5"]


def to_hdf5(filename: Any, *args: Any, chunks: Any = True, **kwargs: Any) -> None:
    """Write arrays into data sets of an HDF5 file; h5py writes them, one block at a time.

    Parameters
    ----------
    filename : str or path
        The file; what is in it stays.
    *args : str and Array, or dict of these
        The path of a data set, and the array that is written there; or several as a dictionary.
    chunks : bool, tuple or None, optional
        The chunks of the data sets: by default those of the arrays; ``None`` for contiguous ones.
    **kwargs
        Passed to `h5py.File.require_dataset`, such as ``compression``.

    Raises
    ------
    TypeError
        Where a data set is there already with another shape or dtype.

    Examples
    --------
    >>> import h5py, tempfile
    >>> import raskt.array as ra
    >>> name = tempfile.mkdtemp() + "/x.hdf5"
    >>> ra.to_hdf5(name, "/x", ra.arange(6, chunks=4))
    >>> with h5py.File(name) as file:
    ...     file["/x"][:]
    array([0, 1, 2, 3, 4, 5])
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError("files of HDF5 need the package h5py: pip install h5py") from error
    if len(args) == 1 and isinstance(args[0], dict):
        data = args[0]
    elif len(args) == 2 and isinstance(args[0], str) and is_array(args[1]):
        data = {args[0]: args[1]}
    else:
        raise ValueError("Please provide {'/data/path': array} dictionary")
    with h5py.File(filename, "a") as file:
        targets = [
            file.require_dataset(
                path,
                shape=x.shape,
                dtype=x.dtype,
                chunks=tuple(sizes[0] for sizes in x.chunks) if chunks is True and x.ndim else chunks,
                **kwargs,
            )
            for path, x in data.items()
        ]
        store(list(data.values()), targets)
