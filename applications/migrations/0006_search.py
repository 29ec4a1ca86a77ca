"""An index for searching inside words, on PostgreSQL alone. Without the right to make `pg_trgm` the search still finds
everything, by reading the rows; docs/operate.md says how to make the index later.
"""

import warnings
from typing import ClassVar

from django.db import DatabaseError, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

INDEX = (
    "CREATE INDEX IF NOT EXISTS application_search ON applications_application"
    " USING gin (search_text gin_trgm_ops) WITH (fastupdate = off)"
)


def index(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        warnings.warn(f"no index for the search, see docs/operate.md: {error}", stacklevel=2)
        return
    schema_editor.execute(INDEX)


def unindex(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS application_search")


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("applications", "0005_desk_views")]
    operations: ClassVar[list[migrations.RunPython]] = [migrations.RunPython(index, unindex)]
