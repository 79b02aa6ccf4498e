from pathlib import Path

from sqlalchemy import create_engine, text

from tests.databases import Databases


def make_table(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE prepared (word TEXT)"))
    engine.dispose()


def rows(url: str) -> int:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO prepared VALUES ('here')"))
        count = connection.execute(text("SELECT count(*) FROM prepared")).scalar_one()
    engine.dispose()
    return int(count)


def test_each_test_has_an_empty_database_of_its_own(database_url: str) -> None:
    make_table(database_url)
    assert rows(database_url) == 1


def test_each_prepared_database_is_a_copy(databases: Databases, database_kind: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        with databases.fresh(database_kind, folder, make_table) as url:
            assert rows(url) == 1
