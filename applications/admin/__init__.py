"""Floor 6: model pages of the desk, for reading (design §4). Changes are made on pages of their own, by actions."""

from django.db.models import Model

from applications.admin import customers, deadlines, policy, record
from applications.admin.base import ReadingPage

MODEL_PAGES: tuple[tuple[type[Model], type[ReadingPage]], ...] = (
    *customers.PAGES,
    *deadlines.PAGES,
    *policy.PAGES,
    *record.PAGES,
)
