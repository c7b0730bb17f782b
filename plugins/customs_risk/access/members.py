"""People in roles, with the district or sub-centre whose rows they read; and what was read."""

import re
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection, sql

from customs_risk import warehouse

_PREFIX = "customs_risk_"
_DISTRICT = re.compile(r"[0-9]{4}")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class UnknownRole(LookupError):  # noqa: N818 - reads as what is wrong
    """No such role, district or sub-centre is known; the message names those that are."""


@dataclass(frozen=True)
class Role:
    """One role: what it reads, which classes it is shown, and who is in it."""

    name: str
    title: str
    reads: list[str]
    sees: list[str]
    members: list[str]


@dataclass(frozen=True)
class Reading:
    """One query that read a classified mart."""

    read_at: datetime
    reader: str
    login: str
    mart: str
    confidentiality: str
    query: str


def roles() -> list[Role]:
    """Return the roles, and after them the jurisdictions that have members."""
    with warehouse.connect() as connection:
        return [
            Role(name.removeprefix(_PREFIX), title, reads, sees, members)
            for name, title, reads, sees, members in connection.execute(_ROLES)
        ]


_ROLES = """
    with members as (
        select
            roles.rolname::text as "role",
            array_agg(people.rolname::text order by people.rolname) filter (
                where not starts_with(people.rolname::text, 'customs_risk_')
            ) as members
        from pg_auth_members
        inner join pg_roles as roles on roles.oid = pg_auth_members.roleid
        inner join pg_roles as people on people.oid = pg_auth_members.member
        where pg_auth_members.inherit_option
        group by roles.rolname
    ),
    told as (
        select
            "role", title_en || ' ' || title_zh as title, reads, sees,
            coalesce(members.members, '{}') as members, 1 as place
        from access.roles
        left join members using ("role")
        union all
        select "role", 'rows of this jurisdiction 辖区', '{}', '{}', members, 2
        from members
        where
            members is not null
            and "role" ~ '^customs_risk_(district_|subcentre_|all_districts)'
    )
    select "role", title, reads, sees, members from told order by place, "role"
"""


def grant(
    member: str,
    role: str,
    *,
    by: str,
    districts: tuple[str, ...] = (),
    subcentres: tuple[str, ...] = (),
    all_districts: bool = False,
) -> list[str]:
    """Make a login a member of a role and of jurisdictions; return all that was granted.

    The login is made if there is none; how it proves who it is, is set with the server's own means.

    Raises:
        UnknownRole: there is no such role, district or sub-centre.
    """
    with warehouse.connect() as connection:
        wanted = _wanted(connection, role, districts, subcentres, all_districts=all_districts)
        _make_login(connection, member)
        for each in wanted:
            connection.execute("select access.make_member(%s, %s)", [member, each])
            _note(connection, by, member, each, "granted")
    return [each.removeprefix(_PREFIX) for each in wanted]


def revoke(member: str, role: str, *, by: str) -> bool:
    """Take a login out of a role or a jurisdiction; tell whether it was in it.

    Raises:
        UnknownRole: there is no such role.
    """
    with warehouse.connect() as connection:
        name = _PREFIX + role.removeprefix(_PREFIX)
        if not _exists(connection, name) or not _exists(connection, member):
            raise UnknownRole(f"there is no role {role!r}, or no login {member!r}")
        is_member = connection.execute(
            "select 1 from pg_auth_members"
            " where roleid = to_regrole(quote_ident(%s)) and member = to_regrole(quote_ident(%s))",
            [name, member],
        ).fetchone()
        if not is_member:
            return False
        connection.execute(
            sql.SQL("revoke {} from {}").format(sql.Identifier(name), sql.Identifier(member))
        )
        _note(connection, by, member, name, "revoked")
        return True


def log(limit: int, *, reader: str | None = None, mart: str | None = None) -> list[Reading]:
    """Return who read what classified mart, the latest first."""
    with warehouse.connect() as connection:
        return [
            Reading(*row)
            for row in connection.execute(
                """
                select read_at, reader, login, mart, class, coalesce(query, '')
                from access.log
                where
                    (%(reader)s::text is null or reader = %(reader)s or login = %(reader)s)
                    and (%(mart)s::text is null or mart = %(mart)s)
                order by read_at desc
                limit %(limit)s
                """,
                {"reader": reader, "mart": mart, "limit": limit},
            )
        ]


def _wanted(
    connection: Connection,
    role: str,
    districts: tuple[str, ...],
    subcentres: tuple[str, ...],
    *,
    all_districts: bool,
) -> list[str]:
    """Return the full names of the roles that a member is to have.

    A district may be one that no sub-centre has; its role is made when it is first asked for.
    """
    known = [name.removeprefix(_PREFIX) for (name,) in connection.execute(_KNOWN_ROLES)]
    if (short := role.removeprefix(_PREFIX)) not in known:
        raise UnknownRole(f"no role {role!r}: {', '.join(known)}")
    for district in districts:
        if not _DISTRICT.fullmatch(district):
            raise UnknownRole(f"{district!r} is no district: four digits, such as 2200")
        connection.execute("select access.make_role(%s)", [f"{_PREFIX}district_{district}"])
    for subcentre in subcentres:
        if not _exists(connection, f"{_PREFIX}subcentre_{subcentre}"):
            raise UnknownRole(f"no sub-centre {subcentre!r} is in the list of jurisdictions")
    return [
        _PREFIX + each
        for each in (
            short,
            *(f"district_{district}" for district in districts),
            *(f"subcentre_{subcentre}" for subcentre in subcentres),
            *(["all_districts"] if all_districts else []),
        )
    ]


_KNOWN_ROLES = 'select "role" from access.roles order by "role"'


def _make_login(connection: Connection, member: str) -> None:
    if _exists(connection, member):
        return
    if not _NAME.fullmatch(member) or member.startswith((_PREFIX, "pg_")):
        raise UnknownRole(f"{member!r} can be no login: lowercase letters, digits, underscores")
    connection.execute(sql.SQL("create role {} login").format(sql.Identifier(member)))
    # the pages read as whoever has logged in; the pipeline inherits nothing by that
    connection.execute(
        sql.SQL("grant {} to current_user with inherit false, set true").format(
            sql.Identifier(member)
        )
    )


def _exists(connection: Connection, role: str) -> bool:
    return bool(connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone())


def _note(connection: Connection, by: str, member: str, role: str, act: str) -> None:
    connection.execute(
        'insert into access.memberships (changed_by, member, "role", act) values (%s, %s, %s, %s)',
        [by, member, role, act],
    )
