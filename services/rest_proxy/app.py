"""The application: its routes, its errors, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import Route

from common.settings import Settings
from services.rest_proxy.budget import Budget
from services.rest_proxy.callers import KnownCallers
from services.rest_proxy.delivery import Deliverer
from services.rest_proxy.errors import (
    ApiError,
    ErrorCode,
    answer_api_error,
    answer_fault,
    answer_method_not_allowed,
    answer_not_found,
    responses,
)
from services.rest_proxy.metadata import KafkaJSONResponse, add_metadata_routes
from services.rest_proxy.openapi import document
from services.rest_proxy.pin import Pin
from services.rest_proxy.produce import Produce
from services.rest_proxy.topics import Topics


def create_app(settings: Settings) -> FastAPI:
    """The proxy in front of the Kafka of these settings; it starts, and says 503, without Kafka too."""
    topics = Topics(settings)
    deliverer = Deliverer(settings)
    budget = Budget(settings.rest_proxy.queue_bytes, settings.rest_proxy.queue_records)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        background = [asyncio.create_task(deliverer.run()), asyncio.create_task(topics.run())]
        yield
        for task in background:
            task.cancel()
        deliverer.close()

    app = FastAPIOffline(
        redoc_url=None,
        title="REST proxy",
        version="2",
        description="Confluent REST Proxy v2, the part that produces, and a route for single posts.",
        lifespan=lifespan,
        redirect_slashes=False,
        default_response_class=KafkaJSONResponse,
        responses=responses(ErrorCode.FOREIGN_ORIGIN, ErrorCode.UNKNOWN_HOST),
        exception_handlers={
            ApiError: answer_api_error,
            404: answer_not_found,
            405: answer_method_not_allowed,
            Exception: answer_fault,
        },
    )
    app.add_middleware(KnownCallers, settings=settings)
    add_metadata_routes(app, topics, budget)
    produce = Produce(topics, deliverer, budget, settings.rest_proxy.max_body_bytes)
    for path in ("/topics/{topic}", "/topics/{topic}/partitions/{partition}"):
        app.router.routes.insert(0, Route(path, produce, methods=["POST"]))
    pin_topics = (settings.rest_proxy.pin_batch_topic, settings.rest_proxy.pin_streaming_topic)
    pin = Pin(topics, deliverer, budget, pin_topics, settings.rest_proxy.max_record_bytes)
    app.router.routes.insert(0, Route("/pin/", pin, methods=["POST"]))
    app.openapi = lambda: document(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app
