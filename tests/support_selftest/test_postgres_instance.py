"""The PostgreSQL of the tests gives each test a database of its own."""

from __future__ import annotations

import psycopg
import pytest

from support_postgres import PostgresCluster


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@pytest.mark.real("postgresql")
def test_databases_do_not_see_each_other(postgres_cluster: PostgresCluster) -> None:
    first, second = postgres_cluster.empty_database(), postgres_cluster.empty_database()
    with _connect(first) as a, _connect(second) as b:
        a.execute("create table only_here (n integer)")
        assert b.execute("select to_regclass('only_here')").fetchone() == (None,)
    postgres_cluster.drop(first)
    postgres_cluster.drop(second)


@pytest.mark.real("postgresql")
def test_a_fresh_database_has_the_tables(postgres_cluster: PostgresCluster) -> None:
    url = postgres_cluster.fresh_database()
    with _connect(url) as connection:
        row = connection.execute("select to_regclass('document') is not null and to_regclass('entry') is not null")
        assert row.fetchone() == (True,)
    postgres_cluster.drop(url)
