#!/usr/bin/env bash
# libcurl's multi interface waits inside of one call for a mail server's last answer.
#
# Guess:    Transfers of a multi handle do not wait for each other: curl_multi_perform comes back at once,
#           whatever one server does.
# Version:  libcurl 8.23.0, as pycurl 7.49.0 (PyPI) brings it. Debian 12's 7.88.1 does the same.
# Seen:     A mail has been sent, the last line is "."; the server takes 4 seconds to say 250 (RFC 5321,
#           4.5.3.2.6, gives it ten minutes). So long curl_multi_perform does not return ("longest call 4.0 s"),
#           and a page of the same handle, which was there after a second, ends after 4.0 s as well.
# Matters:  A gateway that sends webhooks and mails from one thread tells nobody anything while one mail server
#           is slow, and never looks at its own time-outs, which it would check between two calls. A mail
#           needs a thread of its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pycurl==7.49.0
"$folder/venv/bin/python" - <<'PROGRAM'
import io
import socket
import sys
import threading
import time

import pycurl

SECONDS = 4


def serve(answer):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: answer(listener.accept()[0]), daemon=True).start()
    return listener.getsockname()[1]


def mail_server(peer):
    """Takes one mail, and thinks before it says so."""
    lines = peer.makefile("rb")
    peer.sendall(b"220 here\r\n")
    for line in lines:
        word = line[:4].upper()
        if word == b"DATA":
            peer.sendall(b"354 go on\r\n")
            while lines.readline() != b".\r\n":
                pass
            time.sleep(SECONDS)
            peer.sendall(b"250 taken\r\n")
        elif word == b"QUIT":
            peer.sendall(b"221 bye\r\n")
            return
        else:
            peer.sendall(b"250 yes\r\n")


def web_server(peer):
    """Answers after a second: while the mail server thinks."""
    while b"\r\n\r\n" not in peer.recv(65536):
        pass
    time.sleep(1)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


mail = pycurl.Curl()
mail.setopt(pycurl.URL, f"smtp://127.0.0.1:{serve(mail_server)}")
mail.setopt(pycurl.MAIL_FROM, "a@example.com")
mail.setopt(pycurl.MAIL_RCPT, ["b@example.com"])
mail.setopt(pycurl.READDATA, io.BytesIO(b"Subject: hello\r\n\r\nhello\r\n"))
mail.setopt(pycurl.UPLOAD, True)
page = pycurl.Curl()
page.setopt(pycurl.URL, f"http://127.0.0.1:{serve(web_server)}/")
page.setopt(pycurl.WRITEDATA, io.BytesIO())
multi = pycurl.CurlMulti()
multi.add_handle(mail)
multi.add_handle(page)
begun = time.monotonic()
longest, page_after, left = 0.0, None, 2
while left:
    call_begun = time.monotonic()
    _, left = multi.perform()
    longest = max(longest, time.monotonic() - call_begun)
    for ended in multi.info_read()[1]:
        if ended is page:
            page_after = time.monotonic() - begun
    multi.select(0.05)
print(pycurl.version.split()[1], f"longest call {longest:.1f} s, the page after {page_after:.1f} s")
as_seen = longest > SECONDS - 0.5 and page_after > SECONDS - 0.5
sys.exit(0 if as_seen else 1)
PROGRAM
