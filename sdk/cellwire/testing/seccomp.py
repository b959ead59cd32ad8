"""A Linux seccomp filter: no new network socket in this process or in any child of it.

An audit hook ends at the interpreter's border, so `!curl` would slip through it. This filter is
inherited by every child, cannot be taken off, needs no privilege (seccomp(2)) and leaves open
sockets alone: channels that Jupyter has bound already keep accepting their clients. Only the
creation of a socket is refused; what is not Linux on x86-64 or ARM64 has no such filter.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from typing import NamedTuple

PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER = 1
SECCOMP_FILTER_FLAG_TSYNC = 1

RETURN_ALLOW = 0x7FFF0000
RETURN_REFUSED = 0x00050000 | errno.EACCES

# linux/socket.h. Unix sockets never leave the machine; netlink only asks the kernel about itself.
AF_UNIX, AF_NETLINK = 1, 16

# Classic BPF, as linux/bpf_common.h names it: load a word, jump if equal or if at least, return.
LOAD, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06

# struct seccomp_data: nr, arch, instruction pointer, arguments (little endian, low word first).
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16

# io_uring can create sockets without any socket call.
IO_URING_SETUP = 425

# On x86-64 the x32 calls carry this bit; a filter that looks at plain numbers misses them.
X32_BIT = 0x40000000


class Machine(NamedTuple):
    """What differs from one processor to the next."""

    audit_arch: int
    socket: int
    seccomp: int


MACHINES = {
    "x86_64": Machine(0xC000003E, socket=41, seccomp=317),
    "aarch64": Machine(0xC00000B7, socket=198, seccomp=277),
}


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def program(machine: Machine) -> bytes:
    """Assemble the filter: each line is (operation, if true skip, if false skip, operand)."""
    lines = (
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 0, 8, machine.audit_arch),
        (LOAD, 0, 0, NUMBER),
        (IF_AT_LEAST, 6, 0, X32_BIT),
        (IF_EQUAL, 5, 0, IO_URING_SETUP),
        (IF_EQUAL, 0, 3, machine.socket),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (IF_EQUAL, 1, 0, AF_UNIX),
        (IF_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, RETURN_ALLOW),
        (RETURN, 0, 0, RETURN_REFUSED),
    )
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def refuse_sockets() -> bool:
    """Install the filter on every thread of this process; False where there is none to be had."""
    machine = MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None or struct.calcsize("P") != 8:  # noqa: PLR2004 - a 64-bit interpreter
        return False
    code = program(machine)
    asked = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    flags = SECCOMP_FILTER_FLAG_TSYNC
    result = libc.syscall(machine.seccomp, SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(asked))
    return bool(result == 0)
