"""A clock that a test moves: `clock.set(…)` (fixture `clock`); entrances read it through the setting CLOCK."""

from datetime import datetime, timedelta

from tests import factories


class Clock:
    def __init__(self) -> None:
        self.moment = factories.NOW

    def __call__(self) -> datetime:
        return self.moment

    def set(self, moment: datetime) -> datetime:
        assert moment.tzinfo is not None
        self.moment = moment
        return moment

    def forward(self, **by: int) -> datetime:
        return self.set(self.moment + timedelta(**by))


now = Clock()
