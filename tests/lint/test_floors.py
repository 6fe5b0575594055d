"""The floor checker itself: each rule catches its violation and lets the rest pass."""

import floors
import pytest


def check(tmp_path, path, include):
    for name in (
        "base/json.h",
        "store/store.h",
        "store/engine/db.h",
        "base/json_writer.h",
        "net/loop/loop.h",
        "net/server/connection.h",
        "exchange/exchange.h",
    ):
        file = tmp_path / "core" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    file = tmp_path / "core" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#include <stdio.h>\n#include {include}\n")
    return floors.check(tmp_path / "core")


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("base/x.c", '"store/store.h"'),
        ("store/x.c", '"net/loop/loop.h"'),
        ("net/x.c", '"store/store.h"'),
        ("net/x.h", '"exchange/exchange.h"'),
        ("store/x.c", '"engine/db.h"'),
        ("exchange/x.c", '"store/engine/db.h"'),
        ("exchange/x.c", '"net/server/connection.h"'),
        ("net/client/x.c", '"net/server/connection.h"'),
        ("store/x.c", "<sqlite3.h>"),
        ("store/x.c", '"json.h"'),
        ("store/x.c", '"../base/json.h"'),
        ("store/x.c", '"base/gone.h"'),
        ("exchange/x.c", "<lua.h>"),
        ("app/x.c", "<lauxlib.h>"),
        ("exchange/x.c", "<event2/event.h>"),
        ("script/x.c", "<curl/curl.h>"),
        ("store/x.c", "<openssl/ssl.h>"),
        ("app/x.c", "<sqlite3.h>"),
        ("net/x.c", "<sodium.h>"),
        ("base/x.c", "<event2/util.h>"),
        ("base/x.c", "<zlib.h>"),
    ],
)
def test_refused(tmp_path, path, include):
    violations = check(tmp_path, path, include)
    assert len(violations) == 1
    assert violations[0].startswith(f"core/{path}:2: ")


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("base/x.c", "<pthread.h>"),
        ("base/x.c", "<sodium.h>"),
        ("store/engine/x.c", "<sqlite3.h>"),
        ("net/server/x.c", '"net/server/connection.h"'),
        ("net/server/x.c", '"net/loop/loop.h"'),
        ("store/questions/x.c", '"store/engine/db.h"'),
        ("exchange/x.c", '"base/json_writer.h"'),
        ("net/client/x.c", "<event2/event.h>"),
        ("net/x.c", "<event2/bufferevent_ssl.h>"),
        ("net/x.c", "<curl/curl.h>"),
        ("exchange/x.c", '"store/store.h"'),
        ("exchange/x.c", '"net/loop/loop.h"'),
        ("script/x.c", "<lua.h>"),
        ("app/x.c", '"exchange/exchange.h"'),
    ],
)
def test_allowed(tmp_path, path, include):
    assert check(tmp_path, path, include) == []


@pytest.mark.parametrize("path", ["x.c", "cellar/x.c", "base/deep/x.c", "net/server/deep/x.c"])
def test_every_file_is_in_a_room(tmp_path, path):
    assert len(check(tmp_path, path, "<stdio.h>")) == 1
