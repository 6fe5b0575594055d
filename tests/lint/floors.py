"""Checks the floors of core/ (docs/ARCHITECTURE.md) by every #include line.

A file includes its own floor and lower ones, by the path below core/ ("base/json.h"), and each
library only on the one floor that it belongs to. So no cycle can be committed, and what a floor
hides stays hidden. Prints one line for each violation; exits 1 when there is any.
"""

import re
import sys
from pathlib import Path

# floor -> the floors that it may include
FLOORS = {
    "base": {"base"},
    "store": {"store", "base"},
    "net": {"net", "base"},
    "dialect": {"dialect", "base"},
    "exchange": {"exchange", "dialect", "net", "store", "base"},
    "script": {"script", "exchange", "dialect", "net", "store", "base"},
    "app": {"app", "script", "exchange", "dialect", "net", "store", "base"},
}

# system header -> the floors that may include it; the first pattern that matches counts
LIBRARIES = [
    (r"(lua|lauxlib|lualib|luajit|luaconf).*\.h", {"script"}),
    (r"(event2/.*|event|evhttp|evutil|evdns)\.h|event2/.*", {"net"}),
    (r"curl/.*", {"net"}),
    (r"openssl/.*", {"net"}),
    (r"zlib\.h", {"net"}),
    (r"sqlite3.*\.h", {"store"}),
    (r"sodium(\.h|/.*)", {"base"}),
    (r"utf8proc\.h", {"base"}),
]

# libc, POSIX threads, Linux and the compiler: any floor
LIBC = re.compile(
    r"(assert|ctype|dirent|dlfcn|endian|errno|execinfo|fcntl|float|getopt|grp|inttypes|libgen"
    r"|limits|locale|malloc|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal|stdalign"
    r"|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog"
    r"|termios|threads|time|unistd|[epx]mmintrin|arpa/inet|netinet/(in|tcp)|linux/capability"
    r"|sys/(epoll|eventfd|file|ioctl|mman|param|prctl|queue|random|resource|select|sendfile"
    r"|signalfd|socket|stat|statvfs|syscall|time|timerfd|types|uio|un|utsname|wait))\.h"
)

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]*)>|"([^"]*)")')


def check_own(core, floor, target):
    """What is wrong with including `target`, a path in quotes, from `floor`; None: nothing."""
    parts = target.split("/")
    if len(parts) != 2 or parts[0] not in FLOORS:
        return f'"{target}" must be "FLOOR/NAME.h", a path below core/'
    if parts[0] not in FLOORS[floor]:
        return f'floor {floor}/ must not include "{target}": {parts[0]}/ is no floor below it'
    if not (core / target).is_file():
        return f'"{target}" is no file below core/'
    return None


def check_system(floor, target):
    """The same for a path in angle brackets."""
    for pattern, allowed in LIBRARIES:
        if re.fullmatch(pattern, target):
            if floor in allowed:
                return None
            return f"<{target}> belongs to {'/, '.join(sorted(allowed))}/ only"
    if LIBC.fullmatch(target):
        return None
    return f"<{target}> is neither libc nor a library of ours (tests/lint/floors.py lists them)"


def check(core):
    """All violations below the folder `core`, as lines of text."""
    found = []
    for path in sorted(core.rglob("*.[ch]")):
        place = path.relative_to(core.parent)
        parts = path.relative_to(core).parts
        if len(parts) != 2 or parts[0] not in FLOORS:
            found.append(f"{place}: is on no floor: core/ has {', '.join(FLOORS)}, one level deep")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            system, own = match.groups()
            wrong = check_own(core, parts[0], own) if own else check_system(parts[0], system)
            if wrong:
                found.append(f"{place}:{number}: {wrong}")
    return found


if __name__ == "__main__":
    violations = check(Path(sys.argv[1] if len(sys.argv) > 1 else "core"))
    print("\n".join(violations), end="\n" if violations else "")
    sys.exit(bool(violations))
