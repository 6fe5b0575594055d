"""Files for spreadsheets of languages that write 1,5: every download of the dashboard."""

import codecs
import csv
import io
import re
from datetime import UTC, datetime

import pytest
from errors import check_error
from test_admin_api import make_admin

NUMBER = re.compile(r"-?\d+\.\d+")
FILES = ("/usage.csv", "/admin/sales.csv?by=day,model", "/admin/sales.csv?by=customer",
         "/admin/statement.csv?month={month}", "/admin/audit.csv",
         "/admin/usage.csv?user_id={user}")  # fmt: skip


@pytest.mark.parametrize("path", FILES)
def test_files_for_who_writes_1_5_with_a_comma(gateway, path):
    """The same fields, between semicolons, and each number with a comma."""
    customer = make_admin(gateway)
    credit = {"user_id": customer.user_id, "amount": "2.50", "reason": "a test"}
    customer.call("POST", "/admin/credits", 201, json=credit)
    customer.create_key(name='a;b "1.5", c')
    customer.ask()
    customer.wait_for_no_hold()
    path = path.format(user=customer.user_id, month=f"{datetime.now(UTC):%Y-%m}")
    plain = customer.web.get(path).content.decode("utf-8-sig")
    path += "&" if "?" in path else "?"
    answer = customer.web.get(path + "decimal=comma")
    assert answer.content.startswith(codecs.BOM_UTF8)
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(plain, newline="")))
    local = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert len(local) > 1
    assert local == [
        [field.replace(".", ",") if NUMBER.fullmatch(field) else field for field in row]
        for row in rows
    ]
    assert path.startswith("/admin/audit") or any(
        "," in field for row in local[1:] for field in row
    )
    check_error(customer.web.get(path + "decimal=dot"), 400, "invalid_value", on_api=False)
