"""What a stranger's code may not ask of the kernel, whoever it is: a filter of system calls.

Files, network and processes have walls of their own, and each has a door: a socket that lies in a
folder, such as that of a container service, obeys whoever connects; io_uring does all that is
forbidden elsewhere; new namespaces have a root of their own; who asks not to end with its
parent would stay when the judge is ended; and memory that is a file without a name counts as
nobody's, so that where it gets short others have to go. The kernel keeps keys for a whole session.
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Iterator

# From the kernel's headers: <linux/audit.h>, <asm/unistd.h>, <linux/seccomp.h>, <linux/filter.h>.
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NUMBERS = {  # of the calls on these machines
    "connect": (42, 203),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "unshare": (272, 97),
    "setns": (308, 268),
    "clone": (56, 220),
    "clone3": (435, 435),
    "prctl": (157, 167),
    "setsid": (112, 157),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
STREAMS, FAMILIES = (1, 5), (1, 2, 10)  # sockets that send nothing before they are connected
NEW_NAMESPACES, DEATH_SIGNAL = 0x7E020000, 1
ALL_BITS = 0xFFFFFFFF
# By call: an argument, those of its bits that count, and the only values that are allowed; or,
# below, the only one that is not. A call that is in neither is forbidden whatever its arguments.
ONLY: dict[str, list[tuple[int, int, tuple[int, ...]]]] = {
    "socket": [(0, ALL_BITS, FAMILIES), (1, 0xF, STREAMS)],
    "socketpair": [(1, 0xF, STREAMS)],
    "clone": [(0, NEW_NAMESPACES, (0,))],
}
ANY_BUT = {"prctl": [(0, DEATH_SIGNAL)]}
# Its arguments lie in memory, which no filter reads; whoever is told that there is no such call
# makes the older one.
UNKNOWN = ("clone3",)
# Told that it is done, and it is not: in a session of their own processes may, where the kernel
# shares time among sessions, take more of it than everybody else's.
AS_IF = ("setsid",)

LOAD, EQUALS, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
ALLOWED, REFUSED = 0x7FFF0000, 0x00050000
CALL, MACHINE, ARGUMENTS = 0, 4, 16  # where they lie in what a filter is given
OTHER_CALLS = 0x40000000  # the same calls of x86_64 once more, with short pointers
SET_NO_NEW_PRIVILEGES, SET_FILTER, BY_FILTER = 38, 22, 2

Step = tuple[int, int, int, int]  # what to do, how many steps to leave out if so, if not, a number


def forbid() -> None:
    """For this process and all that it starts, for good.

    Raises:
        OSError: the kernel cannot, or this is a machine whose calls nobody has looked up.
    """
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"no filter for {machine}")
    steps = [*_filter(machine)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    counted = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_FILTER, BY_FILTER, counted, 0, 0)):
        if libc.prctl(*call) < 0:
            raise OSError(ctypes.get_errno(), "the filter is refused")


def _filter(machine: str) -> Iterator[Step]:
    yield from [(LOAD, 0, 0, MACHINE), (EQUALS, 1, 0, MACHINES[machine]), _refused(errno.EPERM)]
    yield from [(LOAD, 0, 0, CALL), (AT_LEAST, 0, 1, OTHER_CALLS), _refused(errno.EPERM)]
    for name, numbers in NUMBERS.items():
        rule = [*_rule(name)]
        yield from [(LOAD, 0, 0, CALL), (EQUALS, 0, len(rule), numbers[[*MACHINES].index(machine)])]
        yield from rule
    yield (RETURN, 0, 0, ALLOWED)


def _rule(name: str) -> Iterator[Step]:
    """What becomes of one call; where nothing does, those after it are looked at."""
    for argument, bits, values in ONLY.get(name, []):
        yield from [(LOAD, 0, 0, ARGUMENTS + 8 * argument), (AND, 0, 0, bits)]
        for left, value in zip(range(len(values), 0, -1), values, strict=True):
            yield (EQUALS, left, 0, value)  # past those that are left, and the refusal
        yield _refused(errno.EPERM)
    for argument, value in ANY_BUT.get(name, []):
        yield from [(LOAD, 0, 0, ARGUMENTS + 8 * argument), (EQUALS, 0, 1, value)]
        yield _refused(errno.EPERM)
    if name not in {**ONLY, **ANY_BUT}:
        yield _refused(0 if name in AS_IF else errno.ENOSYS if name in UNKNOWN else errno.EPERM)


def _refused(error: int) -> Step:
    return (RETURN, 0, 0, REFUSED | error)
