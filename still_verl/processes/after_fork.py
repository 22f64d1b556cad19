"""What becomes of connections when this process forks by itself, as torch's data loaders and users of Ray do.

Parent and child then hold the same sockets. If both go on to use them, each reads answers that the other one asked for;
and a process at the other end never learns that one of the two is gone. So a forked child closes its copies, see
`close_in_child`, and the objects that used them begin anew, see `abandon_in_child`.

A lock needs the same care: if another thread held it, nobody ever releases it in the child, because that thread does
not exist there. So `abandon` methods make new locks.
"""

import contextlib
import os
import threading
import weakref
from typing import Protocol


class Closable(Protocol):
    """A socket, or a `multiprocessing` connection."""

    def close(self) -> None:
        """Close this process's descriptor; the second time nothing happens."""


class Holder(Protocol):
    """An object whose connections and locks belong to one process."""

    def abandon(self) -> None:
        """Forget every connection and make new locks, in a forked child."""


# Hold it from the moment when a connection is made until it is registered: no thread of this process forks meanwhile.
# Take no other lock while you hold it. It is reentrant, so that a signal handler that forks never waits for the code
# that it has interrupted.
FORKING = threading.RLock()

_closables: "weakref.WeakSet[Closable]" = weakref.WeakSet()
_holders: "weakref.WeakSet[Holder]" = weakref.WeakSet()


def close_in_child(*closables: Closable) -> None:
    """Close connections in every forked child of this process; those that exist no more need nothing."""
    for closable in closables:
        _closables.add(closable)


def abandon_in_child(holder: Holder) -> None:
    """Call `holder.abandon()` in every forked child of this process, for as long as `holder` exists."""
    _holders.add(holder)


def _begin_anew() -> None:
    FORKING.release()
    for closable in list(_closables):
        with contextlib.suppress(OSError):  # another thread had just closed it
            closable.close()
    for holder in list(_holders):
        holder.abandon()


# The thread that forks takes the lock and is the only one that goes on in the child, so that both sides may release it.
os.register_at_fork(before=FORKING.acquire, after_in_parent=FORKING.release, after_in_child=_begin_anew)
