"""Runs a seccomp filter as the kernel does, for any processor: what it answers to one system call."""

import struct

from still_verl.interpreter.sandbox.local import bpf, syscalls

_WORD = 0xFFFFFFFF


def answer(code: bytes, machine: str, call: str | int, *args: int, architecture: int | None = None) -> int:
    """The value that the filter returns for a call by its name or number, with arguments of 64 bits."""
    number = syscalls.number(call, machine) if isinstance(call, str) else call
    arch = syscalls.audit_architecture(machine) if architecture is None else architecture
    padded = [argument % 2**64 for argument in args] + [0] * (6 - len(args))
    return _run(code, struct.pack("<IIQ6Q", number, arch, 0, *padded))


def _run(code: bytes, data: bytes) -> int:
    instructions = [struct.unpack_from("HBBI", code, place) for place in range(0, len(code), 8)]
    accumulator = index = place = 0
    slots = [0] * 16
    while True:
        operation, true, false, k = instructions[place]
        place += 1
        jump = None
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif operation == 0x00:
            accumulator = k
        elif operation == 0x60:
            accumulator = slots[k]
        elif operation == 0x02:
            slots[k] = accumulator
        elif operation == 0x07:
            index = accumulator
        elif operation == 0x54:
            accumulator &= k
        elif operation == 0x0C:
            accumulator = (accumulator + index) & _WORD
        elif operation == 0x05:
            place += k
        elif operation == 0x06:
            return k
        elif operation == 0x15:
            jump = accumulator == k
        elif operation == 0x25:
            jump = accumulator > k
        elif operation == 0x35:
            jump = accumulator >= k
        elif operation == 0x3D:
            jump = accumulator >= index
        elif operation == 0x45:
            jump = bool(accumulator & k)
        else:
            raise AssertionError(f"no instruction of ours: {operation:#x}")
        if jump is not None:
            place += true if jump else false


def in_words(value: int) -> str:
    """What a filter's answer means."""
    names = {bpf.ALLOW: "allow", bpf.KILL: "kill", bpf.NOTIFY: "notify", bpf.DONE: "done", bpf.EPERM: "EPERM"}
    return (names | {bpf.ENOSYS: "ENOSYS", bpf.ENOTTY: "ENOTTY", bpf.EINVAL: "EINVAL"})[value]
