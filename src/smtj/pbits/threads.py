"""Compiled work side by side, in threads that share nothing but what they read."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def in_threads(run: Callable[[int, int], object], first: int, last: int, pays: bool = True) -> None:
    """Divide the pieces from a first to before a last among as many threads as Numba may use.

    A parallel loop of Numba would take ten times as long to compile.

    Parameters
    ----------
    run
        Does the pieces from a first to before a last; it must let go of Python's lock.
    first, last
        The pieces.
    pays
        Whether there is enough work for threads.
    """
    import numba

    count = last - first
    threads = min(numba.get_num_threads(), count) if pays else 1
    if threads <= 1:
        run(first, last)
        return
    ends = [first + count * k // threads for k in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run, *ends[k : k + 2]) for k in range(threads)]:
            done.result()
