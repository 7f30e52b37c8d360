"""The rights in the databases, as docs/contracts.md lists them and as the servers' catalogues have them."""

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from fnmatch import fnmatchcase
from itertools import product
from typing import Any, NamedTuple

from common.clients import postgres_connection
from common.settings import ROOT, Settings

# Postgres' catalogues of what can be granted. Owners have all rights to what is theirs, and are left out. What a role
# has on any other kind of thing (a language, a type, a parameter of the server) is found by its dependency.
_RIGHTS = """
WITH spaces AS (
    SELECT oid, nspname, nspowner, nspacl, nspname ~ '^(pg_|information_schema$)' AS built_in FROM pg_namespace
),
granted AS (
    SELECT 'database' AS kind, datname::text AS name, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl,
        false AS built_in
    FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT 'schema', nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner)), built_in
    FROM spaces
    UNION ALL SELECT
        CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname || '.' || relname, relowner,
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)), built_in
    FROM pg_class JOIN spaces ON spaces.oid = relnamespace
    UNION ALL SELECT 'column', nspname || '.' || relname || '.' || attname, relowner, attacl, built_in
    FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid JOIN spaces ON spaces.oid = relnamespace
    UNION ALL SELECT
        'function', p.oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)), built_in
    FROM pg_proc AS p JOIN spaces ON spaces.oid = pronamespace
    UNION ALL SELECT
        CASE defaclobjtype WHEN 'r' THEN 'later table' ELSE 'later ' || defaclobjtype::text END,
        defaclnamespace::regnamespace::text, defaclrole, defaclacl, false
    FROM pg_default_acl
)
SELECT grantee, kind, name, privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM granted CROSS JOIN aclexplode(acl)
WHERE grantee <> owner AND (grantee <> 0 OR NOT built_in)
UNION ALL
SELECT refobjid, kind, name, CASE deptype WHEN 'o' THEN 'OWNER' ELSE 'OTHER' END
FROM pg_shdepend CROSS JOIN pg_identify_object(classid, objid, objsubid) AS object (kind, schema, short, name)
WHERE refclassid = 'pg_authid'::regclass
    AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND (kind <> 'database' OR short = current_database())
    AND (deptype <> 'a' OR classid NOT IN (
        'pg_database'::regclass, 'pg_namespace'::regclass, 'pg_class'::regclass, 'pg_proc'::regclass,
        'pg_default_acl'::regclass
    ))
"""
_ROLES = """
SELECT
    rolname,
    array_remove(ARRAY[
        CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
        CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN NOT rolcanlogin THEN 'NOLOGIN' END
    ], NULL),
    rolconnlimit,
    ARRAY(SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = pg_roles.oid ORDER BY 1),
    ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid)
FROM pg_roles WHERE rolname !~ '^pg_'
"""
_TABLES = """
SELECT relnamespace::regnamespace || '.' || relname FROM pg_class
WHERE relkind IN ('r', 'v') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
"""
_OPEN_TO_ALL = """
SELECT DISTINCT proname FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')
"""
_ENTERED = """
SELECT rolname, datname FROM pg_roles CROSS JOIN pg_database
WHERE NOT rolsuper AND rolname !~ '^pg_' AND datallowconn AND has_database_privilege(rolname, datname, 'CONNECT')
"""

# MySQL's: of each account that may log in, what it has on what.
_ACCOUNTS = """
SELECT CONCAT(user, '@', host), rights.name, rights.privilege, rights.is_grantable
FROM mysql.user JOIN (
    SELECT grantee, '*.*' AS name, privilege_type AS privilege, is_grantable FROM information_schema.user_privileges
    UNION ALL SELECT grantee, CONCAT(table_schema, '.*'), privilege_type, is_grantable
    FROM information_schema.schema_privileges
    UNION ALL SELECT grantee, CONCAT(table_schema, '.', table_name), privilege_type, is_grantable
    FROM information_schema.table_privileges
    UNION ALL SELECT grantee, CONCAT(table_schema, '.', table_name, '.', column_name), privilege_type, is_grantable
    FROM information_schema.column_privileges
    UNION ALL SELECT CONCAT("'", user, "'@'", host, "'"), CONCAT(db, '.', routine_name), proc_priv, 'NO'
    FROM mysql.procs_priv
    UNION ALL SELECT CONCAT("'", to_user, "'@'", to_host, "'"), CONCAT(from_user, '@', from_host), 'ROLE', 'NO'
    FROM mysql.role_edges
) AS rights ON rights.grantee = CONCAT("'", user, "'@'", host, "'")
WHERE account_locked = 'N' AND privilege <> 'USAGE'
"""
# The account that the server is made with.
_ALL_OF = ("root@localhost", "*.*")


class Right(NamedTuple):
    """A privilege of a role on one thing of a database."""

    role: str
    database: str
    kind: str
    name: str
    privilege: str


class Role(NamedTuple):
    """A role: its attributes, how many connections it may have (-1: any), its own defaults, its memberships."""

    name: str
    attributes: frozenset[str]
    connections: int
    defaults: frozenset[str]
    member_of: frozenset[str] = frozenset()


def listed(header: str) -> list[list[str]]:
    """Return the cells of the rows of the document's table with this header."""
    lines = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8").splitlines()
    rest = lines[lines.index(header) + 2 :]
    end = next(number for number, line in enumerate(rest) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rest[:end]]


def words(cell: str) -> list[str]:
    """Return what is written as code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def listed_rights(tables: Mapping[str, Iterable[str]]) -> set[Right]:
    """Return the rights in Postgres that the document lists.

    Args:
        tables: of each database the tables and views that there are, for which `*` in a name stands.
    """
    found = set()
    for roles, databases, kind, names, privileges in listed("| role | database | kind | of | may |"):
        for role, database, name in product(words(roles), words(databases), words(names)):
            for each in matching(name, tables[database]) if "*" in name else [name]:
                found |= {Right(role, database, kind, each, privilege) for privilege in words(privileges)}
    return found


def listed_roles() -> set[Role]:
    """Return the roles that the document lists."""
    rows = listed("| role | is | attributes | connections | its own defaults |")
    return {
        Role(
            words(role)[0],
            frozenset(words(attributes)),
            -1 if connections == "unlimited" else int(words(connections)[0]),
            frozenset(words(defaults)),
        )
        for role, _, attributes, connections, defaults in rows
    }


def closed_functions() -> dict[str, set[str]]:
    """Return the patterns of the functions that not everybody may call, by database."""
    rows = listed("| in the database | not |")
    return {database: {*words(patterns)} for databases, patterns in rows for database in words(databases)}


def listed_accounts() -> set[tuple[str, str, str]]:
    """Return the rights in MySQL that the document lists: account, what it is on, privilege."""
    rows = listed("| account | is | of | may |")
    cells = ((words(accounts), words(names), words(rights)) for accounts, _, names, rights in rows)
    return {each for cell in cells for each in product(*cell)}


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that a pattern stands for, of which there must be some."""
    found = [name for name in names if fnmatchcase(name, pattern)]
    assert found, f"{pattern} stands for nothing"
    return found


def granted_rights(settings: Settings, database: str) -> set[Right]:
    """Return the rights that the server has given in a database to roles other than its superuser."""
    roles = {**dict(_ask(settings, database, "SELECT oid, rolname FROM pg_roles")), 0: "PUBLIC"}
    rights = {
        Right(roles[grantee], database, *right) for grantee, *right in _ask(settings, database, _RIGHTS)
    }
    return {right for right in rights if not re.match("pg_|postgres$", right.role)}


def present_roles(settings: Settings) -> set[Role]:
    """Return the server's roles, its own ones apart."""
    rows = _ask(settings, "postgres", _ROLES)
    return {
        Role(name, frozenset(attributes), limit, frozenset(defaults), frozenset(groups))
        for name, attributes, limit, defaults, groups in rows
    }


def present_tables(settings: Settings, database: str) -> list[str]:
    """Return the tables and views of a database."""
    return [name for (name,) in _ask(settings, database, _TABLES)]


def open_functions(settings: Settings, database: str) -> set[str]:
    """Return the names of Postgres' own functions that everybody may call."""
    return {name for (name,) in _ask(settings, database, _OPEN_TO_ALL)}


def entered(settings: Settings) -> set[tuple[str, str]]:
    """Return which role may enter which database, superusers apart."""
    return set(_ask(settings, "postgres", _ENTERED))


def _ask(settings: Settings, database: str, query: str) -> list[tuple[Any, ...]]:
    with (
        closing(postgres_connection(settings, database=database)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
        return cursor.fetchall()


def account_rights(cursor: Any) -> set[tuple[str, str, str]]:  # noqa: ANN401 - untyped library
    """Return the rights that MySQL has given to accounts which may log in; all that there are is one, `ALL`."""
    cursor.execute(_ACCOUNTS)
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for account, name, privilege, grantable in cursor.fetchall():
        found.setdefault((account, name), set()).add((privilege, grantable))
    every = found[_ALL_OF]
    assert ("SUPER", "YES") in every
    return {
        (*where, right)
        for where, rights in found.items()
        for right in (["ALL"] if rights == every else map(_named, rights))
    }


def _named(right: tuple[str, str]) -> str:
    privilege, grantable = right
    return f"{privilege} WITH GRANT OPTION" if grantable == "YES" else privilege
