"""Floor 6: what every model page of the desk shares: reading only, one power, quick at a million rows."""

from typing import Any

from django.contrib.admin import ModelAdmin, ShowFacets
from django.core.paginator import Paginator
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from applications.permissions import Can, can

COUNTED = 10_000


class BoundedPaginator(Paginator):
    """Counts no further than a person pages: the end of a million rows is found by searching."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class ReadingPage(ModelAdmin):
    """Nothing is added, changed or deleted here, alone or in bulk: state is written by actions alone."""

    power = Can.SEE_CUSTOMERS
    actions = None
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = BoundedPaginator
    ordering = ("-pk",)
    sortable_by = ()
    hidden: tuple[str, ...] = ()

    def has_module_permission(self, request: Any) -> bool:
        return can(request.user, self.power)

    def has_view_permission(self, request: Any, obj: Model | None = None) -> bool:
        return can(request.user, self.power)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Every column as text; none becomes a field, so no list of a million options is ever made."""
        return [
            field.name
            for field in self.model._meta.get_fields()
            if isinstance(field, Field) and field.concrete and field.name not in self.hidden
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self.get_fields(request, obj)

    def get_list_select_related(self, request: HttpRequest) -> Any:
        named = {str(name).split("__")[0] for name in self.get_list_display(request)}
        relations = [field.name for field in self.model._meta.fields if field.is_relation]
        return [name for name in relations if name in named] or False
