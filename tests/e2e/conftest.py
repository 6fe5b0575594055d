"""The house of the end-to-end tests: one gateway and one provider a pytest process, and gateways of
their own for tests that stop, reload or configure it."""

import socket
import ssl
from pathlib import Path

import answers
import httpcore2
import pytest
from fake_provider import Provider
from gateway import Gateway
from receivers import Mailbox, Receiver
from stripe_server import StripeServer
from upload_provider import UploadProvider, read_all

pytest.register_assert_rewrite("auditor", "books", "clients")  # so that they say what differs


def bare_context(**_) -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(scope="session", autouse=True)
def no_foreign_authorities(tmp_path_factory):
    """No client reads the certificates of this machine, which takes 40 ms each time: nobody that
    tests speak to has one of theirs."""
    patch = pytest.MonkeyPatch()
    patch.setattr(httpcore2, "default_ssl_context", bare_context)  # of clients without the env
    patch.delenv("SSL_CERT_FILE", raising=False)
    patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no-authorities")))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def loopback_only():
    """A test that talks to another machine is a fault of the test."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            assert address[0] in ("127.0.0.1", "::1", "localhost"), f"connects to {address}"
        return connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def shared_provider():
    provider = Provider(default=answers.chat())
    yield provider
    provider.stop()


@pytest.fixture
def provider(shared_provider):
    """The fake provider, with its usual answer and an empty journal."""
    shared_provider.reset()
    yield shared_provider
    assert not shared_provider.failures, f"an answer function failed: {shared_provider.failures}"
    shared_provider.reset()


@pytest.fixture(scope="session")
def shared_gateway(shared_provider, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    gateway = Gateway(folder, shared_provider, {"body_bytes_max": 33554432}).start()
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def sound_ledger(shared_gateway):
    """The shared gateway's ledger adds up behind each file of tests."""
    yield
    shared_gateway.verify_ledger()


@pytest.fixture
def gateway(shared_gateway, sound_ledger, provider):
    """The shared gateway. Money that the test moved is checked behind it."""
    assert shared_gateway.process.poll() is None, shared_gateway.stderr()[-8000:]
    yield shared_gateway
    assert shared_gateway.process.poll() is None, shared_gateway.stderr()[-8000:]
    shared_gateway.check_clean()
    shared_gateway.check_holds()


@pytest.fixture
def customer(gateway):
    """A customer of the shared gateway with a key and 10 USD."""
    return gateway.customer()


@pytest.fixture(scope="session")
def shared_customer(shared_gateway):
    """For tests that must change nothing: they compare before and after."""
    customer = shared_gateway.customer()
    shared_gateway.customers.clear()
    return customer


@pytest.fixture(scope="session")
def shared_poor(shared_gateway):
    """The same without credits."""
    customer = shared_gateway.customer(credit=None)
    shared_gateway.customers.clear()
    return customer


@pytest.fixture
def make_gateway(provider, tmp_path):
    """Makes gateways of the test's own: make_gateway(settings..., env=, prepare=, start=)."""
    made: list[Gateway] = []

    def make(*, env=None, prepare=None, start=True, provider=provider, **settings) -> Gateway:
        folder = Path(tmp_path / f"gateway{len(made)}")
        folder.mkdir()
        gateway = Gateway(folder, provider, settings, env)
        made.append(gateway)
        if prepare is not None:
            prepare(gateway.policies)
        if start:
            gateway.start()
        else:
            gateway.write_config()
        return gateway

    yield make
    try:
        for gateway in made:
            gateway.check_holds()
            gateway.stop()
    finally:
        for gateway in made:
            gateway.abandon()


@pytest.fixture(scope="module")
def uploads():
    """A provider that reads forms as they come."""
    provider = UploadProvider()
    yield provider
    provider.close()


@pytest.fixture
def provider_of_uploads(uploads):
    uploads.plan = read_all
    uploads.uploads.clear()
    return uploads


@pytest.fixture
def stripe():
    """The payment processor."""
    server = StripeServer()
    yield server
    server.stop()


@pytest.fixture
def paid_house(tmp_path, shared_provider, stripe):
    """A gateway whose customers pay by it."""
    gateway = Gateway(tmp_path / "house", shared_provider, stripe.settings)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def receiver():
    """Of webhooks."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def mailbox():
    """A mail server."""
    mailbox = Mailbox()
    yield mailbox
    mailbox.stop()
