"""Abilities of a session's catalogue that Spark's API lacks: other names, and tables and views that are there."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import SparkSession

_KINDS = "org.apache.spark.sql.catalyst.catalog.CatalogTableType$"


class TableName(NamedTuple):
    """A table, or a view, and its database."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"`{self.database}`.`{self.name}`"


class Definition(NamedTuple):
    """A view or a table, as a statement that makes it again.

    Attributes:
        statement: its CREATE.
        namespace: catalogue and database in which the names in a view begin.
        location: of a table of the warehouse in another format than Delta; its folder goes when it is dropped.
    """

    statement: str
    namespace: "Sequence[str]" = ()
    location: str = ""


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
    jvm: Any = session.sparkContext._jvm
    return {*_elements(_state(session).catalogManager().listCatalogs(jvm.scala.Option.apply(None)))}


def database_names(session: "SparkSession") -> set[str]:
    """Return the names of the session's databases; Spark's own API starts a job to list what is in its memory."""
    return {*_elements(_state(session).catalog().listDatabases())}


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
    _set_kind(session, table, "MANAGED")


def managed_tables(session: "SparkSession", database: str) -> set[str]:
    """Return the names of the database's tables of the warehouse, also of those whose folder is gone."""
    entries = _entries(session, database)
    return {table.name for table, entry in entries if entry.tableType().name() == "MANAGED"}


def forget_table(session: "SparkSession", table: str) -> None:
    """Remove a table or a view from the catalogue alone; SQL would look into its folder first, and remove that too."""
    if _entry(session, table).tableType().name() == "MANAGED":
        _set_kind(session, table, "EXTERNAL")
    _state(session).catalog().dropTable(_identifier(session, table), True, False)


def defined(session: "SparkSession") -> dict[TableName, int]:
    """Return what no folder of a Delta table says to be there: views, and other tables, with a hash of their entry."""
    entries = (pair for database in database_names(session) for pair in _entries(session, database))
    return {table: entry.hashCode() for table, entry in entries if not _is_told_by_its_folder(entry)}


def definition(session: "SparkSession", table: TableName) -> Definition:
    """Return how to make a view or a table of the catalogue again."""
    entry = _entry(session, str(table))
    if _is_delta(entry):  # of which Spark does not tell
        return Definition(f"CREATE TABLE {table} USING DELTA\nLOCATION '{_location(session, entry)}'")
    statement: str = session.sql(f"SHOW CREATE TABLE {table}").collect()[0][0]
    names = tuple(_elements(entry.viewCatalogAndNamespace()))
    managed = entry.tableType().name() == "MANAGED"
    return Definition(statement, names, _location(session, entry) if managed else "")


def define(session: "SparkSession", table: TableName, made: Definition) -> None:
    """Make a view or a table by its definition, in the place of the one that there may be.

    Raises:
        PySparkException: it cannot be made: a table that a view reads is gone, for instance.
        ValueError: the definition is none, or is of another name.
    """
    plan = _state(session).sqlParser().parsePlan(made.statement).getClass().getSimpleName()
    if plan not in {"CreateView", "CreateTable"}:
        raise ValueError(f"its definition is no CREATE VIEW or CREATE TABLE: {plan}")
    if table in defined(session):
        forget_table(session, str(table))
    before = (session.catalog.currentCatalog(), session.catalog.currentDatabase())
    try:
        _use(session, made.namespace)
        session.sql(f"{made.statement}\nLOCATION '{made.location}'" if made.location else made.statement)
    finally:
        _use(session, before)
    if table not in defined(session):
        raise ValueError("its definition is one of another name")
    if made.location:
        _set_kind(session, str(table), "MANAGED")


def _use(session: "SparkSession", namespace: "Sequence[str]") -> None:
    if namespace:
        session.sql(f"USE {'.'.join(f'`{name}`' for name in namespace)}")


def _location(session: "SparkSession", entry: Any) -> str:  # noqa: ANN401 - the JVM's object
    """Return where a table is, as a LOCATION in quotes has it."""
    jvm: Any = session.sparkContext._jvm
    path: str = jvm.org.apache.hadoop.fs.Path(entry.location()).toString()
    return path.replace("\\", "\\\\").replace("'", "\\'")


def _is_delta(entry: Any) -> bool:  # noqa: ANN401 - the JVM's object
    return bool(entry.provider().isDefined() and entry.provider().get().lower() == "delta")


def _is_told_by_its_folder(entry: Any) -> bool:  # noqa: ANN401 - the JVM's object
    return _is_delta(entry) and entry.tableType().name() == "MANAGED"


def _set_kind(session: "SparkSession", table: str, kind: str) -> None:
    """Replace the catalogue's entry of a table by one that differs in its kind, MANAGED or EXTERNAL."""
    entry = _entry(session, table)
    jvm: Any = session.sparkContext._jvm
    kinds = jvm.java.lang.Class.forName(_KINDS).getField("MODULE$").get(None)
    count = entry.productArity()
    fields = session.sparkContext._gateway.new_array(jvm.java.lang.Object, count)  # type: ignore[union-attr]
    for at in range(count):
        is_kind = entry.productElementName(at) == "tableType"
        fields[at] = getattr(kinds, kind)() if is_kind else entry.productElement(at)
    _state(session).catalog().alterTable(entry.getClass().getConstructors()[0].newInstance(fields))


def _entries(session: "SparkSession", database: str) -> "Iterator[tuple[TableName, Any]]":
    """Yield the database's tables and views, without temporary ones, and their entries in the catalogue."""
    catalog = _state(session).catalog()
    for table in _elements(catalog.listTables(database)):
        if table.database().isDefined():
            yield TableName(database, table.table()), catalog.getTableMetadata(table)


def _elements(sequence: Any) -> "Iterator[Any]":  # noqa: ANN401 - the JVM's object
    return (sequence.apply(at) for at in range(sequence.size()))


def _entry(session: "SparkSession", table: str) -> Any:  # noqa: ANN401 - the JVM's object
    return _state(session).catalog().getTableMetadata(_identifier(session, table))


def _identifier(session: "SparkSession", table: str) -> Any:  # noqa: ANN401 - the JVM's object
    return _state(session).sqlParser().parseTableIdentifier(table)


def _state(session: "SparkSession") -> Any:  # noqa: ANN401 - the JVM's object
    return session._jsparkSession.sessionState()  # noqa: SLF001 - only the JVM has it
