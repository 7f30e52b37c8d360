"""Abilities of a session's catalogue that Spark's API lacks: other names, and a table whose folder is there."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_KINDS = "org.apache.spark.sql.catalyst.catalog.CatalogTableType$"


def name_catalog(session: "SparkSession", name: str) -> None:
    """Have `name.schema.table` mean what `schema.table` means.

    Spark makes a catalogue of another name from a class, and none of its classes is a second name for its own one. So
    this puts its own into the map in which it keeps them.
    """
    manager = _state(session).catalogManager()
    field = manager.getClass().getDeclaredField("catalogs")
    field.setAccessible(True)
    field.get(manager).put(name, manager.v2SessionCatalog())


def catalog_names(session: "SparkSession") -> set[str]:
    """Return the names that the session's catalogue has, Spark's own among them."""
    return {each.name for each in session.catalog.listCatalogs()}


def activate(session: "SparkSession") -> None:
    """Have what this thread calls find the session's tables.

    Spark looks up which class its catalogue has in the calling thread's active session: without one `toTable` takes a
    Delta table for a path. Each thread of Python's has one of the JVM's, and another one once its connection is closed.
    """
    jvm: Any = session.sparkContext._jvm
    jvm.org.apache.spark.sql.SparkSession.setActiveSession(session._jsparkSession)  # noqa: SLF001 - only it can say


def adopt_table(session: "SparkSession", table: str, location: str) -> None:
    """Make a Delta table that is there a table of the warehouse, whose folder goes when it is dropped.

    Delta refuses to create such a table over a folder that is not empty, so it is created with a location of its own,
    and the catalogue's entry is replaced by one that differs in its kind.
    """
    session.sql(f"CREATE TABLE IF NOT EXISTS {table} USING DELTA LOCATION '{location}'")
    catalog = _state(session).catalog()
    entry = catalog.getTableMetadata(_state(session).sqlParser().parseTableIdentifier(table))
    jvm: Any = session.sparkContext._jvm
    managed = jvm.java.lang.Class.forName(_KINDS).getField("MODULE$").get(None).MANAGED()
    count = entry.productArity()
    fields = session.sparkContext._gateway.new_array(jvm.java.lang.Object, count)  # type: ignore[union-attr]
    for at in range(count):
        fields[at] = managed if entry.productElementName(at) == "tableType" else entry.productElement(at)
    catalog.alterTable(entry.getClass().getConstructors()[0].newInstance(fields))


def managed_tables(session: "SparkSession", database: str) -> set[str]:
    """Return the names of the database's tables of the warehouse, also of those whose folder is gone."""
    catalog = _state(session).catalog()
    found = catalog.listTables(database)
    tables = (found.apply(at) for at in range(found.size()))
    return {
        table.table()
        for table in tables
        if table.database().isDefined() and catalog.getTableMetadata(table).tableType().name() == "MANAGED"
    }


def forget_table(session: "SparkSession", table: str) -> None:
    """Remove a table whose folder is gone; SQL would look into the folder first."""
    identifier = _state(session).sqlParser().parseTableIdentifier(table)
    _state(session).catalog().dropTable(identifier, True, False)


def _state(session: "SparkSession") -> Any:  # noqa: ANN401 - the JVM's object
    return session._jsparkSession.sessionState()  # noqa: SLF001 - only the JVM has it
