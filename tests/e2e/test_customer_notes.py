"""What operators note on customers: who reads, writes, changes; bounds; the audit log."""

import json
import threading

import pytest
from customer import Customer
from test_admin_api import api_error, make_admin
from test_roles import id_of

BYTES_MAX, NOTES_MAX = 4096, 200


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


@pytest.fixture
def staff(gateway):
    """staff(role): an operator with this role, signed in."""

    def make(role: str) -> Customer:
        person = Customer(gateway)
        person.sign_up()
        gateway.value_of("user", "role", person.email, role)
        return person

    return make


@pytest.fixture
def user_id(gateway):
    return id_of(gateway.customer())


def write(author: Customer, user_id: str, text: str) -> dict:
    return author.call("POST", "/admin/notes", 201, json={"user_id": user_id, "text": text})


def listed(reader: Customer, user_id: str, **query) -> dict:
    return reader.call("GET", "/admin/notes", 200, params={"user_id": user_id, **query})


def texts(reader: Customer, user_id: str) -> list[str]:
    return [note["text"] for note in listed(reader, user_id)["data"]]


def test_each_role_writes_and_reads(staff, admin, user_id):
    support, billing = staff("support"), staff("billing")
    first = write(support, user_id, "Called about an invoice.\n\nWill pay on Monday.")
    assert first["user_id"] == user_id
    assert first["author"] == {"id": id_of(support), "email": support.email}
    assert first["edited_at"] is None
    write(billing, user_id, "\uc9c0\ubd88\ud568 <b>&\t\u00fc")
    write(admin, user_id, "Partner since May.")
    for reader in (support, billing, admin):
        assert texts(reader, user_id) == [
            "Partner since May.",
            "\uc9c0\ubd88\ud568 <b>&\t\u00fc",
            "Called about an invoice.\n\nWill pay on Monday.",
        ]
    assert admin.call("GET", f"/admin/users/{user_id}", 200)["notes"] == 3


def test_one_changes_ones_own_and_an_administrator_any(staff, admin, user_id):
    support, other = staff("support"), staff("support")
    note = write(support, user_id, "old")
    path = f"/admin/notes/{note['id']}"
    for stranger in (other, staff("billing")):
        for answer in (
            stranger.web.patch(path, json={"text": "mine"}),
            stranger.web.delete(path),
        ):
            assert "staff.manage" in api_error(answer, 403, "not_permitted")["message"]
    assert texts(admin, user_id) == ["old"]
    changed = support.call("PATCH", path, 200, json={"text": "new"})
    assert changed | {"text": "old", "edited_at": None} == note
    assert changed["edited_at"] >= note["created_at"]
    again = admin.call("PATCH", path, 200, json={"text": "newest"})
    assert again["author"]["email"] == support.email
    admin.call("DELETE", path, 204)
    assert texts(admin, user_id) == []
    api_error(support.web.patch(path, json={"text": "x"}), 404, "not_found")
    api_error(support.web.delete(path), 404, "not_found")
    own = write(support, user_id, "again")
    support.call("DELETE", f"/admin/notes/{own['id']}", 204)


def test_customers_never_see_them(gateway, admin):
    customer = gateway.customer()
    note = write(admin, id_of(customer), "SECRET-NOTE")
    for method, path in (("GET", f"/admin/notes?user_id={id_of(customer)}"),
                         ("POST", "/admin/notes"), ("PATCH", f"/admin/notes/{note['id']}"),
                         ("DELETE", f"/admin/notes/{note['id']}")):  # fmt: skip
        body = {} if method == "GET" else {"json": {"text": "x"}}
        api_error(customer.web.request(method, path, **body), 404, "not_found")
    for path in ("/auth/me", "/keys", "/usage", "/transfers", "/balance"):
        assert "SECRET-NOTE" not in json.dumps(customer.call("GET", path, 200))


def test_only_administrators_note_on_operators(staff, admin):
    support = staff("support")
    target = id_of(admin)
    body = {"user_id": target, "text": "x"}
    answer = support.web.post("/admin/notes", json=body)
    assert "staff.manage" in api_error(answer, 403, "not_permitted")["message"]
    write(admin, target, "on myself")


BAD = {
    "no text": ({}, "missing_field"),
    "no words": ({"text": " \n\t "}, "invalid_value"),
    "a number": ({"text": 7}, "invalid_value"),
    "a NUL": ({"text": "a\0b"}, "invalid_value"),
    "an escape": ({"text": "a\x1b[2Jb"}, "invalid_value"),
    "too long": ({"text": "x" * (BYTES_MAX + 1)}, "invalid_value"),
    "too long in bytes": ({"text": "\uac00" * (BYTES_MAX // 3 + 1)}, "invalid_value"),
    "another member": ({"text": "x", "author": "me"}, "invalid_value"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_note(admin, user_id, name):
    body, code = BAD[name]
    api_error(admin.web.post("/admin/notes", json={"user_id": user_id, **body}), 400, code)
    note = write(admin, user_id, "x" * BYTES_MAX)
    api_error(admin.web.patch(f"/admin/notes/{note['id']}", json=body), 400, code)
    assert texts(admin, user_id) == ["x" * BYTES_MAX]


def test_nobody_to_note_on(admin):
    for user_id in ("user_0", "user_00000000000000000000000000", "key_1"):
        body = {"user_id": user_id, "text": "x"}
        api_error(admin.web.post("/admin/notes", json=body), 404, "not_found")
        api_error(admin.web.get("/admin/notes", params={"user_id": user_id}), 404, "not_found")
    api_error(admin.web.get("/admin/notes"), 400, "missing_field")


def test_pages_and_the_bound(admin, gateway, user_id):
    """Those who write at the same time do not come above it."""
    other = id_of(gateway.customer())
    for number in range(NOTES_MAX - 3):
        write(admin, user_id, f"note {number}")
    codes: list[int] = []

    def write_one() -> None:
        answer = admin.web.post("/admin/notes", json={"user_id": user_id, "text": "late"})
        codes.append(answer.status_code)

    threads = [threading.Thread(target=write_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] * 3 + [400] * 5
    answer = admin.web.post("/admin/notes", json={"user_id": user_id, "text": "more"})
    api_error(answer, 400, "too_many_notes")
    seen, cursor = [], None
    while True:
        page = listed(admin, user_id, limit=70, **({"cursor": cursor} if cursor else {}))
        seen += [note["text"] for note in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["late"] * 3 + [f"note {number}" for number in reversed(range(NOTES_MAX - 3))]
    api_error(admin.web.get(f"/admin/notes?user_id={user_id}&cursor=zz"), 400, "invalid_value")
    write(admin, other, "of another one")
    last = listed(admin, user_id)["data"][0]["id"]
    admin.call("DELETE", f"/admin/notes/{last}", 204)
    write(admin, user_id, "fits")


def test_the_audit_log_has_the_act_and_never_the_text(staff, admin, user_id):
    support = staff("support")
    note = write(support, user_id, "PERSONAL")
    path = f"/admin/notes/{note['id']}"
    support.call("PATCH", path, 200, json={"text": "PERSONAL too"})
    admin.call("DELETE", path, 204)
    log = admin.call("GET", "/admin/audit", 200, params={"user_id": user_id})["data"][:3]
    assert [(one["action"], one["actor"]["email"]) for one in log] == [
        ("note.delete", admin.email),
        ("note.update", support.email),
        ("note.create", support.email),
    ]
    assert {one["target"]["id"] for one in log} == {note["id"]}
    assert {one["target"]["user_id"] for one in log} == {user_id}
    assert "PERSONAL" not in json.dumps(log)
