import errno
import struct
import sys

import pytest

from cellwire.testing import seccomp

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
X86, ARM = seccomp.MACHINES["x86_64"], seccomp.MACHINES["aarch64"]
REFUSED, ALLOWED = seccomp.RETURN_REFUSED, seccomp.RETURN_ALLOW


def decide(machine: seccomp.Machine, number: int, arch: int, first: int = 0) -> int:
    """Run the filter as the kernel does."""
    code = seccomp.program(machine)
    data = struct.pack("=IIQQ", number, arch, 0, first)
    at, word = 0, 0
    while True:
        operation, yes, no, operand = struct.unpack_from("=HBBI", code, at * 8)
        at += 1
        if operation == seccomp.LOAD:
            (word,) = struct.unpack_from("=I", data, operand)
        elif operation == seccomp.RETURN:
            return operand
        else:
            is_so = word == operand if operation == seccomp.IF_EQUAL else word >= operand
            at += yes if is_so else no


@pytest.mark.parametrize("machine", [X86, ARM])
@pytest.mark.parametrize(
    ("family", "verdict"), [(1, ALLOWED), (16, ALLOWED), (2, REFUSED), (10, REFUSED), (40, REFUSED)]
)
def test_only_unix_and_netlink_sockets_may_be_made(machine, family, verdict):
    assert decide(machine, machine.socket, machine.audit_arch, family) == verdict


@pytest.mark.parametrize("machine", [X86, ARM])
def test_ordinary_calls_pass(machine):
    assert decide(machine, 0, machine.audit_arch, 2) == ALLOWED


def test_calls_of_another_architecture_are_refused():
    i386_arch, i386_socketcall = 0x40000003, 102
    assert decide(X86, i386_socketcall, i386_arch) == REFUSED


def test_x32_calls_are_refused():
    assert decide(X86, seccomp.X32_BIT | X86.socket, X86.audit_arch, 2) == REFUSED


def test_io_uring_is_refused():
    assert decide(ARM, seccomp.IO_URING_SETUP, ARM.audit_arch) == REFUSED


def test_the_refusal_says_permission_denied():
    assert REFUSED & 0xFFFF == errno.EACCES


@LINUX
def test_a_bound_socket_keeps_accepting_while_threads_and_children_can_make_none(script):
    ran = script(
        """
import socket, subprocess, sys, threading
from cellwire.testing.seccomp import refuse_sockets

server = socket.create_server(("127.0.0.1", 0))
outside = socket.socket()
begin, said = threading.Event(), []

def attempt():
    begin.wait()
    try:
        socket.socket()
    except PermissionError as error:
        said.append("thread refused")

thread = threading.Thread(target=attempt)
thread.start()
assert refuse_sockets()
outside.connect(server.getsockname())
server.accept()
print("accepted")
begin.set()
thread.join()
print(*said)
child = subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], capture_output=True)
print("child refused" if b"PermissionError" in child.stderr else child)
socket.socketpair()
print("unix passes")
"""
    )
    assert ran.stdout.split("\n")[:4] == [
        "accepted",
        "thread refused",
        "child refused",
        "unix passes",
    ]


def test_where_there_is_no_filter_it_says_so(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert seccomp.refuse_sockets() is False
