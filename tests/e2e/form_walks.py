"""A way through the endpoints that take forms, for test_openapi.py."""

import answers
from customer import Customer
from policies import Policies
from prices import Price


def prepare(policies: Policies) -> None:
    for name in ("transcriptions", "translations"):
        policies.model(name, Price("1", "0"), endpoints=[name])
    for name in ("image_edits", "image_variations"):
        policies.model(name, image="0.01", image_max=1, max_output=None, endpoints=[name],
                       capabilities=["vision"], image_tokens_max=1000)  # fmt: skip


def walk(customer: Customer, provider, mount: str) -> None:
    walk_edits(customer, provider, mount)
    walk_sound(customer, provider, mount)


def walk_edits(customer: Customer, provider, mount: str) -> None:
    http, mine = customer.gateway.http, {"headers": customer.authorization}
    provider.answer = answers.reply(200, b'{"data":[{"url":"https://pictures.example/1"}]}')
    file = {"image": ("a.png", b"x")}
    for name in ("image_edits", "image_variations"):
        path = f"{mount}/images/{name.removeprefix('image_')}"
        form = {"model": name, "prompt": "x"}
        assert http.post(path, data=form, files=file, **mine).status_code == 200
        assert http.post(path, data=form, files=file).status_code == 401
        assert http.post(path, json=form, **mine).status_code == 400
    provider.answer = answers.chat()


def walk_sound(customer: Customer, provider, mount: str) -> None:
    http, mine = customer.gateway.http, {"headers": customer.authorization}
    file = {"file": ("a.wav", b"x")}
    for name in ("transcriptions", "translations"):
        path, form = f"{mount}/audio/{name}", {"model": name}
        provider.answer = answers.reply(200, b'{"text":"x"}')
        assert http.post(path, data=form, files=file, **mine).status_code == 200
        assert http.post(path, data=form, files=file).status_code == 401
        assert http.post(path, json=form, **mine).status_code == 400
        provider.answer = answers.reply(200, b"x", {"Content-Type": "text/plain"})
        form["response_format"] = "text"
        assert http.post(path, data=form, files=file, **mine).status_code == 200
    provider.answer = answers.chat()
