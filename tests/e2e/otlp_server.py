"""A collector of OTLP/HTTP in Protobuf, that reads what it gets by OpenTelemetry's own protocol:
what it has no name for and ids of other lengths are faults. Its answers are scripted."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from wait import wait_until

SERVER, CLIENT = 2, 3
PROTOBUF = {"content-type": "application/x-protobuf"}


def partial_success(rejected: int, why: str) -> bytes:
    message = trace_service_pb2.ExportTraceServiceResponse()
    message.partial_success.rejected_spans = rejected
    message.partial_success.error_message = why
    return message.SerializeToString()


TAKEN = (200, PROTOBUF, partial_success(0, ""))


def assert_known(message) -> None:
    """Whatever is in it has a name."""
    assert not list(UnknownFieldSet(message)), message
    for kind, value in message.ListFields():
        if kind.type == kind.TYPE_MESSAGE:
            for one in value if kind.is_repeated else [value]:
                assert_known(one)


def plain(value):
    """An AnyValue."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind)


@dataclass
class Span:
    trace_id: str
    id: str
    parent_id: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    failed: bool
    flags: int
    state: str
    attributes: dict
    links: list = field(default_factory=list)
    resource: dict = field(default_factory=dict)

    def __getitem__(self, name: str):
        return self.attributes[name]


def attributes_of(pairs) -> dict:
    found = {pair.key: plain(pair.value) for pair in pairs}
    assert len(found) == len(pairs), "an attribute is there twice"
    return found


def has_ids(span) -> bool:
    links = all(len(link.trace_id) == 16 and len(link.span_id) == 8 for link in span.links)
    own = len(span.trace_id) == 16 and len(span.span_id) == 8
    return own and links and len(span.parent_span_id) in (0, 8)


def spans_of(body: bytes) -> list[Span]:
    message = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    assert_known(message)
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            assert all(has_ids(span) for span in scope.spans)
    return [
        Span(
            trace_id=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            name=span.name,
            kind=span.kind,
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
            failed=span.status.code == 2,
            flags=span.flags,
            state=span.trace_state,
            attributes=attributes_of(span.attributes),
            links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
            resource=attributes_of(resource.resource.attributes),
        )
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


class OtlpServer:
    """Answers each body by `answer(number)`, from 1: (status, headers, body)."""

    def __init__(self):
        self.bodies: list[tuple[dict, bytes]] = []  # with their headers, in lower case
        self.taken: list[Span] = []
        self.faults: list[str] = []
        self.answer = lambda _: TAKEN
        self.gate = threading.Event()  # for an answer that waits; set at the end
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.bodies.append((headers | {"path": self.path}, body))
                try:
                    spans = spans_of(body)
                except Exception as error:
                    collector.faults.append(f"{error!r} in {body[:2000]!r}")
                    spans = []
                status, headers, said = collector.answer(len(collector.bodies))
                with suppress(OSError):
                    self.send_response(status)
                    for name, value in (headers | {"content-length": len(said)}).items():
                        self.send_header(name, str(value))
                    self.end_headers()
                    self.wfile.write(said)
                    if status < 300:
                        collector.taken += spans

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    # ---- what has come ----

    def spans(self, count: int, timeout: float = 15) -> list[Span]:
        """So many, and no more."""
        wait_until(lambda: len(self.taken) >= count or self.faults, timeout, f"{count} spans")
        assert not self.faults, self.faults
        assert len(self.taken) == count, [span.name for span in self.taken]
        return sorted(self.taken, key=lambda span: (span.start_ns, span.kind))

    def call(self, request_id: str, timeout: float = 15) -> tuple[Span, list[Span]]:
        """The span of an exchange, and those of its attempts in their order."""

        def found():
            return [
                span
                for span in self.taken
                if span.kind == SERVER and span["llm_gateway.request_id"] == request_id
            ]

        wait_until(lambda: found() or self.faults, timeout, f"the span of {request_id}")
        assert not self.faults, self.faults
        (server,) = found()
        mine = [span for span in self.taken if span.parent_id == server.id]
        return server, sorted(mine, key=lambda span: span.start_ns)
