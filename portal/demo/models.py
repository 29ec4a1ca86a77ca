"""Where the demo's clock stands."""

from django.db import models


class ClockShift(models.Model):
    """How far the demo's clock is from the real one; the newest row counts. Forward only, after the first."""

    shift = models.DurationField()
    moved_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.shift)
