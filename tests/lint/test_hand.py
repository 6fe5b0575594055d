"""One hand: each rule catches the other way to write it, and lets the rest pass."""

import hand
import pytest
import style


def check(body):
    text = "int f(struct row *row, int count)\n{\n" + body + "}\n"
    return [wrong for _, wrong in hand.check(text.splitlines(), list(style.functions_c(text)))]


@pytest.mark.parametrize(
    "body",
    [
        "    return sizeof(row->name);\n",
        "    return sizeof(count);\n",
        "    return sizeof(list[0]);\n",
        "    if (!row)\n        return 0;\n",
        "    if (row)\n        return 0;\n",
        "    while (row)\n        row = row->next;\n",
        "    return count > 0 && row;\n    if (count && row)\n        return 1;\n",
        "    if (row && count > 0)\n        return 1;\n",
        "    int sum = 0;\n\n    return sum;\n",
    ],
)
def test_refused(body):
    assert check(body)


@pytest.mark.parametrize(
    "body",
    [
        "    return sizeof row->name + sizeof(struct row) + sizeof(uint64_t);\n",
        "    if (row == NULL || row->next != NULL)\n        return 0;\n",
        "    if (!row->open)\n        return 0;\n",
        '    return strcmp(row->text, "if (row)") == 0;\n',
        "    /* if (!row) */\n    return 1;\n",
    ],
)
def test_allowed(body):
    assert check(body) == []
