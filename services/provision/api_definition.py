"""The REST API in front of Kafka and Kinesis, as an OpenAPI document for API Gateway. Pure: no request is made.

Contract: the section "API Gateway" of docs/contracts.md; the paths and the Kinesis mapping follow AWS's tutorial
"Create a REST API as an Amazon Kinesis proxy in API Gateway". LocalStack and AWS import the same document,
and Terraform has it as a template.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from common.settings import Settings

JSON = dict[str, Any]

# Kinesis' own bounds (API reference of PutRecords and PutRecord).
_PARTITION_KEY: JSON = {"type": "string", "minLength": 1, "maxLength": 256}
# Any JSON value but null, of which nothing would be left in the stream.
_DATA: JSON = {"anyOf": [{"type": kind} for kind in ("object", "array", "string", "number", "boolean")]}
_MODELS: dict[str, JSON] = {
    "CreateStream": {"type": "object", "properties": {"ShardCount": {"type": "integer", "minimum": 1}}},
    "PutRecord": {
        "type": "object",
        "required": ["Data", "PartitionKey"],
        "properties": {"Data": _DATA, "PartitionKey": _PARTITION_KEY},
    },
    "PutRecords": {
        "type": "object",
        "required": ["records"],
        "properties": {
            "records": {
                "type": "array",
                "minItems": 1,
                "maxItems": 500,
                "items": {
                    "type": "object",
                    "required": ["data", "partition-key"],
                    "properties": {"data": _DATA, "partition-key": _PARTITION_KEY},
                },
            }
        },
    },
}
# Kinesis' status -> ours. A status that no pattern fits would be answered as the default one, 200.
_STATUSES = {"default": "200", r"4\d{2}": "400", r"5(?!03)\d{2}": "500", "503": "503"}
# Passed on to the REST proxy byte for byte; other bodies are taken for text, whose broken UTF-8 would be mended.
_BYTES = ["application/vnd.kafka.json.v2+json", "application/vnd.kafka.binary.v2+json"]


class _Call(NamedTuple):
    """A method of the API, the Kinesis action it calls, the template of the latter's request, and a parameter of it."""

    path: str
    method: str
    action: str
    template: str
    parameter: tuple[str, str] | None = None  # where it is, and its name


_CALLS = (
    _Call("/streams", "get", "ListStreams", "list_streams"),
    _Call("/streams/{stream-name}", "post", "CreateStream", "create_stream"),
    _Call("/streams/{stream-name}", "get", "DescribeStream", "stream"),
    _Call("/streams/{stream-name}", "delete", "DeleteStream", "stream"),
    _Call("/streams/{stream-name}/record", "put", "PutRecord", "put_record"),
    _Call("/streams/{stream-name}/records", "put", "PutRecords", "put_records"),
    _Call("/streams/{stream-name}/records", "get", "GetRecords", "get_records", ("header", "Shard-Iterator")),
    _Call(
        "/streams/{stream-name}/sharditerator",
        "get",
        "GetShardIterator",
        "get_shard_iterator",
        ("query", "shard-id"),
    ),
)
# What API Gateway's console writes for a resource with "Enable API Gateway CORS" and every method.
_CORS = {
    "Access-Control-Allow-Headers": "Content-Type,Authorization,X-Amz-Date,X-Api-Key,X-Amz-Security-Token",
    "Access-Control-Allow-Methods": "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT",
    "Access-Control-Allow-Origin": "*",
}


class Surroundings(NamedTuple):
    """The parts that differ from one API to another: its name, and where it finds Kinesis and the REST proxy."""

    title: str
    region: str
    role_arn: str
    rest_proxy_url: str


def definition(settings: Settings) -> JSON:
    """Return the document of the API that the settings describe."""
    return document(
        Surroundings(
            settings.api_name, settings.aws.region, settings.api.role_arn, settings.api.rest_proxy_url
        )
    )


def terraform_template() -> str:
    """Return the document as a template of Terraform's, with the names of `Surroundings` as its variables.

    Raises:
        ValueError: something in the document would itself be taken for a variable.
    """
    names = Surroundings._fields
    template = json.dumps(
        document(Surroundings(*(f"${{{name}}}" for name in names))), indent=2, sort_keys=True
    )
    if unknown := {*re.findall(r"[$%]\{([^}]*)", template)} - {*names}:
        raise ValueError(f"Terraform would take for variables: {', '.join(sorted(unknown))}")
    return f"{template}\n"


def document(of: Surroundings) -> JSON:
    """The document: `/streams...` to Kinesis, `/{proxy+}`, which is any other path, to the REST proxy."""
    paths: JSON = {
        "/{proxy+}": {"x-amazon-apigateway-any-method": _proxy(of.rest_proxy_url), "options": _preflight()}
    }
    for call in _CALLS:
        paths.setdefault(call.path, {})[call.method] = _kinesis(call, of)
    return {
        "openapi": "3.0.1",
        "info": {"title": of.title, "version": "1"},
        "x-amazon-apigateway-binary-media-types": _BYTES,
        "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True}},
        "paths": paths,
        "components": {"schemas": _MODELS},
    }


def _proxy(url: str) -> JSON:
    return {
        "parameters": [_parameter("path", "proxy")],
        "responses": {"200": {"description": "200"}},
        "x-amazon-apigateway-integration": {
            "type": "http_proxy",
            "httpMethod": "ANY",
            "uri": f"{url}/{{proxy}}",
            "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
            "passthroughBehavior": "when_no_match",
        },
    }


def _preflight() -> JSON:
    """Return the method OPTIONS, which API Gateway answers by itself."""
    headers = {name: {"schema": {"type": "string"}} for name in _CORS}
    values = {f"method.response.header.{name}": f"'{value}'" for name, value in _CORS.items()}
    return {
        "parameters": [_parameter("path", "proxy")],
        "responses": {"200": {"description": "200", "headers": headers}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "passthroughBehavior": "when_no_match",
            "responses": {"default": {"statusCode": "200", "responseParameters": values}},
        },
    }


def _kinesis(call: _Call, of: Surroundings) -> JSON:
    name = [("path", "stream-name")] if "{stream-name}" in call.path else []
    more = [call.parameter] if call.parameter else []
    operation: JSON = {
        "operationId": call.action,
        "parameters": [_parameter(*each) for each in (*name, *more)],
        "responses": {status: {"description": status} for status in _STATUSES.values()},
        "x-amazon-apigateway-integration": {
            "type": "aws",
            "httpMethod": "POST",
            "uri": f"arn:aws:apigateway:{of.region}:kinesis:action/{call.action}",
            "credentials": of.role_arn,
            "requestParameters": {"integration.request.header.Content-Type": "'application/x-amz-json-1.1'"},
            "requestTemplates": {"application/json": _template(call.template)},
            "passthroughBehavior": "never",  # another content type is answered 415
            "responses": {pattern: {"statusCode": status} for pattern, status in _STATUSES.items()},
        },
    }
    if call.action in _MODELS:
        model = {"$ref": f"#/components/schemas/{call.action}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": model}}}
        operation["x-amazon-apigateway-request-validator"] = "body"
    return operation


def _parameter(place: str, name: str) -> JSON:
    # Kinesis says of one that is missing what it misses; only a path has to have all of its own.
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def _template(name: str) -> str:
    return Path(__file__).with_name("vtl").joinpath(f"{name}.vtl").read_text()
