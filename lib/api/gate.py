"""Who may call, how often, and where the work is done that waits for the database."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.api import problems, rate_limit
from lib.api.problems import ApiProblem
from lib.api.rate_limit import Lease, RateLimit
from lib.auth import tokens
from lib.auth.actors import Actor, Right
from lib.errors import PermissionDenied, TokenEnded
from lib.telemetry import context, traces

# Threads of our own: Streamlit serves its files from the common ones, and 60 slow requests would stop pages.
# Fewer than the database pool has connections, so that pages always find one. Not anyio's, which go round the event
# loop three more times for each piece of work.
_THREADS = 10
# The use of a token is noted once a minute, when it is looked up.
_KNOWN_SECONDS, _MOST_KNOWN = 60, 10_000

T = TypeVar("T")


@dataclass(frozen=True)
class Caller:
    """Who made a request, and what it may use up."""

    actor: Actor
    _gate: TokenGate

    async def run(self, work: Callable[[], T]) -> T:
        """Do work that waits for the database, beside the event loop."""
        return await self._gate.run(work)

    async def spend(self, cost: int) -> None:
        """Count this request as that many more. Raises ApiProblem when they are too many.

        With what the request cost already it is never more than the burst, or it could never be paid.
        """
        await self._gate.spend(self.actor, min(cost, self._gate.burst - 1))


Endpoint = Callable[[Request, Caller], Awaitable[Response]]


@dataclass(frozen=True)
class TokenRoute:
    """A route that only callers with a good token and this right reach; `send` is all that a send-only token has."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    endpoint: Endpoint
    right: Right
    #: The endpoint's transaction asks again whether the token holds, and raises TokenEnded if it does not.
    asks_again: bool = False


class TokenGate:
    """Lets requests with a good bearer token through to an endpoint, and no other. It ignores cookies."""

    def __init__(self, *, per_second: float, burst: int) -> None:
        async def lease(actor: Actor, need: int, want: int) -> Lease:
            asked = partial(rate_limit.lease, actor, need, want, per_second=per_second, burst=burst)
            return await self.run(asked)

        self.burst = burst
        self._limit = RateLimit(per_second=per_second, burst=burst, lease=lease)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="api")
        self._known: dict[bytes, tuple[Actor, float]] = {}

    def guard(self, route: TokenRoute) -> Route:
        """The route as the application serves it: token, rate limit and right come before the endpoint."""

        called = f"{route.method} {route.path}"

        async def enter(request: Request) -> Response:
            span = traces.current()
            span.rename(f"{route.method} {route.path}")
            span.tell({"http.route": route.path})
            token = _bearer_token(request)
            try:
                actor = await (self._known_actor(token, route.right) if route.asks_again else self._actor(token))
                actor = replace(actor, address=request.client.host if request.client else None)
                await self.spend(actor, 1)
                actor.require(route.right, called)
                context.also_about(tenant=actor.tenant)
                span.tell(tenant=actor.tenant)
                return await route.endpoint(request, Caller(actor, self))
            except TokenEnded:
                if self._known.pop(tokens.hash_of(token), None):
                    (await self._actor(token)).require(route.right, called)  # it may have been limited, not ended
                raise
            except PermissionDenied as error:
                await self.run(error.keep)
                raise

        return Route(route.path, enter, methods=[route.method])

    async def run(self, work: Callable[[], T]) -> T:
        """Do work that waits for the database, in one of the API's threads."""
        # Not by run_in_executor: its two futures, chained, take a third more of the event loop than the work's own one.
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._threads.submit(_do, loop, done, copy_context(), work)
        return await done

    async def spend(self, actor: Actor, cost: int) -> None:
        """Take from the token's allowance. Raises ApiProblem, saying how long to wait."""
        if wait := await self._limit.take(actor, cost):
            seconds = str(math.ceil(wait))
            detail = f"This token makes too many requests; try again in {seconds} s."
            raise ApiProblem("too-many-requests", detail, headers={"Retry-After": seconds})

    async def _known_actor(self, token: str, right: Right) -> Actor:
        """Who presents this token, as it was up to a minute ago. Only for routes that ask again.

        Whoever has not the right is asked for each time: they may be given it meanwhile.
        """
        key, now = tokens.hash_of(token), time.monotonic()
        known = self._known.get(key)
        if known and now < known[1]:
            return known[0]
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        actor = await self._actor(token)
        if actor.may(right):
            self._known[key] = actor, now + _KNOWN_SECONDS
        return actor

    async def _actor(self, token: str) -> Actor:
        actor = await self.run(lambda: tokens.actor_for_token(token))
        if actor is None:
            raise TokenEnded
        return actor


def _do(loop: asyncio.AbstractEventLoop, done: asyncio.Future[T], about: Context, work: Callable[[], T]) -> None:
    """Do work unless nobody waits for it any more, and tell the event loop what came of it."""
    if done.cancelled():
        return
    try:
        told = partial(_settle, done, about.run(work))
    except StopIteration as error:  # no future takes one, and whoever waits would wait forever
        told = partial(_fail, done, RuntimeError(f"{error!r} was not caught"))
    except BaseException as error:
        told = partial(_fail, done, error)
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(told)


def _settle(done: asyncio.Future[T], result: T) -> None:
    if not done.cancelled():
        done.set_result(result)


def _fail(done: asyncio.Future[T], error: BaseException) -> None:
    if not done.cancelled():
        done.set_exception(error)


def _bearer_token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer":
        detail = "This needs one header `Authorization: Bearer TOKEN`; a session cookie does not count."
        raise ApiProblem("unauthenticated", detail, headers={"WWW-Authenticate": problems.REALM})
    return token.strip()
