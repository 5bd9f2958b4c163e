"""The text that Prometheus reads."""

import re

from hearth.edge.metrics import SECONDS, Histogram, Metrics, resident_bytes

SAMPLE = re.compile(r'^[a-z_]+(\{([a-z]+="[^"\\\n]*",?)+\})? [-+0-9.eInf]+$')


def test_text_is_prometheus():
    metrics = Metrics()
    metrics.read("hearth_homes", "gauge", "Homes.", lambda: 3)
    metrics.read_each("hearth_rooms", "gauge", "Rooms.", lambda: {'process="0"': 2})
    metrics.request("create_message", 200, 0.004)
    metrics.request("create_message", 200, 0.2)
    metrics.request("create_message", 429, 99.0)
    metrics.commits.add(3)
    text = metrics.text()
    assert text.endswith("\n")
    named: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in named
            named.add(name)
        elif not line.startswith("# HELP "):
            assert SAMPLE.match(line), line
            assert any(line.startswith(name) for name in named)
    assert "hearth_homes 3\n" in text
    assert 'hearth_rooms{process="0"} 2\n' in text
    assert 'hearth_requests_total{operation="create_message",status="200"} 2\n' in text
    assert 'hearth_requests_total{operation="create_message",status="429"} 1\n' in text
    assert 'hearth_request_seconds_bucket{operation="create_message",le="0.005"} 1\n' in text
    assert 'hearth_request_seconds_bucket{operation="create_message",le="10"} 2\n' in text
    assert 'hearth_request_seconds_bucket{operation="create_message",le="+Inf"} 3\n' in text
    assert 'hearth_request_seconds_count{operation="create_message"} 3\n' in text
    assert (
        'hearth_commit_messages_bucket{le="2"} 0\nhearth_commit_messages_bucket{le="4"} 1\n' in text
    )
    assert "hearth_commit_messages_sum 3\n" in text


def test_a_bound_is_part_of_its_bucket():
    histogram = Histogram(SECONDS)
    for bound in SECONDS:
        histogram.add(bound)
    assert histogram.counts == [1] * len(SECONDS) + [0]


def test_memory_is_told():
    assert resident_bytes() > 1_000_000
