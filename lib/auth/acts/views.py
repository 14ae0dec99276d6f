"""What was done with saved views that others see. A view of one person alone concerns nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from lib.auth.act import Act


@dataclass(frozen=True, kw_only=True)
class ViewShared(
    Act,
    action="saved_view.shared",
    target="saved_view",
    sentence="shared the view {name} of the page {page}",
    after=("name",),
):
    """Everybody in the tenant sees a view, a new one or one that its owner alone saw before."""

    name: str
    page: str


@dataclass(frozen=True, kw_only=True)
class ViewChanged(
    Act,
    action="saved_view.changed",
    target="saved_view",
    sentence="changed the shared view {name} of the page {page}",
    before=("previous_name",),
    after=("name",),
):
    """A shared view has another name or other filters."""

    previous_name: str
    name: str
    page: str


@dataclass(frozen=True, kw_only=True)
class ViewWithdrawn(
    Act,
    action="saved_view.withdrawn",
    target="saved_view",
    sentence="shares the view {name} of the page {page} no longer",
    before=("name",),
):
    """A shared view is seen by its owner alone."""

    name: str
    page: str


@dataclass(frozen=True, kw_only=True)
class ViewDeleted(
    Act,
    action="saved_view.deleted",
    target="saved_view",
    sentence="deleted the shared view {name} of the page {page}",
    before=("name",),
):
    """A shared view is gone."""

    name: str
    page: str
