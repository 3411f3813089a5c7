"""What the server counts and measures, for Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
TEXT_FORMAT = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, CPU time, open files
        self.requests = Counter(
            "textcnn_requests",
            "Requests by path and status.",
            ("path", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "textcnn_request_seconds",
            "Seconds from the head of a request to the end of its answer.",
            ("path",),
            buckets=SECONDS,
            registry=registry,
        )
        self.texts = Counter(
            "textcnn_texts", "Texts that were answered.", ("path", "model"), registry=registry
        )
        self.batch_texts = Histogram(
            "textcnn_batch_texts",
            "Texts that were predicted together.",
            buckets=TEXTS,
            registry=registry,
        )
        self.waiting = Gauge(
            "textcnn_waiting_texts", "Texts that wait for a batch.", registry=registry
        )
        self.in_progress = Gauge(
            "textcnn_requests_in_progress",
            "Requests for answers that arrive, wait or are computed.",
            registry=registry,
        )

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
