"""Programs that take memory of the machine in ways that a limit may not count. Each takes what it can, and waits.

They are put together from parts, so that any mixture can be made; a part that is refused leaves the others.
"""

_BEGIN = """
import ctypes, gc, mmap, os, socket, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mremap.restype = ctypes.c_void_p
P, MB = 4096, 2**20
kept = []
def call(name, *args):
    return getattr(libc, name)(*(ctypes.c_void_p(a) if isinstance(a, int) else a for a in args))
def mapped(size, flags=0x22, prot=3):
    found = call("mmap", 0, size, prot, flags, 2**64 - 1, 0)
    return None if found in (None, 2**64 - 1) else found
def touch(start, size):
    for place in range(start, start + size, P): ctypes.memset(place, 1, 1)
def known():
    "Addresses all over the interpreter's memory."
    pages = set()
    for thing in gc.get_objects() + list(vars(__import__("sympy")).values()):
        pages.add(id(thing) // P)
        for more in gc.get_referents(thing): pages.add(id(more) // P)
    return sorted(pages)
def attempt(function):
    try: function()
    except BaseException as error: print(function.__name__, type(error).__name__)
"""

PARTS = {
    "sockets": """
        while True:
            pair = socket.socketpair()
            kept.append(pair)
            for end in pair:
                end.setblocking(False)
                try:
                    while True: end.send(b"x" * 60000)
                except BlockingIOError: pass""",
    "pipes": """
        while True:
            reader, writer = os.pipe()
            os.set_blocking(writer, False)
            try:
                while True: os.write(writer, b"x" * 4096)
            except BlockingIOError: pass""",
    "files": """
        for number in range(4000):
            with open(f"/tmp/{number}" + "n" * 200, "wb") as file: file.write(b"x" * 2**17)""",
    "file-names": """
        for number in range(10**5): os.symlink("y" * 4000, f"/tmp/{number}" + "l" * 200)""",
    "locks": """
        import fcntl
        file = open("/tmp/locked", "wb")
        kept.append(file)
        for place in range(2 * 10**5, 0, -2): fcntl.lockf(file, fcntl.LOCK_EX, 1, place)""",
    "copies": """
        for page in known():
            ctypes.memmove(page * P, page * P, 1)""",
    "libraries-writable": """
        for name in ("PyList_New", "PyDict_New", "PyObject_Repr"):
            start = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value // P * P
            for place in range(start - 512 * P, start + 512 * P, P):
                changed = libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(P), 7) == 0
                if changed: ctypes.memmove(place, place, 1)""",
    "libraries-unmapped": """
        start = ctypes.cast(libc.qsort, ctypes.c_void_p).value // P * P
        for place in range(start - 2**31, start + 2**31, 64 * MB):
            for offset in (0, 16 * MB, 32 * MB):
                if libc.munmap(ctypes.c_void_p(place + offset), ctypes.c_size_t(16 * P)) == 0: pass""",
    "shared": """
        while True:
            found = mapped(4 * MB, 0x21)
            if found is None: break
            touch(found, 4 * MB)""",
    "of-a-device": """
        file = os.open("/dev/zero", os.O_RDWR)
        while True: kept.append(mmap.mmap(file, 4 * MB)); kept[-1][::P] = b"x" * 1024""",
    "stacks": """
        while True:
            found = mapped(4 * MB, 0x122)
            if found is None: break
            touch(found, 4 * MB)""",
    "stack-grown": """
        stack = ctypes.c_void_p.in_dll(libc, "environ").value // P * P
        for size in (64 * MB, 32 * MB, 8 * MB):
            found = call("mremap", stack, P, size, 1)
            if found not in (None, 2**64 - 1): touch(found, size); break""",
    "hidden": """
        while True:
            found = mapped(4 * MB)
            if found is None: break
            touch(found, 4 * MB)
            libc.mprotect(ctypes.c_void_p(found), ctypes.c_size_t(4 * MB), 0)""",
    "threads": """
        threading.stack_size(2**16)
        while True: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()""",
    "splits": """
        size = 120 * MB
        while size > P and (found := mapped(size)) is None: size //= 2
        for place in range(found, found + size, 2 * P):
            ctypes.memset(place, 1, 1)
            if libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(P), 1) != 0: break""",
    "sparse": """
        while True:
            found = mapped(2 * MB)
            if found is None: break
            touch(found, P)""",
    "heap": """
        while True: kept.append(bytearray(MB))""",
    "small-objects": """
        while True: kept.append([object() for _ in range(10**4)])""",
}


def mixture(*names: str) -> str:
    """A program that does these parts, one after another, and then waits to be measured."""
    program = _BEGIN
    for name in names:
        program += f"\ndef part_{name.replace('-', '_')}():{PARTS[name]}\nattempt(part_{name.replace('-', '_')})\n"
    return program + "\nprint('done', flush=True)\ntime.sleep(99)\n"
