"""Walls around a process that holds a stranger's code, each of them told to whoever asks.

On Linux: Landlock and a read-only view of all files but a folder of its own, no network, no
processes but its own, no system calls by which it could leave, limits of memory and time.
Elsewhere the limits alone. A machine may lack some walls; which of them stand is never guessed,
but noted by those who raise them.
"""

import contextlib
import ctypes
import os
import re
import resource
import struct
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sums_to_one.tests.judge import system_calls

LAYERS = ("files", "disk", "network", "ipc", "processes", "calls", "limits")
standing: list[str] = []  # around this very process
GIGABYTE = 2**30
MEMORY = 4 * GIGABYTE  # beyond what the process has when it starts
LARGEST_FILE = GIGABYTE // 4
DISK = GIGABYTE // 2  # all files in its folder together
PROCESSES = 256  # beyond those that the user has; root is not counted by the kernel
OPEN_FILES = 4096  # of one process; all that a machine has, it has for everybody
PROCESSOR_TIME = 3600  # seconds; claims have limits of their own, by the clock

# From the kernel's headers: <sched.h>, <linux/prctl.h>, <sys/mount.h>, <linux/landlock.h>.
NEW = {
    "network": 0x40000000,
    "ipc": 0x08000000,
    "processes": 0x20000000,
}
NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
SET_NO_NEW_PRIVILEGES, SET_DEATH_SIGNAL, SET_SUBREAPER = 38, 1, 36
PRIVATE_AND_ALL_BELOW = 0x44000
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT, MOUNT_SETATTR = 444, 445, 446, 442
EXECUTE, READ_FILE, READ_FOLDER, WRITE_FILE, TRUNCATE, IOCTL = 1, 4, 8, 2, 1 << 14, 1 << 15
OF_FILES = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE | IOCTL
FILES_SINCE = {1: (1 << 13) - 1, 2: 1 << 13, 3: TRUNCATE, 5: IOCTL}  # rights, by version
READ_OF_ETC = (
    *("ld.so.cache", "localtime", "timezone", "passwd", "nsswitch.conf", "os-release"),
    *("alternatives", "mime.types", "ssl", "fonts"),
)
SECRET = re.compile("TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|KEY", re.IGNORECASE)
OWN_COUNT_OF_PROCESSES = (6, 14)  # since when a namespace has one; before, it is the machine's
KEPT_CAPABILITIES = 0b110  # root may still read files of other people


def confine() -> None:
    """Raise the walls that concern the children of this process; `lock` raises the others there."""
    if sys.platform != "linux":
        return
    for layer, flag in NEW.items():
        with contextlib.suppress(OSError):
            _unshare(flag)
            standing.append(layer)


def lock(home: Path, readable: list[Path]) -> None:
    """Raise the walls around this very process, for good.

    Args:
        home: an empty folder, the only one that it can write to.
        readable: what it can read besides the interpreter, its libraries and the system.
    """
    os.environ["TMPDIR"] = tempfile.tempdir = str(home)
    _forget_secrets()
    _limit_resources()
    standing.append("limits")
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):  # where memory gets short, the judge is not who has to go
        Path("/proc/self/oom_score_adj").write_text("1000")
    if "processes" in standing and _linux() >= OWN_COUNT_OF_PROCESSES:
        with contextlib.suppress(OSError):  # root has no other bound
            Path("/proc/sys/kernel/pid_max").write_text(str(2 * PROCESSES))
    with contextlib.suppress(OSError):
        _unshare(NEW_MOUNTS)
        _mount_a_disk_of_its_own(home)
        standing.append("disk")
    with contextlib.suppress(OSError):
        _drop_capabilities()
    with contextlib.suppress(OSError):
        _landlock(home, readable)
        standing.append("files")
    with contextlib.suppress(OSError):
        system_calls.forbid()
        standing.append("calls")


def dies_with_its_parent() -> None:
    if sys.platform == "linux":
        _call(_libc.prctl, SET_DEATH_SIGNAL, 9, 0, 0, 0)


def adopts_orphans() -> None:
    """What is left of processes below this one becomes its own child, and can be ended."""
    if sys.platform == "linux":
        _call(_libc.prctl, SET_SUBREAPER, 1, 0, 0, 0)


_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: Callable[..., int], *arguments: object) -> int:
    result = int(function(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _unshare(flag: int) -> None:
    _call(_libc.unshare, flag)


def become_root_of_nothing() -> None:
    """A user may make namespaces only as the root of a namespace of users.

    Before `confine`, and while the process has one thread: Linux wants that.
    """
    if sys.platform != "linux" or os.geteuid() == 0:
        return
    user, group = os.geteuid(), os.getegid()
    with contextlib.suppress(OSError):
        _unshare(NEW_USER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _mount_a_disk_of_its_own(home: Path) -> None:
    """Everything that is mounted becomes read-only, but for a new disk in memory at `home`."""
    _call(_libc.mount, None, b"/", None, PRIVATE_AND_ALL_BELOW, None)
    read_only = struct.pack("QQQQ", 1, 0, 0, 0)
    all_below, from_here = 0x8000, -100
    _call(_libc.syscall, MOUNT_SETATTR, from_here, b"/", all_below, read_only, len(read_only))
    options = f"size={DISK},mode=700".encode()
    _call(_libc.mount, b"tmpfs", os.fsencode(home), b"tmpfs", 0, options)


def _drop_capabilities() -> None:
    """What root keeps of its rights: to read what others own. The root of nothing keeps none."""
    header, kept = struct.pack("Ii", 0x20080522, 0), KEPT_CAPABILITIES * (os.geteuid() == 0)
    _call(_libc.capset, header, struct.pack("IIIIII", kept, kept, 0, 0, 0, 0))


def _linux() -> tuple[int, ...]:
    """The version of the kernel."""
    return tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))


def _forget_secrets() -> None:
    """What a machine of CI keeps in its environment, and a message of an error would tell all."""
    getenv = _libc.getenv
    getenv.restype = ctypes.c_void_p
    for name in filter(SECRET.search, [*os.environ]):
        place = getenv(os.fsencode(name))
        if place:  # the text itself, which /proc shows as it was when the program began
            ctypes.memset(place, ord("*"), len(os.fsencode(os.environ[name])))
        del os.environ[name]


def _limit_resources() -> None:
    now = _memory_in_use()
    for name, limit in {
        "RLIMIT_DATA": now + MEMORY,
        "RLIMIT_FSIZE": LARGEST_FILE,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_CPU": PROCESSOR_TIME,
        "RLIMIT_NPROC": _processes_of_the_user() + PROCESSES,
    }.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            _, hard = resource.getrlimit(kind)
            limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(kind, (limit, limit))


def _memory_in_use() -> int:
    """What counts as data: in pages, the sixth number."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    except OSError:  # not Linux
        return 0


def _processes_of_the_user() -> int:
    """Threads count, too; more than there are is no harm."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except OSError:  # not Linux
        return resource.getrlimit(resource.RLIMIT_NPROC)[0]


def _landlock(home: Path, readable: list[Path]) -> None:
    version = _call(_libc.syscall, LANDLOCK_CREATE, None, 0, 1)
    rights = sum(right for since, right in FILES_SINCE.items() if version >= since)
    network = 0b11 if version >= 4 else 0  # neither bind nor connect
    scope = 0b11 if version >= 6 else 0  # neither sockets without a file nor signals, outside
    rules = struct.pack("QQQ", rights, network, scope)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call(_libc.syscall, LANDLOCK_CREATE, rules, size, 0)
    try:
        for path in {*_system(), *readable}:
            _allow(ruleset, path, EXECUTE | READ_FILE | READ_FOLDER)
        for path in _devices():
            _allow(ruleset, path, READ_FILE | WRITE_FILE | rights & IOCTL)
        _allow(ruleset, home, rights)
        _call(_libc.prctl, SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _call(_libc.syscall, LANDLOCK_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    if not path.exists():
        return
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = rights if path.is_dir() else rights & OF_FILES
        _call(_libc.syscall, LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", allowed, handle), 0)
    finally:
        os.close(handle)


def _system() -> Iterator[Path]:
    """Where the interpreter, its libraries and those of the system lie."""
    yield from map(Path, ("/usr", "/lib", "/lib64", "/bin", "/opt", "/proc", "/sys"))
    yield from (Path("/etc", name) for name in READ_OF_ETC)
    yield from map(Path, (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()))
    yield from (Path(entry) for entry in sys.path if entry)
    # Packages that are installed in place, from a folder that no path names.
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable__"):
            yield from map(Path, getattr(module, "MAPPING", {}).values())


def _devices() -> Iterator[Path]:
    names = ("null", "zero", "full", "random", "urandom")
    yield from (Path("/dev", name) for name in names)
    yield from Path("/dev").glob("nvidia*")
