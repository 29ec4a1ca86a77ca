"""Charts are drawn from what is given, say the same in words, and let no name break out of the picture."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from applications import charts

CUT, END = datetime(2022, 6, 21, tzinfo=UTC), datetime(2023, 7, 1, tzinfo=UTC)
NOW = datetime(2023, 5, 15, 14, 40, tzinfo=UTC)
NASTY = '<script>alert("x")</script> & Söhne'
EAST = "هيئة مطارات الخليج"


def drawn(svg):
    """The SVG as XML: it must be well-formed, whatever the names were."""
    return ElementTree.fromstring(svg)  # noqa: S314 -- our own output


def texts(svg):
    return ["".join(node.itertext()) for node in drawn(svg).iter("text")]


def having(svg, css):
    return [node for node in drawn(svg).iter() if css in node.get("class", "").split()]


class TestSpan:
    def test_end_is_the_last_minute_that_counts(self):
        assert texts(charts.span(CUT, END)) == ["21 June 2022", "30 June 2023, 23:59 UTC"]

    def test_a_sentence_says_what_the_picture_shows(self):
        svg = charts.span(
            CUT, END, now=NOW, mark=datetime(2023, 6, 15, tzinfo=UTC), mark_text="Submit by 15 June"
        )
        assert drawn(svg).get("role") == "img"
        assert drawn(svg).get("aria-label") == (
            "From 21 June 2022 until 30 June 2023, 23:59 UTC. Today, 15 May. Submit by 15 June"
        )

    def test_what_is_behind_us_is_thick_and_what_comes_is_thin(self):
        svg = charts.span(CUT, END, now=CUT + (END - CUT) / 4)
        (thick,), (thin,) = having(svg, "line"), having(svg, "rest")
        assert (thick.get("x2"), thin.get("x1"), thin.get("x2")) == ("25.0%", "25.0%", "100%")

    @pytest.mark.parametrize("now", [CUT - timedelta(days=1), END, END + timedelta(days=400)])
    def test_outside_the_span_there_is_no_today(self, now):
        assert len(texts(charts.span(CUT, END, now=now))) == 2

    def test_a_mark_outside_the_span_is_left_out(self):
        assert len(having(charts.span(CUT, END, mark=END + timedelta(days=1), mark_text="late"), "mark")) == 0

    @pytest.mark.parametrize(("days", "ticks"), [(46, 6), (92, 13), (93, 3), (375, 12), (1501, 0)], ids=str)
    def test_ticks_are_weeks_then_months_then_none(self, days, ticks):
        assert len(having(charts.span(END, END + timedelta(days=days)), "tick")) == ticks

    def test_no_time_at_all_draws_and_does_not_divide(self):
        assert len(having(charts.span(CUT, CUT, now=CUT), "begin")) == 1


class TestBarsAndLines:
    VALUES = (("Face API", 6.0, "6 days"), (NASTY, 12.0, "12 days"), ("Video Indexer", 3.0, "3 days"))

    def test_the_longest_bar_is_the_whole_track(self):
        chart = charts.bar_chart("Half within 6 days", self.VALUES, head=("Service", "Half within"))
        assert [bar.get("width") for bar in having(chart.svg, "bar")] == ["41.0%", "82.0%", "20.5%"]
        assert [track.get("width") for track in having(chart.svg, "bar-track")] == ["82%"] * 3

    def test_a_line_runs_from_edge_to_edge_and_the_highest_is_on_top(self):
        chart = charts.line_chart("Faster", self.VALUES, head=("Month", "Half within"))
        (line,) = drawn(chart.svg).iter("polyline")
        assert line.get("points") == "0.0,54.0 50.0,8.0 100.0,77.0"

    @pytest.mark.parametrize("draw", [charts.bar_chart, charts.line_chart])
    def test_picture_label_and_table_say_the_same(self, draw):
        chart = draw("Half within 6 days", self.VALUES, head=("Service", "Half within"))
        label = drawn(chart.svg).get("aria-label")
        assert label == f"Half within 6 days. Face API: 6 days; {NASTY}: 12 days; Video Indexer: 3 days"
        assert chart.rows == (("Face API", "6 days"), (NASTY, "12 days"), ("Video Indexer", "3 days"))

    @pytest.mark.parametrize("draw", [charts.bar_chart, charts.line_chart])
    @pytest.mark.parametrize("values", [(), (("May", 0.0, "0 days"),)], ids=["none", "zero"])
    def test_nothing_and_zero_draw(self, draw, values):
        assert len(drawn(draw("t", values, head=("a", "b")).svg).get("aria-label")) > 0
