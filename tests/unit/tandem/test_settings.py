"""Settings: where each value comes from, and what each mistake is told."""

from pathlib import Path
from typing import Any

import pytest

from tandem.errors import SchemaError, SettingsError
from tandem.fields import Field, FieldType
from tandem.settings import describe, load, masked


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without settings, and none in the environment."""
    for row in describe():
        monkeypatch.delenv(row["variable"], raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    """``tandem.toml`` with that text."""
    file = folder / "tandem.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults() -> None:
    """Without a file, variables or options: the documented defaults."""
    settings = load()
    assert settings.collection == "main"
    assert settings.search.depth == 100
    assert settings.search.lexical.k == settings.search.vector.k == 60
    assert (settings.search.lexical.share, settings.search.vector.share) == (0.4, 0.6)
    assert settings.declared_schema() is None


def test_order_of_authority(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option beats a variable, a variable the file, the file the default."""
    assert load().collection == "main"
    write(empty_folder, 'collection = "from-file"')
    assert load().collection == "from-file"
    monkeypatch.setenv("TANDEM_COLLECTION", "from-variable")
    assert load().collection == "from-variable"
    assert load(options={"collection": "from-option"}).collection == "from-option"
    assert load(options={"collection": None}).collection == "from-variable", "None = not given"


def test_sections_mix(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A section named in part keeps its other values, whoever named them."""
    write(empty_folder, "[search]\ndepth = 50\n[search.vector]\nk = 10\n")
    monkeypatch.setenv("TANDEM_SEARCH__VECTOR__WEIGHT", "2.5")
    search = load().search
    assert (search.depth, search.budget_ms) == (50, 1_000)
    assert (search.vector.k, search.vector.weight, search.vector.share) == (10, 2.5, 0.6)
    assert (search.lexical.k, search.lexical.weight, search.lexical.share) == (60, 1, 0.4)


def test_a_named_file(empty_folder: Path) -> None:
    """A file by its path; one that is missing is an error."""
    other = empty_folder / "other.toml"
    other.write_text('collection = "other"', encoding="utf-8")
    assert load(other).collection == "other"
    with pytest.raises(SettingsError, match=r"there is no settings file .*missing\.toml"):
        load(empty_folder / "missing.toml")
    with pytest.raises(SettingsError, match="there is no settings file"):
        load(empty_folder)


def test_folders_are_relative_to_the_file(empty_folder: Path) -> None:
    """What a file names lies beside it; absolute folders and ``~`` stay what they are."""
    folder = empty_folder / "project"
    folder.mkdir()
    file = write(folder, 'data_dir = "data"\ncache_dir = "cache"')
    settings = load(file)
    assert settings.data_dir == folder / "data"
    assert settings.cache_dir == folder / "cache"
    assert load(write(folder, 'data_dir = "/absolute"')).data_dir == Path("/absolute")
    assert load(write(folder, 'cache_dir = "~/x"')).cache_dir == Path.home() / "x"
    rules = load(write(folder, '[search]\nrules = "rules.toml"')).search.rules
    assert rules == folder / "rules.toml"


def test_an_option_is_relative_to_the_working_folder(empty_folder: Path) -> None:
    """A folder that was typed lies where it was typed, whatever the file's place."""
    folder = empty_folder / "project"
    folder.mkdir()
    settings = load(write(folder, ""), {"data_dir": Path("typed")})
    assert settings.data_dir.absolute() == empty_folder / "typed"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("colection = 'x'", "there is no setting 'colection'", "did you mean 'collection'?"),
        ("[search]\ndepht = 3", "there is no setting 'search.depht'", "mean 'search.depth'?"),
        ("[serach]\ndepth = 3", "there is no setting 'serach'", ""),
        ("[search.lexical]\nkk = 3", "there is no setting 'search.lexical.kk'", "search.lexical.k"),
        ("[search]\ndepth = 0", "setting 'search.depth'", ""),
        ("[search]\ndepth = 'many'", "setting 'search.depth'", ""),
        ("[search]\nbudget_ms = 0", "setting 'search.budget_ms'", ""),
        ("[retention]\nevents_days = 0", "setting 'retention.events_days'", ""),
        ("[retention]\nhistory_days = 36501", "setting 'retention.history_days'", ""),
        ("[search]\nlexical = 3", "setting 'search.lexical'", ""),
        ("search = 3", "setting 'search'", ""),
        ("collection = 'Not a Name'", "setting 'collection'", ""),
        ("[embedding]\nruntime = 'tpu'", "setting 'embedding.runtime'", ""),
        ("[indexing]\nanalysis = 'klingon'", "'indexing.analysis': Input should be 'english'", ""),
        ("[fields.year]\ntype = 'number'", "setting 'fields.year.type'", ""),
        ("[fields.year]\nweight = 2", "setting 'fields.year.type'", ""),
        ("collection = ", "tandem.toml: ", ""),
        ("[search\n", "tandem.toml: ", ""),
    ],
)  # fmt: skip
def test_mistakes_in_the_file(empty_folder: Path, text: str, message: str, hint: str) -> None:
    """The setting is named, with what is wrong, and the near one is hinted at."""
    write(empty_folder, text)
    with pytest.raises(SettingsError) as raised:
        load()
    assert message in str(raised.value)
    assert hint in raised.value.hint


def test_a_file_that_is_not_text(empty_folder: Path) -> None:
    """Bytes that are no UTF-8 are an error that names the file."""
    (empty_folder / "tandem.toml").write_bytes(b"collection = '\xff'")
    with pytest.raises(SettingsError, match=r"tandem\.toml"):
        load()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("TANDEM_COLECTION", "did you mean TANDEM_COLLECTION?"),
        ("TANDEM_SEARCH_DEPTH", "did you mean TANDEM_SEARCH__DEPTH?"),
        ("TANDEM_QQQQQQQQQQQQQQQQ", "docs/reference/settings.md"),
    ],
)
def test_unknown_variables(monkeypatch: pytest.MonkeyPatch, name: str, hint: str) -> None:
    """A misspelt variable is refused: ignored, the default would be used unseen."""
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=name) as raised:
        load()
    assert hint in raised.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TANDEM_SEARCH__DEPTH", "many"),
        ("TANDEM_COLLECTION", ""),
        ("TANDEM_SEARCH__BUDGET_MS", "nan"),
    ],
)  # fmt: skip
def test_bad_variables(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A variable out of range is refused with the setting's name and the value found."""
    monkeypatch.setenv(name, value)
    with pytest.raises(
        SettingsError, match=name.removeprefix("TANDEM_").lower().replace("__", ".")
    ):
        load()


def test_declared_fields(empty_folder: Path) -> None:
    """Declared fields make a closed schema."""
    write(
        empty_folder,
        "[fields.year]\ntype = 'integer'\n[fields.title]\ntype = 'text'\nweight = 2.0\n"
        "[fields.genre]\ntype = 'keyword'\n",
    )
    schema = load().declared_schema()
    assert schema is not None
    assert not schema.open
    assert schema.by_name["year"] == Field("year", FieldType.INTEGER)
    assert schema.by_name["title"].weight == 2.0
    assert schema.by_name["genre"].type is FieldType.KEYWORD


def test_weights_are_those_of_declared_text_fields(empty_folder: Path) -> None:
    """Where fields are declared it is known which there are; a title and a body always."""
    declared = "[fields.year]\ntype = 'integer'\n[fields.abstract]\ntype = 'text'\n"
    weights = "[search.lexical.weights]\n"
    write(empty_folder, f"{declared}{weights}title = 2\nbody = 0\nabstract = 10\n")
    assert load().search.lexical.weights == {"title": 2.0, "body": 0.0, "abstract": 10.0}
    for name, hint in (("abstrakt", "did you mean 'abstract'?"), ("year", "title, body, abstract")):
        write(empty_folder, f"{declared}{weights}{name} = 2\n")
        with pytest.raises(SettingsError, match=f"weights.{name}': .* no text field") as raised:
            load()
        assert hint in raised.value.hint
    write(empty_folder, f"{weights}year = 2\n")
    assert load().search.lexical.weights == {"year": 2.0}, "the documents will say"


def test_contradicting_fields(empty_folder: Path) -> None:
    """What the schema refuses is told in its words."""
    write(empty_folder, "[fields.document_id]\ntype = 'keyword'\n")
    with pytest.raises(SchemaError, match="the name is reserved"):
        load().declared_schema()


def test_every_setting_explains_itself() -> None:
    """Each has a help text, a variable that sets it, and a name of its own."""
    rows = describe()
    assert len({row["name"] for row in rows}) == len(rows) > 15
    for row in rows:
        assert row["help"], row["name"]
        assert row["variable"] == "TANDEM_" + row["name"].upper().replace(".", "__")


@pytest.mark.parametrize("row", describe(), ids=lambda row: row["name"])
def test_every_variable_sets_its_setting(
    row: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable of the description is the one that is read: nonsense in it is noticed, or
    arrives.
    """
    monkeypatch.setenv(row["variable"], "?")
    try:
        value: Any = load()
    except SettingsError as error:
        told = str(error)
    else:
        for part in row["name"].split("."):
            value = getattr(value, part)
        told = row["name"] if str(value).endswith("?") else "the default"
    assert row["name"] in told


def test_folders_of_the_environment_are_relative_to_the_working_folder(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable is set by somebody who stands in the working folder, not beside the file."""
    folder = empty_folder / "project"
    folder.mkdir()
    file = write(folder, '[embedding]\npath = "model"')
    monkeypatch.setenv("TANDEM_DATA_DIR", "mine")

    settings = load(file)

    assert settings.data_dir == Path("mine")
    assert settings.embedding.path == folder / "model"


def test_the_default_data_folder_is_beside_the_file(empty_folder: Path) -> None:
    """A named settings file brings its data folder with it."""
    folder = empty_folder / "project"
    folder.mkdir()

    assert load(write(folder, "")).data_dir == folder / ".tandem"


@pytest.mark.parametrize(
    ("variable", "value", "said", "hint"),
    [
        ("TANDEM_FIELDS", "{", "environment: setting 'fields': expected a table", "JSON"),
        ("TANDEM_SEARCH__LEXICAL__WEIGHTS", '{"title": -1}', "search.lexical.weights.title", ""),
        ("TANDEM_SEARCH__LEXICAL__WEIGHTS", '{"title": "x"}', "search.lexical.weights.title", ""),
        ("TANDEM_SEARCH__LEXICAL__WEIGHTS", "[1]", "search.lexical.weights", ""),
        ("TANDEM_SEARCH__LEXICAL__PHRASE", "11", "search.lexical.phrase", ""),
        ("TANDEM_SEARCH__LEXICAL__PROXIMITY", "nan", "search.lexical.proximity", ""),
        ("TANDEM_QQQ", "1", "TANDEM_QQQ names no setting", "docs/reference"),
        ("TANDEM_SEARCH__BUDGET_MS", "inf", "search.budget_ms", ""),
    ],
)
def test_bad_variables_are_blamed_on_themselves(
    empty_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    said: str,
    hint: str,
) -> None:
    """Not on a file that does not exist, and without a far-fetched near miss."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=said) as raised:
        load()

    assert hint in raised.value.hint


@pytest.mark.parametrize("variable", ["TANDEM_DATA_DIR", "TANDEM_CACHE_DIR"])
def test_an_unknown_home_folder(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """``~user`` of a user that there is not names the setting and the folder."""
    monkeypatch.setenv(variable, "~nobody-of-that-name/x")
    with pytest.raises(SettingsError, match="~nobody-of-that-name/x") as raised:
        load()
    assert variable.removeprefix("TANDEM_").lower() in str(raised.value)
    assert "in full" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("data_dir = '~nobody-of-that-name/x'", "'data_dir'"),
        ("[embedding]\npath = '~nobody-of-that-name/x'", "'embedding.path'"),
    ],
)
def test_an_unknown_home_folder_in_the_file(empty_folder: Path, text: str, name: str) -> None:
    """As in a variable."""
    write(empty_folder, text)
    with pytest.raises(SettingsError, match=name):
        load()


@pytest.mark.parametrize("name", ["TANDEM_FIELDSX", "TANDEM_FIELDS_YEAR", "TANDEM_REQUIRE_X"])
def test_near_a_field_is_not_a_field(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Only ``TANDEM_FIELDS`` and what follows its delimiter declare fields."""
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=f"{name} names no setting"):
        load()


def test_fields_by_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field declared by a variable of its own; the tests' variables are left alone."""
    monkeypatch.setenv("TANDEM_FIELDS__YEAR__TYPE", "integer")
    monkeypatch.setenv("TANDEM_TEST_ANYTHING", "1")
    assert load().fields["year"].type == FieldType.INTEGER


@pytest.mark.parametrize("name", ["", "No Good", "-a", "a" * 64, "é", "a/b", "a\n"])
def test_a_collections_name_is_explained_in_words(name: str) -> None:
    """What a name may be is said without a regular expression."""
    with pytest.raises(SettingsError, match="1 to 63 lower-case letters, digits, - or _") as raised:
        load(options={"collection": name})
    assert "[a-z" not in str(raised.value)
    assert load(options={"collection": "a" * 63}).collection == "a" * 63


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("opensearch://user:pass@host:9200/x", "opensearch://***@host:9200/x"),
        ("opensearch://user:p@ss/word@host", "opensearch://***@host"),
        ("opensearch:user:pass@host", "opensearch:***@host"),
        ("qdrant://host:6333", "qdrant://host:6333"),
        ("tantivy:", "tantivy:"),
        ("", ""),
    ],
)
def test_no_password_is_shown(text: str, shown: str) -> None:
    """User and password of a URL are left out, whatever characters they have."""
    assert masked(text) == shown


def test_no_password_is_shown_where_a_setting_is_refused(empty_folder: Path) -> None:
    """A table or list of URLs in the wrong place is shown without them."""
    write(empty_folder, "[engines]\nlexical = ['a://user:hidden@host', 'b://user:hidden@host']")
    with pytest.raises(SettingsError, match=r"engines\.lexical") as raised:
        load()
    assert "hidden" not in str(raised.value)
