"""Finds PyTorch's libraries, and says without compiler tools what a library asks for and what others do not give."""
import ctypes
import glob
import importlib.util
import mmap
import os
import re
import struct
import sys

DYNSYM, DYNAMIC, VERSION_NEEDED, VERSION_DEFINED = 11, 6, 0x6FFFFFFE, 0x6FFFFFFD
WEAK, NEEDED = 2, 1


class Elf:
    """The dynamic part of a 64-bit little-endian shared library: what it needs, and what it defines."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:6] != b"\x7fELF\x02\x01":
                raise ValueError(f"{path} is not a 64-bit little-endian ELF file")
            self._read(data)

    def _read(self, data):
        at, size, count = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
        # Of each section's header: type, offset, length, link and info.
        sections = [struct.unpack_from("<4xI16xQQII", data, at + i * size) for i in range(count)]
        self.needed, self.defined, self.undefined, self.weak, self.versions_needed, self.versions = [], set(), set(), set(), {}, set()
        for kind, offset, length, link, info in sections:
            if kind not in (DYNSYM, DYNAMIC, VERSION_NEEDED, VERSION_DEFINED):
                continue
            strings = data[sections[link][1]:sections[link][1] + sections[link][2]]

            def text(place, strings=strings):
                return strings[place:strings.index(b"\0", place)].decode("utf-8", "replace")

            if kind == DYNSYM:
                for name, what, _, section, _, _ in struct.iter_unpack("<IBBHQQ", data[offset:offset + length]):
                    if name:
                        (self.defined if section else self.weak if what >> 4 == WEAK else self.undefined).add(text(name))
            elif kind == DYNAMIC:
                self.needed += [text(value) for tag, value in struct.iter_unpack("<QQ", data[offset:offset + length]) if tag == NEEDED]
            elif kind == VERSION_NEEDED:
                for _ in range(info):
                    parts, file, first, step = struct.unpack_from("<2xHIII", data, offset)
                    part = offset + first
                    for _ in range(parts):
                        name, after = struct.unpack_from("<8xII", data, part)
                        self.versions_needed.setdefault(text(file), set()).add(text(name))
                        part += after
                    offset += step
            else:
                for _ in range(info):
                    first, step = struct.unpack_from("<12xII", data, offset)
                    self.versions.add(text(struct.unpack_from("<I", data, offset + first)[0]))
                    offset += step


def torch_folder():
    """The folder of the package torch, found without importing it; or nothing."""
    found = importlib.util.find_spec("torch")
    places = list(found.submodule_search_locations or []) if found else []
    return places[0] if places else None


def torch_version(folder):
    """What the package says of itself, without importing it."""
    try:
        with open(os.path.join(folder, "version.py"), encoding="utf-8") as file:
            return re.search(r"__version__\s*=\s*['\"]([^'\"]+)", file.read()).group(1)
    except (OSError, AttributeError):
        return "unknown"


def library_folders(torch, search):
    """Where libtorch lies, and then the libraries of NVIDIA's packages (nvidia/cublas/lib and the like, or nvidia/cu13/lib for all)."""
    roots = [os.path.dirname(torch), *search]
    folders = [os.path.join(torch, "lib")]
    for root in roots:
        folders += sorted(glob.glob(os.path.join(root, "nvidia", "*", "lib"))) + sorted(glob.glob(os.path.join(root, "nvidia", "*", "lib64")))
    # Of the same folder under two names, the first.
    return [folder for i, folder in enumerate(folders) if os.path.isdir(folder) and os.path.realpath(folder) not in map(os.path.realpath, folders[:i])]


def loaded(name):
    """The path of one of the system's libraries, as its loader finds it; or nothing."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return None
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if line.count("/")}
    return next((path for path in sorted(paths) if os.path.basename(path).startswith(name.split(".so")[0] + ".so")), None)


def resolve(name, folders):
    """The path of a library in these folders, or of the system's."""
    return next((path for path in (os.path.join(folder, name) for folder in folders) if os.path.exists(path)), None) or loaded(name)


class Fit:
    """How a library fits those that it needs."""

    def __init__(self, path, folders, resolving=resolve):
        self.elf = Elf(path)
        self.missing_libraries, given, self.old = [], set(), []
        for name in self.elf.needed:
            place = resolving(name, folders)
            if place is None:
                self.missing_libraries.append(name)
                continue
            other = Elf(place)
            given |= other.defined
            # Of the C++ library, the version is the question: systems before GCC 13 lack one.
            lacking = sorted(self.elf.versions_needed.get(name, set()) - other.versions) if other.versions else []
            self.old += [f"{place} lacks {version}" for version in lacking]
        self.missing_symbols = sorted(self.elf.undefined - given) if not self.missing_libraries else []

    def lines(self, most=40):
        """What does not fit, in words; nothing where all does."""
        yield from (f"the library {name} is missing" for name in self.missing_libraries)
        yield from (f"{what}: needs a newer system (Debian 13, Ubuntu 24.04, or another with the libstdc++ of GCC 13)" if "GLIBC" in what else what for what in self.old)
        if self.missing_symbols:
            yield f"{len(self.missing_symbols)} of the {len(self.elf.undefined)} functions that it may call are missing:"
            yield from (f"  {readable(name)}" for name in self.missing_symbols[:most])
            if len(self.missing_symbols) > most:
                yield f"  and {len(self.missing_symbols) - most} more"


def readable(symbol, most=160):
    """A C++ name as one writes it, where the C++ library is there to tell."""
    try:
        cxx, c = ctypes.CDLL("libstdc++.so.6"), ctypes.CDLL(None)
        cxx.__cxa_demangle.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        status = ctypes.c_int()
        text = cxx.__cxa_demangle(symbol.encode(), None, None, ctypes.byref(status))
        if not text:
            return symbol
        name = ctypes.cast(text, ctypes.c_char_p).value.decode()
        c.free(text)
    except (OSError, AttributeError):
        return symbol
    return name if len(name) <= most else name[:most - 1] + "…"


# Run by a process of its own, with the folders on LD_LIBRARY_PATH: what the loader itself says of each library.
LOADING = """
import ctypes, os, sys
for path in sys.argv[1:]:
    try:
        ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL | os.RTLD_LAZY)
    except OSError as e:
        print(e)
        sys.exit(1)
"""


def loading(torch, shim, cuda):
    """A command that loads libtorch and the shim over it, and prints the loader's first complaint."""
    names = ["libtorch_cpu.so", *(["libtorch_cuda.so"] if cuda else []), "libtorch.so"]
    return [sys.executable, "-c", LOADING, *(os.path.join(torch, "lib", name) for name in names), shim]
