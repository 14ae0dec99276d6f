"""What is an event type, and which one a name makes: one rule for what is typed and for what is imported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.catalog import event_types
from tests.support.hostile_texts import TEXTS


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("lightMeasured", "LIGHT_MEASURED"),
        ("Light measured", "LIGHT_MEASURED"),
        ("light-measured", "LIGHT_MEASURED"),
        ("com.example.light.measured", "COM_EXAMPLE_LIGHT_MEASURED"),
        ("LIGHT_MEASURED", "LIGHT_MEASURED"),
        ("HTTPRequestSent", "HTTP_REQUEST_SENT"),
        ("CostingRequestV1", "COSTING_REQUEST_V1"),
        ("  --kunde.geändert-- ", "KUNDE_GEANDERT"),
        ("issues/opened", "ISSUES_OPENED"),
        ("device2Offline", "DEVICE2_OFFLINE"),
        ("A1B2", "A1B2"),
        ("4_DEVICES", "DEVICES"),
        ("2fa.enabled", "EVENT_2FA_ENABLED"),
        ("404", "EVENT_404"),
        ("straße gesperrt", "STRA_E_GESPERRT"),
        ("x" * 300, "X" * 200),
        ("device " * 40, "DEVICE_" * 27 + "DEVICE"),
        ("☃", ""),
        ("", ""),
    ],
)
def test_names_become_event_types_by_one_rule(name: str, event_type: str) -> None:
    assert event_types.made_of(name) == event_type


@pytest.mark.parametrize(
    ("event_type", "name"),
    [
        ("LIGHT_MEASURED", "Light Measured"),
        ("device.offline", "Device Offline"),
        ("com.example.DeviceOffline", "Com Example Device Offline"),
        ("☃", "☃"),
    ],
)
def test_an_event_type_makes_a_name_for_people(event_type: str, name: str) -> None:
    assert event_types.name_of(event_type) == name


@pytest.mark.parametrize(
    ("event_type", "spelled"),
    [
        ("device.offline", "DEVICE_OFFLINE"),
        ("deviceOffline", "DEVICE_OFFLINE"),
        ("com.example.DeviceOffline", "COM_EXAMPLE_DEVICE_OFFLINE"),
        ("DEVICE_OFFLINE", None),
        ("DEVICE_2_OFFLINE", None),
        ("no type at all", None),
    ],
)
def test_the_conventional_spelling_is_offered_of_what_senders_call_otherwise(
    event_type: str, spelled: str | None
) -> None:
    assert event_types.convention(event_type) == spelled


@given(st.text(max_size=40) | st.sampled_from(sorted(TEXTS.values())))
def test_what_a_name_makes_is_an_event_type_by_convention(text: str) -> None:
    made = event_types.made_of(text)
    assert made == "" or (event_types.problem(made) is None and event_types.convention(made) is None)
    assert event_types.made_of(made) == made
