"""Checks the floors and rooms of core/ (docs/ARCHITECTURE.md) by every #include line.

A floor is a folder of core/, a room a folder in it. A file includes its own room, the faces of the
other rooms of its floor and of the floors below, by the path below core/ ("base/json.h"), and each
library only where it belongs. So no cycle of floors can be committed, and what a room hides stays
hidden. Prints one line for each violation; exits 1 when there is any.
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

# room -> its faces: the headers that others may include. A floor without rooms shows all of its
# own, and so does what stands in a floor beside its rooms.
FACES = {
    "app/admin": {"admin", "admin_view"},
    "app/doctor": {"doctor"},
    "net/loop": {"loop", "library", "unix_socket"},
    "net/http1": {"chunked", "field", "gzip", "head", "inflater", "response_head"},
    "net/server": {"body_flow", "listen_address", "peer", "server", "tally", "tls"},
    "net/client": {
        "delivery",
        "ecdsa",
        "local_client",
        "signing_key",
        "totp",
        "upstream",
        "upstream_tail",
    },
    "store/engine": {"checkpoint", "db", "file", "migrate", "reader"},
    "store/memory": {
        "claims_table",
        "crossings",
        "directory_table",
        "open_holds",
        "quota_book",
        "quota_settings",
        "table",
        "top_up_book",
        "wallet",
    },
    "store/journal": {"journal", "journal_thread"},
    "store/books": {
        "alerts_table",
        "answers_table",
        "apply",
        "changes",
        "expiry",
        "ledger_jobs",
        "ledger_thread",
        "notes_table",
        "notices",
        "objects_table",
        "outbox_table",
        "posting",
        "quota_table",
        "facts_table",
        "turns_table",
        "usage_lines",
    },
    "store/operations": {"operations"},
    "store/questions": {"answer_lookup", "key_search", "object_lookup", "reports", "turn_lookup"},
}


# Other floors see nothing of the rooms of these, only what stands beside them.
CLOSED = {"store"}

# system header -> the floors and rooms that may include it; the first pattern that matches counts
LIBRARIES = [
    (r"(lua|lauxlib|lualib|luajit|luaconf).*\.h", {"script"}),
    (r"(event2/.*|event|evhttp|evutil|evdns)\.h|event2/.*", {"net"}),
    (r"curl/.*", {"net"}),
    (r"openssl/.*", {"net"}),
    (r"zlib\.h", {"net"}),
    (r"sqlite3.*\.h", {"store/engine"}),
    (r"sodium(\.h|/.*)", {"base"}),
    (r"utf8proc\.h", {"base"}),
]

# libc, POSIX threads, Linux and the compiler: any floor
LIBC = re.compile(
    r"(assert|ctype|dirent|dlfcn|endian|errno|execinfo|fcntl|float|getopt|grp|inttypes|libgen|link"
    r"|limits|locale|malloc|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal|stdalign"
    r"|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog"
    r"|termios|threads|time|unistd|[epx]mmintrin|arpa/inet|netinet/(in|tcp)|linux/capability"
    r"|sys/(auxv|epoll|eventfd|file|ioctl|mman|param|prctl|queue|random|resource|select|sendfile"
    r"|signalfd|socket|stat|statfs|statvfs|syscall|time|timerfd|timex|types|uio|un|utsname|wait))\.h"
)

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]*)>|"([^"]*)")')


def room_of(path):
    """Of a path below core/: "net/server/tls.h" -> "net/server"."""
    return path.rpartition("/")[0]


def is_shown(own_room, target):
    """Whether a file of one room may see a header of another."""
    room = room_of(target)
    if room == own_room or room not in FACES:
        return True
    floor = room.partition("/")[0]
    inside = own_room.partition("/")[0] == floor
    return target[len(room) + 1 : -2] in FACES[room] and (inside or floor not in CLOSED)


def check_own(core, own_room, target):
    """What is wrong with including `target`, a path in quotes, from a room; None: nothing."""
    floor = own_room.partition("/")[0]
    parts = target.split("/")
    if len(parts) not in (2, 3) or parts[0] not in FLOORS:
        return f'"{target}" must be "FLOOR/NAME.h" or "FLOOR/ROOM/NAME.h", a path below core/'
    if parts[0] not in FLOORS[floor]:
        return f'floor {floor}/ must not include "{target}": {parts[0]}/ is no floor below it'
    if not (core / target).is_file():
        return f'"{target}" is no file below core/'
    if not is_shown(own_room, target):
        return f'"{target}" is no face of {room_of(target)}/: {own_room}/ must not see it'
    return None


def check_system(own_room, target):
    """The same for a path in angle brackets."""
    for pattern, allowed in LIBRARIES:
        if re.fullmatch(pattern, target):
            if own_room in allowed or own_room.partition("/")[0] in allowed:
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
        room = "/".join(parts[:-1])
        if parts[0] not in FLOORS or (len(parts) != 2 and room not in FACES):
            found.append(f"{place}: is in no room: core/ has {', '.join([*FLOORS, *FACES])}")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            system, own = match.groups()
            wrong = check_own(core, room, own) if own else check_system(room, system)
            if wrong:
                found.append(f"{place}:{number}: {wrong}")
    return found


if __name__ == "__main__":
    violations = check(Path(sys.argv[1] if len(sys.argv) > 1 else "core"))
    print("\n".join(violations), end="\n" if violations else "")
    sys.exit(bool(violations))
