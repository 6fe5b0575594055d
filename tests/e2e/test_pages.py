"""The web pages as files that are served; what they do is tested in tests/browser."""

import pytest

PAGE = "<!doctype html><title>pages</title>"


@pytest.mark.quick
def test_pages_that_are_not_built(make_gateway, tmp_path):
    """Who opens the address is told so, and the API works all the same."""
    gateway = make_gateway(webui=tmp_path / "nothing")
    for path in ("/", "/dashboard", "/dashboard/keys"):
        page = gateway.http.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "./dev build" in page.text
    assert gateway.customer().ask("demo").status_code == 200


def test_a_folder_without_a_home_page(make_gateway, tmp_path):
    folder = tmp_path / "half-built"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets/main.js").write_text("let one;\n")
    gateway = make_gateway(webui=folder)
    assert "./dev build" in gateway.http.get("/").text
    assert gateway.http.get("/assets/main.js").text == "let one;\n"


def test_home_page_at_every_address_of_the_dashboard(make_gateway, tmp_path):
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    gateway = make_gateway(webui=folder)
    for path in ("/", "/dashboard", "/dashboard/", "/dashboard/usage/req_1?x=y"):
        assert gateway.http.get(path).text == PAGE
    assert gateway.http.get("/dashboards").status_code == 404
